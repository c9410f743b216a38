"""ONNX classifiers made elsewhere become packages; attention is found in the graph where there is any."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from torch import Tensor, nn

from mri_batch.errors import ExportRefused, UsageError
from mri_batch.model.selftest import verify_package
from mri_batch.model.session import Session
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.packaging.export_onnx import export_onnx
from mri_batch_export.packaging.options import ExportOptions
from tests.export.tiny import LABELS, make_vit

ABOUT = {"name": "imported"}


class Probabilities(nn.Module):
    """A network that gives probabilities rather than logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Softmax of the logits."""
        logits: Tensor = self.network(x)
        return logits.softmax(dim=-1)


@pytest.fixture(scope="module")
def network() -> ViT:
    """The ViT that is exported by PyTorch itself."""
    return make_vit()


@pytest.fixture(scope="module")
def plain(network: ViT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary ONNX file with a dynamic batch, whose only output are probabilities."""
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    model = Probabilities(network).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own deprecations
        torch.onnx.export(
            model,
            (torch.zeros(2, 3, 32, 16),),
            path,
            dynamo=True,
            verbose=False,
            input_names=["image"],
            dynamic_shapes={"x": {0: torch.export.Dim("n")}},
        )
    return path


def test_attention_and_rollout_are_found_in_a_plain_graph(plain: Path, network: ViT, tmp_path: Path) -> None:
    """Every layer's attention, the rollout and the logits before the softmax match the network that was exported."""
    package = export_onnx(plain, LABELS, ExportOptions(out=tmp_path / "p"), about=ABOUT)
    w = package.card.wiring
    assert (len(w.attention), w.grid, w.prefix_tokens, w.features) == (3, (4, 2), 1, "features")
    x = np.random.default_rng(0).normal(size=(5, 3, 32, 16)).astype(np.float32)
    given = Session(package, threads=1).outputs(x, ["logits", "rollout", "features", *w.attention])
    with torch.no_grad():
        logits, attentions, _ = network.forward_with_attention(torch.from_numpy(x))
        features = penultimate(network, x)
    np.testing.assert_allclose(given["logits"], logits.numpy(), atol=1e-4)
    np.testing.assert_allclose(given["features"], features.numpy(), atol=1e-4)
    rolled = np.eye(9)[None]
    for name, attention in zip(w.attention, attentions, strict=True):
        np.testing.assert_allclose(given[name], attention.numpy(), atol=1e-4)
        rolled = (attention.numpy().mean(axis=1) + np.eye(9)) / 2 @ rolled
    np.testing.assert_allclose(given["rollout"], rolled[:, 0, 1:].reshape(5, 4, 2), atol=1e-4)
    assert "differs" in list(verify_package(package.folder))[-1]


def penultimate(network: ViT, x: npt.NDArray[np.float32]) -> torch.Tensor:
    """The class token that enters the head."""
    seen: list[torch.Tensor] = []
    handle = network.head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    network(torch.from_numpy(x))
    handle.remove()
    return seen[0]


def make_pooled(path: Path, batch: int | str = "n") -> Path:
    """Write a graph without attention: mean of the picture, then three logits."""
    h = onnx.helper
    nodes = [
        h.make_node("GlobalAveragePool", ["image"], ["mean"]),
        h.make_node("Reshape", ["mean", "shape"], ["flat"]),
        h.make_node("Gemm", ["flat", "weight"], ["scores"], transB=1),
    ]
    weights = [
        onnx.numpy_helper.from_array(np.arange(9, dtype=np.float32).reshape(3, 3), "weight"),
        onnx.numpy_helper.from_array(np.array([1 if batch == 1 else -1, 3], np.int64), "shape"),
    ]
    pixels = h.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [batch, 3, 16, 16])
    scores = h.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [batch, 3])
    graph = h.make_graph(nodes, "pooled", [pixels], [scores], weights)
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_methods_are_listed_with_their_reason_when_there_is_no_attention(tmp_path: Path) -> None:
    """A graph without the pattern is packaged all the same, and says what cannot be drawn and why."""
    package = export_onnx(make_pooled(tmp_path / "m.onnx"), LABELS, ExportOptions(out=tmp_path / "p"), about=ABOUT)
    absent = {e.method: e.reason for e in package.card.explanations}
    assert "no softmax" in absent["rollout"]
    assert "gradients" in absent["gradcam"]
    assert package.card.default_method == "occlusion"
    assert package.card.wiring.features == "features"


def test_export_refuses_when_the_batch_is_fixed(tmp_path: Path) -> None:
    """A graph that can only take one picture at a time is refused with the fix."""
    with pytest.raises(ExportRefused, match="7 pictures") as caught:
        export_onnx(make_pooled(tmp_path / "m.onnx", 1), LABELS, ExportOptions(out=tmp_path / "p"), about=ABOUT)
    assert "dynamic batch" in str(caught.value.hint)


def test_export_refuses_when_labels_or_file_are_wrong(tmp_path: Path) -> None:
    """No labels, too few labels, and a file that is no ONNX, each in one line."""
    path = make_pooled(tmp_path / "m.onnx")
    with pytest.raises(UsageError, match="labels"):
        export_onnx(path, (), ExportOptions(out=tmp_path / "p"), about=ABOUT)
    with pytest.raises(ExportRefused, match="3 logits for 2 labels"):
        export_onnx(path, ("a", "b"), ExportOptions(out=tmp_path / "p"), about=ABOUT)
    path.write_bytes(b"no onnx")
    with pytest.raises(ExportRefused, match="not a valid ONNX file"):
        export_onnx(path, LABELS, ExportOptions(out=tmp_path / "p"), about=ABOUT)
