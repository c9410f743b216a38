"""Heatmaps of prepared pictures, and single layers and heads."""

from __future__ import annotations

import numpy as np
import pytest

from mri_batch.card import MethodEntry, Wiring
from mri_batch.explain.registry import choose_methods
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records import ModelInput
from mri_batch.run import attribution
from mri_batch.run.attribution import explain_heads, explain_pictures, list_caveats, outputs_of_methods
from tests.paths import GOLDEN


def _picture(session: Session) -> np.ndarray:
    p = session.card.preprocessing
    return np.random.default_rng(0).random((1, p.channels, p.rows, p.cols), np.float32)


def test_every_layer_and_head_of_a_small_vit_is_shown() -> None:
    """As many maps as the model has, on its own grid, each the class token's share of attention."""
    session = Session(read_package(GOLDEN / "vit"), threads=1)
    shown = explain_heads(session, _picture(session))
    assert shown is not None
    assert shown.first_layer == 0
    assert shown.weights.shape[0] == len(session.wiring.attention)
    assert shown.weights.shape[2:] == session.wiring.grid
    assert np.all(shown.weights.sum(axis=(2, 3)) <= 1.0 + 1e-5)


def test_of_a_large_vit_the_last_layers_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page cannot hold is not asked of the model; the last layer always is."""
    session = Session(read_package(GOLDEN / "vit"), threads=1)
    picture = _picture(session)
    whole = explain_heads(session, picture)
    monkeypatch.setattr(attribution, "HEAD_CELLS", 1)
    last = explain_heads(session, picture)
    assert whole is not None
    assert last is not None
    assert last.first_layer == len(session.wiring.attention) - 1 > 0
    assert np.array_equal(last.weights, whole.weights[-1:])


def test_model_without_attention_shows_none() -> None:
    """A CNN has no heads."""
    session = Session(read_package(GOLDEN / "cnn"), threads=1)
    assert explain_heads(session, _picture(session)) is None


class _WithCam(Session):
    """A CNN whose plain graph is said to give the Grad-CAM of every label; it must not be run."""

    @property
    def wiring(self) -> Wiring:
        return super().wiring.model_copy(update={"cam": "cam"})

    def _check_outputs(self) -> None:
        """The graph has no such output."""


def test_grad_cam_that_inference_brought_along_is_drawn_without_a_pass() -> None:
    """Of every label's map, the one of the label asked for, picture by picture."""
    session = _WithCam(read_package(GOLDEN / "cnn"), threads=1)
    card = session.card.model_copy(update={"wiring": session.wiring})
    chosen = choose_methods(card, ("gradcam",)).chosen
    cam = np.random.default_rng(0).random((2, len(card.labels), 3, 3), np.float32)
    place = Placement(rows=9, cols=9, height=9.0, width=9.0)
    ready = ModelInput(pixels=np.zeros((2, 1, 1, 1), np.float32), placements=(place, place))
    first, second = explain_pictures(session, ready, 1, chosen, tested=(), known={"cam": cam})
    assert outputs_of_methods(card, ("gradcam",)) == ("cam",)
    assert np.array_equal(first[0].heat, cam[0, 1])
    assert np.array_equal(second[0].heat, cam[1, 1])
    assert first[0].about.label == card.labels[1]
    assert first[0].about.family == "cam"


def test_caveats_are_the_cards_words_its_verdict_and_a_scale_of_ones_own() -> None:
    """In that order; a validated method on the package's scale has none."""
    entry = MethodEntry(method="gradcam", reason="peaks beside the lesion", validation="failed")
    words = Note("TEXT", {"text": "peaks beside the lesion"})
    assert list_caveats(entry) == (words, Note("METHOD_FAILED_VALIDATION"), Note("SCALE_OF_SERIES"))
    assert list_caveats(MethodEntry(method="gradcam", validation="passed", scale_max=1.0)) == ()
