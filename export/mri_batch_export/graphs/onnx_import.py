"""Outputs for an imported ONNX graph: its logits, features, attention and rollout, found by their patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mri_batch.card import Knobs, MethodEntry, Preprocessing, Wiring, with_fields
from mri_batch.errors import ExportRefused

NO_GRADIENTS = "an ONNX file holds no rules for its gradients; export from the PyTorch checkpoint"
NO_PATTERN = "no softmax between two matrix products over square token matrices was found in the graph"
NO_CLASS_TOKEN = "its tokens are not a class token followed by a grid of patches"
MAX_PREFIX_TOKENS = 16  # a class token and registers
_PASSING_UP = {"Add", "Mul", "Div", "Where", "Cast", "Reshape", "Transpose", "Sub"}
_PASSING_DOWN = {"Cast", "Reshape", "Transpose", "Dropout", "Identity"}
_GRADIENT_METHODS = (
    "gradient_rollout",
    "relevance",
    "gradient",
    "input_x_gradient",
    "integrated_gradients",
    "smoothgrad",
    "guided_backprop",
    "gradcam",
    "gradcam_pp",
    "activations",
)


def load_onnx(path: Path) -> onnx.ModelProto:
    """Load and check an ONNX file. Raises ExportRefused where it is not a valid one."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf, onnx and the file system each raise their own
        first = str(error).strip().splitlines()[0][:200]
        raise ExportRefused(f"not a valid ONNX file: {first}", file=str(path)) from error
    return model


