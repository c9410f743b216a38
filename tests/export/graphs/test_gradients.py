"""The backward half of a network, written in operators that ONNX Runtime has."""

from __future__ import annotations

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.card import ModelCard, Preprocessing, Wiring
from mri_batch_export.architectures.vit import ViT, ViTConfig
from mri_batch_export.graphs import rules
from mri_batch_export.graphs.gradients import (
    NO_ATTENTION,
    build_gradient_graph,
    inspect_network,
    trace,
)
from mri_batch_export.graphs.hooks import Hooks, attend
from mri_batch_export.graphs.rules import GuidedSwitch, OperatorWithoutRule
from tests.export.tiny import fill
from tests.golden.make import TinyCNN, make_vit

aten = torch.ops.aten
CONVOLUTIONS = [
    # in, out, kernel, stride, padding, dilation, groups, side
    (3, 4, (3, 3), 1, 1, 1, 1, 9),
    (4, 6, (1, 1), 1, 0, 1, 2, 8),
    (6, 6, (3, 3), 1, 1, 1, 6, 7),
    (6, 12, (3, 3), 2, 1, 1, 6, 9),
    (3, 4, (7, 7), 2, 3, 1, 1, 16),
    (3, 8, (4, 4), 4, 0, 1, 1, 18),
    (4, 4, (3, 5), 1, 2, 2, 1, 11),
    (4, 4, (1, 1), 1, 1, 1, 1, 6),
]


def card_of(model: nn.Module, side: int = 32, wiring: Wiring | None = None) -> ModelCard:
    """A card of three labels for square pictures."""
    p = Preprocessing(rows=side, cols=side)
    return ModelCard(name="tiny", labels=("a", "b", "c"), preprocessing=p, wiring=wiring or Wiring())


def differentiate(output: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """A random gradient at the output, and autograd's at the input."""
    grad = torch.randn_like(output)
    (expected,) = torch.autograd.grad(output, pixels, grad)
    return grad, expected


@pytest.mark.parametrize(("n_in", "n_out", "kernel", "stride", "padding", "dilation", "groups", "side"), CONVOLUTIONS)
def test_convolution_rule_is_autograds_gradient(
    n_in: int, n_out: int, kernel: tuple[int, int], stride: int, padding: int, dilation: int, groups: int, side: int
) -> None:
    """Plain, grouped, depthwise, strided, dilated and over-padded convolutions, at sizes the stride does not divide."""
    torch.manual_seed(0)
    x = torch.randn(2, n_in, side, side + 1, requires_grad=True)
    weight = torch.randn(n_out, n_in // groups, *kernel)
    y = F.conv2d(x, weight, None, stride, padding, dilation, groups)
    grad, expected = differentiate(y, x)
    ours, *_ = rules.convolution_backward(
        grad, x, weight, None, [stride] * 2, [padding] * 2, [dilation] * 2, False, [0, 0], groups, [True, False, False]
    )
    assert ours is not None
    assert torch.allclose(ours, expected, atol=1e-5)


def test_convolution_of_single_pixels_stays_a_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only patches are spread by a matrix product; ONNX Runtime is faster at a 1 x 1 convolution."""
    monkeypatch.setattr(rules, "spread_patches", None)
    grad, pixels, weight = torch.randn(2, 5, 6, 6), torch.randn(2, 3, 6, 6), torch.randn(5, 3, 1, 1)
    ours, *_ = rules.convolution_backward(
        grad, pixels, weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, False, False]
    )
    assert ours is not None
    torch.testing.assert_close(ours, torch.einsum("noij,ochw->ncij", grad, weight))


def test_convolution_rule_leaves_what_it_does_not_know() -> None:
    """Transposed convolutions and gradients of weights are not its business."""
    x, weight, pair = torch.zeros(1, 2, 4, 4), torch.zeros(2, 2, 3, 3), [1, 1]
    rule = rules.convolution_backward
    for transposed, mask in ((True, [True, False, False]), (False, [True, True, False])):
        assert rule(x, x, weight, None, pair, pair, pair, transposed, pair, 1, mask) is NotImplemented


@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil"), [(2, 2, 0, False), (3, 2, 1, False), (3, 1, 1, True)])
def test_max_pool_rule_is_autograds_gradient(kernel: int, stride: int, padding: int, ceil: bool) -> None:
    """Where windows overlap a pixel may be the maximum of several, and gets the sum."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 9, 10, requires_grad=True)
    y, indices = F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil, return_indices=True)
    grad, expected = differentiate(y, x)
    ours = rules.max_pool2d_backward(grad, x, [kernel], [stride], [padding], [1], ceil, indices)
    assert torch.allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "divisor"),
    [((2, 2), (2, 2), (0, 0), None), ((3, 2), (2, 1), (1, 1), None), ((3, 3), (2, 2), (1, 1), 5)],
)
def test_average_pool_rule_is_autograds_gradient(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    divisor: int | None,
    include: bool,
    ceil: bool,
) -> None:
    """Every way in which PyTorch counts the pixels of a window."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 9, 10, requires_grad=True)
    y = F.avg_pool2d(x, kernel, stride, padding, ceil, include, divisor)
    grad, expected = differentiate(y, x)
    ours = rules.avg_pool2d_backward(grad, x, kernel, stride, padding, ceil, include, divisor)
    assert torch.allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (3, 4), (7, 7), (9, 10)])
def test_adaptive_average_pool_rules_are_pytorchs(size: tuple[int, int]) -> None:
    """Windows that overlap, even windows, and a picture smaller than the output."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 6, 10, requires_grad=True)
    y = aten._adaptive_avg_pool2d(x, size)
    grad, expected = differentiate(y, x)
    assert torch.allclose(rules.adaptive_avg_pool2d(x, size), y, atol=1e-6)
    assert torch.allclose(rules.adaptive_avg_pool2d_backward(grad, x), expected, atol=1e-6)


