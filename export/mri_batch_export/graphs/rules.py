"""Decompositions of backward operators into operators that ONNX has.

PyTorch's tracer expresses a gradient in ``aten`` operators such as ``convolution_backward``, and PyTorch decomposes
most of them into simpler ones. The rules here cover those it does not decompose, those whose decomposition is slow on
ONNX Runtime, and ReLU, whose backward pass can be switched to guided backpropagation at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch._decomp import decomposition_table
from torch._ops import OpOverload, OpOverloadPacket
from torch.nn import functional as F

from mri_batch.errors import ExportRefused

aten = torch.ops.aten
Rule = Callable[..., object]
Rules = dict[OpOverload, Rule]


class OperatorWithoutRule(ExportRefused):
    """The backward pass uses an operator that has no rule; ``reason`` names it."""

    default_code = "GRADIENT_NO_RULE"
    reason: str


def convolution_backward(
    grad: Tensor,
    pixels: Tensor,
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    output_mask: Sequence[bool],
) -> tuple[Tensor | None, None, None]:
    """Gradient of a 2-D convolution with respect to its input; weights are constants here.

    With stride 1 it is a convolution with the kernel rotated by 180 degrees and its channel axes swapped, which ONNX
    Runtime runs several times faster than the general case, a transposed convolution.
    """
    if transposed or any(output_mask[1:]) or grad.ndim != 4:
        return NotImplemented  # type: ignore[no-any-return]  # PyTorch's word for "no rule applies"
    if not output_mask[0]:
        return None, None, None
    kernel = weight.shape[2:]
    if groups == 1 and max(stride) > 1 and list(stride) == list(kernel) and not any(padding) and set(dilation) == {1}:
        return spread_patches(grad, weight, pixels.shape), None, None
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    back = [r - p for r, p in zip(reach, padding, strict=True)]
    if all(s == 1 for s in stride) and all(b >= 0 for b in back):
        return F.conv2d(grad, turn_kernel(weight, groups), None, 1, back, list(dilation), groups), None, None
    rest = [
        pixels.shape[2 + i] - ((grad.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + reach[i] + 1) for i in range(2)
    ]
    spread = F.conv_transpose2d(grad, weight, None, list(stride), list(padding), rest, groups, list(dilation))
    return spread, None, None


def spread_patches(grad: Tensor, weight: Tensor, shape: Sequence[int]) -> Tensor:
    """Gradient of a convolution whose windows do not overlap, such as a patch embedding: one matrix product."""
    n, channels, rows, cols = shape
    kernel = weight.shape[2:]
    down, across = grad.shape[2:]
    each = grad.flatten(2).transpose(1, 2) @ weight.flatten(1)
    tiles = each.reshape(n, down, across, channels, *kernel).permute(0, 3, 1, 4, 2, 5)
    whole = tiles.reshape(n, channels, down * kernel[0], across * kernel[1])
    return F.pad(whole, (0, cols - whole.shape[3], 0, rows - whole.shape[2]))


def turn_kernel(weight: Tensor, groups: int) -> Tensor:
    """Rotate a kernel [out, in / groups, rows, cols] into that of the gradient, [in, out / groups, rows, cols]."""
    n_out, n_in, rows, cols = weight.shape
    split = weight.reshape(groups, n_out // groups, n_in, rows, cols).transpose(1, 2)
    return split.reshape(groups * n_in, n_out // groups, rows, cols).flip(2, 3)


def max_pool2d_backward(
    grad: Tensor,
    pixels: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    indices: Tensor,
) -> Tensor:
    """Add each gradient to the pixel that was the maximum: one ScatterElements."""
    n, channels, rows, cols = pixels.shape
    empty = torch.zeros_like(pixels).reshape(n, channels, rows * cols)
    flat = empty.scatter_add(2, indices.reshape(n, channels, -1), grad.reshape(n, channels, -1))
    return flat.reshape(n, channels, rows, cols)


def adaptive_avg_pool2d(pixels: Tensor, output_size: Sequence[int]) -> Tensor:
    """Average over windows that divide the picture evenly: two matrix products."""
    down = adaptive_windows(pixels, pixels.shape[2], output_size[0])
    across = adaptive_windows(pixels, pixels.shape[3], output_size[1])
    return down @ pixels @ across.transpose(0, 1)


def adaptive_avg_pool2d_backward(grad: Tensor, pixels: Tensor) -> Tensor:
    """Distribute each window's gradient over its pixels: the transposed matrix products."""
    down = adaptive_windows(grad, pixels.shape[2], grad.shape[2])
    across = adaptive_windows(grad, pixels.shape[3], grad.shape[3])
    return down.transpose(0, 1) @ grad @ across


def adaptive_windows(like: Tensor, n_in: int, n_out: int) -> Tensor:
    """Weights float[n_out, n_in] of adaptive average pooling along one axis."""
    window = torch.arange(n_out, device=like.device)[:, None]
    start = torch.div(window * n_in, n_out, rounding_mode="floor")
    end = torch.div((window + 1) * n_in + n_out - 1, n_out, rounding_mode="floor")
    return _average_between(like, start, end, end - start, n_in)


