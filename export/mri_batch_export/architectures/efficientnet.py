"""EfficientNet-B0 and -Lite0, and EfficientNetV2-B0 to B3, with TensorFlow's padding and timm's parameter names.

Tan & Le 2019 and 2021. A stage is (block, repeats, kernel, stride, expansion, width, squeeze ratio).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch_export.architectures.cnn import MapNet

Stage = tuple[str, int, int, int, int, int, float]

LITE0: tuple[Stage, ...] = (
    ("separable", 1, 3, 1, 1, 16, 0.0),
    ("inverted", 2, 3, 2, 6, 24, 0.0),
    ("inverted", 2, 5, 2, 6, 40, 0.0),
    ("inverted", 3, 3, 2, 6, 80, 0.0),
    ("inverted", 3, 5, 1, 6, 112, 0.0),
    ("inverted", 4, 5, 2, 6, 192, 0.0),
    ("inverted", 1, 3, 1, 6, 320, 0.0),
)
B0: tuple[Stage, ...] = tuple((*stage[:-1], 0.25) for stage in LITE0)
V2_BASE: tuple[Stage, ...] = (
    ("plain", 1, 3, 1, 1, 16, 0.0),
    ("fused", 2, 3, 2, 4, 32, 0.0),
    ("fused", 2, 3, 2, 4, 48, 0.0),
    ("inverted", 3, 3, 2, 4, 96, 0.25),
    ("inverted", 5, 3, 1, 6, 112, 0.25),
    ("inverted", 8, 3, 2, 6, 192, 0.25),
)
_EPS = 1e-3  # TensorFlow's batch norm


class EfficientNet(MapNet):
    """A stem, stages of blocks, a 1 x 1 convolution, global mean and a linear layer."""

    def __init__(
        self,
        n_labels: int,
        channels: int,
        stages: tuple[Stage, ...],
        *,
        width: float = 1.0,
        depth: float = 1.0,
        relu6: bool = False,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.act = F.relu6 if relu6 else F.silu
        ins = _round_width(32 * width)
        self.conv_stem = SameConv(channels, ins, 3, 2)
        self.bn1 = nn.BatchNorm2d(ins, eps=_EPS)
        self.middle = max(i for i, stage in enumerate(stages) if stage[3] == 2)
        self.blocks = nn.Sequential()
        for kind, repeats, kernel, stride, expansion, wide, squeeze in stages:
            outs = _round_width(wide * width)
            stage = nn.Sequential()
            for i in range(math.ceil(repeats * depth)):
                stage.append(_BLOCKS[kind](ins, outs, kernel, stride if i == 0 else 1, expansion, squeeze, self.act))
                ins = outs
            self.blocks.append(stage)
        self.conv_head = SameConv(ins, _round_width(1280 * width), 1)
        self.bn2 = nn.BatchNorm2d(self.conv_head.out_channels, eps=_EPS)
        self.drop = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.conv_head.out_channels, n_labels)

    def early_map(self, x: Tensor) -> Tensor:
        """Output of the stages before the last halving."""
        early: Tensor = self.blocks[: self.middle](self.act(self.bn1(self.conv_stem(x))))
        return early

    def late_map(self, early_map: Tensor) -> Tensor:
        """Output of the last convolution."""
        x = self.blocks[self.middle :](early_map)
        return self.act(self.bn2(self.conv_head(x)))

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k]."""
        logits: Tensor = self.classifier(self.drop(feature_map.mean(dim=(2, 3))))
        return logits


Activation = Callable[[Tensor], Tensor]


