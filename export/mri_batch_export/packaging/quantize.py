"""Stored weights: rounded to fewer bits on request, and shared by all graphs of a package.

The PyTorch network gets the rounded numbers first, so that it and the stored graph agree exactly: verification is
independent of rounding, whose cost :mod:`mri_batch_export.packaging.precision_loss` measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mri_batch.arrays import Float32
from mri_batch.model.package import WEIGHTS, Files
from mri_batch_export.packaging.options import Store

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.floating]
Codes = dict[str, "Code"]  # digest of a weight's values -> how they are stored
Nodes = tuple[list[TensorProto], list[onnx.NodeProto]]

_EXTERNAL_BYTES = 1024  # smaller tensors stay in the graph
_MIN_ROUNDED = 4096  # smaller weights are not worth rounding
_ALIGN = 64


@dataclass(frozen=True, slots=True)
class Code:
    """A weight as it is stored: ``data`` float32, float16 or int8, the latter with a ``scale`` per output channel."""

    data: Array
    scale: Float32 | None = None


def fold_batch_norms(model: nn.Module, example: Tensor) -> None:
    """Fold each batch norm that follows a convolution into it, in place; a pass with ``example`` finds the pairs."""
    made_by: dict[int, tuple[nn.Conv2d, Tensor]] = {}
    pairs: dict[nn.BatchNorm2d, nn.Conv2d] = {}

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            made_by[id(output)] = (module, output)  # keeps the tensor, so that its id is not reused
        elif isinstance(module, nn.BatchNorm2d) and id(inputs[0]) in made_by:
            pairs[module] = made_by[id(inputs[0])][0]

    hooks = [m.register_forward_hook(record) for m in model.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    with torch.no_grad():
        model.eval()(example)
    for hook in hooks:
        hook.remove()
    for norm, convolution in pairs.items():
        fused = fuse_conv_bn_eval(convolution, norm)
        convolution.weight, convolution.bias = fused.weight, fused.bias
        _replace(model, norm, nn.Identity())


def _replace(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child is old:
                setattr(parent, name, new)


def round_weights(model: nn.Module, store: Store) -> Codes:
    """Round the weights of linear and convolution layers, in place; return how they are stored."""
    codes: Codes = {}
    if store == "fp32":
        return codes
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d) and module.weight.numel() >= _MIN_ROUNDED:
            code = _encode(module.weight.detach().numpy(), store)
            values = _decode(code)
            with torch.no_grad():
                module.weight.copy_(torch.from_numpy(values))
            codes[_digest(values)] = code
    return codes


def _encode(weight: Floats, store: Store) -> Code:
    if store == "fp16":
        return Code(weight.astype(np.float16))
    flat = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    scale = np.where(flat > 0, flat / 127, 1).astype(np.float32)
    spread = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    return Code(np.clip(np.rint(weight / spread), -127, 127).astype(np.int8), scale)


def _decode(code: Code) -> Float32:
    values: Float32 = code.data.astype(np.float32)
    if code.scale is None:
        return values
    return values * code.scale.reshape(-1, *(1,) * (values.ndim - 1))


@dataclass(slots=True)
class WeightFile:
    """The shared ``weights.bin`` while it is being filled. ``codes``: result of :func:`round_weights`."""

    codes: Codes
    data: bytearray = field(default_factory=bytearray)
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def move_weights(self, model: onnx.ModelProto) -> None:
        """Move the large initializers of a graph here, in place; equal and transposed ones share their bytes."""
        graph = model.graph
        unpack: list[onnx.NodeProto] = []
        small: list[TensorProto] = []
        for tensor in list(graph.initializer):
            values = numpy_helper.to_array(tensor)
            if values.nbytes < _EXTERNAL_BYTES:
                small.append(tensor)
                continue
            moved, nodes = self._move(tensor.name, values)
            small += moved
            unpack += nodes
        del graph.initializer[:]
        graph.initializer.extend(small)
        nodes = [*unpack, *graph.node]
        del graph.node[:]
        graph.node.extend(nodes)

    def write(self, folder: Path, models: Sequence[tuple[str, onnx.ModelProto]]) -> Files:
        """Move the graphs' weights here and write graphs and weights; return the files by name."""
        for _, model in models:
            self.move_weights(model)
        files = {name: folder / name for name, _ in models}
        for name, model in models:
            files[name].write_bytes(model.SerializeToString())
        if self.data:
            files[WEIGHTS] = folder / WEIGHTS
            files[WEIGHTS].write_bytes(self.data)
        return files

    def _move(self, name: str, values: Array) -> Nodes:
        known = self.codes.keys() | self._places.keys()
        transposed = _transpose(values)
        if _digest(values) in known or _digest(transposed) not in known:
            return self._store(name, values)
        inner = f"{name}/stored"
        tensors, nodes = self._store(inner, transposed)
        extra, back = _transpose_back(inner, name, values.ndim)
        return tensors + extra, nodes + back

    def _store(self, name: str, values: Array) -> Nodes:
        code = self.codes.get(_digest(values))
        if code is None:
            return [self._external(name, values)], []
        packed = f"{name}/packed"
        if code.scale is None:
            return [self._external(packed, code.data)], [
                helper.make_node("Cast", [packed], [name], to=TensorProto.FLOAT)
            ]
        scale = numpy_helper.from_array(code.scale, f"{name}/scale")
        node = helper.make_node("DequantizeLinear", [packed, scale.name], [name], axis=0)
        return [self._external(packed, code.data), scale], [node]

    def _external(self, name: str, values: Array) -> TensorProto:
        digest = _digest(values)
        if digest not in self._places:
            self.data.extend(bytes(-len(self.data) % _ALIGN))
            self._places[digest] = (len(self.data), values.nbytes)
            self.data.extend(np.ascontiguousarray(values).tobytes())
        offset, length = self._places[digest]
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(values.dtype), dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", str(offset)), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
        return tensor


def _transpose(values: Array) -> Array:
    """Return the transpose of a matrix, or the kernel of a convolution's gradient."""
    if values.ndim == 2:
        return np.ascontiguousarray(values.T)
    return np.ascontiguousarray(values.swapaxes(0, 1)[:, :, ::-1, ::-1]) if values.ndim == 4 else values


def _transpose_back(inner: str, name: str, ndim: int) -> Nodes:
    if ndim == 2:
        return [], [helper.make_node("Transpose", [inner], [name], perm=[1, 0])]
    swapped = f"{name}/swapped"
    places = {"from": [-1, -1], "to": [-(1 << 31)] * 2, "axes": [2, 3], "steps": [-1, -1]}
    constants = [numpy_helper.from_array(np.array(v, np.int64), f"{name}/{k}") for k, v in places.items()]
    return constants, [
        helper.make_node("Transpose", [inner], [swapped], perm=[1, 0, 2, 3]),
        helper.make_node("Slice", [swapped, *(tensor.name for tensor in constants)], [name]),
    ]


def _digest(values: Array) -> str:
    kind = f"{values.dtype.str}{values.shape}".encode()
    return hashlib.sha256(kind + np.ascontiguousarray(values).tobytes()).hexdigest()
