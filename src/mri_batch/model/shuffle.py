"""Copy a package with the weights of each tensor shuffled, as a control with the same network.

A tensor keeps its distribution, so the copy is no stranger than an untrained network. No onnx package is needed:
initializers are located in the file's protocol buffer and shuffled in place. Field numbers: onnx.proto, ONNX 1.20.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mri_batch.model.onnx_scan import iter_fields
from mri_batch.model.package import Package, read_package

_GRAPH, _INITIALIZER = 7, 5  # of ModelProto and of GraphProto
_DIMS, _TYPE, _FLOATS, _RAW, _EXTERNAL = 1, 2, 4, 9, 13  # of TensorProto
_ITEM_BYTES = {1: 4, 2: 1, 3: 1, 10: 2, 11: 8}  # float32, uint8, int8, float16, float64; integers are not weights


def shuffle_package(package: Package, copy: Path, *, head_of: int | None = None, seed: int = 0) -> Package | None:
    """Copy a package with its weights shuffled; ``head_of`` n labels: only those of matrices with an axis of n.

    Equal tensors of several graphs are shuffled in the same way, so that the graphs still belong together. None where
    no weight was found. The copy's digests are not updated.
    """
    shutil.copytree(package.folder, copy)
    files: dict[Path, bytearray] = {}
    moved: set[tuple[Path, int]] = set()
    for path in sorted(copy.glob("*.onnx")):
        data = files[path] = bytearray(path.read_bytes())
        for tensor in iter_weights(memoryview(data)):
            if head_of is not None and (len(tensor.dims) < 2 or head_of not in tensor.dims):
                continue
            at = copy / tensor.location, tensor.offset
            if tensor.location and at not in moved:
                beside = memoryview(files.setdefault(at[0], bytearray(at[0].read_bytes())))
                _shuffle(beside[at[1] : at[1] + tensor.n_bytes], tensor.item_bytes, seed)
            elif not tensor.location:
                _shuffle(tensor.inline, tensor.item_bytes, seed)
            moved.add(at if tensor.location else (path, len(moved)))
    for path, data in files.items():
        path.write_bytes(data)
    return read_package(copy, check_digests=False) if moved else None


@dataclass(slots=True)
class StoredTensor:
    """Where an initializer is stored: ``inline`` in the ONNX file, or in the file ``location`` from ``offset`` on."""

    dims: list[int] = field(default_factory=list)
    item_bytes: int = 0
    inline: memoryview = field(default_factory=lambda: memoryview(b""))
    location: str = ""
    offset: int = 0

    @property
    def n_bytes(self) -> int:
        """Size of the tensor."""
        return int(np.prod(self.dims)) * self.item_bytes


def iter_weights(data: memoryview) -> Iterator[StoredTensor]:
    """Yield the initializers of the main graph with more than one number of a type that weights have."""
    for number, graph in iter_fields(data):
        if number == _GRAPH and isinstance(graph, memoryview):
            for inner, tensor in iter_fields(graph):
                if inner == _INITIALIZER and isinstance(tensor, memoryview):
                    stored = _read_tensor(tensor)
                    if stored.item_bytes and stored.n_bytes > stored.item_bytes:
                        yield stored


def _read_tensor(data: memoryview) -> StoredTensor:
    stored = StoredTensor()
    for number, value in iter_fields(data):
        if number == _DIMS and isinstance(value, int):
            stored.dims.append(value)
        elif number == _TYPE and isinstance(value, int):
            stored.item_bytes = _ITEM_BYTES.get(value, 0)
        elif number in (_RAW, _FLOATS) and isinstance(value, memoryview):
            stored.inline = value
        elif number == _EXTERNAL and isinstance(value, memoryview):
            key, word = (bytes(each).decode() for _, each in iter_fields(value) if isinstance(each, memoryview))
            stored.location = word if key == "location" else stored.location
            stored.offset = int(word) if key == "offset" else stored.offset
    return stored


def _shuffle(numbers: memoryview, item_bytes: int, seed: int) -> None:
    """Shuffle in place; the order depends only on the content and the seed."""
    items = np.frombuffer(numbers, np.uint8).reshape(-1, item_bytes)
    items[:] = np.random.default_rng((seed, zlib.crc32(numbers))).permutation(items)
