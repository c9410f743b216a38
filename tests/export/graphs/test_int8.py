"""8-bit arithmetic is used where it costs little, with its cost in the card, and refused elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from mri_batch.errors import ExportRefused
from mri_batch.model.package import Package, read_package
from mri_batch.model.selftest import verify_package
from mri_batch.model.session import Session
from mri_batch_export.graphs.int8 import to_int8
from mri_batch_export.packaging.export import export_package
from mri_batch_export.packaging.options import ExportOptions
from tests.export.packaging.test_precision_loss import make_items
from tests.export.tiny import LABELS, make_card, make_cnn, make_vit

N = 12


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A tiny ViT in 8-bit arithmetic, with its gradient graphs."""
    folder, network = tmp_path_factory.mktemp("int8"), make_vit()
    items = [replace(item, label=LABELS[i % 3]) for i, item in enumerate(make_items(folder, network, (32, 16), 3))]
    items += [replace(item, split="train") for item in items]
    options = ExportOptions(out=folder / "tiny", items=tuple(items), arithmetic="int8", rollout_layers=2)
    return export_package(network, make_card(), options)


def test_products_are_in_int8_and_the_card_says_what_that_costs(package: Package) -> None:
    """Every large product is in int8; the metrics cover both graphs, and the heat and its peaks."""
    graph = onnx.load(package.model_file, load_external_data=False).graph
    metrics = package.card.metrics["arithmetic"]
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) == 3 * 4
    assert package.card.arithmetic == "int8"
    assert metrics["n_slices"] == N
    assert {"accuracy_whole", "accuracy_rounded", "ece_rounded", "heat_agreement", "peak_moved"} <= metrics.keys()
    assert any("8-bit arithmetic" in limit for limit in package.card.limits)


def test_weights_are_stored_once_for_both_arithmetics(package: Package) -> None:
    """The gradient graphs' weights and the int8 ones are the same bytes."""
    graph = onnx.load(package.model_file, load_external_data=False).graph
    numbers = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
    n_bytes = sum(int(np.prod(tensor.dims)) for tensor in numbers)
    assert n_bytes > 100_000
    assert (package.folder / "weights.bin").stat().st_size < 1.5 * n_bytes


def test_int8_package_is_calibrated_and_passes_its_selftest(package: Package) -> None:
    """Temperature, sets and gate were fitted on the graph that is stored."""
    assert len(list(verify_package(package.folder))) > 3
    card = read_package(package.folder).card
    assert card.calibration.n_slices == N
    assert card.decision.out_of_distribution is not None
    assert card.decision.conformal is not None


def test_result_does_not_depend_on_the_neighbours(package: Package) -> None:
    """A bright picture in the batch of a dim one changes nothing, whatever the batch size."""
    session = Session(package, threads=1, batch_size=8)
    x = (
        np.random.default_rng(0).standard_normal((3, 3, 32, 16), np.float32)
        * np.array([1, 9, 0.1], np.float32)[:, None, None, None]
    )
    alone = np.concatenate([session.logits(x[i : i + 1]) for i in range(3)])
    assert np.array_equal(session.logits(x), alone)


@pytest.mark.parametrize(
    ("network", "size", "why"), [("vit", (32, 16), "no validation"), ("cnn", (32, 32), "matrix products")]
)
def test_int8_arithmetic_is_refused_without_validation_slices_or_large_products(
    tmp_path: Path, network: str, size: tuple[int, int], why: str
) -> None:
    """Its cost could not be measured, or there is nothing to gain."""
    made, channels = (make_vit(), 3) if network == "vit" else (make_cnn(), 1)
    options = ExportOptions(out=tmp_path / "out", arithmetic="int8", gradients=False)
    with pytest.raises(ExportRefused, match=why) as caught:
        export_package(made, make_card(*size, channels), options)
    assert caught.value.code == "ARITHMETIC_REFUSED"
    assert not (tmp_path / "out").exists()


def test_to_int8_does_not_change_its_argument() -> None:
    """The float graph is still needed for the comparison."""
    weight = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 64]) for name in "xy"]
    proto = onnx.helper.make_model(onnx.helper.make_graph([node], "g", value[:1], value[1:], [weight]))
    before = proto.SerializeToString()
    after = to_int8(proto)
    onnx.checker.check_model(after)
    assert proto.SerializeToString() == before
    assert [tensor.name for tensor in after.graph.initializer if tensor.name == "w"] == []
