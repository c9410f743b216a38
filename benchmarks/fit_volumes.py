"""Compare rules over a volume on validation volumes, fit the best, and measure it on other volumes once.

``python -m benchmarks.fit_volumes --fit FILE.npz:SPLIT [--fit ...] --kinds FILE.npz:SPLIT [--test FILE.npz:SPLIT]
[--mirror]``

The files are those of ``collect_volumes``. Compared are, with the shift fitted to each: the best window of 5 to 40 mm,
the mean of the most suspicious quarter, and the most suspicious slice after smoothing. ``--kinds`` are single slices,
for the temperature and for the thresholds of the kinds of tumour.
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
from mri_batch.commands.evaluate.volumes import (
    Reading,
    Volume,
    judge,
    measure_studies,
    measure_volumes,
    without_finding,
)
from mri_batch.study_rule import StudyRule, StudySet, smooth_slices, to_probabilities
from mri_batch_export.packaging.calibrate import fit_temperature
from mri_batch_export.packaging.fit_study import SHIFTS, WINDOWS_MM, fit_rule, fit_set

Doubles = npt.NDArray[np.float64]
Pick = Callable[[Doubles, Volume], float]  # probabilities of slices -> the study's probability of a tumour


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was compared, what was fitted, and what it does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="append", required=True)
    parser.add_argument("--kinds", action="append", required=True)
    parser.add_argument("--test")
    parser.add_argument("--mirror", action="store_true")
    told = parser.parse_args(arguments)
    volumes, labels = load_many(told.fit, mirror=told.mirror)
    background = labels.index("no_tumor")
    logits, targets, _ = load_slices([*told.kinds, *told.fit], labels)
    temperature = fit_temperature(logits, targets)
    print(f"fitted on {len(volumes)} volumes; temperature {temperature:.3f} of {len(targets)} slices")
    compare_rules(volumes, background, temperature)
    fitted = fit_rule(volumes, background, temperature)
    reading = Reading(rule=fitted.rule)
    print(f"\nchosen: {fitted}")
    print_figures("fitted", volumes, reading)
    sets, kept = fit_set(volumes, *load_slices(told.kinds, labels), fitted.rule, 0.1, 0.2)
    print(f"\nsets: {sets}\nkept to: {kept}")
    if told.test:
        tested, _ = load_many([told.test], mirror=told.mirror)
        print_figures("test", tested, reading)
        for source in sorted({volume.source for volume in tested}):
            print_figures(source, [volume for volume in tested if volume.source == source], reading)
        print_sets(tested, sets, fitted.rule)
    return 0


def print_sets(tested: Sequence[Volume], sets: StudySet, rule: StudyRule) -> None:
    """Print how often sets hold the truth, and the verdict by study: a set of one label and at least 0.8."""
    for kind, some in (("with", tested), ("without", [without_finding(v, rule.background) for v in tested])):
        answers = [judge(volume, rule) for volume in some]
        chosen = [sets.choose(answer.probabilities) for answer in answers]
        held = np.mean([v.target in c for v, c in zip(some, chosen, strict=True)])
        said = [len(c) == 1 and a.probabilities.max() >= 0.8 for a, c in zip(answers, chosen, strict=True)]
        wrong = [s and a.label != v.target for s, a, v in zip(said, answers, some, strict=True)]
        size = np.mean([len(c) for c in chosen])
        told = f"reported {sum(said)}, wrongly {sum(wrong)}"
        print(f"{kind} tumour: sets hold the truth {held:.3f}, size {size:.2f}; {told}")


def compare_rules(volumes: Sequence[Volume], background: int, temperature: float) -> None:
    """Print the log loss and the ROC area of each rule."""
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    for mm in WINDOWS_MM:
        fitted = fit_rule(volumes, background, temperature, (mm,))
        auc = measure_studies(studies, fitted.rule, n_draws=200)["area under the ROC curve"]
        print(
            f"| window {mm:g} mm | log loss {fitted.log_loss:.3f} | AUC {tell(auc)} | shift {fitted.rule.shift:+.2f} |"
        )
    for name, pick in RULES.items():
        print(f"| {name} | log loss {fit_other(studies, background, temperature, pick(background)):.3f} | | |")


def fit_other(studies: Sequence[Volume], background: int, temperature: float, pick: Pick) -> float:
    """Least log loss of another rule over shifts."""
    truth = np.array([study.target != background for study in studies])
    least = np.inf
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


def print_figures(title: str, volumes: Sequence[Volume], reading: Reading) -> None:
    """Print every figure of some volumes."""
    print(f"\n{title}: {len(volumes)} volumes")
    for name, figure in measure_volumes(volumes, reading).items():
        print(f"| {name} | {tell(figure)} |")
    background = reading.rule.background
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    for name, figure in measure_studies(studies, reading.rule).items():
        print(f"| studies, beside the same less their tumours: {name} | {tell(figure)} |")
    raw = replace(reading, rule=replace(reading.rule, temperature=1.0, slice_shift=0.0, slice_smooth_mm=0.0))
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