def test_gelu_rules_are_pytorchs() -> None:
    """Forward and backward, far out on both sides too; the approximate one is left to PyTorch."""
    x = torch.linspace(-9, 9, 501, requires_grad=True)
    y = F.gelu(x)
    grad, expected = differentiate(y, x)
    assert torch.allclose(rules.gelu(x), y, atol=1e-6)
    assert torch.allclose(rules.gelu_backward(grad, x), expected, atol=1e-6)
    assert rules.gelu(x, approximate="tanh") is NotImplemented
    assert rules.gelu_backward(grad, x, approximate="tanh") is NotImplemented


def test_silu_rules_are_pytorchs() -> None:
    """SiLU and its gradient, also far out, where the sigmoid is 0 or 1."""
    x = torch.tensor([-200.0, -3.0, -0.5, 0.0, 0.5, 3.0, 200.0], requires_grad=True)
    grad = torch.linspace(-2, 2, 7)
    (expected,) = torch.autograd.grad(F.silu(x), x, grad)
    assert torch.allclose(rules.silu(x), F.silu(x), atol=1e-6)
    assert torch.allclose(rules.silu_backward(grad, x), expected, atol=1e-6)


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_rule_is_autograds_gradient(affine: bool) -> None:
    """With weights and without; gradients of the weights are not its business."""
    torch.manual_seed(0)
    x = torch.randn(2, 5, 12, requires_grad=True)
    weight, bias = (torch.randn(12), torch.randn(12)) if affine else (None, None)
    y, mean, rstd = aten.native_layer_norm(x, [12], weight, bias, 1e-6)
    grad, expected = differentiate(y, x)
    rule = rules.native_layer_norm_backward
    ours, *_ = rule(grad, x, [12], mean, rstd, weight, bias, [True, False, False])
    assert ours is not None
    assert torch.allclose(ours, expected, atol=1e-5)
    assert rule(grad, x, [12], mean, rstd, weight, bias, [True, True, False]) is NotImplemented


class Scaled(nn.Module):
    """Products with constant factors on either side, as a block with layer scale has them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.first, self.last = nn.LayerNorm(6), nn.Linear(6, 8), nn.Linear(8, 4)
        self.scale = nn.Parameter(torch.rand(4) + 0.5)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)

    def forward(self, x: Tensor) -> Tensor:
        """float[n, t, 6] -> float[n, t, 4]."""
        y: Tensor = self.last(F.gelu(self.first(self.norm(x)))) * self.scale
        return y


def test_constant_factors_go_into_the_weights_and_change_nothing() -> None:
    """Of layer scale, layer norm and GELU no product with a constant is left; the gradient is autograd's."""
    torch.manual_seed(0)
    model = Scaled().requires_grad_(False)

    def f(x: Tensor) -> Tensor:
        x = x.requires_grad_(True)
        return torch.autograd.grad((model(x) ** 2).sum(), x)[0]

    x = torch.randn(5, 3, 6)
    graph = trace(f, [x], GuidedSwitch())
    factors = {n.target for n in graph.graph.nodes if n.op == "get_attr" and n.target != "_tensor"}
    left = [
        n
        for n in graph.graph.nodes
        if n.target == aten.mul.Tensor
        and n.meta.get("val") is not None  # made by the tracer, not by the fold
        and any(not isinstance(a, torch.fx.Node) or a.target in factors for a in n.args)
    ]
    assert left == []
    assert torch.allclose(graph(x), f(x.clone()), atol=1e-5)


