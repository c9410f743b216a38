"""Inspect an ONNX file without the onnx package: its operators, external files, inputs and outputs.

ONNX files are protocol buffers. Only the few fields that can name a file, an operator domain, a graph input
or output are followed; everything else is skipped by its length. Field numbers: onnx.proto of ONNX 1.20.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from mri_batch.errors import ModelPackageError

# message -> field number -> the message it holds
_NESTED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 11: "input", 12: "output", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
# message -> field number -> the word it holds
_WORDS = {
    "function": {1: "name", 10: "domain"},
    "node": {4: "name", 7: "domain"},
    "entry": {1: "key", 2: "value"},
    "input": {1: "name"},
    "output": {1: "name"},
}
Operator = tuple[str, str]  # domain and name
_MAIN: Operator = ("", "")
_MAX_NESTING = 40  # control flow nests graphs: three messages a level, and real models stay under five levels


@dataclass(slots=True)
class GraphContent:
    """The operators, external files, inputs and outputs of an ONNX file.

    ``locations``: its external data files, as written in it. ``bodies``: how often each operator occurs in the main
    graph, by the key ``("", "")``, and in each function that the file defines out of other operators, by its own.
    """

    locations: set[str] = field(default_factory=set)
    bodies: dict[Operator, Counter[Operator]] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def operators(self) -> set[Operator]:
        """All operators that ONNX Runtime must provide."""
        return {operator for body in self.bodies.values() for operator in body} - self.bodies.keys()

    def count_nodes(self) -> int:
        """Count the nodes with all functions inlined. Raises ValueError where one is recursive."""
        known: dict[Operator, int] = {}

        def count(key: Operator, above: tuple[Operator, ...]) -> int:
            if key in above or len(above) > _MAX_NESTING:
                raise ValueError("functions that are recursive, or nested too deeply")
            if key not in known:
                body = self.bodies[key].items()
                known[key] = sum(n * (count(o, (*above, key)) if o in self.bodies else 1) for o, n in body)
            return known[key]

        return count(_MAIN, ())


def scan_onnx(data: bytes) -> GraphContent:
    """Collect the content of a serialised ModelProto; ModelPackageError (MODEL_NOT_ONNX) for anything else."""
    content = GraphContent()
    try:
        _walk(memoryview(data), "model", content, 0, content.bodies.setdefault(_MAIN, Counter()))
    except (IndexError, ValueError) as error:
        raise ModelPackageError(f"not an ONNX file: {error}", code="MODEL_NOT_ONNX") from error
    if not content.outputs:
        raise ModelPackageError("not an ONNX file: no graph with an output in it", code="MODEL_NOT_ONNX")
    return content


def _walk(data: memoryview, message: str, content: GraphContent, depth: int, body: Counter[Operator]) -> None:
    if depth > _MAX_NESTING:
        raise ValueError(f"messages nested more than {_MAX_NESTING} deep")
    nested, words = _NESTED.get(message, {}), _WORDS.get(message, {})
    found: dict[str, str] = {}
    body = Counter() if message == "function" else body
    for number, value in iter_fields(data):
        if isinstance(value, int):
            continue
        if number in nested:
            _walk(value, nested[number], content, depth + 1, body)
        elif number in words:
            found[words[number]] = bytes(value).decode("utf-8")  # as protobuf: the last one counts
    _note(found, message, content, depth, body)


def _note(found: dict[str, str], message: str, content: GraphContent, depth: int, body: Counter[Operator]) -> None:
    operator = (found.get("domain", ""), found.get("name", ""))
    if message == "node":
        body[operator] += 1
    elif message == "function":
        content.bodies[operator] = body
    elif found.get("key") == "location":
        content.locations.add(found.get("value", ""))
    elif depth == 2 and "name" in found:  # of the main graph; nested graphs lie deeper
        (content.inputs if message == "input" else content.outputs).append(found["name"])


def iter_fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield field numbers with their bytes, or their number; those of fixed width (floats) are skipped."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 2:
            size, at = _read_varint(data, at)
            if at + size > end:
                raise ValueError("it ends in the middle of a message")
            yield number, data[at : at + size]
            at += size
        elif kind == 0:
            value, at = _read_varint(data, at)
            yield number, value
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} does not occur in ONNX")
    if at != end:
        raise ValueError("it ends in the middle of a number")


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
