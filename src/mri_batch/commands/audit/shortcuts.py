"""How well the label can be predicted without the content of the pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float64, Int64
from mri_batch.commands.audit.picture_stats import PictureStats
from mri_batch.records import FileKind

FOLDS = 5
RIDGE = 1.0  # penalty weight, for standardised features
SHUFFLES = 20  # runs with shuffled labels, to estimate luck

FREQUENT_SIZES = 10
KINDS = tuple(kind.value for kind in FileKind)


def border_features(stats: Sequence[PictureStats]) -> Float64:
    """Return statistics of the border, float64[n, 12]."""
    return np.array([each.border for each in stats], np.float64)


def size_features(stats: Sequence[PictureStats]) -> Float64:
    """Return size, colour, kind of file and a one-hot of the most frequent sizes, float64[n, d]."""
    sizes = [(each.rows, each.cols) for each in stats]
    frequent = [size for size, _ in Counter(sizes).most_common(FREQUENT_SIZES)]
    rows = [
        [each.rows, each.cols, each.rows / each.cols, each.colour, *(each.kind == kind for kind in KINDS)]
        + [size == one for one in frequent]
        for each, size in zip(stats, sizes, strict=True)
    ]
    return np.array(rows, np.float64)


def histogram_features(stats: Sequence[PictureStats]) -> Float64:
    """Return the intensity histograms, float64[n, 32]."""
    return np.array([each.histogram for each in stats], np.float64)


# none of it is in the middle of the picture
FEATURES: dict[str, Callable[[Sequence[PictureStats]], Float64]] = {
    "border": border_features,
    "size and kind of file": size_features,
    "histogram": histogram_features,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Balanced accuracy, on unseen patients, of a linear model that predicts ``what`` from ``look``.

    ``chance``: one over the number of classes; ``luck``: the highest accuracy with shuffled labels; ``recalls``: by
    class.
    """

    what: str
    look: str
    balanced_accuracy: float
    chance: float
    luck: float
    recalls: dict[str, float]

    @property
    def is_shortcut(self) -> bool:
        """Whether the accuracy exceeds luck by a quarter of the range from chance to 1."""
        return self.balanced_accuracy > self.luck + 0.25 * (1 - self.chance)


def guess_labels(stats: Sequence[PictureStats], seed: int) -> tuple[Guess, ...]:
    """Predict the label, and the source where there are several, from each set of features."""
    units = [each.item.unit for each in stats]
    guesses = []
    for what in ("label", "source"):
        values = [getattr(each.item, what) for each in stats]
        if len(set(values)) > 1:
            guesses += [
                _guess(what, look, to_features(stats), values, units, seed) for look, to_features in FEATURES.items()
            ]
    return tuple(guesses)


def cross_validate(features: Float64, targets: Int64, folds: Int64) -> Int64:
    """Predict each fold from the others by ridge regression on one-hot classes, weighted to balance the classes."""
    k = int(targets.max()) + 1
    predicted = np.zeros(len(targets), np.int64)
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        mean, std = features[train].mean(axis=0), features[train].std(axis=0)
        x = np.where(std > 1e-9, (features - mean) / np.where(std > 1e-9, std, 1.0), 0.0)
        weights = (1 / np.maximum(np.bincount(targets[train], minlength=k), 1))[targets[train]][:, None]
        weights *= train.sum() / weights.sum()
        y = np.eye(k)[targets[train]]
        centre = (y * weights).sum(axis=0) / weights.sum()
        weighted = x[train] * weights
        matrix = weighted.T @ x[train] + RIDGE * np.eye(x.shape[1])
        predicted[test] = (x[test] @ np.linalg.solve(matrix, weighted.T @ (y - centre)) + centre).argmax(axis=1)
    return predicted


def split_folds(units: Sequence[str], targets: Int64, seed: int) -> Int64:
    """Assign each row to one of five folds: a patient to one fold, a class spread over all."""
    label_of = dict(zip(units, targets.tolist(), strict=True))
    names = np.array(sorted(label_of))
    order = np.random.default_rng(seed).permutation(len(names))
    by_label = sorted(names[order].tolist(), key=lambda name: label_of[name])
    fold_of = {name: i % FOLDS for i, name in enumerate(by_label)}
    return np.array([fold_of[unit] for unit in units], np.int64)


def _guess(
    what: str,
    look: str,
    features: Float64,
    values: Sequence[str],
    units: Sequence[str],
    seed: int,
) -> Guess:
    names = sorted(set(values))
    targets = np.array([names.index(value) for value in values], np.int64)
    folds = split_folds(units, targets, seed)
    recalls = _recalls(cross_validate(features, targets, folds), targets, len(names))
    rng = np.random.default_rng((seed, 1))
    by_luck = []
    for _ in range(SHUFFLES):
        shuffled = rng.permutation(targets)
        by_luck.append(_recalls(cross_validate(features, shuffled, folds), shuffled, len(names)).mean())
    return Guess(
        what=what,
        look=look,
        balanced_accuracy=float(recalls.mean()),
        chance=1 / len(names),
        luck=float(max(by_luck)),
        recalls={name: float(r) for name, r in zip(names, recalls, strict=True)},
    )


def _recalls(predicted: Int64, targets: Int64, k: int) -> Float64:
    return np.array([(predicted[targets == i] == i).mean() for i in range(k)], np.float64)