def test_factor_that_another_reader_needs_stays() -> None:
    """What is behind a factor is handed out too, so the product before it may not change."""
    weight = torch.randn(6, 4)

    def f(x: Tensor) -> tuple[Tensor, Tensor]:
        product = x @ weight
        return product, product * 3.0

    x = torch.randn(5, 6)
    one, other = trace(f, [x], GuidedSwitch())(x)
    assert torch.allclose(one, x @ weight, atol=1e-6)
    assert torch.allclose(other, 3 * (x @ weight), atol=1e-6)


@pytest.mark.parametrize("depth", [1, 3])
def test_pass_for_the_class_token_alone_gives_the_same_logits(depth: int) -> None:
    """Nothing else of the last block reaches them, and its attention is still told for one."""
    model = fill(ViT(ViTConfig(n_labels=3, rows=16, cols=16, patch=8, dim=16, depth=depth, heads=2)))
    x = torch.randn(2, 3, 16, 16)
    with Hooks() as hooks:
        logits = model.forward_class(x)
    assert torch.allclose(logits, model(x), atol=1e-5)
    assert len(hooks.attentions) == len(hooks.tokens) == depth


@pytest.mark.parametrize("plain", [True, False])
def test_relu_rules_let_negative_gradients_through_only_when_not_guided(plain: bool) -> None:
    """Of an active unit's gradient the guided rule keeps the positive part; an inactive unit's never passes."""
    switch = GuidedSwitch()
    switch.plain = torch.tensor([plain])
    grad, x = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0]), torch.tensor([2.0, 2.0, -1.0, -1.0, 7.0])
    kept = -1.0 if plain else 0.0
    assert switch.threshold_backward(grad, x.relu(), 0.0).tolist() == [1, kept, 0, 0, 1]
    assert switch.hardtanh_backward(grad, x, 0.0, 6.0).tolist() == [1, kept, 0, 0, 0]
    assert switch.used


def test_relu6_is_cut_once_for_both_passes() -> None:
    """Both halves of the graph cut the same numbers by the same operator, which ONNX Runtime then does once."""
    ops = torch.ops.aten

    def explain(pixels: Tensor, target: Tensor) -> Tensor:
        pixels = pixels.requires_grad_(True)
        return torch.autograd.grad((F.relu6(pixels * 2) * target).sum(), [pixels])[0]

    graph = trace(explain, [torch.zeros(5, 3), torch.zeros(5, 3)], GuidedSwitch())
    cuts = {
        (node.target, *node.args)
        for node in graph.graph.nodes
        if node.target in (ops.clamp.default, ops.hardtanh.default)
    }
    assert len(cuts) == 1


def test_attention_written_out_is_the_fused_one() -> None:
    """With a scale of its own, an additive mask and a boolean one."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 4) for _ in range(3))
    for options in ({}, {"scale": 0.3}, {"attn_mask": torch.randn(5, 5)}, {"attn_mask": torch.eye(5).bool()}):
        assert torch.allclose(attend(q, k, v, **options), F.scaled_dot_product_attention(q, k, v, **options), atol=1e-6)
    with pytest.raises(OperatorWithoutRule, match="causal"):
        attend(q, k, v, is_causal=True)


class FusedBlock(nn.Module):
    """Two blocks of self-attention as most libraries write them: fused, with PyTorch's own multi-head module."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 12, 8, 8)
        self.norms = nn.ModuleList([nn.LayerNorm(12) for _ in range(2)])
        self.blocks = nn.ModuleList([nn.MultiheadAttention(12, 2, batch_first=True) for _ in range(2)])
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the first token."""
        x = self.embed(x).flatten(2).transpose(1, 2)
        for norm, block in zip(self.norms, self.blocks, strict=True):
            y = norm(x)
            x = x + block(y, y, y, need_weights=False)[0]
        logits: Tensor = self.head(x[:, 0])
        return logits


def test_taps_find_attention_even_where_it_is_fused() -> None:
    """Both layers' weights and the tokens that enter them, although neither module hands them out."""
    with Hooks() as hooks:
        FusedBlock().eval()(torch.randn(2, 3, 32, 32))
    assert [tuple(a.shape) for a in hooks.attentions] == [(2, 2, 16, 16)] * 2
    assert [tuple(t.shape) for t in hooks.tokens] == [(2, 16, 12)] * 2
    assert torch.allclose(hooks.attentions[0].sum(dim=-1), torch.ones(2, 2, 16))


