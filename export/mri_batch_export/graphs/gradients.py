"""Write a network's gradients as ONNX graphs, so that ONNX Runtime alone can explain it.

``make_fx`` traces one function that computes the logits and differentiates the chosen one, under fake tensors where
only the number of pictures is symbolic; the backward operators are rewritten by
:mod:`mri_batch_export.graphs.rules`; the result is an ordinary forward graph to ``torch.export`` and
``torch.onnx``. Two graphs come out, because ONNX Runtime runs a graph whole whichever outputs are asked for:

* ``explain.onnx``: the gradient of the class score with respect to the pixels and what is made of it on the way;
* ``gradcam.onnx``: the last feature map and the gradient with respect to it, at the cost of a forward pass and the
  backward pass of the head alone.

Inputs of both: ``pixels`` float32[n, c, rows, cols], ``target`` float32[n, k] (one-hot), so the class is chosen at
run time.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

from mri_batch.card import MethodEntry, ModelCard
from mri_batch_export.graphs.folds import fold_factors
from mri_batch_export.graphs.hooks import Taps
from mri_batch_export.graphs.rules import GuidedSwitch, OperatorWithoutRule, backward_rules, is_backward

TRACE_BATCH = 5  # unlike any other size of a network, so that no other axis is taken for the batch
NO_RELU = "the network has no ReLU, and guided backpropagation is defined for ReLU alone"
NO_ATTENTION = "the network has no square self-attention over tokens"
NO_MAPS = "the network has no spatial feature maps"
_ATTENTION_METHODS = ("gradient_rollout", "relevance")
_PIXEL_METHODS = ("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad")
_CAM_METHODS = ("gradcam", "gradcam_pp")
Written = tuple[onnx.ModelProto | None, dict[str, str]]  # a graph, and its outputs by role


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientGraph:
    """What could be written of a network's gradients.

    ``proto`` is ``explain.onnx`` and ``gradcam`` is ``gradcam.onnx``, None where there is none; ``wiring`` and
    ``gradcam_wiring`` name their outputs by role, as ``Wiring.gradient`` and ``Wiring.gradcam`` of the card.
    """

    proto: onnx.ModelProto | None
    gradcam: onnx.ModelProto | None
    wiring: dict[str, str]
    gradcam_wiring: dict[str, str]
    methods: tuple[MethodEntry, ...]


def build_gradient_graph(model: nn.Module, *, card: ModelCard, opset: int = 20) -> GradientGraph:
    """Write the gradient graphs of ``model`` (float32, on the CPU) for the card's input size and labels.

    A network whose backward pass cannot be written loses the methods that need it, each with the reason; nothing
    raises.
    """
    found = inspect_network(model, card)
    proto, wiring, gradient_reason = _attempt(_build_explain, model, card, found, opset)
    gradcam, gradcam_wiring, cam_reason = _attempt(_build_gradcam, model, card, found, opset)
    reasons: dict[str, str] = dict.fromkeys(_PIXEL_METHODS, gradient_reason)
    reasons |= dict.fromkeys(_ATTENTION_METHODS, gradient_reason if found.is_vit else NO_ATTENTION)
    reasons["guided_backprop"] = gradient_reason or ("" if "guided" in wiring else NO_RELU)
    reasons["activations"] = gradient_reason if found.maps else NO_MAPS
    reasons |= dict.fromkeys(_CAM_METHODS, cam_reason or ("" if gradcam_wiring else NO_MAPS))
    return GradientGraph(
        proto=proto,
        gradcam=gradcam,
        wiring=wiring,
        gradcam_wiring=gradcam_wiring,
        methods=tuple(MethodEntry(method=m, available=not why, reason=why) for m, why in reasons.items()),
    )


def _attempt(
    build: Callable[..., Written], model: nn.Module, card: ModelCard, found: Found, opset: int
) -> tuple[onnx.ModelProto | None, dict[str, str], str]:
    try:
        return *build(model, card, found, opset), ""
    except OperatorWithoutRule as error:
        return None, {}, error.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a network offers: the number of attentions over the card's tokens, and the sizes of its feature maps."""

    n_attentions: int
    maps: tuple[tuple[int, int], ...]

    @property
    def is_vit(self) -> bool:
        """Whether explanations are made of attention rather than of feature maps."""
        return self.n_attentions > 0


