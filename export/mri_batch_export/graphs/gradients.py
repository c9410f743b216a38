"""Write a network's gradients as ONNX graphs, so that ONNX Runtime alone can explain it.

``make_fx`` traces one function that computes the logits and differentiates the chosen one, under fake tensors where
only the batch size is symbolic; :mod:`mri_batch_export.graphs.rules` rewrites the backward operators; to
``torch.export`` and ``torch.onnx`` the result is an ordinary forward graph. There are two graphs because ONNX Runtime
executes a whole graph, whichever outputs are requested:

* ``explain.onnx``: the gradient of the class score with respect to the pixels, and the maps computed from it;
* ``gradcam.onnx``: the last feature map and the gradient with respect to it, which costs a forward pass and the
  backward pass of the head.

Inputs of both: ``pixels`` float32[n, c, rows, cols] and ``target`` float32[n, k] (one-hot), so the class is chosen at
run time.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import onnx
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

from mri_batch.card import MethodEntry, ModelCard
from mri_batch_export.graphs.folds import fold_factors
from mri_batch_export.graphs.hooks import Hooks
from mri_batch_export.graphs.rollout import attention_relevance, gradient_rollout
from mri_batch_export.graphs.rules import GuidedSwitch, OperatorWithoutRule, backward_rules, is_backward

TRACE_BATCH = 5  # unlike any size inside a network, so that no other axis is mistaken for the batch
NO_RELU = "the network has no ReLU, and guided backpropagation is defined for ReLU alone"
NO_ATTENTION = "the network has no square self-attention over tokens"
NO_MAPS = "the network has no spatial feature maps"
_ATTENTION_METHODS = ("gradient_rollout", "relevance")
_PIXEL_METHODS = ("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad")
_CAM_METHODS = ("gradcam", "gradcam_pp")
Tensors = tuple[Tensor, ...]
Roles = dict[str, str]  # role of an output, or of the input "guided" -> its name in the graph


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientGraph:
    """The gradient graphs of a network, as far as they could be written.

    ``proto`` is ``explain.onnx`` and ``gradcam`` is ``gradcam.onnx``, None where there is none; ``wiring`` and
    ``gradcam_wiring`` name their outputs by role, as ``Wiring.gradient`` and ``Wiring.gradcam`` of the card.
    ``methods`` lists every method that needs a gradient, with the reason where it is not available.
    """

    proto: onnx.ModelProto | None
    gradcam: onnx.ModelProto | None
    wiring: Roles
    gradcam_wiring: Roles
    methods: tuple[MethodEntry, ...]


def build_gradient_graph(model: nn.Module, *, card: ModelCard, opset: int = 20) -> GradientGraph:
    """Write the gradient graphs of ``model`` (float32, on the CPU) for the card's input size and labels.

    Never raises for a backward pass that cannot be written: the methods that need it are listed with the reason.
    """
    layers = inspect_network(model, card)
    explain = _attempt(_build_explain, model, card, layers, opset)
    gradcam = _attempt(_build_gradcam, model, card, layers, opset)
    reasons: dict[str, str] = dict.fromkeys(_PIXEL_METHODS, explain.reason)
    reasons |= dict.fromkeys(_ATTENTION_METHODS, explain.reason if layers.is_vit else NO_ATTENTION)
    reasons["guided_backprop"] = explain.reason or ("" if "guided" in explain.roles else NO_RELU)
    reasons["activations"] = explain.reason if layers.maps else NO_MAPS
    reasons |= dict.fromkeys(_CAM_METHODS, gradcam.reason or ("" if gradcam.roles else NO_MAPS))
    return GradientGraph(
        proto=explain.proto,
        gradcam=gradcam.proto,
        wiring=explain.roles,
        gradcam_wiring=gradcam.roles,
        methods=tuple(MethodEntry(method=m, available=not why, reason=why) for m, why in reasons.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """One graph, or the ``reason`` why it cannot be written; neither where the network has no layer for it."""

    proto: onnx.ModelProto | None = None
    roles: Roles = field(default_factory=dict)
    reason: str = ""


def _attempt(
    build: Callable[[nn.Module, ModelCard, ExplainableLayers, int], _Written],
    model: nn.Module,
    card: ModelCard,
    layers: ExplainableLayers,
    opset: int,
) -> _Written:
    try:
        return build(model, card, layers, opset)
    except OperatorWithoutRule as error:
        return _Written(reason=error.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainableLayers:
    """Number of attention layers over the card's tokens, and the sizes of the feature maps (none beside attention)."""

    n_attentions: int
    maps: tuple[tuple[int, int], ...]

    @property
    def is_vit(self) -> bool:
        """Whether explanations come from attention rather than from feature maps."""
        return self.n_attentions > 0


