"""The whole of an audit, as one visible list of steps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.audit.near_duplicates import Pair, find_exact, find_near
from mri_batch.commands.audit.picture_stats import Facts, gather_facts
from mri_batch.commands.audit.shortcuts import Guess, guess_all
from mri_batch.dataset import Item, digest_items, load_dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a reader should know before training or believing a figure. ``examples``: a few, in words."""

    code: str
    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    """How one class looks: its mean picture and histogram, and a few pictures, float32[64, 64] in 0..1 each."""

    label: str
    n: int
    mean: Float32
    histogram: Float32
    samples: tuple[Float32, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that an audit found. ``counts`` end in pictures; ``sizes``: rows x cols, mode, pictures."""

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


def audit(datasets: Sequence[Path], *, seed: int, progress: Callable[[int, int], None]) -> Audit:
    """Audit data sets. ``progress`` hears how many of how many more pictures are read."""
    items = load_dataset(datasets)
    facts, unreadable = gather_facts(items, lambda done: progress(done, len(items)))
    exact, near = find_exact(facts), find_near(facts)
    shared = find_shared_patients(items)
    guesses = guess_all(facts, seed) if facts else ()
    return Audit(
        data_sha256=digest_items(items),
        n=len(items),
        n_groups=len({item.unit for item in items if item.group}),
        counts=_count(Counter((i.label, i.split, i.source) for i in items)),
        sizes=tuple(sorted(_sizes(facts), key=lambda row: -row[2])),
        unreadable=unreadable,
        exact=exact,
        near=near,
        shared_patients=shared,
        guesses=guesses,
        findings=tuple(_find(items, unreadable, exact, near, shared, guesses)),
        classes=_view_classes(facts),
    )


def find_shared_patients(items: Sequence[Item]) -> tuple[str, ...]:
    """Find patients whose pictures are in more than one split."""
    splits: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.group:
            splits[item.unit].add(item.split)
    return tuple(sorted(unit for unit, of in splits.items() if len(of) > 1))


def find_lonely_sources(items: Sequence[Item]) -> tuple[str, ...]:
    """Find classes that share no source with any other class, where there are several sources."""
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

    def say(code: str, text: str, examples: Sequence[str]) -> None:
        if examples:
            n = len(examples)
            findings.append(Finding(code=code, text=text.format(n=n), examples=tuple(examples[:5])))

    say("UNREADABLE", "{n} pictures cannot be read", unreadable)
    say("PATIENT_IN_SPLITS", "{n} patients have pictures in more than one split", shared)
    for kind, pairs in (("EXACT", exact), ("NEAR", near)):
        how = "pixel-identical" if kind == "EXACT" else "near-identical"
        across = [_tell(p) for p in pairs if p.crosses_split]
        say(f"{kind}_ACROSS_SPLITS", f"{{n}} {how} pairs lie in different splits: a test on them is no test", across)
        labels = [_tell(p) for p in pairs if p.crosses_class]
        say(f"{kind}_ACROSS_CLASSES", f"{{n}} {how} pairs carry different labels: one of each pair is wrong", labels)
        patients = [_tell(p) for p in pairs if p.crosses_patient]
        say(f"{kind}_ACROSS_PATIENTS", f"{{n}} {how} pairs are said to be of different patients", patients)
        within = [_tell(p) for p in pairs if not (p.crosses_split or p.crosses_class or p.crosses_patient)]
        say(f"{kind}_WITHIN", f"{{n}} {how} pairs within one class and split count twice", within)
    say(
        "SOURCE_IS_LABEL",
        "{n} classes share no source with any other class: a model can learn the source in place of the class",
        find_lonely_sources(items),
    )
    for guess in guesses:
        if guess.is_shortcut:
            findings.append(Finding(code="SHORTCUT", text=_tell_guess(guess)))
    if not any(item.group for item in items):
        findings.append(Finding(code="NO_PATIENTS", text="no patient is known, so no split can be called patient-wise"))
    return findings


def _tell(pair: Pair) -> str:
    return " = ".join(
        f"{i.data_set}/{i.name} ({i.label}{', ' + i.split if i.split else ''})" for i in (pair.one, pair.other)
    )


def _tell_guess(guess: Guess) -> str:
    return (
        f"the {guess.look} alone gives the {guess.what} with a balanced accuracy of {guess.balanced_accuracy:.2f} "
        f"(chance {guess.chance:.2f}, with shuffled labels at most {guess.luck:.2f})"
    )


def _count(counter: Counter[tuple[str, str, str]]) -> tuple[tuple[str, str, str, int], ...]:
    return tuple((*key, n) for key, n in sorted(counter.items()))


def _sizes(facts: Sequence[Facts]) -> list[tuple[str, str, int]]:
    counter = Counter((f"{f.rows} x {f.cols}", f"{f.kind}, {'colour' if f.colour else 'grey'}") for f in facts)
    return [(*key, n) for key, n in counter.items()]


def _view_classes(facts: Sequence[Facts], n_samples: int = 12) -> tuple[ClassView, ...]:
    by_label: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        by_label[fact.item.label].append(fact)
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
