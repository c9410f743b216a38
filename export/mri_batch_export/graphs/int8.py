"""Arithmetic in eight bits: matrix products of the plain graph in whole numbers, and the gate that they must pass.

Each product of an activation with a large weight becomes ``DynamicQuantizeLinear`` and ``MatMulInteger``: the
activation is rounded to 256 steps between its own least and largest value, the weight to 255 for each output channel.
Processors with VNNI or AMX take less than half of the time for it. The scale of an activation is that of a whole batch,
so such a model runs one picture at a time, else a slice's answer would hang on its neighbours.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mri_batch.arrays import Float32
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import ExportRefused
from mri_batch.explain.quality.localization import rank_agreement
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import locate_peak
from mri_batch_export.packaging.rounding import BATCH, list_figures, list_losses

Arithmetic = Literal["float32", "int8"]
LEAST_NUMBERS = 4096  # smaller products are not worth it
TOLD = (
    "Answers and rollout are computed in 8-bit arithmetic; methods with gradients explain the same network in float32."
)
MOST_MOVED = 0.1  # of the slices may have their heat's peak more than a cell away from where it was


def to_int8(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with its products of activations and large constant matrices in whole numbers.

    Raises ExportRefused where there is none, as in a convolutional network.
    """
    model = copy.deepcopy(proto)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    nodes: list[onnx.NodeProto] = []
    rounded: set[str] = set()
    for node in graph.node:
        weight = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None or np.prod(weight.dims) < LEAST_NUMBERS:
            nodes.append(node)
            continue
        if node.input[0] not in rounded:
            nodes.append(_round_input(node.input[0]))
            rounded.add(node.input[0])
        tensors, product = _multiply(node, numpy_helper.to_array(weight))
        graph.initializer.extend(tensors)
        nodes += product
    if not rounded:
        raise refuse_arithmetic("the network has no large matrix products, of which alone it is offered")
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    for field, items in (("node", nodes), ("initializer", kept), ("value_info", [])):
        graph.ClearField(field)
        getattr(graph, field).extend(items)
    return model


def _round_input(name: str) -> onnx.NodeProto:
    return helper.make_node("DynamicQuantizeLinear", [name], [f"{name}/{part}" for part in ("int8", "step", "zero")])


def _multiply(node: onnx.NodeProto, weight: Float32) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Return what ONNX Runtime fuses to one operator: the product in int32, times the steps of both sides."""
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


def weigh_arithmetic(whole: Session, rounded: Session, validation: Sequence[Item]) -> Mapping[str, float]:
    """Compare the graph in float32 with the one in whole numbers, both in ONNX Runtime, on the validation slices.

    Returns the figures of :func:`~mri_batch_export.packaging.rounding.weigh_rounding` and, where there is a rollout,
    how far its peaks lie apart: ``peak_apart``, the mean in cells, and ``peak_moved``, the share of more than one cell.
    Raises ExportRefused where more is lost than rounded weights may lose, or more than :data:`MOST_MOVED` of the peaks
    move.
    """
    wiring = whole.wiring
    names = tuple(name for name in (wiring.logits, wiring.rollout) if name)
    logits: dict[str, list[Float32]] = {"whole": [], "rounded": []}
    agreement: list[float] = []
    apart: list[float] = []
    for start in range(0, len(validation), BATCH):
        pictures = [read_picture(item.path) for item in validation[start : start + BATCH]]
        pixels = prepare(pictures, whole.card.preprocessing).pixels
        given = {"whole": whole.outputs(pixels, names), "rounded": rounded.outputs(pixels, names)}
        for name, outputs in given.items():
            logits[name].append(outputs[wiring.logits])
        if wiring.rollout:
            pairs = list(zip(*(outputs[wiring.rollout] for outputs in given.values()), strict=True))
            agreement += [rank_agreement(one, other) for one, other in pairs]
            apart += [float(np.hypot(*np.subtract(locate_peak(one), locate_peak(other)))) for one, other in pairs]
    targets = np.array([whole.labels.index(item.label) for item in validation], np.int64)
    figures = list_figures({name: np.concatenate(parts) for name, parts in logits.items()}, targets)
    if apart:
        figures["heat_agreement"] = round(float(np.mean(agreement)), 4)
        figures["peak_apart"] = round(float(np.mean(apart)), 3)
        figures["peak_moved"] = round(float(np.mean(np.array(apart) > 1.0)), 4)
    lost = list_losses(figures)
    if figures.get("peak_moved", 0.0) > MOST_MOVED:
        lost.append(f"the peak moves on {figures['peak_moved']:.3f} of them")
    if lost:
        raise refuse_arithmetic(f"on the validation slices {', '.join(lost)}")
    return figures


def refuse_arithmetic(why: str, hint: str = "leave --arithmetic at float32") -> ExportRefused:
    """Make the refusal of 8-bit arithmetic."""
    return ExportRefused(f"8-bit arithmetic is refused: {why}", code="ARITHMETIC_REFUSED", hint=hint)
