"""8-bit arithmetic is shipped where it costs little, with what it costs, and refused where it costs much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from mri_batch.arrays import Float32
from mri_batch.card import Wiring
from mri_batch.dataset import Item
from mri_batch.errors import ExportRefused
from mri_batch.model.package import Package, read_package
from mri_batch.model.selftest import verify_package
from mri_batch.model.session import Session
from mri_batch_export.graphs.int8 import to_int8, weigh_arithmetic
from mri_batch_export.packaging.export import export_package
from tests.export.packaging.test_rounding import make_items
from tests.export.tiny import LABELS, make_card, make_cnn, make_vit
from tests.make import save_picture

N = 12


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A tiny ViT in 8-bit arithmetic, with its gradient graphs."""
    folder, network = tmp_path_factory.mktemp("int8"), make_vit()
    items = [replace(item, label=LABELS[i % 3]) for i, item in enumerate(make_items(folder, network, (32, 16), 3))]
    items += [replace(item, split="train") for item in items]
    return export_package(network, make_card(), folder / "tiny", items=items, arithmetic="int8", rollout_layers=2)


def test_products_are_in_whole_numbers_and_the_card_says_what_that_costs(package: Package) -> None:
    """Every large product; figures of both graphs, and of heat and its peaks."""
    graph = onnx.load(package.model_file, load_external_data=False).graph
    figures = package.card.metrics["arithmetic"]
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) == 3 * 4
    assert package.card.arithmetic == "int8"
    assert figures["n_slices"] == N
    assert {"accuracy_whole", "accuracy_rounded", "ece_rounded", "heat_agreement", "peak_moved"} <= figures.keys()
    assert any("8-bit arithmetic" in limit for limit in package.card.limits)


def test_weights_are_stored_once_for_both_arithmetics(package: Package) -> None:
    """The gradient graphs' float weights and the whole numbers are the same bytes."""
    graph = onnx.load(package.model_file, load_external_data=False).graph
    numbers = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
    n_bytes = sum(int(np.prod(tensor.dims)) for tensor in numbers)
    assert n_bytes > 100_000
    assert (package.folder / "weights.bin").stat().st_size < 1.5 * n_bytes


def test_what_is_shipped_is_what_was_calibrated_and_stored(package: Package) -> None:
    """The self-test holds, and temperature, sets and gate were fitted."""
    assert len(list(verify_package(package.folder))) > 3
    card = read_package(package.folder).card
    assert card.calibration.n_slices == N
    assert card.decision.out_of_distribution is not None
    assert card.decision.conformal is not None


def test_answer_does_not_hang_on_the_neighbours(package: Package) -> None:
    """A bright picture beside a dim one changes nothing, whatever batch was asked for."""
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
def test_arithmetic_is_refused_where_nothing_speaks_for_it(
    tmp_path: Path, network: str, size: tuple[int, int], why: str
) -> None:
    """Without slices to weigh it on, or without products that gain by it."""
    made, channels = (make_vit(), 3) if network == "vit" else (make_cnn(), 1)
    with pytest.raises(ExportRefused, match=why) as caught:
        export_package(made, make_card(*size, channels), tmp_path / "out", arithmetic="int8", gradients=False)
    assert caught.value.code == "ARITHMETIC_REFUSED"
    assert not (tmp_path / "out").exists()


class _Told:
    """A model that gives the logits and heat that it was told to."""

    card = make_card().model_copy(update={"wiring": Wiring(rollout="rollout", grid=(4, 4))})
    labels, wiring = LABELS, card.wiring

    def __init__(self, logits: Float32, heat: Float32) -> None:
        self._rows = iter(zip(logits, heat, strict=True))

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Give the next ones."""
        rows = [next(self._rows) for _ in pixels]
        return {"logits": np.stack([row[0] for row in rows]), "rollout": np.stack([row[1] for row in rows])}


@pytest.mark.parametrize("spoilt", ["accuracy", "ece", "heat", "peak"])
def test_arithmetic_that_loses_is_refused_with_what_it_loses(tmp_path: Path, spoilt: str) -> None:
    """Answers, calibration, heat, or the peak of the heat alone."""
    path = save_picture(tmp_path / "a.png", np.zeros((32, 16), np.uint8))
    items = [Item(path=path, label=LABELS[i % 3], split="val") for i in range(30)]
    rng = np.random.default_rng(0)
    logits = np.eye(3, dtype=np.float32)[np.arange(30) % 3] * 2
    logits[:9] = logits[:9, ::-1] * 0.6  # some are wrong, and less sure
    heat = np.sort(rng.random((30, 16), np.float32)).reshape(30, 4, 4)
    other, elsewhere = logits.copy(), heat.copy()
    if spoilt == "accuracy":
        other = other[:, [1, 2, 0]]
    elif spoilt == "ece":
        other *= np.where(np.arange(30) % 2, 4, 0.1)[:, None].astype(np.float32)
    elif spoilt == "heat":
        elsewhere = elsewhere[:, ::-1]
    else:
        elsewhere[:, 0, 0] = 9.0
    weigh_arithmetic(_Told(logits, heat), _Told(logits, heat), items)  # type: ignore[arg-type]
    with pytest.raises(ExportRefused, match=f"{spoilt} (loses|moves)"):
        weigh_arithmetic(_Told(logits, heat), _Told(other, elsewhere), items)  # type: ignore[arg-type]


def test_graph_in_whole_numbers_leaves_the_given_one_alone() -> None:
    """The float graph goes on to be compared with it."""
    weight = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 64]) for name in "xy"]
    proto = onnx.helper.make_model(onnx.helper.make_graph([node], "g", value[:1], value[1:], [weight]))
    before = proto.SerializeToString()
    after = to_int8(proto)
    onnx.checker.check_model(after)
    assert proto.SerializeToString() == before
    assert [tensor.name for tensor in after.graph.initializer if tensor.name == "w"] == []
