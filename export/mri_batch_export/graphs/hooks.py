"""Hooks on the tensors inside a network that explanations are computed from: attention, tokens, feature maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from mri_batch_export.graphs.rules import OperatorWithoutRule


@dataclass(slots=True)
class Hooks(TorchFunctionMode):
    """Records the tensors that explanations are computed from while a network runs.

    ``attentions``: each square softmax float[n, h, t, t]; ``tokens``: the normalised tokens float[n, t, d] that enter
    each of them; ``maps``: the last unpooled map float[n, c, rows, cols] of each resolution, from the input on. Fused
    attention is replaced by its explicit form, because its weights never exist as a tensor.
    """

    attentions: list[Tensor] = field(default_factory=list)
    tokens: list[Tensor] = field(default_factory=list)
    maps: list[Tensor] = field(default_factory=list)
    _normed: Tensor | None = None

    def __post_init__(self) -> None:
        super(Hooks, self).__init__()

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Run ``func`` and record its result."""
        keywords = dict(kwargs or {})
        explicit = _EXPLICIT.get(func)
        if explicit is not None:
            with self:  # the softmax inside is recorded like any other
                return explicit(*args, **keywords)
        result = func(*args, **keywords)
        if isinstance(result, Tensor):
            self._record(getattr(func, "__name__", ""), result)
        return result

    def _record(self, name: str, result: Tensor) -> None:
        shape = result.shape
        if name == "layer_norm" and result.ndim == 3:
            self._normed = result
        elif name == "softmax" and result.ndim == 4 and shape[3] > 1 and self._is_attention(shape):
            self.attentions.append(result)
            if self._normed is not None:
                self.tokens.append(self._normed)
        elif name in _MAP_MAKERS and result.ndim == 4 and min(shape[2:]) > 1 and result.is_floating_point():
            if self.maps and self.maps[-1].shape[2:] == shape[2:]:
                self.maps[-1] = result
            else:
                self.maps.append(result)

    def _is_attention(self, shape: Sequence[int]) -> bool:
        """Whether a softmax is over tokens: square, or one row over the same tokens as the attention before it."""
        return shape[2] == shape[3] or (shape[2] == 1 and bool(self.attentions) and self._same_tokens(shape))

    def _same_tokens(self, shape: Sequence[int]) -> bool:
        return tuple(self.attentions[-1].shape[1::2]) == tuple(shape[1::2])


# Operators that may end a stage of a CNN; pooling, dropout and reshaping only pass a map on.
# fmt: off
_MAP_MAKERS = frozenset(
    [
        "conv2d", "batch_norm", "group_norm", "add", "__add__", "add_", "__iadd__", "mul", "__mul__", "cat",
        "concat", "relu", "relu_", "relu6", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "prelu",
        "elu", "elu_", "silu", "silu_", "gelu", "mish", "hardswish", "hardswish_", "sigmoid", "tanh",
    ]
)
# fmt: on


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Explicit scaled dot-product attention; arguments as torch's. Causal and grouped attention are refused."""
    if is_causal or enable_gqa:
        raise OperatorWithoutRule("causal or grouped attention is not supported")
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query * factor) @ key.transpose(-2, -1)
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    return scores.softmax(dim=-1) @ value


def attend_heads(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    *,
    attn_mask: Tensor | None = None,
    key_padding_mask: Tensor | None = None,
    **ignored: object,
) -> tuple[Tensor, None]:
    """Explicit self-attention of ``torch.nn.MultiheadAttention``, float[t, n, dim]; its weights are not returned."""
    if in_proj_weight is None or bias_k is not None or add_zero_attn or key_padding_mask is not None:
        raise OperatorWithoutRule("attention with separate projections, added keys or padding is not supported")
    n_tokens, n, dim = query.shape
    weights = in_proj_weight.chunk(3)
    biases = [None] * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = (
        F.linear(x, w, b).reshape(-1, n, num_heads, dim // num_heads).permute(1, 2, 0, 3)
        for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    mixed = attend(q, k, v, attn_mask).permute(2, 0, 1, 3).reshape(n_tokens, n, dim)
    return F.linear(mixed, out_proj_weight, out_proj_bias), None


_EXPLICIT: Mapping[Callable[..., object], Callable[..., object]] = {
    F.scaled_dot_product_attention: attend,
    F.multi_head_attention_forward: attend_heads,
}
