"""Interfaces of networks whose attention or feature maps can be exported."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class AttentionClassifier(Protocol):
    """A transformer with t tokens: ``prefix_tokens``, then the patches of the grid, row by row."""

    @property
    def prefix_tokens(self) -> int:
        """Number of tokens before the patches."""
        ...

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        ...

    @property
    def depth(self) -> int:
        """Number of layers with attention."""
        ...

    def forward_with_attention(self, x: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Logits float[n, k], attention of every layer float[n, h, t, t], features float[n, d]."""
        ...


@runtime_checkable
class MapClassifier(Protocol):
    """A CNN split in the middle and after its last feature map: forward = head(late_map(early_map(x)))."""

    def early_map(self, x: Tensor) -> Tensor:
        """Feature map in the middle, float[n, c, rows, cols], of pictures float[n, channels, rows, cols]."""
        ...

    def late_map(self, early_map: Tensor) -> Tensor:
        """Last feature map float[n, c, rows, cols], computed from the one in the middle."""
        ...

    def pool(self, early_map: Tensor) -> Tensor:
        """Features float[n, d] for the out-of-distribution gate."""
        ...

    def features_map(self, x: Tensor) -> Tensor:
        """Last feature map float[n, c, rows, cols] of pictures."""
        ...

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k] of a feature map."""
        ...
