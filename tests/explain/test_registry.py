"""Which methods a model offers, its default, and what a request for methods comes to."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import numpy as np
import pytest

from mri_batch.arrays import Float32, Int64
from mri_batch.card import MethodEntry, ModelCard, Wiring
from mri_batch.errors import MethodAbsent, UsageError
from mri_batch.explain import registry
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.methods.rise import Rise
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.registry import (
    AbsentMethod,
    absent_reason,
    build_method,
    check_method_names,
    choose_default,
    choose_methods,
    iter_parts,
    list_methods,
    load_methods,
)
from mri_batch.notes import Note
from mri_batch.records import Attribution
from tests.explain.methods.test_golden import load

VIT = Wiring(rollout="rollout", attention=("a0",), grid=(2, 2), prefix_tokens=1)
BLACK_BOX = ("occlusion", "rise", "lime", "kernel_shap")


def card_of(wiring: Wiring | None = None, **fields: object) -> ModelCard:
    """A card of two labels."""
    return ModelCard.model_validate({"name": "fake", "labels": ("a", "b"), "wiring": wiring or Wiring(), **fields})


def names_of(card: ModelCard, *request: str) -> list[str]:
    """The names that are chosen."""
    return [each.name for each in choose_methods(card, request).chosen]


def test_foreign_model_gets_the_black_box_methods_and_reasons_for_the_rest() -> None:
    """A card without wiring offers four methods; the others say why not."""
    card = card_of()
    entries = list_methods(card)
    assert tuple(e.method for e in entries if e.available) == BLACK_BOX
    assert all(bool(absent_reason(e, card)) is not e.available for e in entries)
    assert choose_default(card) == "occlusion"


def test_the_cards_own_reason_comes_before_the_methods() -> None:
    """A package may say in its own words why a method is absent; one that says nothing has excluded it."""
    entries = (
        MethodEntry(method="rollout", available=False, reason="no square attention"),
        MethodEntry(method="rise", available=False),
    )
    card = card_of(explanations=entries)
    assert absent_reason(entries[0], card) == Note("TEXT", {"text": "no square attention"})
    assert absent_reason(entries[1], card) == Note("METHOD_EXCLUDED")
    assert absent_reason(MethodEntry(method="gradient"), card) == Note("NO_GRADIENT")
    assert absent_reason(MethodEntry(method="lime"), card) is None


def test_default_is_rollout_for_a_vit_and_gradcam_for_a_cnn() -> None:
    """The golden packages name no default of their own."""
    assert choose_default(load("vit")[0].card) == "rollout"
    assert choose_default(load("cnn")[0].card) == "gradcam"


def test_default_of_the_card_wins_where_it_can_run() -> None:
    """A card may name another default; one that cannot run is passed over."""
    assert choose_default(card_of(default_method="rise")) == "rise"
    assert choose_default(card_of(default_method="rollout")) == "occlusion"


def test_model_without_any_method_has_no_default() -> None:
    """A card may exclude them all; then there is nothing to choose, and no error."""
    card = card_of(explanations=tuple(MethodEntry(method=name, available=False) for name in BLACK_BOX))
    assert choose_default(card) is None
    assert choose_methods(card, ("auto",)).items == ()


def test_auto_is_the_default_with_rollout_beside_it() -> None:
    """Rollout stands beside another default, and once beside itself; models without it have the default alone."""
    assert names_of(card_of(VIT), "auto") == ["rollout"]
    assert names_of(card_of(VIT, default_method="rise"), "auto") == ["rise", "rollout"]
    assert names_of(card_of(), "auto") == ["occlusion"]


def test_choice_keeps_the_order_of_the_request_and_names_no_method_twice() -> None:
    """Words may be mixed; none adds nothing."""
    assert names_of(card_of(), "lime", "auto", "none", "lime") == ["lime", "occlusion"]
    assert names_of(card_of(), "all") == list(BLACK_BOX)


def test_choice_says_why_named_methods_cannot_run() -> None:
    """A method requested by name has its note; of those that ``all`` would have included, a caller may list them."""
    named = choose_methods(card_of(), ("gradient", "rise"))
    why = Note("METHOD_CANNOT_RUN", {"method": "gradient", "model": "fake", "reason": Note("NO_GRADIENT")})
    assert named.absent == (why,)
    every = choose_methods(card_of(), ("all",))
    assert every.absent == ()
    assert AbsentMethod(name="gradient", reason=why, by_name=False) in every.items


def test_unknown_name_is_refused_before_any_work() -> None:
    """By a check of its own for scans, and by the choice itself."""
    check_method_names(("auto", "all", "none", "rise"))
    for refuse in (check_method_names, lambda names: choose_methods(card_of(), names)):
        with pytest.raises(UsageError, match="saliency"):
            refuse(("saliency",))


def test_build_method_takes_knobs_from_the_card_and_then_from_the_caller() -> None:
    """The card's layer range is the method's; a caller's knob goes before it."""
    card = card_of(explanations=(MethodEntry(method="rise", knobs={"masks": 7, "seed": 3}),))
    assert build_method("rise", card) == Rise(masks=7, seed=3)
    assert build_method("rise", card, masks=9) == Rise(masks=9, seed=3)


