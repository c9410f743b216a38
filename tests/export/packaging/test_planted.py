"""A ViT constructed to attend to bright patches: its rollout must peak there, on any slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mri_batch.card import Crop, Intensity, ModelCard, Preprocessing
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import find_peak, place_heat
from mri_batch.records import FileKind, FoundFile, Slice
from mri_batch_export.architectures.vit import ViT, ViTConfig
from mri_batch_export.packaging.export import export_package
from mri_batch_export.packaging.options import ExportOptions

SQUARE = 12  # px
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIENTATIONS = {
    "unknown": None,
    "axial": AXIAL,
    "mirrored": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "upside down": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "lying sagittal": (0.0, 0.0, -1.0, 0.0, 1.0, 0.0),
    "turned coronal": (0.0, 0.0, 1.0, 1.0, 0.0, 0.0),
}


def make_bright_seeker() -> ViT:
    """Make a ViT of two layers in which every token attends to the brightest patches and no token changes.

    Feature 0 of a token is its patch's mean brightness; 1 and 2 hold a constant of either sign, so that the layer norm
    keeps brightness comparable. Every query is (20, 0, ...), the key is feature 0, values are zero.
    """
    model = ViT(ViTConfig(n_labels=2, rows=64, cols=64, patch=8, dim=8, depth=2, heads=1, channels=1))
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        model.patch_embed.proj.weight[0] = 1.0 / 64
        model.pos_embed[..., 1], model.pos_embed[..., 2] = 1.0, -1.0
        model.norm.weight[:] = 1.0
        for name, parameter in model.named_parameters():
            if name.endswith("norm1.weight"):
                parameter[:] = 1.0
            elif name.endswith("qkv.weight"):
                parameter[8, 0] = 1.0
            elif name.endswith("qkv.bias"):
                parameter[0] = 20.0
    return model


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Export it and load the package."""
    card = ModelCard(
        name="bright-seeker",
        labels=("a", "b"),
        preprocessing=Preprocessing(
            channels=1,
            rows=64,
            cols=64,
            mean=(0.0,),
            std=(1.0,),
            crop=Crop(threshold=0.05),
            intensity=Intensity(low=0, high=100),
        ),
    )
    folder = tmp_path_factory.mktemp("planted") / "package"
    options = ExportOptions(out=folder, gradients=False, store="fp32", rollout_layers=2)
    export_package(make_bright_seeker(), card, options)
    return Session(read_package(folder), threads=1)


def slice_with_square(
    top: int, left: int, orientation: tuple[float, ...] | None, spacing: tuple[float, float]
) -> Slice:
    """Make a slice of 120 x 88 px: a dim ellipse on black, and a bright square in it."""
    y, x = np.mgrid[0:120, 0:88]
    pixels = np.where(((y - 60) / 56) ** 2 + ((x - 44) / 40) ** 2 < 1, 0.3, 0.0).astype(np.float32)
    pixels[top : top + SQUARE, left : left + SQUARE] = 1.0
    found = FoundFile(path=Path("x"), relative="x", file_id="f", kind=FileKind.DICOM, size_bytes=1, modified_ns=0)
    return Slice(file=found, frame=0, pixels=pixels, window=(0, 1), spacing_mm=spacing, orientation=orientation)  # type: ignore[arg-type]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.5, 1.0)], ids=["square pixels", "tall pixels"])
@pytest.mark.parametrize("orientation", list(ORIENTATIONS.values()), ids=list(ORIENTATIONS))
def test_rollout_peaks_at_the_planted_square(
    session: Session, orientation: tuple[float, ...] | None, spacing: tuple[float, float]
) -> None:
    """Wherever the square lies and however the slice is stored, the peak lies in it, give or take half a patch."""
    places = [(top, left) for top in (25, 50, 80) for left in (20, 40, 58)]
    pictures = [slice_with_square(top, left, orientation, spacing) for top, left in places]
    ready = prepare(pictures, session.card.preprocessing)
    rollout = session.wiring.rollout
    assert rollout is not None
    heats = session.outputs(ready.pixels, (rollout,))[rollout]
    for (top, left), heat, placement in zip(places, heats, ready.placements, strict=True):
        slack = 8 * max(placement.height, placement.width) / 64 / 2 + 1
        row, col = find_peak(heat, placement)
        assert top - slack <= row <= top + SQUARE + slack
        assert left - slack <= col <= left + SQUARE + slack
        placed = place_heat(heat, placement)
        inside = placed[top : top + SQUARE, left : left + SQUARE].mean()
        assert inside > 3 * placed.mean()


def test_rollout_of_a_blank_slice_is_even(session: Session) -> None:
    """On a blank slice no patch stands out: the peaks of the test above come from the square."""
    ready = prepare([slice_with_square(0, 0, None, (1.0, 1.0))], session.card.preprocessing)
    rollout = session.wiring.rollout
    assert rollout is not None
    heat = session.outputs(np.zeros_like(ready.pixels), (rollout,))[rollout][0]
    assert heat.max() / heat.min() < 1.01
