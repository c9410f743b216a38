"""One fixed colour scale per method, so that a picture without evidence stays dark."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mri_batch.card import with_fields
from mri_batch.dataset import load_dataset
from mri_batch.explain.registry import build_method, list_methods
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch_export.packaging.scales import measure_scales
from tests.commands.evaluate.tiny import make_data, make_package


def test_every_method_that_can_run_gets_a_scale(tmp_path: Path) -> None:
    """Expensive methods too; a method that has a scale keeps it, and an absent one has none."""
    session = Session(read_package(make_package(tmp_path / "model")), threads=1)
    items = load_dataset([make_data(tmp_path / "data", "ulul", "abcd")])
    known = with_fields(list_methods(session.card)[-1], scale_max=0.125)
    card = with_fields(session.card, explanations=(known,))
    scaled = {entry.method: entry for entry in measure_scales(session, card, items)}
    assert {e.method for e in scaled.values() if e.scale_max} == {e.method for e in scaled.values() if e.available}
    assert {"occlusion", "rise", "lime", "kernel_shap"} <= {e.method for e in scaled.values() if e.available}
    assert scaled[known.method].scale_max == 0.125
    assert scaled["rollout"].scale_max is None


def test_blank_picture_is_dark_on_the_scale(tmp_path: Path) -> None:
    """Where nothing supports a class, heat is far below the top of the colour bar."""
    session = Session(read_package(make_package(tmp_path / "model")), threads=1)
    items = load_dataset([make_data(tmp_path / "data", "ulul", "abcd")])
    entry = next(e for e in measure_scales(session, session.card, items) if e.method == "occlusion")
    blank = np.zeros((1, 1, 64, 64), np.float32)
    heat = build_method("occlusion", session.card)(session, blank, np.array([0])).heat
    assert entry.scale_max is not None
    assert np.abs(heat).max() < 0.05 * entry.scale_max