def inspect_network(model: nn.Module, card: ModelCard) -> Found:
    """Run the network once on an empty picture and look at what it is made of."""
    p = card.preprocessing
    with _frozen(model), torch.no_grad(), Taps() as taps:
        model(torch.zeros(2, p.channels, p.rows, p.cols))
    grid = card.wiring.grid
    tokens = grid[0] * grid[1] + card.wiring.prefix_tokens if grid else -1
    fitting = [a for a in taps.attentions if a.shape[-1] == tokens]
    maps = () if fitting else tuple((int(m.shape[2]), int(m.shape[3])) for m in taps.maps)
    return Found(n_attentions=len(fitting), maps=maps)


def _build_explain(model: nn.Module, card: ModelCard, found: Found, opset: int) -> Written:
    switch = GuidedSwitch()
    roles = ["input_gradient"]
    roles += list(_ATTENTION_METHODS) if found.is_vit else [f"activation_{i}" for i in range(len(found.maps))]

    def explain(pixels: Tensor, target: Tensor, guided: Tensor) -> tuple[Tensor, ...]:
        switch.plain = ~guided
        pixels = pixels.requires_grad_(True)
        with Taps() as taps:
            score = (_choose_pass(model)(pixels) * target).sum()
        attentions = taps.attentions if found.is_vit else []
        gradients = torch.autograd.grad(score, [pixels, *attentions])
        if not found.is_vit:
            return gradients[0], *(m.detach() for m in taps.maps)
        weighted = [(g * a).detach() for a, g in zip(attentions, gradients[1:], strict=True)]
        grid, prefix = card.wiring.grid or (1, 1), card.wiring.prefix_tokens
        maps = (roll_gradients(weighted), relate(weighted))
        return gradients[0], *(m[:, prefix:].reshape(-1, *grid) for m in maps)

    proto = _to_onnx(explain, model, card, switch, roles, with_guided=True, opset=opset)
    wiring = {role: role for role in roles}
    return proto, (wiring | {"guided": "guided"} if switch.used else wiring)