def avg_pool2d_backward(
    grad: Tensor,
    pixels: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    """Distribute each window's gradient over its pixels: averaging is separable, so two matrix products."""
    sides = []
    for axis in range(2):
        kernel = kernel_size[axis % len(kernel_size)]
        step = stride[axis % len(stride)] if len(stride) else kernel
        n_in, n_out, pad = pixels.shape[2 + axis], grad.shape[2 + axis], padding[axis % len(padding)]
        start = torch.arange(n_out, device=grad.device)[:, None] * step - pad
        end = (start + kernel).clamp(max=n_in + pad)
        inside = end.clamp(max=n_in) - start.clamp(min=0)
        count = torch.ones_like(start) if divisor_override else (end - start if count_include_pad else inside)
        sides.append(_average_between(grad, start, end, count, n_in))
    shared = sides[0].transpose(0, 1) @ grad @ sides[1]
    return shared / divisor_override if divisor_override else shared


def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    """The exact GELU x Phi(x), in u = x / sqrt 2, so that erf(u) is computed once for both passes."""
    if approximate != "none":
        return NotImplemented  # type: ignore[no-any-return]
    u = x * math.sqrt(0.5)
    return u * (torch.erf(u) + 1) * math.sqrt(0.5)


def gelu_backward(grad: Tensor, x: Tensor, *, approximate: str = "none") -> Tensor:
    """Gradient of the exact GELU, Phi(x) + x phi(x), in u = x / sqrt 2 and in as few operators as possible.

    As Phi = (1 + erf u) / 2 and x phi = u exp(-u^2) / sqrt pi, twice that is 1 + erf u + u exp(ln(2 / sqrt pi) - u^2).
    """
    if approximate != "none":
        return NotImplemented  # type: ignore[no-any-return]
    u = x * math.sqrt(0.5)
    return grad * 0.5 * (torch.erf(u) + 1 + u * torch.exp(math.log(2 / math.sqrt(math.pi)) - u * u))


def silu(x: Tensor) -> Tensor:
    """SiLU x s(x) with ONNX's sigmoid s, which is shared with the backward pass."""
    return x * torch.sigmoid(x)


def silu_backward(grad: Tensor, x: Tensor) -> Tensor:
    """Gradient of SiLU, s (1 + x (1 - s)) = s + y (1 - s) for y = x s."""
    sigmoid = torch.sigmoid(x)
    return grad * (sigmoid + x * sigmoid * (1 - sigmoid))


def native_layer_norm_backward(
    grad: Tensor,
    x: Tensor,
    shape: Sequence[int],
    mean: Tensor,
    rstd: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    output_mask: Sequence[bool],
) -> tuple[Tensor | None, None, None]:
    """Gradient of layer norm over the last axis: without its mean and its projection on the normalised input."""
    if any(output_mask[1:]) or len(shape) != 1:
        return NotImplemented  # type: ignore[no-any-return]
    if weight is not None:
        grad = grad * weight
    along = (x - mean) * rstd
    rest = grad - along * (grad * along).mean(dim=-1, keepdim=True)
    return (rest - grad.mean(dim=-1, keepdim=True)) * rstd, None, None


def _average_between(like: Tensor, start: Tensor, end: Tensor, count: Tensor, n_in: int) -> Tensor:
    pixel = torch.arange(n_in, device=like.device)[None, :]
    return ((pixel >= start) & (pixel < end)).to(like.dtype) / count.to(like.dtype)


class GuidedSwitch:
    """The backward pass of ReLU and ReLU6, plain or guided (Springenberg et al. 2015), chosen by a graph input.

    Guided: a gradient passes where the unit was active *and* the gradient is positive. ``used`` says after tracing
    whether the network has any such unit.
    """

    def __init__(self) -> None:
        self.plain: Tensor | None = None  # bool[1]; true: the true gradient
        self.used = False

    def threshold_backward(self, grad: Tensor, output: Tensor, threshold: float) -> Tensor:
        """ReLU."""
        return self._pass(grad, output > threshold)

    def hardtanh_backward(self, grad: Tensor, pixels: Tensor, min_val: float, max_val: float) -> Tensor:
        """ReLU6 and other hard tanh: clipped as in the forward pass, which ONNX Runtime fuses into the convolution."""
        cut = hardtanh(pixels, min_val, max_val)
        return self._pass(grad, (cut > min_val) & (cut < max_val))

    def _pass(self, grad: Tensor, active: Tensor) -> Tensor:
        self.used = True
        if self.plain is not None:  # one pass over the numbers; a separate mask would take three
            nothing = torch.zeros((), dtype=grad.dtype, device=grad.device)
            grad = torch.maximum(grad, torch.where(self.plain, torch.full_like(nothing, -torch.inf), nothing))
        return grad * active.to(grad.dtype)  # ONNX Runtime's Where takes twice as long


def hardtanh(pixels: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """ReLU6 and other hard tanh, by the operator that the backward pass uses too, so that it is computed once."""
    return pixels.clamp(min_val, max_val)


def backward_rules(switch: GuidedSwitch) -> Rules:
    """PyTorch's own decompositions of backward operators, replaced and extended by ours."""
    rules: Rules = {
        op: rule for op, rule in decomposition_table.items() if isinstance(op, OpOverload) and is_backward(op)
    }
    ours: dict[OpOverloadPacket, Rule] = {
        aten.convolution_backward: convolution_backward,
        aten.max_pool2d_with_indices_backward: max_pool2d_backward,
        aten.avg_pool2d_backward: avg_pool2d_backward,
        aten._adaptive_avg_pool2d: adaptive_avg_pool2d,
        aten._adaptive_avg_pool2d_backward: adaptive_avg_pool2d_backward,
        aten.hardtanh: hardtanh,
        aten.gelu: gelu,
        aten.gelu_backward: gelu_backward,
        aten.silu: silu,
        aten.silu_backward: silu_backward,
        aten.native_layer_norm_backward: native_layer_norm_backward,
        aten.threshold_backward: switch.threshold_backward,
        aten.hardtanh_backward: switch.hardtanh_backward,
    }
    return rules | {packet.default: rule for packet, rule in ours.items()}


def is_backward(op: OpOverload) -> bool:
    """Whether an operator belongs to a backward pass, by PyTorch's naming."""
    return "backward" in str(op)
