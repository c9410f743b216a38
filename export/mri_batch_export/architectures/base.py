"""What the export asks of a network beyond its logits."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class AttentionClassifier(Protocol):
    """A network of tokens whose attention can be shown. t tokens: ``prefix_tokens``, then the grid row by row."""

    @property
    def prefix_tokens(self) -> int:
        """Tokens before the patches."""
        ...

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        ...

    @property
    def depth(self) -> int:
        """Number of layers with attention."""
        ...

    def forward_taps(self, x: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Logits float[n, k], attention of every layer float[n, h, t, t], features float[n, d]."""
        ...


@runtime_checkable
class MapClassifier(Protocol):
    """A convolutional network, cut in its middle and after its last map: forward = head(late_map(early_map(x)))."""

    def early_map(self, x: Tensor) -> Tensor:
        """Map in the middle, float[n, c, rows, cols], of pictures float[n, channels, rows, cols]."""
        ...

    def late_map(self, early_map: Tensor) -> Tensor:
        """Last feature map float[n, c, rows, cols] of the one in the middle."""
        ...

    def pool(self, early_map: Tensor) -> Tensor:
        """Features float[n, d] that the out-of-distribution gate looks at."""
        ...

    def features_map(self, x: Tensor) -> Tensor:
        """Last feature map float[n, c, rows, cols] of pictures."""
        ...

    def head(self, feature_map: Tensor) -> Tensor:
        """Logits float[n, k] of a feature map."""
        ...
