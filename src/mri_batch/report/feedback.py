"""What readers thought of the model's output, as saved by the work list, and how often they agreed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from mri_batch.errors import UsageError
from mri_batch.records import StudyResult
from mri_batch.text import JsonObject

Answer = Literal["agree", "disagree", "unsure"]
_ANSWERS = ("agree", "disagree", "unsure")
_Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One reader's answer on one study's result, which ``key`` names: a later scan is not mistaken for it."""

    study_id: str
    key: str
    answer: Answer | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """How often readers agreed in a group of studies. ``low`` to ``high``: Wilson's 95 % interval of ``share``."""

    kind: Literal["all", "verdict", "label"]
    name: str
    agree: int
    disagree: int
    unsure: int

    @property
    def n_sure(self) -> int:
        """Answers that were agree or disagree."""
        return self.agree + self.disagree

    @property
    def share(self) -> float:
        """Agreement among those who were sure; 0 where there are none."""
        return self.agree / self.n_sure if self.n_sure else 0.0

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._centre() - self._half()

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._centre() + self._half()

    def _centre(self) -> float:
        n = max(self.n_sure, 1)
        return (self.share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)

    def _half(self) -> float:
        n = max(self.n_sure, 1)
        spread = self.share * (1 - self.share) / n + _Z95**2 / (4 * n * n)
        return _Z95 * math.sqrt(spread) / (1 + _Z95**2 / n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement over all studies, then by verdict and by label. ``n_unknown``: answers on results that are not here."""

    total: Group
    groups: tuple[Group, ...]
    n_unknown: int


def load_feedback(path: Path) -> tuple[Opinion, ...]:
    """Load the file that the work list saves. Raises UsageError where it is not such a file."""
    try:
        whole = json.loads(path.read_text("utf-8"))
        return tuple(_to_opinion(entry) for entry in whole["feedback"])
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", code="FEEDBACK_BAD", file=str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "not a feedback file", code="FEEDBACK_BAD", file=str(path), hint="give the file that the work list saved"
        ) from error


def agreement(results: Iterable[StudyResult], feedback: Sequence[Opinion]) -> Agreement:
    """Count how often readers agreed with the model's output, over all and by group."""
    known = {result.key: result for result in results if result.prediction is not None}
    answered = [(known[o.key], o.answer) for o in feedback if o.key in known and o.answer is not None]
    groups = [_count("all", "", [answer for _, answer in answered])]
    verdicts = sorted({str(result.prediction.verdict) for result, _ in answered if result.prediction})
    labels = sorted({result.prediction.label for result, _ in answered if result.prediction})
    for verdict in verdicts:
        groups.append(
            _count("verdict", verdict, [a for r, a in answered if r.prediction and r.prediction.verdict == verdict])
        )
    for label in labels:
        groups.append(_count("label", label, [a for r, a in answered if r.prediction and r.prediction.label == label]))
    return Agreement(total=groups[0], groups=tuple(groups), n_unknown=sum(o.key not in known for o in feedback))


def _to_opinion(entry: JsonObject) -> Opinion:
    answer, note = entry["answer"], entry.get("note", "")
    if answer is not None and answer not in _ANSWERS:
        raise ValueError(f"unknown answer {answer!r}")
    return Opinion(
        study_id=str(entry["study_id"]), key=str(entry["key"]), answer=cast(Answer | None, answer), note=str(note)
    )


def _count(kind: Literal["all", "verdict", "label"], name: str, answers: Sequence[str]) -> Group:
    return Group(
        kind=kind,
        name=name,
        agree=answers.count("agree"),
        disagree=answers.count("disagree"),
        unsure=answers.count("unsure"),
    )
