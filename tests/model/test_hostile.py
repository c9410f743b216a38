"""Models made to run for ever, to take the memory or to read other files: refused, with code 6, and nothing hangs.

What lies outside a package, links, altered digests and custom operators are in ``test_package``; checkpoints that run
code, or claim more numbers than they hold, in ``tests/export/test_checkpoint``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mri_batch.errors import ModelPackageError
from mri_batch.model.package import CARD as CARD_NAME
from mri_batch.model.package import read_package
from mri_batch.run.executors.sandbox import try_model
from tests.make import save_picture
from tests.model.test_package import CARD

LOCAL = "local"
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid(LOCAL, 1)]


def make_model(
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto] = (),
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """Make a graph pixels -> logits; ``nodes`` go on from the sound logits ``l``."""
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])
    pooled = helper.make_node("ReduceMean", ["pixels", "axes"], ["pooled"], keepdims=0)
    product = helper.make_node("MatMul", ["pooled", "w"], ["l"])
    weights = [numpy_helper.from_array(np.ones((3, 2), np.float32), "w"), whole("axes", [2, 3])]
    graph = helper.make_graph([pooled, product, *nodes], "g", [pixels], [logits], [*weights, *constants])
    return helper.make_model(graph, opset_imports=OPSETS, functions=functions, ir_version=9)


def whole(name: str, values: object) -> onnx.TensorProto:
    """Make an int64 constant."""
    return numpy_helper.from_array(np.array(values, np.int64), name)


def add_sum_of(tensor: str) -> list[onnx.NodeProto]:
    """Add a tensor's sum to the logits, so that it must be worked out."""
    total = helper.make_node("ReduceSum", [tensor], ["sum"], keepdims=0)
    return [total, helper.make_node("Add", ["l", "sum"], ["logits"])]


def endless_loop() -> onnx.ModelProto:
    """Four million million million turns."""
    flag, x = (
        helper.make_tensor_value_info(n, t, None) for n, t in (("c", TensorProto.BOOL), ("x", TensorProto.FLOAT))
    )
    turn = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    out = [helper.make_tensor_value_info(n, t, None) for n, t in (("co", TensorProto.BOOL), ("xo", TensorProto.FLOAT))]
    body = [helper.make_node("Identity", ["c"], ["co"]), helper.make_node("Add", ["x", "x"], ["xo"])]
    loop = helper.make_node(
        "Loop", ["turns", "", "l"], ["logits"], body=helper.make_graph(body, "b", [turn, flag, x], out)
    )
    return make_model([loop], [whole("turns", 2**62)])


def loop_in_a_branch() -> onnx.ModelProto:
    """The same loop, where an If hides it."""
    inner = endless_loop().graph
    del inner.input[:]
    branch = helper.make_node("If", ["yes"], ["logits"], then_branch=inner, else_branch=inner)
    return make_model([branch], [numpy_helper.from_array(np.array(True), "yes")])


def loop_in_a_function() -> onnx.ModelProto:
    """The same loop, where a function of the model's own hides it."""
    loop = endless_loop().graph.node[-1]
    hidden = helper.make_function(LOCAL, "F", ["l", "turns"], ["logits"], [loop], OPSETS)
    return make_model(
        [helper.make_node("F", ["l", "turns"], ["logits"], domain=LOCAL)], [whole("turns", 2**62)], [hidden]
    )


def function_of_itself() -> onnx.ModelProto:
    """A function that needs itself."""
    call = helper.make_node("F", ["a"], ["b"], domain=LOCAL)
    return make_model(
        [helper.make_node("F", ["l"], ["logits"], domain=LOCAL)],
        functions=[helper.make_function(LOCAL, "F", ["a"], ["b"], [call], OPSETS)],
    )


def doubling_functions() -> onnx.ModelProto:
    """Thirty functions, each of twice the one before: a thousand million nodes in two kilobytes."""
    functions = [helper.make_function(LOCAL, "F0", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], OPSETS)]
    for k in range(1, 31):
        names = ((["a"], ["m"]), (["m"], ["b"]))
        calls = [helper.make_node(f"F{k - 1}", *each, domain=LOCAL) for each in names]
        functions.append(helper.make_function(LOCAL, f"F{k}", ["a"], ["b"], calls, OPSETS))
    return make_model([helper.make_node("F30", ["l"], ["logits"], domain=LOCAL)], functions=functions)


def compiled_elsewhere() -> onnx.ModelProto:
    """A node that names a file to load compiled code from."""
    node = helper.make_node("EPContext", ["l"], ["logits"], domain="com.microsoft", ep_cache_context="/etc/passwd")
    return make_model([node])


STATIC = (
    endless_loop,
    loop_in_a_branch,
    loop_in_a_function,
    function_of_itself,
    doubling_functions,
    compiled_elsewhere,
)


