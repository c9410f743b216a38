"""Compare rules over a volume on validation volumes, fit the best, and measure it on other volumes once.

``python -m benchmarks.fit_volumes --fit FILE.npz:SPLIT [--fit ...] [--test FILE.npz:SPLIT] [--kinds FILE.npz:SPLIT]
[--mirror]``

The files are those of ``collect_volumes``. Compared are, with temperature and shift fitted to each: the best window of
5 to 40 mm, the mean of the most suspicious quarter, and the most suspicious slice after smoothing. ``--kinds`` are
single slices for the thresholds of the kinds of tumour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.measure_volumes import load_volumes, tell
from mri_batch.evaluate.volumes import Reading, Volume, judge, measure_studies, measure_volumes, without_finding
from mri_batch.study_rule import StudyRule, smooth_slices, to_probabilities
from mri_batch_export.fit_study import SHIFTS, TEMPERATURES, WINDOWS_MM, fit_rule, fit_set

Doubles = npt.NDArray[np.float64]
Pick = Callable[[Doubles, Volume], float]  # probabilities of slices -> the study's probability of a tumour
SMOOTHS_MM = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was compared, what was fitted, and what it does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="append", required=True)
    parser.add_argument("--test")
    parser.add_argument("--kinds", action="append", default=[])
    parser.add_argument("--mirror", action="store_true")
    told = parser.parse_args(arguments)
    volumes, labels = load_many(told.fit, mirror=told.mirror)
    background = labels.index("no_tumor")
    print(f"fitted on {len(volumes)} volumes")
    rule = compare_rules(volumes, background)
    smooth = compare_smoothing(volumes, rule)
    reading = Reading(rule=rule, smooth_mm=smooth)
    print(f"\nchosen: {reading}")
    print_figures("fitted", volumes, reading)
    sets = None
    if told.kinds:
        sets, kept = fit_set(volumes, *load_slices(told.kinds, labels), rule, 0.1, 0.2)
        print(f"\nsets: {sets}\nkept to: {kept}")
    if told.test:
        tested, _ = load_many([told.test], mirror=told.mirror)
        print_figures("test", tested, reading)
        for source in sorted({volume.source for volume in tested}):
            print_figures(source, [volume for volume in tested if volume.source == source], reading)
        if sets:
            for kind, some in (("with", tested), ("without", [without_finding(v, background) for v in tested])):
                chosen = [sets.choose(judge(v, rule).probabilities) for v in some]
                held = np.mean([v.target in c for v, c in zip(some, chosen, strict=True)])
                print(
                    f"sets, {kind} tumour: hold the truth {held:.3f}, mean size {np.mean([len(c) for c in chosen]):.2f}"
                )
    return 0


def compare_rules(volumes: Sequence[Volume], background: int) -> StudyRule:
    """Print the log loss and the ROC area of each rule; return the best window."""
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    for mm in WINDOWS_MM:
        fitted = fit_rule(volumes, background, (mm,))
        auc = measure_studies(studies, fitted.rule, n_draws=200)["area under the ROC curve"]
        found = f"{fitted.rule.temperature:.2f} {fitted.rule.shift:+.2f}"
        print(f"| window {mm:g} mm | log loss {fitted.log_loss:.3f} | AUC {tell(auc)} | {found} |")
    for name, pick in RULES.items():
        print(f"| {name} | log loss {fit_other(studies, background, pick(background)):.3f} | | |")
    return fit_rule(volumes, background).rule


def fit_other(studies: Sequence[Volume], background: int, pick: Pick) -> float:
    """Least log loss of another rule over temperatures and shifts."""
    truth = np.array([study.target != background for study in studies])
    least = np.inf
    for temperature in TEMPERATURES[::2]:
        for shift in SHIFTS[::2]:
            rule = StudyRule(background=background, window_mm=1, temperature=temperature, shift=shift)
            p = np.array([pick(to_probabilities(study.logits, rule), study) for study in studies])
            costs = -np.log(np.clip(np.where(truth, p, 1 - p), 1e-12, 1))
            least = min(least, float(np.mean([costs[truth == kind].mean() for kind in (True, False)])))
    return least


def _quarter(background: int) -> Pick:
    def pick(p: Doubles, study: Volume) -> float:
        suspicion = np.sort(1.0 - p[study.usable, background])[::-1]
        return float(suspicion[: max(3, -(-len(suspicion) // 4))].mean())

    return pick


def _smoothed(mm: float) -> Callable[[int], Pick]:
    def of(background: int) -> Pick:
        def pick(p: Doubles, study: Volume) -> float:
            return float(1.0 - smooth_slices(p, study.positions_mm, mm)[study.usable, background].min())

        return pick

    return of


RULES = {
    "most suspicious quarter": _quarter,
    "most suspicious slice": _smoothed(0.0),
    "most suspicious slice, smoothed by 10 mm": _smoothed(10.0),
    "most suspicious slice, smoothed by 20 mm": _smoothed(20.0),
}


def compare_smoothing(volumes: Sequence[Volume], rule: StudyRule) -> float:
    """Print slice figures for each width of smoothing; return the one with the greatest area under the ROC curve."""
    best = (-1.0, 0.0)
    for mm in SMOOTHS_MM:
        figures = measure_volumes(volumes, Reading(rule=rule, smooth_mm=mm), n_draws=10)
        auc = figures["area under the ROC curve, slices"].value
        free, found = (
            figures[name].value for name in ("tumour-free slices called so", "slices with a tumour called a tumour")
        )
        print(f"| slices smoothed by {mm:g} mm | AUC {auc:.3f} | free {free:.3f} | tumour {found:.3f} |")
        best = max(best, (auc, mm))
    return best[1]


def print_figures(title: str, volumes: Sequence[Volume], reading: Reading) -> None:
    """Print every figure of some volumes."""
    print(f"\n{title}: {len(volumes)} volumes")
    for name, figure in measure_volumes(volumes, reading).items():
        print(f"| {name} | {tell(figure)} |")
    background = reading.rule.background
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    for name, figure in measure_studies(studies, reading.rule).items():
        print(f"| studies, beside the same less their tumours: {name} | {tell(figure)} |")
    raw = replace(reading, rule=replace(reading.rule, temperature=1.0, shift=0.0), smooth_mm=0.0)
    figures = measure_volumes(volumes, raw)
    for name in ("tumour-free slices called so", "slices with a tumour called a tumour"):
        print(f"| slice by slice, as trained: {name} | {tell(figures[name])} |")


def load_many(told: Sequence[str], *, mirror: bool) -> tuple[list[Volume], tuple[str, ...]]:
    """Load the volumes of several FILE.npz:SPLIT."""
    volumes: list[Volume] = []
    labels: tuple[str, ...] = ()
    for word in told:
        path, _, split = word.rpartition(":")
        more, labels = load_volumes(Path(path), split, mirror=mirror)
        volumes += more
    return volumes, labels


def load_slices(
    told: Sequence[str], labels: Sequence[str]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64], tuple[str, ...]]:
    """Logits, targets and units of single slices of several FILE.npz:SPLIT."""
    logits, targets, units = [], [], []
    for word in told:
        path, _, split = word.rpartition(":")
        data = np.load(path)
        rows = np.flatnonzero((data["split"] == split) & np.isin(data["label"], labels))
        logits.append(data["logits"][rows])
        targets += [labels.index(label) for label in data["label"][rows].tolist()]
        units += data["unit"][rows].tolist()
    return np.concatenate(logits), np.array(targets), tuple(units)


if __name__ == "__main__":
    sys.exit(main())
