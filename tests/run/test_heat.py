"""Single layers and heads for the study page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.run import heat
from mri_batch.run.heat import explain_heads

GOLDEN = Path(__file__).parents[1] / "golden"


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
    monkeypatch.setattr(heat, "HEAD_CELLS", 1)
    last = explain_heads(session, picture)
    assert whole is not None
    assert last is not None
    assert last.first_layer == len(session.wiring.attention) - 1 > 0
    assert np.array_equal(last.weights, whole.weights[-1:])


def test_model_without_attention_shows_none() -> None:
    """A CNN has no heads."""
    session = Session(read_package(GOLDEN / "cnn"), threads=1)
    assert explain_heads(session, _picture(session)) is None