@pytest.mark.parametrize("hostile", STATIC, ids=lambda make: make.__name__)
def test_package_is_refused_unrun_when_its_graph_may_never_end(
    hostile: Callable[[], onnx.ModelProto], tmp_path: Path
) -> None:
    """ONNX Runtime never sees it."""
    folder = write(tmp_path, hostile())
    with pytest.raises(ModelPackageError) as caught:
        read_package(folder)
    assert (caught.value.code, caught.value.exit_code) == ("MODEL_UNSAFE", 6)


def giant_constant() -> onnx.ModelProto:
    """A terabyte of one number, which is worked out while the model is loaded."""
    giant = helper.make_node("ConstantOfShape", ["size"], ["giant"])
    return make_model([giant, *add_sum_of("giant")], [whole("size", [2**38])])


def giant_result() -> onnx.ModelProto:
    """A terabyte that appears only when the model runs."""
    sizes = [helper.make_node("Shape", ["l"], ["shape"]), helper.make_node("Mul", ["shape", "many"], ["size"])]
    grown = helper.make_node("ConstantOfShape", ["size"], ["giant"])
    return make_model([*sizes, grown, *add_sum_of("giant")], [whole("many", [2**19, 2**18])])


def lying_weights() -> onnx.ModelProto:
    """Weights that claim eight terabytes and hold 24 bytes."""
    model = make_model([helper.make_node("Identity", ["l"], ["logits"])])
    model.graph.initializer[0].dims[0] = 2**40
    return model


def slow_folding() -> onnx.ModelProto:
    """Minutes of products of constants, worked out while the model is loaded."""
    start = helper.make_node("ConstantOfShape", ["size"], ["m0"])
    chain = [helper.make_node("MatMul", [f"m{k}", f"m{k}"], [f"m{k + 1}"]) for k in range(100)]
    return make_model([start, *chain, *add_sum_of("m100")], [whole("size", [3000, 3000])])


@pytest.mark.skipif(sys.platform == "win32", reason="memory is bounded by POSIX means")
@pytest.mark.parametrize("hostile", [giant_constant, giant_result, lying_weights, slow_folding])
def test_model_is_refused_when_it_cannot_be_tried(hostile: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    """What cannot be seen in the graph is met by a process with a bound on memory and time."""
    folder = write(tmp_path, hostile())
    with pytest.raises(ModelPackageError) as caught:
        try_model(folder, limit_s=20 if hostile is not slow_folding else 6)
    assert caught.value.exit_code == 6


def test_sound_model_is_not_refused(tmp_path: Path) -> None:
    """Functions of its own, and a branch, are no reason."""
    branch = helper.make_graph(
        [helper.make_node("Identity", ["l"], ["o"])],
        "b",
        [],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)],
    )
    function = helper.make_function(LOCAL, "F", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], OPSETS)
    nodes = [
        helper.make_node("If", ["yes"], ["m"], then_branch=branch, else_branch=branch),
        helper.make_node("F", ["m"], ["logits"], domain=LOCAL),
    ]
    try_model(write(tmp_path, make_model(nodes, [numpy_helper.from_array(np.array(True), "yes")], [function])))


@pytest.mark.skipif(sys.platform == "win32", reason="memory is bounded by POSIX means")
@pytest.mark.parametrize(
    "words", [("scan",), ("explain", "--methods", "occlusion"), ("model", "verify")], ids=lambda w: w[0]
)
def test_commands_refuse_a_hostile_model_with_code_6(words: tuple[str, ...], tmp_path: Path) -> None:
    """One line, no traceback, no results."""
    folder, picture, out = write(tmp_path, giant_result()), save_picture(tmp_path / "in" / "x.png"), tmp_path / "out"
    if words[0] == "model":
        words = (*words, str(folder))
    else:
        words = (*words, str(picture), "--out", str(out), "--model", str(folder))
    code = "from mri_batch.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env={**os.environ},
        timeout=120,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert len([line for line in done.stderr.splitlines() if "MODEL_" in line]) == 1
    assert "Traceback" not in done.stderr
    assert list(out.rglob("report.html")) == []


def write(folder: Path, model: onnx.ModelProto) -> Path:
    """Write a package as somebody else would, without our checks."""
    (folder / "pkg").mkdir()
    (folder / "pkg" / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "pkg" / CARD_NAME).write_text(CARD.model_dump_json())
    return folder / "pkg"


@pytest.mark.skipif(sys.platform == "win32", reason="memory is bounded by POSIX means")
def test_worker_has_less_memory_than_the_machine() -> None:
    """So that a bomb meets its own bound before the system's killer wakes."""
    code = (
        "import os, resource; from mri_batch.run.executors.worker import set_bounds; set_bounds()\n"
        "whole = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')\n"
        "print(0 < resource.getrlimit(resource.RLIMIT_DATA)[0] < whole)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