def test_multi_head_attention_written_out_is_pytorchs_own() -> None:
    """The network gives the same logits with and without the hooks."""
    torch.manual_seed(0)
    model, x = FusedBlock().eval(), torch.randn(2, 3, 32, 32)
    with Hooks():
        tapped = model(x)
    assert torch.allclose(tapped, model(x), atol=1e-6)


def test_taps_take_the_last_unpooled_map_of_each_resolution() -> None:
    """What pooling makes of a map is not a map of its own."""
    found = inspect_network(TinyCNN(), card_of(TinyCNN()))
    assert (found.maps, found.is_vit) == (((16, 16), (8, 8)), False)


def test_attention_that_is_not_over_the_cards_tokens_is_left_alone() -> None:
    """Windows or channels may attend to each other too; that is no map of the picture."""
    vit = make_vit()
    assert inspect_network(vit, card_of(vit, wiring=Wiring(grid=(4, 4), prefix_tokens=2))).is_vit
    assert not inspect_network(vit, card_of(vit, wiring=Wiring(grid=(5, 5), prefix_tokens=2))).is_vit


def warp(x: Tensor) -> Tensor:
    """Turn pictures by a fixed angle: an operator that has no rule in its backward pass."""
    turn = torch.tensor([[[0.9, 0.1, 0.0], [-0.1, 0.9, 0.0]]])
    grid = F.affine_grid(turn, [1, 1, *x.shape[2:]], align_corners=False)
    return F.grid_sample(x, grid.expand(x.shape[0], -1, -1, -1), align_corners=False)


def test_trace_names_the_operator_that_has_no_rule() -> None:
    """An operator whose gradient cannot be written is named in the reason."""

    def f(x: Tensor) -> Tensor:
        x = x.requires_grad_(True)
        return torch.autograd.grad(warp(x).sum(), x)[0]

    with pytest.raises(OperatorWithoutRule, match=r"grid_sampler_2d_backward"):
        trace(f, [torch.zeros(5, 3, 8, 8)], GuidedSwitch())


class Warping(nn.Module):
    """A network that warps the picture before its last map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(F.silu(self.conv(warp(x))).mean(dim=(2, 3)))
        return logits


def test_network_without_a_rule_loses_only_the_methods_that_need_it() -> None:
    """Gradients of pixels are absent with the operator's name; Grad-CAM, which needs the head alone, is there."""
    model = Warping().train()
    model.conv.weight.requires_grad_(False)
    graph = build_gradient_graph(model, card=card_of(model, 16))
    absent = {e.method: e.reason for e in graph.methods if not e.available}
    assert "grid_sampler_2d_backward" in absent["gradient"]
    assert "grid_sampler_2d_backward" in absent["guided_backprop"]
    assert "grid_sampler_2d_backward" in absent["activations"]
    assert absent["relevance"] == NO_ATTENTION
    assert {e.method for e in graph.methods if e.available} == {"gradcam", "gradcam_pp"}
    assert (graph.proto, graph.wiring) == (None, {})
    assert graph.gradcam is not None
    assert (model.training, model.conv.weight.requires_grad, model.head.weight.requires_grad) == (True, False, True)
    check_gradcam(graph.gradcam, model.eval())


def check_gradcam(proto: onnx.ModelProto, model: Warping) -> None:
    """Map and gradient are autograd's, the file is clean of local paths, and the batch is free."""
    onnx.checker.check_model(proto)
    assert b"test_gradients" not in proto.SerializeToString()
    graph = onnxruntime.InferenceSession(proto.SerializeToString())
    for n in (1, 3):
        x, target = torch.randn(n, 3, 16, 16), torch.eye(3)[torch.arange(n)]
        maps, gradient = graph.run(None, {"pixels": x.numpy(), "target": target.numpy()})
        expected = F.silu(model.conv(warp(x))).detach().requires_grad_(True)
        (slope,) = torch.autograd.grad((model.head(expected.mean(dim=(2, 3))) * target).sum(), expected)
        assert torch.allclose(torch.from_numpy(maps), expected, atol=1e-5)
        assert torch.allclose(torch.from_numpy(gradient), slope, atol=1e-6)
