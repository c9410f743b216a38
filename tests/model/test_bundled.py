"""The packages that come with the project are complete."""

from __future__ import annotations

from pathlib import Path

import pytest

import mri_batch
from mri_batch.explain.registry import list_methods
from mri_batch.model.package import read_package

BUNDLED = sorted(path.parent for path in (Path(mri_batch.__file__).parent / "models").glob("*/model.json"))


@pytest.mark.parametrize("folder", BUNDLED, ids=lambda folder: folder.name)
def test_every_method_of_a_bundled_model_has_a_scale(folder: Path) -> None:
    """A method without one would be drawn by each picture's own extremes, and a blank picture would glow."""
    card = read_package(folder).card
    assert [e.method for e in list_methods(card) if e.available and e.scale_max is None] == []