def test_build_method_refuses_what_cannot_be() -> None:
    """Unknown names and knobs are usage errors; a method the model lacks is absent with its reason."""
    with pytest.raises(UsageError, match="saliency"):
        build_method("saliency", card_of())
    with pytest.raises(UsageError, match="colour"):
        build_method("rise", card_of(), colour=1)
    with pytest.raises(MethodAbsent, match="NO_GRADIENT"):
        build_method("gradient", card_of())


def test_build_method_reads_rollout_from_the_graph_only_with_the_cards_own_knobs() -> None:
    """The graph computes rollout with the knobs it was exported with; any other needs the attention itself."""
    assert build_method("rollout", card_of(VIT)) == Rollout(in_graph=True)
    assert build_method("rollout", card_of(VIT), fusion="max") == Rollout(fusion="max")
    assert Rollout(in_graph=True).ready_output(VIT) == "rollout"
    assert Rollout().ready_output(VIT) is None


def test_iter_parts_names_every_stage_of_a_cnn() -> None:
    """The golden CNN has maps at two resolutions; the golden ViT has none."""
    stages = [part for part, _ in iter_parts(load("cnn")[0].card)]
    assert stages == [Note("PANEL_STAGE", {"stage": 1}), Note("PANEL_STAGE", {"stage": 2})]
    assert list(iter_parts(load("vit")[0].card)) == []


class Flat(Method):
    """A method of another package, which would even be the default."""

    name: ClassVar[str] = "flat"
    family: ClassVar[Family] = "cam"
    default_rank: ClassVar[int] = 0

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """No heat anywhere."""
        return Attribution(heat=np.zeros((len(pixels), 2, 2), np.float32), method=self.name, label=None)


class Impostor(Flat):
    """A plug-in under a name that is taken."""

    name: ClassVar[str] = "rise"


@pytest.fixture
def fresh() -> Iterator[None]:
    """Load plug-ins anew, and forget them afterwards."""
    load_methods.cache_clear()
    yield
    load_methods.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Pretend that an installed package registers these attributes of this module."""
    points = [EntryPoint(name, f"{__name__}:{name}", registry.ENTRY_POINTS) for name in names]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)


def test_plug_in_is_a_method_like_any_other(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    """It can be listed, built and the default by its rank, and it takes no name that is taken."""
    install(monkeypatch, "Flat", "Impostor")
    assert list(load_methods())[-1] == "flat"
    assert load_methods()["rise"] is Rise
    assert choose_default(card_of()) == "flat"
    assert isinstance(build_method("flat", card_of()), Flat)


def test_plug_in_that_is_no_method_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    """Not in the middle of a scan."""
    install(monkeypatch, "card_of")
    with pytest.raises(UsageError, match="card_of"):
        load_methods()
