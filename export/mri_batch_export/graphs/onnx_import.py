"""A package around an ONNX classifier from elsewhere; its attention, where the pattern is there, becomes outputs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from mri_batch.arrays import Float32
from mri_batch.card import MethodEntry, ModelCard, Preprocessing, Wiring
from mri_batch.dataset import Item
from mri_batch.errors import ExportRefused, MriBatchError, UsageError
from mri_batch.model.package import MODEL, WEIGHTS, Package, write_package
from mri_batch.model.selftest import compare, to_stored
from mri_batch.model.session import Session
from mri_batch_export.packaging.assemble import finish_package
from mri_batch_export.packaging.phantoms import Uint8, make_phantoms
from mri_batch_export.packaging.quantize import WeightFile
from mri_batch_export.packaging.source import check_card
from mri_batch_export.packaging.verify import (
    BATCHES,
    N_GOLDEN,
    refuse_unless_all_hold,
    roll_out_in_full,
    row_sums,
    to_pixels,
)

GRADIENTS_ABSENT = "an ONNX file holds no rules for its gradients; export from the PyTorch checkpoint"
NO_PATTERN = "no softmax between two matrix products over square token matrices was found in the graph"
NO_CLASS_TOKEN = "its tokens are not a class token followed by a grid of patches"
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


@dataclass(slots=True)
class _Graph:
    """An ONNX graph with its edges at hand."""

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


def export_foreign(
    path: Path,
    labels: Sequence[str],
    out: Path,
    *,
    about: Mapping[str, Any],
    preprocessing: Preprocessing | None = None,
    items: Sequence[Item] = (),
    rollout_layers: int | None = None,
    replace: bool = False,
) -> Package:
    """Write a package around an ONNX file with one picture input float32[n, c, rows, cols] and logits [n, k].

    Its own answers are the reference: the package must give the same logits, at batch 1 and 7.
    """
    if len(labels) < 2:
        raise UsageError("an ONNX file does not name its labels", hint="give --labels in the order of the logits")
    model = _load(path)
    pixels = _find_input(model)
    p = preprocessing or _to_preprocessing(pixels)
    logits = _find_logits(model)
    plain = Wiring(input=pixels.name)
    told = {"architecture": "onnx", "labels": labels, "preprocessing": p, "wiring": plain, **about}
    with tempfile.TemporaryDirectory(prefix="mri-batch-export-") as folder:
        work = Path(folder)
        original = onnx.ModelProto()
        original.CopyFrom(model)
        del original.graph.output[:]
        _give(original, logits, "logits", 2)
        reference = _open(original, check_card(told), work / "original")
        wiring, methods = _wire(model, logits, check_card(told), rollout_layers, work)
        offer = {"wiring": wiring, "explanations": methods, "default_method": _choose_default(wiring)}
        session = _open(model, check_card({**told, **offer}), work / "wired")
        pictures = make_phantoms(max(BATCHES), p, seed=1)
        _verify(session, reference, to_pixels(pictures, session))
        golden = _make_golden(session, reference, p)
        files = {f.name: f for f in session.package.folder.iterdir() if f.name in (MODEL, WEIGHTS)}
        return finish_package(session, files, golden, items, out, work=work, replace=replace)


def _open(model: onnx.ModelProto, card: ModelCard, folder: Path) -> Session:
    kept = onnx.ModelProto()
    kept.CopyFrom(model)
    folder.mkdir()
    files = WeightFile(codes={}).write(folder, [(MODEL, kept)])
    return Session(write_package(folder / "package", card, files))


def _verify(session: Session, reference: Session, pixels: Float32) -> None:
    wiring = session.wiring
    found = []
    for size in BATCHES:
        try:
            right = reference.logits(pixels[:size])
            given = session.outputs(pixels[:size], [n for n in (wiring.logits, wiring.rollout, *wiring.attention) if n])
        except MriBatchError as error:
            raise ExportRefused(
                f"the graph does not run on {size} pictures at a time: {error.reason}",
                hint="export it with a dynamic batch axis",
            ) from error
        if right.shape != (size, len(session.labels)):
            raise ExportRefused(f"the graph gives {right.shape[-1]} numbers for {len(session.labels)} labels")
        found.append(compare("plain/logits", given[wiring.logits], right))
        found += [row_sums(name, given[name]) for name in wiring.attention]
        if wiring.rollout:
            found.append(compare("plain/rollout", given[wiring.rollout], _roll_out(session, given)))
    refuse_unless_all_hold(found)


def _roll_out(session: Session, given: Mapping[str, Float32]) -> Float32:
    """Rollout in full matrices, from the attention that the graph itself gives."""
    wiring = session.wiring
    first = int(session.card.explanations[0].knobs["first_layer"])
    attentions = [torch.from_numpy(given[name]) for name in wiring.attention[first:]]
    heat: Float32 = roll_out_in_full(attentions)[:, 0, wiring.prefix_tokens :].numpy()
    return heat.reshape(-1, *(wiring.grid or (1, 1)))


def _make_golden(session: Session, reference: Session, p: Preprocessing) -> Mapping[str, Float32 | Uint8]:
    pictures = make_phantoms(N_GOLDEN, p, seed=2)
    pixels = to_pixels(pictures, session)
    names = [name for name in (session.wiring.rollout, *session.wiring.attention) if name]
    answers = {"logits": reference.logits(pixels), **session.outputs(pixels, names)}
    return {"pictures": pictures, **to_stored("plain", answers, session.wiring.attention)}


def _load(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf, onnx and the file system each raise their own
        first = str(error).strip().splitlines()[0][:200]
        raise ExportRefused(f"not a sound ONNX file: {first}", file=str(path)) from error
    return model


def _find_input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(inputs[0].type.tensor_type.shape.dim) != 4:
        raise ExportRefused("the graph needs exactly one input, float32[n, channels, rows, cols]")
    inputs[0].type.tensor_type.shape.dim[0].dim_param = "n"
    return cast(onnx.ValueInfoProto, inputs[0])


def _to_preprocessing(pixels: onnx.ValueInfoProto) -> Preprocessing:
    _, channels, rows, cols = (d.dim_value for d in pixels.type.tensor_type.shape.dim)
    if channels not in (1, 3) or not rows or not cols:
        raise UsageError("the graph does not say its input size", hint="give --preprocess with rows, cols, channels")
    mean, std = (0.5,) * channels, (0.25,) * channels
    return Preprocessing.model_validate({"channels": channels, "rows": rows, "cols": cols, "mean": mean, "std": std})


def _find_logits(model: onnx.ModelProto) -> str:
    """Name the first output, or what enters the softmax that makes it."""
    graph, name = _Graph(model), model.graph.output[0].name
    node = graph.makers.get(name)
    return str(node.input[0]) if node is not None and node.op_type == "Softmax" else str(name)


def _wire(
    model: onnx.ModelProto, logits: str, card: ModelCard, rollout_layers: int | None, work: Path
) -> tuple[Wiring, tuple[MethodEntry, ...]]:
    """Make outputs of what the graph holds, in place; return what there is then, and which methods are not."""
    taps = list(_find_attention(model))
    features = _find_features(model, logits)
    del model.graph.output[:]
    _give(model, logits, "logits", 2)
    if features:
        _give(model, features, "features", 2)
    wiring = card.wiring.model_copy(update={"features": "features" if features else None})
    names = tuple(f"attention_{i:02d}" for i in range(len(taps)))
    for name, tap in zip(names, taps, strict=True):
        _give(model, tap, name, 4)
    sizes = _count_tokens(_open(model, card, work / "tapped"), names) if names else {}
    _keep_outputs(model, ["logits", *(["features"] if features else []), *sizes])
    absent = _absent(_GRADIENT_METHODS, GRADIENTS_ABSENT)
    if not sizes:
        return wiring, (*_absent(("rollout", "attention"), NO_PATTERN), *absent)
    grid, prefix = _find_grid(model, card.preprocessing, next(iter(sizes.values())))
    if grid is None or set(sizes.values()) != {grid[0] * grid[1] + prefix}:
        _keep_outputs(model, ["logits", *(["features"] if features else [])])
        return wiring, (*_absent(("rollout", "attention"), NO_CLASS_TOKEN), *absent)
    square = tuple(sizes)
    first = max(0, len(square) - (rollout_layers or len(square)))
    _append_rollout(model, square[first:], grid, prefix)
    update = {"attention": square, "rollout": "rollout", "grid": grid, "prefix_tokens": prefix}
    knobs = {"fusion": "mean", "discard": 0.0, "residual": 0.5, "first_layer": first}
    entries = (MethodEntry(method="rollout", knobs=knobs), MethodEntry(method="attention"))
    return wiring.model_copy(update=update), (*entries, *absent)


def _count_tokens(session: Session, names: Sequence[str]) -> dict[str, int]:
    """Tokens of each output that is attention over all tokens, float[n, h, t, t]; other outputs are left out."""
    p = session.card.preprocessing
    outputs = session.outputs(np.zeros((2, p.channels, p.rows, p.cols), np.float32), names)
    shapes = {name: values.shape for name, values in outputs.items()}
    return {n: s[2] for n, s in shapes.items() if len(s) == 4 and s[0] == 2 and s[2] == s[3] > 1}


def _keep_outputs(model: onnx.ModelProto, names: Sequence[str]) -> None:
    kept = [output for output in model.graph.output if output.name in names]
    del model.graph.output[:]
    model.graph.output.extend(kept)


def _find_attention(model: onnx.ModelProto) -> Iterator[str]:
    graph = _Graph(model)
    for node in model.graph.node:
        if node.op_type != "Softmax":
            continue
        if graph.reaches_up(node.input[0], "MatMul") and graph.reaches_down(node.output[0], "MatMul"):
            yield node.output[0]


def _find_features(model: onnx.ModelProto, logits: str) -> str | None:
    graph = _Graph(model)
    node = graph.makers.get(logits)
    weights = {tensor.name for tensor in model.graph.initializer}
    while node is not None and node.op_type in ("Add", "Identity"):
        node = next((graph.makers[i] for i in node.input if i in graph.makers), None)
    return (
        node.input[0] if node is not None and node.op_type in ("Gemm", "MatMul") and node.input[1] in weights else None
    )


def _find_grid(model: onnx.ModelProto, p: Preprocessing, tokens: int) -> tuple[tuple[int, int] | None, int]:
    for node in model.graph.node:
        sizes = {a.name: tuple(a.ints) for a in node.attribute}
        step = sizes.get("strides")
        if node.op_type == "Conv" and step and step == sizes.get("kernel_shape") and min(step) > 1:
            grid = p.rows // step[0], p.cols // step[1]
            prefix = tokens - grid[0] * grid[1]
            return (grid, prefix) if 1 <= prefix <= 16 else (None, 0)
    return None, 0


def _append_rollout(model: onnx.ModelProto, names: Sequence[str], grid: tuple[int, int], prefix: int) -> None:
    """Append the rollout of the class token, as :func:`mri_batch_export.graphs.forward.roll_out` has it."""
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


def _give(model: onnx.ModelProto, value: str, name: str, rank: int) -> None:
    """Add a value to the outputs, under a name of ours."""
    if value != name:
        if name in {n for node in model.graph.node for n in node.output}:
            raise ExportRefused(f"the graph has another value that is called {name!r}", hint="rename it")
        model.graph.node.append(helper.make_node("Identity", [value], [name]))
    shape: list[str | None] = ["n", *[None] * (rank - 1)]
    model.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))


def _absent(methods: Sequence[str], reason: str) -> tuple[MethodEntry, ...]:
    return tuple(MethodEntry(method=method, available=False, reason=reason) for method in methods)


def _choose_default(wiring: Wiring) -> str:
    return "rollout" if wiring.rollout else "occlusion"
