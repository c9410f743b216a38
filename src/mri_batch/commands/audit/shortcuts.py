"""How much of the label can be guessed without looking at what the picture shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri_batch.commands.audit.picture_stats import Facts
from mri_batch.records import FileKind

FOLDS = 5
RIDGE = 1.0  # weight of the penalty beside standardised features
SHUFFLES = 20  # guesses with shuffled labels: what the same model reaches by luck

FREQUENT_SIZES = 10
KINDS = tuple(kind.value for kind in FileKind)

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def see_border(facts: Sequence[Facts]) -> Doubles:
    """The border: float64[n, 12]."""
    return np.array([fact.border for fact in facts], np.float64)


def see_size(facts: Sequence[Facts]) -> Doubles:
    """Sizes, colour, kind of file, and whether it is one of the most frequent sizes: float64[n, d]."""
    sizes = [(fact.rows, fact.cols) for fact in facts]
    frequent = [size for size, _ in Counter(sizes).most_common(FREQUENT_SIZES)]
    rows = [
        [fact.rows, fact.cols, fact.rows / fact.cols, fact.colour, *(fact.kind == kind for kind in KINDS)]
        + [size == one for one in frequent]
        for fact, size in zip(facts, sizes, strict=True)
    ]
    return np.array(rows, np.float64)


def see_histogram(facts: Sequence[Facts]) -> Doubles:
    """The histogram: float64[n, 32]."""
    return np.array([fact.histogram for fact in facts], np.float64)


# what a guess may look at: nothing of it is in the middle of the picture
LOOKS: dict[str, Callable[[Sequence[Facts]], Doubles]] = {
    "border": see_border,
    "size and kind of file": see_size,
    "histogram": see_histogram,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """How well a linear model guesses ``what`` from ``look``: balanced accuracy on patients that it has not seen.

    ``chance``: one over the number of classes; ``luck``: the best of the guesses with shuffled labels; ``recalls``: by
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
        """Whether it is well beyond luck: by a quarter of the way from chance to certainty."""
        return self.balanced_accuracy > self.luck + 0.25 * (1 - self.chance)


def guess_all(facts: Sequence[Facts], seed: int) -> tuple[Guess, ...]:
    """Guess the label, and the source where there are several, from each look."""
    units = [fact.item.unit for fact in facts]
    told = []
    for what in ("label", "source"):
        values = [getattr(fact.item, what) for fact in facts]
        if len(set(values)) > 1:
            told += [_guess(what, look, see(facts), values, units, seed) for look, see in LOOKS.items()]
    return tuple(told)


def cross_validate(features: Doubles, targets: Ints, folds: Ints) -> Ints:
    """Predict each row from the others' folds by ridge regression on one-hot classes, each class weighing the same."""
    k = int(targets.max()) + 1
    predicted = np.zeros(len(targets), np.int64)
    for fold in np.unique(folds):
        learn, test = folds != fold, folds == fold
        mean, spread = features[learn].mean(axis=0), features[learn].std(axis=0)
        x = np.where(spread > 1e-9, (features - mean) / np.where(spread > 1e-9, spread, 1.0), 0.0)
        weights = (1 / np.maximum(np.bincount(targets[learn], minlength=k), 1))[targets[learn]][:, None]
        weights *= learn.sum() / weights.sum()
        y = np.eye(k)[targets[learn]]
        centre = (y * weights).sum(axis=0) / weights.sum()
        weighted = x[learn] * weights
        matrix = weighted.T @ x[learn] + RIDGE * np.eye(x.shape[1])
        predicted[test] = (x[test] @ np.linalg.solve(matrix, weighted.T @ (y - centre)) + centre).argmax(axis=1)
    return predicted


def split_folds(units: Sequence[str], targets: Ints, seed: int) -> Ints:
    """Give each row one of five folds; a patient stays in one, and each class is spread over all."""
    label_of = dict(zip(units, targets.tolist(), strict=True))
    names = np.array(sorted(label_of))
    order = np.random.default_rng(seed).permutation(len(names))
    by_label = sorted(names[order].tolist(), key=lambda name: label_of[name])
    fold_of = {name: i % FOLDS for i, name in enumerate(by_label)}
    return np.array([fold_of[unit] for unit in units], np.int64)


def _guess(
    what: str,
    look: str,
    features: Doubles,
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


def _recalls(predicted: Ints, targets: Ints, k: int) -> Doubles:
    return np.array([(predicted[targets == i] == i).mean() for i in range(k)], np.float64)
