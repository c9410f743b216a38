"""Every architecture by its name, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from mri_batch.errors import UsageError
from mri_batch_export.architectures.cnn import VGG16, AlexNet, PlainCNN, ResNet
from mri_batch_export.architectures.efficientnet import B0, LITE0, V2_BASE, EfficientNet, Stage
from mri_batch_export.architectures.vit import ViT, ViTConfig

Options = Mapping[str, Any]  # sizes of an architecture: heads=6, widths=[8, 16] ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Input and output of a network: pictures of ``channels`` x ``rows`` x ``cols`` px, ``n_labels`` logits."""

    n_labels: int
    rows: int = 224
    cols: int = 224
    channels: int = 3


Builder = Callable[[Shape, Options], nn.Module]


def build_architecture(name: str, shape: Shape, options: Options | None = None) -> nn.Module:
    """Build a network with random weights. Raises UsageError for unknown names and options that do not fit."""
    if name not in ARCHITECTURES:
        raise UsageError(f"no architecture {name!r}", code="ARCH_UNKNOWN", hint=f"known: {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[name](shape, options or {})
    except (TypeError, ValueError) as error:
        raise UsageError(f"architecture {name}: {error}", code="ARCH_OPTIONS") from error


def _vit(sizes: Options, shape: Shape, options: Options) -> nn.Module:
    settings: Options = {**sizes, **options}
    return ViT(
        ViTConfig(n_labels=shape.n_labels, rows=shape.rows, cols=shape.cols, channels=shape.channels, **settings)
    )


def _plain_cnn(shape: Shape, options: Options) -> nn.Module:
    return PlainCNN(shape.n_labels, shape.rows, shape.cols, shape.channels, **options)


def _vgg16(shape: Shape, options: Options) -> nn.Module:
    return VGG16(shape.n_labels, shape.channels, **options)


def _alexnet(shape: Shape, options: Options) -> nn.Module:
    return AlexNet(shape.n_labels, shape.channels, **options)


def _resnet(blocks: tuple[int, ...], bottleneck: bool, shape: Shape, options: Options) -> nn.Module:
    return ResNet(shape.n_labels, shape.channels, blocks, bottleneck, **options)


def _efficientnet(stages: tuple[Stage, ...], sizes: Options, shape: Shape, options: Options) -> nn.Module:
    settings: Options = {**sizes, **options}
    return EfficientNet(shape.n_labels, shape.channels, stages, **settings)


_TINY, _SMALL, _BASE = ({"dim": dim, "heads": heads} for dim, heads in ((192, 3), (384, 6), (768, 12)))
_DINO = {"patch": 14, "layer_scale": True}

ARCHITECTURES: dict[str, Builder] = {
    "vit": partial(_vit, {}),
    "vit_tiny_patch16_224": partial(_vit, _TINY),
    "vit_small_patch16_224": partial(_vit, _SMALL),
    "vit_base_patch16_224": partial(_vit, _BASE),
    "deit_tiny_patch16_224": partial(_vit, _TINY),
    "deit_small_patch16_224": partial(_vit, _SMALL),
    "deit_base_patch16_224": partial(_vit, _BASE),
    "vit_small_patch14_dinov2": partial(_vit, {**_SMALL, **_DINO}),
    "vit_base_patch14_dinov2": partial(_vit, {**_BASE, **_DINO}),
    "vit_small_patch14_reg4_dinov2": partial(_vit, {**_SMALL, **_DINO, "n_registers": 4}),
    "vit_base_patch14_reg4_dinov2": partial(_vit, {**_BASE, **_DINO, "n_registers": 4}),
    "plain_cnn": _plain_cnn,
    "alexnet": _alexnet,
    "vgg16": _vgg16,
    "resnet18": partial(_resnet, (2, 2, 2, 2), False),
    "resnet50": partial(_resnet, (3, 4, 6, 3), True),
    "tf_efficientnet_b0": partial(_efficientnet, B0, {}),
    "tf_efficientnet_lite0": partial(_efficientnet, LITE0, {"relu6": True}),
    "tf_efficientnetv2_b0": partial(_efficientnet, V2_BASE, {}),
    "tf_efficientnetv2_b3": partial(_efficientnet, V2_BASE, {"width": 1.2, "depth": 1.4}),
}
