"""Compare study rules on validation volumes, fit the best one, and measure it once on other volumes.

``python -m benchmarks.fit_volumes --fit FILE.npz:SPLIT [--fit ...] --kinds FILE.npz:SPLIT [--test FILE.npz:SPLIT]
[--mirror]``

The files are those of ``collect_volumes``. Compared, each with a fitted shift: the most suspicious window (5 to 40 mm),
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

from benchmarks.measure_volumes import BACKGROUND, load_volumes, print_by_source, print_metrics, to_text
from mri_batch.arrays import Float64
from mri_batch.commands.evaluate.estimate import Bootstrap
from mri_batch.commands.evaluate.volumes import (
    Volume,
    VolumePolicy,
    measure_studies,
    measure_volumes,
    predict_volume,
    remove_finding,
    with_removed,
)
from mri_batch.study_rule import StudyConformal, StudyRule, calibrate_slices, smooth_slices
from mri_batch_export.packaging.calibrate import fit_temperature
from mri_batch_export.packaging.study_calibration import (
    SHIFTS,
    WINDOWS_MM,
    LabelledSlices,
    balanced_log_loss,
    fit_conformal_sets,
    fit_rule,
    has_finding,
)

ALPHA, ALPHA_KINDS = 0.1, 0.2  # error rates of the sets: finding or not, which finding

Aggregate = Callable[[Float64, Volume], float]  # background probabilities of slices -> probability of a tumour


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison, the fitted rule and its metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="append", required=True)
    parser.add_argument("--kinds", action="append", required=True)
    parser.add_argument("--test")
    parser.add_argument("--mirror", action="store_true")
    args = parser.parse_args(arguments)
    volumes, labels = load_many(args.fit, mirror=args.mirror)
    background = labels.index(BACKGROUND)
    slices = load_slices([*args.kinds, *args.fit], labels)
    temperature = fit_temperature(slices.logits.astype(np.float32), slices.targets)
    print(f"fitted on {len(volumes)} volumes; temperature {temperature:.3f} of {len(slices.targets)} slices")
    compare_rules(volumes, background, temperature)
    fitted = fit_rule(volumes, background, temperature)
    policy = VolumePolicy(rule=fitted.rule)
    print(f"\nchosen: {fitted}")
    print_all("fitted", volumes, policy)
    sets = fit_conformal_sets(
        volumes, load_slices(args.kinds, labels), fitted.rule, alpha=ALPHA, alpha_kinds=ALPHA_KINDS
    )
    print(f"\nprediction sets: {sets}")
    if args.test:
        tested, _ = load_many([args.test], mirror=args.mirror)
        print_all("test", tested, policy)
        print_by_source(tested, policy)
        print_sets(tested, sets.thresholds, policy)
    return 0


def print_all(title: str, volumes: Sequence[Volume], policy: VolumePolicy) -> None:
    """Print every metric of some volumes, and those of slices without any fitting."""
    print_metrics(title, volumes, policy)
    raw = replace(policy, rule=replace(policy.rule, temperature=1.0, slice_shift=0.0, slice_smooth_mm=0.0))
    metrics = measure_volumes(volumes, raw)
    for name in ("tumour-free slices predicted tumour-free", "tumour slices predicted as tumour"):
        print(f"| without fitting: {name} | {to_text(metrics[name])} |")


def print_sets(tested: Sequence[Volume], sets: StudyConformal, policy: VolumePolicy) -> None:
    """Print coverage and size of the sets, and the verdicts: "report" needs a set of one label and 0.8."""
    for kind, some in (("with", tested), ("without", [remove_finding(v, sets.background) for v in tested])):
        predictions = [predict_volume(volume, policy.rule) for volume in some]
        chosen = [sets.prediction_set(prediction.probabilities) for prediction in predictions]
        covered = np.mean([v.target in c for v, c in zip(some, chosen, strict=True)])
        reported = [
            (p.label, v.target)
            for c, p, v in zip(chosen, predictions, some, strict=True)
            if len(c) == 1 and p.probabilities.max() >= policy.report_above
        ]
        wrong = sum(label != target for label, target in reported)
        size = np.mean([len(c) for c in chosen])
        print(f"{kind} tumour: coverage {covered:.3f}, size {size:.2f}; reported {len(reported)}, wrongly {wrong}")


def compare_rules(volumes: Sequence[Volume], background: int, temperature: float) -> None:
    """Print log loss and area under the ROC curve of each rule."""
    studies = with_removed(volumes, background)
    for mm in WINDOWS_MM:
        fitted = fit_rule(volumes, background, temperature, (mm,))
        auc = measure_studies(studies, fitted.rule, Bootstrap(n_draws=200))["area under the ROC curve"]
        shift = fitted.rule.shift
        print(f"| window {mm:g} mm | log loss {fitted.log_loss:.3f} | AUC {to_text(auc)} | shift {shift:+.2f} |")
    for name, aggregate in RULES.items():
        print(f"| {name} | log loss {fit_other(studies, background, temperature, aggregate):.3f} | | |")


def fit_other(studies: Sequence[Volume], background: int, temperature: float, aggregate: Aggregate) -> float:
    """Least log loss of another rule over shifts."""
    rule = StudyRule(background=background, window_mm=1, temperature=temperature)
    truth = has_finding(studies, background)
    losses = []
    for shift in SHIFTS[::2]:
        slices = [calibrate_slices(study.logits, rule, shift)[:, background] for study in studies]
        p = np.array([aggregate(own, study) for own, study in zip(slices, studies, strict=True)])
        losses.append(balanced_log_loss(p, truth))
    return min(losses)


def top_quarter(background: Float64, study: Volume) -> float:
    """Mean over the quarter of the usable slices, at least three, with the least background probability."""
    suspicion = np.sort(1.0 - background[study.usable])[::-1]
    return float(suspicion[: max(3, -(-len(suspicion) // 4))].mean())


def most_suspicious(smooth_mm: float) -> Aggregate:
    """Return the rule of the most suspicious slice after smoothing."""

    def aggregate(background: Float64, study: Volume) -> float:
        smooth = smooth_slices(background[:, None], study.positions_mm, smooth_mm)
        return float(1.0 - smooth[study.usable, 0].min())

    return aggregate


RULES: dict[str, Aggregate] = {
    "most suspicious quarter": top_quarter,
    "most suspicious slice": most_suspicious(0.0),
    "most suspicious slice, smoothed over 10 mm": most_suspicious(10.0),
    "most suspicious slice, smoothed over 20 mm": most_suspicious(20.0),
}


def load_many(sources: Sequence[str], *, mirror: bool) -> tuple[list[Volume], tuple[str, ...]]:
    """Load the volumes of several FILE.npz:SPLIT, and their labels."""
    volumes: list[Volume] = []
    labels: tuple[str, ...] = ()
    for source in sources:
        path, _, split = source.rpartition(":")
        more, labels = load_volumes(Path(path), split, mirror=mirror)
        volumes += more
    return volumes, labels


def load_slices(sources: Sequence[str], labels: Sequence[str]) -> LabelledSlices:
    """Load the labelled slices of several FILE.npz:SPLIT."""
    logits, targets, units = [], [], []
    for source in sources:
        path, _, split = source.rpartition(":")
        data = np.load(path)
        rows = np.flatnonzero((data["split"] == split) & np.isin(data["label"], labels))
        logits.append(data["logits"][rows])
        targets += [labels.index(label) for label in data["label"][rows].tolist()]
        units += data["unit"][rows].tolist()
    return LabelledSlices(logits=np.concatenate(logits), targets=np.array(targets), units=tuple(units))


if __name__ == "__main__":
    sys.exit(main())