def _build_gradcam(model: nn.Module, card: ModelCard, found: Found, opset: int) -> Written:
    if not found.is_vit and not found.maps:
        return None, {}
    grid, prefix = card.wiring.grid or (1, 1), card.wiring.prefix_tokens

    def as_map(x: Tensor) -> Tensor:
        return x[:, prefix:].transpose(1, 2).reshape(x.shape[0], -1, *grid) if found.is_vit else x

    def explain(pixels: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        with Taps() as taps:
            score = (_choose_pass(model)(pixels.requires_grad_(True)) * target).sum()
        feature = taps.tokens[-1] if found.is_vit else taps.maps[-1]
        (gradient,) = torch.autograd.grad(score, [feature])
        return as_map(feature.detach()), as_map(gradient)

    roles = ["feature_map", "feature_gradient"]
    proto = _to_onnx(explain, model, card, GuidedSwitch(), roles, with_guided=False, opset=opset)
    return proto, {role: role for role in roles}


def roll_gradients(weighted: Sequence[Tensor]) -> Tensor:
    """Gradient-weighted rollout of the class token, float[n, t]: attention rollout over mean_h((A * dA)+).

    Row by row from the last layer on, as only the class token's row is kept: r <- r (I + A') / (row sums of I + A').
    """
    first = weighted[-1][:, :, 0].mean(dim=1).relu()
    row = (_class_row(first) + first) / (1 + first.sum(dim=-1, keepdim=True))
    for each in reversed(weighted[:-1]):
        positive = _mean_heads(each).relu()
        scaled = row / (1 + positive.sum(dim=-1))
        row = scaled + (scaled.unsqueeze(1) @ positive).squeeze(1)
    return row


def relate(weighted: Sequence[Tensor]) -> Tensor:
    """Relevance of Chefer, Gur & Wolf (ICCV 2021) for the class token, float[n, t]: R <- R + mean_h((A * dA)+) R."""
    first = weighted[-1][:, :, 0].relu().mean(dim=1)
    row = _class_row(first) + first
    for each in reversed(weighted[:-1]):
        row = row + (row[:, None, None, :] @ each.relu()).mean(dim=1)[:, 0]
    return row


def _mean_heads(each: Tensor) -> Tensor:
    """float[n, t, t] of float[n, h, t, t], as a product: ONNX Runtime's mean over an inner axis takes far longer."""
    n, heads, rows, cols = each.shape
    share = torch.full((1, heads), 1 / heads, dtype=each.dtype, device=each.device)
    return (share @ each.reshape(n, heads, rows * cols)).reshape(n, rows, cols)


def _class_row(like: Tensor) -> Tensor:
    """Return 1 for the class token and 0 for all others, float[n, t] like what is given."""
    return torch.cat([torch.ones_like(like[:, :1]), torch.zeros_like(like[:, 1:])], dim=1)


def _choose_pass(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Of the last block of our ViT only the class token's row is worked out, as nothing else reaches the logits."""
    return getattr(model, "forward_class", model)


def _to_onnx(
    function: Callable[..., tuple[Tensor, ...]],
    model: nn.Module,
    card: ModelCard,
    switch: GuidedSwitch,
    outputs: Sequence[str],
    *,
    with_guided: bool,
    opset: int,
) -> onnx.ModelProto:
    p = card.preprocessing
    pixels = torch.zeros(TRACE_BATCH, p.channels, p.rows, p.cols)
    examples = [pixels, torch.zeros(TRACE_BATCH, len(card.labels))]
    examples += [torch.zeros(1, dtype=torch.bool)] if with_guided else []
    with _frozen(model):
        graph = trace(function, examples, switch)
        names = ["pixels", "target", "guided"][: len(examples)]
        if with_guided and not switch.used:
            names, examples = names[:2], examples[:2]
            graph = _drop_last_input(graph)
        batch = torch.export.Dim("n")
        shapes = tuple({0: batch} if name != "guided" else {} for name in names)
        program = torch.export.export(graph, tuple(examples), dynamic_shapes=shapes)
        return _convert(program, names, outputs, opset)


def trace(function: Callable[..., Any], examples: Sequence[Tensor], switch: GuidedSwitch) -> GraphModule:
    """Trace a function that differentiates inside, with a symbolic first axis for all but one-element examples."""
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    fakes = []
    for example in examples:
        sizes = [DimDynamic.DYNAMIC if example.shape[0] > 1 else DimDynamic.STATIC] + [DimDynamic.STATIC] * (
            example.ndim - 1
        )
        context: Any = StatelessSymbolicContext(dynamic_sizes=sizes, constraint_sizes=[None] * example.ndim)
        fakes.append(mode.from_tensor(example, symbolic_context=context))
    tracer = make_fx(
        function,
        decomposition_table=backward_rules(switch),
        tracing_mode="symbolic",
        _allow_non_fake_inputs=True,
    )
    graph = tracer(*fakes)
    fold_factors(graph)
    targets = {node.target for node in graph.graph.nodes if isinstance(node.target, torch._ops.OpOverload)}
    unknown = sorted(str(op) for op in targets if is_backward(op))
    if unknown:
        raise OperatorWithoutRule(f"no ONNX rule for {', '.join(unknown)}")
    return graph


def _drop_last_input(graph: GraphModule) -> GraphModule:
    last = [node for node in graph.graph.nodes if node.op == "placeholder"][-1]
    for user in list(last.users):
        graph.graph.erase_node(user)  # what made `plain` of it; nothing uses that
    graph.graph.erase_node(last)
    graph.recompile()
    return graph


def _convert(
    program: torch.export.ExportedProgram, inputs: Sequence[str], outputs: Sequence[str], opset: int
) -> onnx.ModelProto:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's own deprecations
            written = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=opset,
                input_names=list(inputs),
                output_names=list(outputs),
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise OperatorWithoutRule(f"PyTorch cannot write it in ONNX: {_cause(error)}") from error
    assert written is not None
    return strip_metadata(written.model_proto)


def strip_metadata(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Take out what PyTorch notes on every node: source lines with local paths, and half of a small file's bytes."""
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.initializer, *proto.graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return proto


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().splitlines()[0][:200]


@contextlib.contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Inference mode for layers and constants for weights, as found afterwards."""
    training = model.training
    wanted = [p for p in model.parameters() if p.requires_grad]
    model.eval()
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        model.train(training)
        for parameter in wanted:
            parameter.requires_grad_(True)