def inspect_network(model: nn.Module, card: ModelCard) -> ExplainableLayers:
    """Run the network once on black pictures and list the layers that explanations can be computed from."""
    p = card.preprocessing
    with _frozen(model), torch.no_grad(), Hooks() as hooks:
        model(torch.zeros(2, p.channels, p.rows, p.cols))
    grid = card.wiring.grid
    tokens = grid[0] * grid[1] + card.wiring.prefix_tokens if grid else -1
    fitting = [a for a in hooks.attentions if a.shape[-1] == tokens]
    maps = () if fitting else tuple((int(m.shape[2]), int(m.shape[3])) for m in hooks.maps)
    return ExplainableLayers(n_attentions=len(fitting), maps=maps)


def _build_explain(model: nn.Module, card: ModelCard, layers: ExplainableLayers, opset: int) -> _Written:
    switch = GuidedSwitch()
    roles = ["input_gradient"]
    roles += list(_ATTENTION_METHODS) if layers.is_vit else [f"activation_{i}" for i in range(len(layers.maps))]

    def explain(pixels: Tensor, target: Tensor, guided: Tensor) -> Tensors:
        switch.plain = ~guided
        pixels = pixels.requires_grad_(True)
        with Hooks() as hooks:
            score = (_choose_pass(model)(pixels) * target).sum()
        attentions = hooks.attentions if layers.is_vit else []
        gradients = torch.autograd.grad(score, [pixels, *attentions])
        if not layers.is_vit:
            return gradients[0], *(m.detach() for m in hooks.maps)
        weighted = [(g * a).detach() for a, g in zip(attentions, gradients[1:], strict=True)]
        grid, prefix = card.wiring.grid or (1, 1), card.wiring.prefix_tokens
        maps = (gradient_rollout(weighted), attention_relevance(weighted))
        return gradients[0], *(m[:, prefix:].reshape(-1, *grid) for m in maps)

    proto = _to_onnx(explain, model, card, switch, roles, with_guided=True, opset=opset)
    inputs = ["guided"] if switch.used else []
    return _Written(proto=proto, roles={role: role for role in (*roles, *inputs)})


def _build_gradcam(model: nn.Module, card: ModelCard, layers: ExplainableLayers, opset: int) -> _Written:
    if not layers.is_vit and not layers.maps:
        return _Written()
    grid, prefix = card.wiring.grid or (1, 1), card.wiring.prefix_tokens

    def as_map(x: Tensor) -> Tensor:
        return x[:, prefix:].transpose(1, 2).reshape(x.shape[0], -1, *grid) if layers.is_vit else x

    def explain(pixels: Tensor, target: Tensor) -> Tensors:
        with Hooks() as hooks:
            score = (_choose_pass(model)(pixels.requires_grad_(True)) * target).sum()
        feature = hooks.tokens[-1] if layers.is_vit else hooks.maps[-1]
        (gradient,) = torch.autograd.grad(score, [feature])
        return as_map(feature.detach()), as_map(gradient)

    roles = ["feature_map", "feature_gradient"]
    proto = _to_onnx(explain, model, card, GuidedSwitch(), roles, with_guided=False, opset=opset)
    return _Written(proto=proto, roles={role: role for role in roles})


def _choose_pass(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Our ViT has a pass that computes only the class token in its last block, since only that reaches the logits."""
    return getattr(model, "forward_class", model)


def _to_onnx(
    function: Callable[..., Tensors],
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


def trace(function: Callable[..., Tensors | Tensor], examples: Sequence[Tensor], switch: GuidedSwitch) -> GraphModule:
    """Trace a function that differentiates inside, with a symbolic first axis for all but one-element examples."""
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    fakes = []
    for example in examples:
        batch = DimDynamic.DYNAMIC if example.shape[0] > 1 else DimDynamic.STATIC
        sizes = [batch] + [DimDynamic.STATIC] * (example.ndim - 1)
        context = StatelessSymbolicContext(dynamic_sizes=sizes, constraint_sizes=[None] * example.ndim)  # type: ignore[var-annotated]
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
        graph.graph.erase_node(user)  # the negation that nothing uses
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
    """Remove PyTorch's annotations on every node: they contain local source paths and can double a small file."""
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
    """Put layers in inference mode and make weights constants; restore both afterwards."""
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
