"""Tiny networks and cards for the export's tests: exported in seconds on one core."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from mri_batch.card import ModelCard, Preprocessing
from mri_batch_export.architectures.table import Shape, build_architecture
from mri_batch_export.architectures.vit import ViT, ViTConfig

Net = TypeVar("Net", bound=nn.Module)
LABELS = ("a", "b", "c")


def make_vit(rows: int = 32, cols: int = 16, registers: int = 0) -> ViT:
    """Make a ViT of 3 layers on a grid that is not square, with weights large enough for attention to differ."""
    torch.manual_seed(3)
    config = ViTConfig(
        n_labels=3, rows=rows, cols=cols, patch=8, dim=64, depth=3, heads=2, layer_scale=True, n_registers=registers
    )
    return fill(ViT(config))


def fill(network: Net) -> Net:
    """Draw all weights anew, away from their tame start."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.0, 0.15 if parameter.ndim > 1 else 0.5)
    network.eval()
    return network


def make_cnn(size: int = 32) -> nn.Module:
    """Make the plain CNN with few channels."""
    torch.manual_seed(4)
    shape = Shape(n_labels=3, rows=size, cols=size, channels=1)
    return build_architecture("plain_cnn", shape, {"widths": (8, 16, 16), "dense": 16}).eval()


def make_card(rows: int = 32, cols: int = 16, channels: int = 3, name: str = "tiny") -> ModelCard:
    """Make a card for a network of that input size."""
    mean, std = (0.5,) * channels, (0.25,) * channels
    p = {"rows": rows, "cols": cols, "channels": channels, "mean": mean, "std": std}
    return ModelCard(name=name, labels=LABELS, preprocessing=Preprocessing.model_validate(p))
