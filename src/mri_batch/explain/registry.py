"""The table of methods: what a model offers, its default, and the choice of methods to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from mri_batch.card import Knob, MethodEntry, ModelCard, with_fields
from mri_batch.errors import MethodAbsent, UsageError
from mri_batch.explain.base import Method
from mri_batch.explain.methods.activations import Activations
from mri_batch.explain.methods.attention import Attention
from mri_batch.explain.methods.gradcam import GradCAM
from mri_batch.explain.methods.gradcam_pp import GradCAMPlusPlus
from mri_batch.explain.methods.gradient import Gradient
from mri_batch.explain.methods.gradient_rollout import GradientRollout
from mri_batch.explain.methods.guided_backprop import GuidedBackprop
from mri_batch.explain.methods.input_x_gradient import InputXGradient
from mri_batch.explain.methods.integrated_gradients import IntegratedGradients
from mri_batch.explain.methods.kernel_shap import KernelShap
from mri_batch.explain.methods.lime import Lime
from mri_batch.explain.methods.occlusion import Occlusion
from mri_batch.explain.methods.relevance import Relevance
from mri_batch.explain.methods.rise import Rise
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.methods.smoothgrad import SmoothGrad
from mri_batch.notes import Note

_BUILT_IN: tuple[type[Method], ...] = (
    Rollout,
    Attention,
    GradientRollout,
    Relevance,
    Gradient,
    InputXGradient,
    IntegratedGradients,
    SmoothGrad,
    GuidedBackprop,
    GradCAM,
    GradCAMPlusPlus,
    Activations,
    Occlusion,
    Rise,
    Lime,
    KernelShap,
)
METHODS: Mapping[str, type[Method]] = {method.name: method for method in _BUILT_IN}
ENTRY_POINTS = "mri_batch.explain"
AUTO, ALL, NONE = "auto", "all", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMethod:
    """A method to run, and the card's entry for it."""

    method: Method
    entry: MethodEntry

    @property
    def name(self) -> str:
        """The method's name."""
        return self.entry.method


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentMethod:
    """A method that was asked for and cannot run on this model. ``by_name``: not only as one of ``all``."""

    name: str
    reason: Note
    by_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a request for methods comes to on one model, in the order of the request."""

    items: tuple[ChosenMethod | AbsentMethod, ...]

    @property
    def chosen(self) -> tuple[ChosenMethod, ...]:
        """The methods to run."""
        return tuple(item for item in self.items if isinstance(item, ChosenMethod))

    @property
    def absent(self) -> tuple[Note, ...]:
        """Why methods requested by name cannot run."""
        return tuple(item.reason for item in self.items if isinstance(item, AbsentMethod) and item.by_name)


@cache  # listing the installed entry points takes 30 ms
def load_methods() -> Mapping[str, type[Method]]:
    """Load the table, with the methods of other installed packages after the built-in ones, whose names are taken.

    Raises UsageError for a plug-in that is not a :class:`~mri_batch.explain.base.Method`.
    """
    methods = dict(METHODS)
    for point in metadata.entry_points(group=ENTRY_POINTS):
        loaded = point.load()
        if not (isinstance(loaded, type) and issubclass(loaded, Method)):
            raise UsageError(
                f"the plug-in {point.value} is not an explanation method",
                code="METHOD_UNKNOWN",
                hint="it must subclass mri_batch.explain.base.Method",
            )
        methods.setdefault(loaded.name, loaded)
    return methods


def absent_reason(entry: MethodEntry, card: ModelCard) -> Note | None:
    """Say why a method cannot run on a model: the card's own words, else the method's reason; None where it can."""
    if not entry.available and entry.reason:
        return Note("TEXT", {"text": entry.reason})
    reason = load_methods()[entry.method].absent_reason(card)
    return reason or (None if entry.available else Note("METHOD_EXCLUDED"))


def list_methods(card: ModelCard) -> tuple[MethodEntry, ...]:
    """Return an entry for every method there is: the card's, with ``available`` unset where it cannot run."""
    by_name = {entry.method: entry for entry in card.explanations}
    entries = []
    for name, method in load_methods().items():
        entry = by_name.get(name, MethodEntry(method=name))
        if entry.available and method.absent_reason(card):
            entry = with_fields(entry, available=False, reason="")
        entries.append(entry)
    return tuple(entries)


def choose_default(card: ModelCard) -> str | None:
    """Choose the method to show when none is named: the card's default, else the available one of lowest rank."""
    offered = [entry.method for entry in list_methods(card) if entry.available]
    if card.default_method in offered:
        return card.default_method
    methods = load_methods()
    return min(offered, key=lambda name: methods[name].default_rank, default=None)


def check_method_names(request: Sequence[str]) -> None:
    """Raise UsageError for a name that no model could offer."""
    known = load_methods()
    for word in request:
        if word not in known and word not in (AUTO, ALL, NONE):
            raise UsageError(
                f"no explanation method {word!r}",
                code="METHOD_UNKNOWN",
                hint=f"known: {AUTO}, {ALL}, {NONE}, {', '.join(known)}",
            )


def choose_methods(card: ModelCard, request: Sequence[str]) -> Choice:
    """Choose the methods to run. Raises UsageError for a name that does not exist.

    ``auto``: the model's default, and those methods that are shown beside it; ``all``: every method there is;
    ``none``: none; else names.
    """
    check_method_names(request)
    entries = {entry.method: entry for entry in list_methods(card)}
    names = dict.fromkeys(name for word in request for name in _expand(word, card, entries))
    return Choice(items=tuple(_choose(entries[name], card, by_name=name in request) for name in names))


def build_method(name: str, card: ModelCard, **knobs: Knob) -> Method:
    """Build a method with the card's knobs, and with ``knobs`` in their place.

    Raises UsageError for an unknown name or knob, MethodAbsent where the model does not offer it.
    """
    methods = load_methods()
    if name not in methods:
        raise UsageError(f"no method {name!r}", code="METHOD_UNKNOWN", hint=f"known: {', '.join(methods)}")
    entry = next(each for each in list_methods(card) if each.method == name)
    if not entry.available:
        raise MethodAbsent(_cannot_run(entry, card))
    try:
        return methods[name](**{**entry.knobs, **(knobs or methods[name].graph_knobs(card))})
    except TypeError as error:
        raise UsageError(f"{name} has no such knob: {error}", code="METHOD_KNOB") from error


def iter_parts(card: ModelCard) -> Iterator[tuple[Note, Method]]:
    """Yield a title and a method for every single layer or stage that a method can show of the model."""
    for method in load_methods().values():
        yield from method.list_parts(card)


def _choose(entry: MethodEntry, card: ModelCard, *, by_name: bool) -> ChosenMethod | AbsentMethod:
    if not entry.available:
        return AbsentMethod(name=entry.method, reason=_cannot_run(entry, card), by_name=by_name)
    return ChosenMethod(method=build_method(entry.method, card), entry=entry)


def _cannot_run(entry: MethodEntry, card: ModelCard) -> Note:
    reason = absent_reason(entry, card) or Note("METHOD_EXCLUDED")
    return Note("METHOD_CANNOT_RUN", {"method": entry.method, "model": card.name, "reason": reason})


def _expand(word: str, card: ModelCard, entries: Mapping[str, MethodEntry]) -> list[str]:
    if word == NONE:
        return []
    if word == ALL:
        return list(entries)
    if word != AUTO:
        return [word]
    default, methods = choose_default(card), load_methods()
    beside = [name for name, entry in entries.items() if entry.available and methods[name].beside_default]
    return [default, *beside] if default else beside