class SameConv(nn.Conv2d):
    """A convolution without bias and with TensorFlow's SAME padding: uneven padding goes to the bottom and right."""

    def __init__(self, ins: int, outs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(ins, outs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pad and convolve float[n, ins, rows, cols]."""
        (top, bottom), (left, right) = (self._pads(int(size)) for size in x.shape[2:])
        if top == bottom and left == right:
            return F.conv2d(x, self.weight, self.bias, self.stride, (top, left), groups=self.groups)
        padded = F.pad(x, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, self.bias, self.stride, groups=self.groups)

    def _pads(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        both = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        return both // 2, both - both // 2


class SqueezeExcite(nn.Module):
    """Squeeze and excitation: scale channels by a small network of their means (Hu et al. 2018)."""

    def __init__(self, width: int, reduced: int, act: Activation) -> None:
        super().__init__()
        self.act = act
        self.conv_reduce = nn.Conv2d(width, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scale float[n, width, rows, cols] channel by channel."""
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.conv_expand(self.act(self.conv_reduce(means))))


def _choose_squeeze(width: int, reduced: int, act: Activation) -> nn.Module:
    return SqueezeExcite(width, reduced, act) if reduced else nn.Identity()


class _Block(nn.Module):
    """Base of all blocks: adds the input to the output where shapes agree."""

    def __init__(self, ins: int, outs: int, stride: int, act: Activation) -> None:
        super().__init__()
        self.act = act
        self.adds = stride == 1 and ins == outs

    def forward(self, x: Tensor) -> Tensor:
        """Float[n, ins, rows, cols] to float[n, outs, rows / stride, cols / stride]."""
        return x + self.body(x) if self.adds else self.body(x)

    def body(self, x: Tensor) -> Tensor:
        """Convolve."""
        raise NotImplementedError


class PlainBlock(_Block):
    """One convolution; in these networks never with a shortcut."""

    def __init__(self, ins: int, outs: int, kernel: int, stride: int, _: int, __: float, act: Activation) -> None:
        super().__init__(ins, outs, stride, act)
        self.conv = SameConv(ins, outs, kernel, stride)
        self.bn1 = nn.BatchNorm2d(outs, eps=_EPS)

    def body(self, x: Tensor) -> Tensor:
        """Convolve."""
        return self.act(self.bn1(self.conv(x)))


class SeparableBlock(_Block):
    """A depthwise convolution, optional squeeze and excitation, then 1 x 1."""

    def __init__(self, ins: int, outs: int, kernel: int, stride: int, _: int, squeeze: float, act: Activation) -> None:
        super().__init__(ins, outs, stride, act)
        self.conv_dw = SameConv(ins, ins, kernel, stride, groups=ins)
        self.bn1 = nn.BatchNorm2d(ins, eps=_EPS)
        self.se = _choose_squeeze(ins, round(ins * squeeze), act)
        self.conv_pw = SameConv(ins, outs, 1)
        self.bn2 = nn.BatchNorm2d(outs, eps=_EPS)

    def body(self, x: Tensor) -> Tensor:
        """Convolve."""
        mixed: Tensor = self.bn2(self.conv_pw(self.se(self.act(self.bn1(self.conv_dw(x))))))
        return mixed


class FusedBlock(_Block):
    """An expanding convolution, then 1 x 1."""

    def __init__(
        self, ins: int, outs: int, kernel: int, stride: int, expansion: int, _: float, act: Activation
    ) -> None:
        super().__init__(ins, outs, stride, act)
        wide = _round_width(ins * expansion, limit=0.9)
        self.conv_exp = SameConv(ins, wide, kernel, stride)
        self.bn1 = nn.BatchNorm2d(wide, eps=_EPS)
        self.conv_pwl = SameConv(wide, outs, 1)
        self.bn2 = nn.BatchNorm2d(outs, eps=_EPS)

    def body(self, x: Tensor) -> Tensor:
        """Convolve."""
        mixed: Tensor = self.bn2(self.conv_pwl(self.act(self.bn1(self.conv_exp(x)))))
        return mixed


class InvertedBlock(_Block):
    """1 x 1 expansion, depthwise convolution, optional squeeze and excitation, 1 x 1 projection."""

    def __init__(
        self, ins: int, outs: int, kernel: int, stride: int, expansion: int, squeeze: float, act: Activation
    ) -> None:
        super().__init__(ins, outs, stride, act)
        wide = _round_width(ins * expansion, limit=0.9)
        self.conv_pw = SameConv(ins, wide, 1)
        self.bn1 = nn.BatchNorm2d(wide, eps=_EPS)
        self.conv_dw = SameConv(wide, wide, kernel, stride, groups=wide)
        self.bn2 = nn.BatchNorm2d(wide, eps=_EPS)
        self.se = _choose_squeeze(wide, round(wide * squeeze / expansion), act)
        self.conv_pwl = SameConv(wide, outs, 1)
        self.bn3 = nn.BatchNorm2d(outs, eps=_EPS)

    def body(self, x: Tensor) -> Tensor:
        """Convolve."""
        x = self.act(self.bn1(self.conv_pw(x)))
        x = self.se(self.act(self.bn2(self.conv_dw(x))))
        mixed: Tensor = self.bn3(self.conv_pwl(x))
        return mixed


_BLOCKS = {"plain": PlainBlock, "separable": SeparableBlock, "fused": FusedBlock, "inverted": InvertedBlock}


def _round_width(width: float, limit: float = 0.0) -> int:
    """Round to a multiple of 8; up where rounding down would lose more than 1 - ``limit``."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded + 8 if rounded < limit * width else rounded
