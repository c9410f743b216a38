"""A card under construction is valid after every step."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mri_batch.card import Calibration, Decision, MethodEntry, Wiring, with_fields
from mri_batch_export.packaging.card_builder import CardBuilder
from tests.export.tiny import make_card


def test_builder_adds_parts_and_keeps_the_others() -> None:
    """Each part lands in the card; what the caller knew of the model stays."""
    builder = CardBuilder(with_fields(make_card(), limits=("known",), metrics={"earlier": {"n": 1}}))
    builder.set_wiring(Wiring(features="features"))
    builder.set_methods([MethodEntry(method="rollout"), MethodEntry(method="occlusion")], "rollout")
    builder.set_scales({"rollout": 0.5})
    builder.add_limit("new")
    builder.add_metrics("test", {"n_slices": 3})
    card = builder.card
    assert card.wiring.features == "features"
    assert {entry.method: entry.scale_max for entry in card.explanations} == {"rollout": 0.5, "occlusion": None}
    assert card.default_method == "rollout"
    assert card.limits == ("known", "new")
    assert card.metrics == {"earlier": {"n": 1}, "test": {"n_slices": 3}}
    assert card.labels == make_card().labels


def test_part_that_does_not_fit_the_card_is_refused() -> None:
    """A background label that is no label of the model does not get into a package."""
    builder = CardBuilder(make_card())
    with pytest.raises(ValidationError, match="not one of the labels"):
        builder.set_calibration(Calibration(), Decision(background_label="d"))
    assert builder.card == make_card()


def test_changed_field_is_validated() -> None:
    """A scale that is no number is refused, which pydantic's own copy would take."""
    with pytest.raises(ValidationError):
        with_fields(MethodEntry(method="rollout"), scale_max=float("nan"))
    with pytest.raises(ValidationError, match="Extra inputs"):
        with_fields(MethodEntry(method="rollout"), scale=1.0)
