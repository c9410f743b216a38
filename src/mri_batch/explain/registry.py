"""Explanation methods on numpy and whatever runs the model; one paper, one file, one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from typing import Any

from mri_batch.card import MethodEntry, ModelCard
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

METHODS: Mapping[str, type[Method]] = {
    "rollout": Rollout,
    "attention": Attention,
    "gradient_rollout": GradientRollout,
    "relevance": Relevance,
    "gradient": Gradient,
    "input_x_gradient": InputXGradient,
    "integrated_gradients": IntegratedGradients,
    "smoothgrad": SmoothGrad,
    "guided_backprop": GuidedBackprop,
    "gradcam": GradCAM,
    "gradcam_pp": GradCAMPlusPlus,
    "activations": Activations,
    "occlusion": Occlusion,
    "rise": Rise,
    "lime": Lime,
    "kernel_shap": KernelShap,
}
PREFERRED = ("rollout", "gradcam", "occlusion")  # the first of them that a model offers is its default
ENTRY_POINTS = "mri_batch.explain"


@cache  # finding what is installed takes 30 ms
def load_methods() -> Mapping[str, type[Method]]:
    """Load the table and the methods of other installed packages, which may not take a name that is taken."""
    outside = {point.name: point.load() for point in metadata.entry_points(group=ENTRY_POINTS)}
    return outside | dict(METHODS)


def available_methods(card: ModelCard) -> tuple[MethodEntry, ...]:
    """Every method that there is, as the card has it; where one cannot run, the reason."""
    told = {entry.method: entry for entry in card.explanations}
    entries = []
    for name, method in load_methods().items():
        entry = told.get(name, MethodEntry(method=name))
        reason = method.absent_reason(card)
        if entry.available and reason:
            entry = entry.model_copy(update={"available": False, "reason": reason})
        entries.append(entry)
    return tuple(entries)


def choose_default(card: ModelCard) -> str:
    """Choose the method to show when none is asked for: the card's own, else rollout, Grad-CAM or occlusion."""
    offered = {entry.method for entry in available_methods(card) if entry.available}
    wanted = (card.default_method, *PREFERRED)
    return next(name for name in wanted if name in offered)


def build_method(name: str, card: ModelCard, **knobs: Any) -> Method:
    """Build a method with the card's knobs, and with ``knobs`` in their place.

    Raises UsageError for an unknown name or knob, MethodAbsent where the model does not offer it.
    """
    methods = load_methods()
    if name not in methods:
        raise UsageError(f"no method {name!r}", code="METHOD_UNKNOWN", hint=f"known: {', '.join(methods)}")
    entry = next(e for e in available_methods(card) if e.method == name)
    if not entry.available:
        raise MethodAbsent(f"{name} cannot run on {card.name}: {entry.reason}")
    settings = entry.knobs | knobs
    if name == "rollout" and card.wiring.rollout and not knobs:
        settings["in_graph"] = True
    try:
        return methods[name](**settings)
    except TypeError as error:
        raise UsageError(f"{name} has no such knob: {error}", code="METHOD_KNOB") from error


def iter_parts(card: ModelCard) -> Iterator[tuple[str, Method]]:
    """Yield a title and a method for each stage of feature maps that the model offers."""
    for role in card.wiring.gradient:
        if role.startswith("activation_"):
            stage = int(role.removeprefix("activation_"))
            yield f"stage {stage + 1}", Activations(stage=stage)
