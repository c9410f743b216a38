"""Fewer bits are accepted where they cost little, and refused with the loss where they do not."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mri_batch.arrays import Float32
from mri_batch.card import Wiring, with_fields
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import ExportRefused
from mri_batch.model.prepare import prepare
from mri_batch_export.packaging.export import export_package
from mri_batch_export.packaging.options import ExportOptions
from mri_batch_export.packaging.precision_loss import measure_int8_arithmetic, measure_weight_rounding
from mri_batch_export.packaging.quantize import round_weights
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
def test_int8_weights_cost_little_and_the_metrics_say_so(tmp_path: Path, kind: str) -> None:
    """Rounding to int8 keeps labels and heat; the metrics cover both networks."""
    network, size, channels = (make_vit(), (32, 16), 3) if kind == "vit" else (make_cnn(), (32, 32), 1)
    rounded = copy.deepcopy(network)
    assert round_weights(rounded, "int8")
    items = make_items(tmp_path, network, size, channels)
    metrics = measure_weight_rounding(network, rounded, make_card(*size, channels), items, 2)
    assert metrics["n_slices"] == N
    assert metrics["accuracy_whole"] == 1.0
    assert 0.95 < metrics["heat_agreement"] < 1.0


def test_rounding_that_changes_predictions_is_refused(tmp_path: Path) -> None:
    """A network whose last layer breaks in rounding is refused, with its loss."""
    network = make_vit()
    broken = copy.deepcopy(network)
    with torch.no_grad():
        broken.head.weight.mul_(-1.0)
    with pytest.raises(ExportRefused, match="accuracy loses") as caught:
        measure_weight_rounding(network, broken, make_card(), make_items(tmp_path, network, (32, 16), 3), 2)
    assert caught.value.code == "STORE_REFUSED"


def test_rounding_that_moves_the_heat_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same predictions with heat elsewhere are not the same model."""
    network = make_vit()
    moved = copy.deepcopy(network)
    plain = moved.forward_with_attention

    def turn(x: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        logits, attentions, features = plain(x)
        return logits, [a.flip(-1) for a in attentions], features

    monkeypatch.setattr(moved, "forward_with_attention", turn)
    with pytest.raises(ExportRefused, match="heat loses"):
        measure_weight_rounding(network, moved, make_card(), make_items(tmp_path, network, (32, 16), 3), 2)


def test_card_says_what_rounding_costs_or_that_it_was_not_measured(tmp_path: Path) -> None:
    """With validation slices the card has the metrics; without, a limit."""
    network = make_vit()
    items = make_items(tmp_path, network, (32, 16), 3)
    items = [replace(item, label=LABELS[number % 3]) for number, item in enumerate(items)]  # calibration needs each
    items += [replace(item, split=split) for split in ("train", "test") for item in items]
    plain = ExportOptions(out=tmp_path / "unknown", gradients=False, rollout_layers=2)
    known = export_package(network, make_card(), replace(plain, out=tmp_path / "known", items=tuple(items)))
    assert known.card.metrics["rounding"]["store"] == "int8"
    assert known.card.metrics["rounding"]["heat_agreement"] > 0.95
    unknown = export_package(network, make_card(), plain)
    assert any("not measured" in limit for limit in unknown.card.limits)
    whole = export_package(network, make_card(), replace(plain, out=tmp_path / "fp32", store="fp32"))
    assert whole.card.limits == ()


class _Scripted:
    """A model that returns given logits and heat."""

    card = with_fields(make_card(), wiring=Wiring(rollout="rollout", grid=(4, 4)))
    labels, wiring = LABELS, card.wiring

    def __init__(self, logits: Float32, heat: Float32) -> None:
        self._rows = iter(zip(logits, heat, strict=True))

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Return the next rows."""
        rows = [next(self._rows) for _ in pixels]
        return {"logits": np.stack([row[0] for row in rows]), "rollout": np.stack([row[1] for row in rows])}


@pytest.mark.parametrize("broken", ["accuracy", "ece", "heat", "peak"])
def test_int8_arithmetic_that_loses_too_much_is_refused_with_the_loss(tmp_path: Path, broken: str) -> None:
    """Predictions, calibration, heat, or the peak of the heat alone."""
    path = save_picture(tmp_path / "a.png", np.zeros((32, 16), np.uint8))
    items = [Item(path=path, label=LABELS[i % 3], split="val") for i in range(30)]
    rng = np.random.default_rng(0)
    logits = np.eye(3, dtype=np.float32)[np.arange(30) % 3] * 2
    logits[:9] = logits[:9, ::-1] * 0.6  # some are wrong, and less confident
    heat = np.sort(rng.random((30, 16), np.float32)).reshape(30, 4, 4)
    other, elsewhere = logits.copy(), heat.copy()
    if broken == "accuracy":
        other = other[:, [1, 2, 0]]
    elif broken == "ece":
        other *= np.where(np.arange(30) % 2, 4, 0.1)[:, None].astype(np.float32)
    elif broken == "heat":
        elsewhere = elsewhere[:, ::-1]
    else:
        elsewhere[:, 0, 0] = 9.0
    measure_int8_arithmetic(_Scripted(logits, heat), _Scripted(logits, heat), items)  # type: ignore[arg-type]
    with pytest.raises(ExportRefused, match=f"{broken} (loses|moves)"):
        measure_int8_arithmetic(_Scripted(logits, heat), _Scripted(other, elsewhere), items)  # type: ignore[arg-type]
