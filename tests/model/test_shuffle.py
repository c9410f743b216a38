"""The same network with other weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mri_batch.card import ModelCard
from mri_batch.model.package import read_package, write_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package

WEIGHTS = np.arange(24, dtype=np.float32).reshape(12, 2)


def make_linear(folder: Path, how: str) -> Path:
    """A linear model whose weights lie in the file as ``raw`` bytes or ``floats``, or ``beside`` it."""
    weights = numpy_helper.from_array(WEIGHTS, "w")
    if how == "floats":
        weights = helper.make_tensor("w", TensorProto.FLOAT, WEIGHTS.shape, WEIGHTS.ravel())
    bias = numpy_helper.from_array(np.array([1, 2], np.float32), "b")
    shape = numpy_helper.from_array(np.array([0, 12], np.int64), "shape")
    nodes = [
        helper.make_node("Reshape", ["pixels", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 2, 2])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])
    graph = helper.make_graph(nodes, "linear", [pixels], [logits], [weights, bias, shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    folder.mkdir()
    files = {"model.onnx": folder / "model.onnx"}
    if how == "beside":
        # The shape and the bias are below the limit and stay in the file.
        onnx.save(model, files["model.onnx"], save_as_external_data=True, location="weights.bin", size_threshold=100)
        files["weights.bin"] = folder / "weights.bin"
    else:
        onnx.save(model, files["model.onnx"])
    card = ModelCard.model_validate({"name": "linear", "labels": ("a", "b")})
    return write_package(folder / "pkg", card, files).folder


@pytest.mark.parametrize("how", ["raw", "floats", "beside"])
def test_shuffled_package_has_the_same_numbers_in_another_order(tmp_path: Path, how: str) -> None:
    """Wherever they lie; shapes and single numbers are left alone, and the copy runs."""
    package = read_package(make_linear(tmp_path / how, how))
    copy = shuffle_package(package, tmp_path / "copy")
    assert copy is not None
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(copy.model_file).graph.initializer}
    assert stored["shape"].tolist() == [0, 12]
    assert sorted(stored["w"].ravel()) == WEIGHTS.ravel().tolist()
    assert (stored["w"] != WEIGHTS).any()
    pixels = np.ones((1, 3, 2, 2), np.float32)
    assert not np.allclose(Session(copy, threads=1).logits(pixels), Session(package, threads=1).logits(pixels))
    again = shuffle_package(package, tmp_path / "again")
    assert again is not None
    assert again.model_file.read_bytes() == copy.model_file.read_bytes()


def test_head_alone_is_shuffled_where_that_is_asked(tmp_path: Path) -> None:
    """Matrices with an axis of the labels; none of 7."""
    package = read_package(make_linear(tmp_path / "model", "raw"))
    head = shuffle_package(package, tmp_path / "head", head_of=2)
    assert head is not None
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(head.model_file).graph.initializer}
    assert (stored["w"] != WEIGHTS).any()
    assert stored["b"].tolist() == [1, 2]
    assert shuffle_package(package, tmp_path / "none", head_of=7) is None
