"""The steps of an audit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.audit.near_duplicates import Pair, find_exact, find_near
from mri_batch.commands.audit.picture_stats import PictureStats, measure_pictures
from mri_batch.commands.audit.shortcuts import Guess, guess_labels
from mri_batch.dataset import Item, digest_items, load_dataset
from mri_batch.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A defect of the data set. ``examples``: a few pictures or pairs, described."""

    code: str
    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    """A class: its mean picture and histogram, and sample pictures, float32[64, 64] in 0..1 each."""

    label: str
    n: int
    mean: Float32
    histogram: Float32
    samples: tuple[Float32, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Results of an audit. ``counts``: label, split, source, pictures; ``sizes``: rows x cols, mode, pictures."""

    data_sha256: str
    n: int
    n_groups: int
    counts: tuple[tuple[str, str, str, int], ...]
    sizes: tuple[tuple[str, str, int], ...]
    unreadable: tuple[str, ...]
    exact: tuple[Pair, ...]
    near: tuple[Pair, ...]
    shared_patients: tuple[str, ...]
    guesses: tuple[Guess, ...]
    findings: tuple[Finding, ...]
    classes: tuple[ClassView, ...]


def audit(datasets: Sequence[Path], *, seed: int, progress: Progress) -> Audit:
    """Audit data sets, taken together."""
    items = load_dataset(datasets)
    progress.started("pictures", len(items), len(items))
    stats, unreadable = measure_pictures(items, progress)
    exact, near = find_exact(stats), find_near(stats)
    shared = find_shared_patients(items)
    guesses = guess_labels(stats, seed) if stats else ()
    return Audit(
        data_sha256=digest_items(items),
        n=len(items),
        n_groups=len({item.unit for item in items if item.group}),
        counts=_count(Counter((i.label, i.split, i.source) for i in items)),
        sizes=tuple(sorted(_sizes(stats), key=lambda row: -row[2])),
        unreadable=unreadable,
        exact=exact,
        near=near,
        shared_patients=shared,
        guesses=guesses,
        findings=tuple(_find(items, unreadable, exact, near, shared, guesses)),
        classes=_view_classes(stats),
    )


def find_shared_patients(items: Sequence[Item]) -> tuple[str, ...]:
    """Find patients whose pictures are in more than one split."""
    splits: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.group:
            splits[item.unit].add(item.split)
    return tuple(sorted(unit for unit, of in splits.items() if len(of) > 1))


def find_classes_of_own_source(items: Sequence[Item]) -> tuple[str, ...]:
    """Find classes that share no source with any other class; none where all pictures have one source."""
    sources: dict[str, set[str]] = defaultdict(set)
    for item in items:
        sources[item.label].add(item.source)
    if len(set().union(*sources.values())) < 2:
        return ()
    return tuple(
        label
        for label, own in sources.items()
        if not own & set().union(*(other for name, other in sources.items() if name != label))
    )


def _find(
    items: Sequence[Item],
    unreadable: Sequence[str],
    exact: Sequence[Pair],
    near: Sequence[Pair],
    shared: Sequence[str],
    guesses: Sequence[Guess],
) -> list[Finding]:
    findings = []

    def add(code: str, text: str, examples: Sequence[str]) -> None:
        if examples:
            n = len(examples)
            findings.append(Finding(code=code, text=text.format(n=n), examples=tuple(examples[:5])))

    add("UNREADABLE", "{n} pictures cannot be read", unreadable)
    add("PATIENT_IN_SPLITS", "{n} patients have pictures in more than one split", shared)
    for code, text, examples in (*_describe_pairs("EXACT", exact), *_describe_pairs("NEAR", near)):
        add(code, text, examples)
    add(
        "SOURCE_IS_LABEL",
        "{n} classes share no source with any other class: a model can learn the source instead of the class",
        find_classes_of_own_source(items),
    )
    for guess in guesses:
        if guess.is_shortcut:
            findings.append(Finding(code="SHORTCUT", text=_describe_guess(guess)))
    if not any(item.group for item in items):
        findings.append(
            Finding(code="NO_PATIENTS", text="no patients are given, so no split can be checked to be patient-wise")
        )
    return findings


def _describe_pairs(kind: str, pairs: Sequence[Pair]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the code, text and pairs of each possible finding; a pair may be in several."""
    how = "pixel-identical" if kind == "EXACT" else "near-identical"
    across = [_describe_pair(p) for p in pairs if p.crosses_split]
    yield f"{kind}_ACROSS_SPLITS", f"{{n}} {how} pairs are in different splits: testing on them proves nothing", across
    labels = [_describe_pair(p) for p in pairs if p.crosses_class]
    yield f"{kind}_ACROSS_CLASSES", f"{{n}} {how} pairs have different labels: one of each pair is wrong", labels
    patients = [_describe_pair(p) for p in pairs if p.crosses_patient]
    yield f"{kind}_ACROSS_PATIENTS", f"{{n}} {how} pairs are attributed to different patients", patients
    within = [_describe_pair(p) for p in pairs if not (p.crosses_split or p.crosses_class or p.crosses_patient)]
    yield f"{kind}_WITHIN", f"{{n}} {how} pairs are within one class and split and count twice", within


def _describe_pair(pair: Pair) -> str:
    return " = ".join(
        f"{i.data_set}/{i.name} ({i.label}{', ' + i.split if i.split else ''})" for i in (pair.one, pair.other)
    )


def _describe_guess(guess: Guess) -> str:
    return (
        f"the {guess.look} alone gives the {guess.what} with a balanced accuracy of {guess.balanced_accuracy:.2f} "
        f"(chance {guess.chance:.2f}, with shuffled labels at most {guess.luck:.2f})"
    )


def _count(counter: Counter[tuple[str, str, str]]) -> tuple[tuple[str, str, str, int], ...]:
    return tuple((*key, n) for key, n in sorted(counter.items()))


def _sizes(stats: Sequence[PictureStats]) -> list[tuple[str, str, int]]:
    counter = Counter((f"{f.rows} x {f.cols}", f"{f.kind}, {'colour' if f.colour else 'grey'}") for f in stats)
    return [(*key, n) for key, n in counter.items()]


def _view_classes(stats: Sequence[PictureStats], n_samples: int = 12) -> tuple[ClassView, ...]:
    by_label: dict[str, list[PictureStats]] = defaultdict(list)
    for each in stats:
        by_label[each.item.label].append(each)
    views = []
    for label, own in sorted(by_label.items()):
        places = np.unique(np.linspace(0, len(own) - 1, min(n_samples, len(own))).round().astype(int))
        views.append(
            ClassView(
                label=label,
                n=len(own),
                mean=np.mean([f.small for f in own], axis=0, dtype=np.float32),
                histogram=np.mean([f.histogram for f in own], axis=0, dtype=np.float32),
                samples=tuple(own[i].small for i in places),
            )
        )
    return tuple(views)
