"""Fewer bits are taken where they cost little, and refused with the figures where they do not."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mri_batch.dataset import Item, read_picture
from mri_batch.errors import ExportRefused
from mri_batch.model.prepare import prepare
from mri_batch_export.packaging.export import export_package
from mri_batch_export.packaging.quantize import round_weights
from mri_batch_export.packaging.rounding import weigh_rounding
from tests.export.tiny import LABELS, make_card, make_cnn, make_vit
from tests.make import save_picture

N = 12


def make_items(folder: Path, network: nn.Module, size: tuple[int, int], channels: int) -> list[Item]:
    """Draw pictures and label each as the network does, so that its accuracy is 1."""
    items = []
    for number in range(N):
        path = save_picture(folder / f"{number}.png", np.random.default_rng(number).integers(0, 255, size, np.uint8))
        pixels = prepare([read_picture(path)], make_card(*size, channels).preprocessing).pixels
        with torch.no_grad():
            label = LABELS[int(network(torch.from_numpy(pixels)).argmax())]
        items.append(Item(path=path, label=label, split="val"))
    return items


@pytest.mark.parametrize("kind", ["vit", "cnn"])
def test_eight_bits_cost_little_and_the_figures_say_so(tmp_path: Path, kind: str) -> None:
    """Rounding to int8 keeps labels and heat; both networks' figures are told."""
    network, size, channels = (make_vit(), (32, 16), 3) if kind == "vit" else (make_cnn(), (32, 32), 1)
    rounded = copy.deepcopy(network)
    assert round_weights(rounded, "int8")
    items = make_items(tmp_path, network, size, channels)
    figures = weigh_rounding(network, rounded, make_card(*size, channels), items, 2)
    assert figures["n_slices"] == N
    assert figures["accuracy_whole"] == 1.0
    assert 0.95 < figures["heat_agreement"] < 1.0


def test_rounding_that_changes_the_answers_is_refused(tmp_path: Path) -> None:
    """A network whose last layer was spoilt in rounding is refused, with what it loses."""
    network = make_vit()
    spoilt = copy.deepcopy(network)
    with torch.no_grad():
        spoilt.head.weight.mul_(-1.0)
    with pytest.raises(ExportRefused, match="accuracy loses") as caught:
        weigh_rounding(network, spoilt, make_card(), make_items(tmp_path, network, (32, 16), 3), 2)
    assert caught.value.code == "STORE_REFUSED"


def test_rounding_that_moves_the_heat_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers from other places are not the same model."""
    network = make_vit()
    moved = copy.deepcopy(network)
    plain = moved.forward_taps

    def turn(x: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        logits, attentions, features = plain(x)
        return logits, [a.flip(-1) for a in attentions], features

    monkeypatch.setattr(moved, "forward_taps", turn)
    with pytest.raises(ExportRefused, match="heat loses"):
        weigh_rounding(network, moved, make_card(), make_items(tmp_path, network, (32, 16), 3), 2)


def test_card_says_what_rounding_cost_or_that_nobody_knows(tmp_path: Path) -> None:
    """With validation slices the figures stand in the card; without, a limit does."""
    network = make_vit()
    items = make_items(tmp_path, network, (32, 16), 3)
    items = [replace(item, label=LABELS[number % 3]) for number, item in enumerate(items)]  # calibration needs each
    items += [replace(item, split=split) for split in ("train", "test") for item in items]
    known = export_package(network, make_card(), tmp_path / "known", items=items, gradients=False, rollout_layers=2)
    assert known.card.metrics["rounding"]["store"] == "int8"
    assert known.card.metrics["rounding"]["heat_agreement"] > 0.95
    unknown = export_package(network, make_card(), tmp_path / "unknown", gradients=False, rollout_layers=2)
    assert any("not measured" in limit for limit in unknown.card.limits)
    whole = export_package(network, make_card(), tmp_path / "fp32", gradients=False, store="fp32", rollout_layers=2)
    assert whole.card.limits == ()
