"""8-bit arithmetic: large matrix products of the plain graph in int8.

Each product of an activation with a large weight becomes ``DynamicQuantizeLinear`` and ``MatMulInteger``: the
activation is quantized to 256 steps between its minimum and maximum, the weight to 255 steps per output channel.
Processors with VNNI or AMX need less than half the time. The activation's scale is computed over the whole batch, so
such a model runs one picture at a time; otherwise a slice's result would depend on its neighbours.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mri_batch.arrays import Float32
from mri_batch.errors import ExportRefused

MIN_WEIGHTS = 4096  # smaller products are not worth it
INT8_LIMIT = (
    "Answers and rollout are computed in 8-bit arithmetic; methods with gradients explain the same network in float32."
)


def to_int8(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of the graph whose products of activations and large constant matrices are in int8.

    Raises ExportRefused where there are none, as in a convolutional network.
    """
    model = copy.deepcopy(proto)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    nodes: list[onnx.NodeProto] = []
    rounded: set[str] = set()
    for node in graph.node:
        weight = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None or np.prod(weight.dims) < MIN_WEIGHTS:
            nodes.append(node)
            continue
        if node.input[0] not in rounded:
            nodes.append(_round_input(node.input[0]))
            rounded.add(node.input[0])
        tensors, product = _multiply(node, numpy_helper.to_array(weight))
        graph.initializer.extend(tensors)
        nodes += product
    if not rounded:
        raise refuse_arithmetic("the network has no large matrix products, and only those can run in 8 bits")
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    for field, items in (("node", nodes), ("initializer", kept), ("value_info", [])):
        graph.ClearField(field)
        getattr(graph, field).extend(items)
    return model


def _round_input(name: str) -> onnx.NodeProto:
    return helper.make_node("DynamicQuantizeLinear", [name], [f"{name}/{part}" for part in ("int8", "step", "zero")])


def _multiply(node: onnx.NodeProto, weight: Float32) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Return the pattern that ONNX Runtime fuses to one operator: the int32 product times both sides' steps."""
    x, y = node.input[0], node.output[0]
    largest = np.abs(weight).max(axis=0)
    step = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    numbers = np.clip(np.rint(weight / step), -127, 127).astype(np.int8)
    tensors = [
        numpy_helper.from_array(numbers, f"{y}/weight"),
        numpy_helper.from_array(step, f"{y}/weight_step"),
        numpy_helper.from_array(np.zeros(len(step), np.int8), f"{y}/weight_zero"),
    ]
    return tensors, [
        helper.make_node("MatMulInteger", [f"{x}/int8", tensors[0].name, f"{x}/zero", tensors[2].name], [f"{y}/sum"]),
        helper.make_node("Cast", [f"{y}/sum"], [f"{y}/float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{x}/step", tensors[1].name], [f"{y}/step"]),
        helper.make_node("Mul", [f"{y}/float", f"{y}/step"], [y]),
    ]


def refuse_arithmetic(why: str, hint: str = "leave --arithmetic at float32") -> ExportRefused:
    """Make the error for a network that cannot use 8-bit arithmetic."""
    return ExportRefused(f"8-bit arithmetic is refused: {why}", code="ARITHMETIC_REFUSED", hint=hint)