def find_input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """Return the only input and make its batch axis dynamic. Raises ExportRefused where there is not exactly one."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(inputs[0].type.tensor_type.shape.dim) != 4:
        raise ExportRefused("the graph needs exactly one input, float32[n, channels, rows, cols]")
    inputs[0].type.tensor_type.shape.dim[0].dim_param = "n"
    return cast(onnx.ValueInfoProto, inputs[0])


def find_logits(model: onnx.ModelProto) -> str:
    """Return the name of the first output, or of the input of the softmax that computes it."""
    graph, name = _Graph(model), model.graph.output[0].name
    node = graph.makers.get(name)
    return str(node.input[0]) if node is not None and node.op_type == "Softmax" else str(name)


def keep_logits(model: onnx.ModelProto, logits: str) -> None:
    """Make the logits the only output, in place."""
    del model.graph.output[:]
    _add_output(model, logits, "logits", 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOutputs:
    """Outputs added to an imported graph: whether it has ``features``, and candidates for ``attention`` by name."""

    features: bool
    attention: tuple[str, ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """Names of the outputs that are no attention."""
        return ("logits", "features") if self.features else ("logits",)


def add_outputs(model: onnx.ModelProto, logits: str) -> ImportedOutputs:
    """Replace the outputs by logits, features and every softmax that may be attention, in place."""
    attention = list(_find_attention(model))
    features = _find_features(model, logits)
    keep_logits(model, logits)
    if features:
        _add_output(model, features, "features", 2)
    names = tuple(f"attention_{i:02d}" for i in range(len(attention)))
    for name, value in zip(names, attention, strict=True):
        _add_output(model, value, name, 4)
    return ImportedOutputs(features=features is not None, attention=names)


def wire(
    model: onnx.ModelProto, outputs: ImportedOutputs, tokens: Mapping[str, int], wiring: Wiring, p: Preprocessing
) -> tuple[Wiring, tuple[MethodEntry, ...]]:
    """Keep the attention over all tokens and append its rollout, in place; return the wiring and the methods.

    ``tokens``: number of tokens of each output that is square over tokens; other candidates are dropped.
    """
    absent = _absent(_GRADIENT_METHODS, NO_GRADIENTS)
    wiring = with_fields(wiring, features="features" if outputs.features else None)
    _keep_outputs(model, (*outputs.plain, *tokens))
    if not tokens:
        return wiring, (*_absent(("rollout", "attention"), NO_PATTERN), *absent)
    grid, prefix = _find_grid(model, p, next(iter(tokens.values())))
    if grid is None or set(tokens.values()) != {grid[0] * grid[1] + prefix}:
        _keep_outputs(model, outputs.plain)
        return wiring, (*_absent(("rollout", "attention"), NO_CLASS_TOKEN), *absent)
    attention = tuple(tokens)
    _append_rollout(model, attention, grid, prefix)
    knobs: Knobs = {"fusion": "mean", "discard": 0.0, "residual": 0.5, "first_layer": 0}
    entries = (MethodEntry(method="rollout", knobs=knobs), MethodEntry(method="attention"))
    wiring = with_fields(wiring, attention=attention, rollout="rollout", grid=grid, prefix_tokens=prefix)
    return wiring, (*entries, *absent)


@dataclass(slots=True)
class _Graph:
    """An ONNX graph with its edges, by the name of the value: the node that makes it and those that use it."""

    model: onnx.ModelProto
    makers: dict[str, onnx.NodeProto] = field(init=False)
    users: dict[str, list[onnx.NodeProto]] = field(init=False)

    def __post_init__(self) -> None:
        nodes = self.model.graph.node
        self.makers = {name: node for node in nodes for name in node.output}
        self.users = {}
        for node in nodes:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def reaches_up(self, name: str, op: str) -> bool:
        """Whether a value is made by ``op``, through operators that only scale, mask or rearrange."""
        node = self.makers.get(name)
        if node is None:
            return False
        if node.op_type == op:
            return True
        return node.op_type in _PASSING_UP and any(self.reaches_up(i, op) for i in node.input if i)

    def reaches_down(self, name: str, op: str) -> bool:
        """Whether a value enters ``op``, through operators that only rearrange."""
        return any(
            user.op_type == op or (user.op_type in _PASSING_DOWN and self.reaches_down(user.output[0], op))
            for user in self.users.get(name, [])
        )


def _keep_outputs(model: onnx.ModelProto, names: Sequence[str]) -> None:
    kept = [output for output in model.graph.output if output.name in names]
    del model.graph.output[:]
    model.graph.output.extend(kept)


def _find_attention(model: onnx.ModelProto) -> Iterator[str]:
    """Yield every softmax between two matrix products."""
    graph = _Graph(model)
    for node in model.graph.node:
        if node.op_type != "Softmax":
            continue
        if graph.reaches_up(node.input[0], "MatMul") and graph.reaches_down(node.output[0], "MatMul"):
            yield node.output[0]


def _find_features(model: onnx.ModelProto, logits: str) -> str | None:
    """Return the input of the last linear layer, if the logits come straight from one."""
    graph = _Graph(model)
    node = graph.makers.get(logits)
    weights = {tensor.name for tensor in model.graph.initializer}
    while node is not None and node.op_type in ("Add", "Identity"):
        node = next((graph.makers[i] for i in node.input if i in graph.makers), None)
    return (
        node.input[0] if node is not None and node.op_type in ("Gemm", "MatMul") and node.input[1] in weights else None
    )


def _find_grid(model: onnx.ModelProto, p: Preprocessing, tokens: int) -> tuple[tuple[int, int] | None, int]:
    """Return patches down and across, by the first convolution whose windows do not overlap, and the prefix tokens."""
    for node in model.graph.node:
        sizes = {a.name: tuple(a.ints) for a in node.attribute}
        step = sizes.get("strides")
        if node.op_type == "Conv" and step and step == sizes.get("kernel_shape") and min(step) > 1:
            grid = p.rows // step[0], p.cols // step[1]
            prefix = tokens - grid[0] * grid[1]
            return (grid, prefix) if 1 <= prefix <= MAX_PREFIX_TOKENS else (None, 0)
    return None, 0


def _append_rollout(model: onnx.ModelProto, names: Sequence[str], grid: tuple[int, int], prefix: int) -> None:
    """Append the class token's rollout as ONNX nodes: :func:`~mri_batch_export.graphs.rollout.attention_rollout`."""
    tokens = grid[0] * grid[1] + prefix
    start = np.zeros((1, 1, 1, tokens), np.float32)
    start[..., 0] = 1
    constants = {"start": start, "half": np.float32(0.5), "axes": np.array([1], np.int64)}
    constants |= {
        "from": np.array([prefix], np.int64),
        "to": np.array([tokens], np.int64),
        "last": np.array([3], np.int64),
    }
    constants["shape"] = np.array([-1, *grid], np.int64)
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), f"rollout/{k}") for k, v in constants.items())
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    row, nodes = "rollout/start", []
    for i, name in enumerate(reversed(names)):
        a, b, c, d = (f"rollout/{i}/{step}" for step in ("heads", "mean", "sum", "row"))
        nodes.append(helper.make_node("MatMul", [row, name], [a]))
        nodes.append(
            helper.make_node("ReduceMean", [a, "rollout/axes"], [b])
            if opset >= 18
            else helper.make_node("ReduceMean", [a], [b], axes=[1])
        )
        nodes += [helper.make_node("Add", [row, b], [c]), helper.make_node("Mul", [c, "rollout/half"], [d])]
        row = d
    nodes.append(helper.make_node("Slice", [row, "rollout/from", "rollout/to", "rollout/last"], ["rollout/patches"]))
    nodes.append(helper.make_node("Reshape", ["rollout/patches", "rollout/shape"], ["rollout"]))
    model.graph.node.extend(nodes)
    model.graph.output.append(helper.make_tensor_value_info("rollout", onnx.TensorProto.FLOAT, ["n", *grid]))


def _add_output(model: onnx.ModelProto, value: str, name: str, rank: int) -> None:
    """Add a value to the outputs under another name."""
    if value != name:
        if name in {n for node in model.graph.node for n in node.output}:
            raise ExportRefused(f"the graph has another value named {name!r}", hint="rename it")
        model.graph.node.append(helper.make_node("Identity", [value], [name]))
    shape: list[str | None] = ["n", *[None] * (rank - 1)]
    model.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))


def _absent(methods: Sequence[str], reason: str) -> tuple[MethodEntry, ...]:
    return tuple(MethodEntry(method=method, available=False, reason=reason) for method in methods)
