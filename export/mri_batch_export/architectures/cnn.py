"""CNNs with torchvision's parameter names (AlexNet, VGG-16, ResNets), and a small plain one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MapNet(nn.Module):
    """Base of CNNs split in the middle and after the last map; see :mod:`mri_batch_export.architectures.base`."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits float[n, k] of pictures float[n, channels, rows, cols]."""
        return self.head(self.features_map(x))

    def features_map(self, x: Tensor) -> Tensor:
        """Last feature map float[n, c, rows, cols]."""
        return self.late_map(self.early_map(x))

    def early_map(self, x: Tensor) -> Tensor:
        """Feature map in the middle, float[n, c, rows, cols]."""
        raise NotImplementedError

    def late_map(self, early_map: Tensor) -> Tensor:
        """Last feature map, computed from the one in the middle."""
        raise NotImplementedError

    def pool(self, early_map: Tensor) -> Tensor:
        """Mean over the map, float[n, c]."""
        return early_map.mean(dim=(2, 3))

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k] of a feature map."""
        raise NotImplementedError


class PlainCNN(MapNet):
    """3 x 3 convolutions with ReLU and 2 x 2 pooling, flatten, a dense layer and the logits."""

    def __init__(
        self,
        n_labels: int,
        rows: int,
        cols: int,
        channels: int,
        widths: Sequence[int] = (32, 64, 128, 128),
        dense: int = 64,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        ins = (channels, *widths[:-1])
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in zip(ins, widths, strict=True))
        cells = (rows >> len(widths)) * (cols >> len(widths))
        if cells == 0:
            raise ValueError(f"{rows} x {cols} px cannot be halved {len(widths)} times")
        self.dense = nn.Linear(widths[-1] * cells, dense)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(dense, n_labels)

    def early_map(self, x: Tensor) -> Tensor:
        """Output of the first half of the convolutions."""
        x = torch.relu(self.convs[0](x))
        return self._convolve(x, self.convs[1 : len(self.convs) // 2])

    def late_map(self, early_map: Tensor) -> Tensor:
        """Output of the last convolution, before its pooling."""
        return self._convolve(early_map, self.convs[max(1, len(self.convs) // 2) :])

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k]."""
        dense = torch.relu(self.dense(F.max_pool2d(feature_map, 2).flatten(1)))
        logits: Tensor = self.out(self.drop(dense))
        return logits

    def _convolve(self, x: Tensor, convs: nn.ModuleList) -> Tensor:
        for conv in convs:
            x = torch.relu(conv(F.max_pool2d(x, 2)))
        return x


class _ConvStack(MapNet):
    """torchvision's layout: ``features``, adaptive pooling to a fixed grid, ``classifier``."""

    def __init__(self, features: nn.Sequential, classifier: nn.Sequential, grid: int, middle: int) -> None:
        super().__init__()
        self.middle = middle  # number of layers of ``features`` before the map in the middle
        self.features = features
        self.classifier = classifier
        self.avgpool = nn.AdaptiveAvgPool2d(grid)

    def early_map(self, x: Tensor) -> Tensor:
        """Output of the first ``middle`` layers."""
        early: Tensor = self.features[: self.middle](x)
        return early

    def late_map(self, early_map: Tensor) -> Tensor:
        """Output of the last convolution, before its pooling."""
        feature_map: Tensor = self.features[self.middle : -1](early_map)
        return feature_map

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k]."""
        pooled = self.features[-1](feature_map)
        if tuple(pooled.shape[2:]) != (self.avgpool.output_size,) * 2:
            pooled = self.avgpool(pooled)
        logits: Tensor = self.classifier(pooled.flatten(1))
        return logits


class VGG16(_ConvStack):
    """VGG-16 without batch norm (Simonyan & Zisserman 2015)."""

    def __init__(self, n_labels: int, channels: int = 3, dropout: float = 0.5) -> None:
        layers: list[nn.Module] = []
        for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, n_labels),
        )
        super().__init__(nn.Sequential(*layers), classifier, 7, middle=24)  # after the fourth pooling


class AlexNet(_ConvStack):
    """AlexNet in torchvision's variant (Krizhevsky 2014)."""

    def __init__(self, n_labels: int, channels: int = 3, dropout: float = 0.5) -> None:
        features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, n_labels),
        )
        super().__init__(features, classifier, 6, middle=8)  # after the third convolution


class _Residual(nn.Module):
    """One residual block: two 3 x 3 convolutions, or 1 x 1, 3 x 3, 1 x 1 with a fourfold widening (He et al. 2016)."""

    def __init__(self, ins: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        outs = width * 4 if bottleneck else width
        shapes = [(ins, width, 1, 1), (width, width, 3, stride), (width, outs, 1, 1)]
        if not bottleneck:
            shapes = [(ins, width, 3, stride), (width, width, 3, 1)]
        self.count = len(shapes)
        for i, (a, b, size, step) in enumerate(shapes, 1):
            self.add_module(f"conv{i}", nn.Conv2d(a, b, size, step, size // 2, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(b))
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or ins != outs:
            self.downsample = nn.Sequential(nn.Conv2d(ins, outs, 1, stride, bias=False), nn.BatchNorm2d(outs))

    def forward(self, x: Tensor) -> Tensor:
        """Add the convolutions' output to the (projected) input."""
        shortcut: Tensor = self.downsample(x)
        for i in range(1, self.count + 1):
            x = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(x))
            x = torch.relu(x + shortcut if i == self.count else x)
        return x


class ResNet(MapNet):
    """ResNet-18 and ResNet-50 (He et al. 2016; stride on the 3 x 3, as in torchvision)."""

    def __init__(self, n_labels: int, channels: int, blocks: Sequence[int], bottleneck: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        ins = 64
        for stage, count in enumerate(blocks):
            width = 64 << stage
            layer = nn.Sequential()
            for i in range(count):
                layer.append(_Residual(ins, width, 2 if stage and i == 0 else 1, bottleneck))
                ins = width * 4 if bottleneck else width
            self.add_module(f"layer{stage + 1}", layer)
        self.stages = len(blocks)
        self.fc = nn.Linear(ins, n_labels)

    def early_map(self, x: Tensor) -> Tensor:
        """Output of the stages before the last one."""
        x = F.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self._run_stages(x, 1, self.stages - 1)

    def late_map(self, early_map: Tensor) -> Tensor:
        """Output of the last stage."""
        return self._run_stages(early_map, self.stages, self.stages)

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k]."""
        logits: Tensor = self.fc(feature_map.mean(dim=(2, 3)))
        return logits

    def _run_stages(self, x: Tensor, first: int, last: int) -> Tensor:
        for stage in range(first, last + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return x
