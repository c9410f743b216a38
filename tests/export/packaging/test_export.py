"""Exported packages give PyTorch's answers, and what would not is refused."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import pytest
import torch
from torch import nn

from mri_batch.card import with_fields
from mri_batch.errors import ExportRefused, ModelPackageError
from mri_batch.explain.methods.gradcam import GradCAM
from mri_batch.explain.ops.gradients import cam_inputs
from mri_batch.model.package import Package, read_package
from mri_batch.model.selftest import compare, verify_package
from mri_batch.model.session import Session
from mri_batch_export.architectures.cnn import MapNet
from mri_batch_export.packaging.export import export_package
from mri_batch_export.packaging.options import ExportOptions
from mri_batch_export.packaging.quantize import WeightFile, fold_batch_norms, round_weights
from mri_batch_export.packaging.verify import verify_gradients, verify_plain
from tests.export.tiny import fill, make_card, make_cnn, make_vit


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A tiny ViT in eight bits, with registers and a grid of 4 x 2 patches."""
    folder = tmp_path_factory.mktemp("vit") / "tiny-vit"
    return export_package(
        make_vit(registers=2), make_card(), ExportOptions(out=folder, rollout_layers=2, gradients=False)
    )


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A tiny CNN in half precision, with its gradient graphs."""
    folder = tmp_path_factory.mktemp("cnn") / "tiny-cnn"
    return export_package(make_cnn(), make_card(32, 32, 1), ExportOptions(out=folder, store="fp16"))


def rounded_vit() -> nn.Module:
    """Make the network that the ViT package must agree with."""
    network = make_vit(registers=2)
    round_weights(network, "int8")
    return network


@pytest.mark.parametrize("n", [1, 7])
def test_export_gives_pytorchs_answers_when_pictures_are_new(vit: Package, n: int) -> None:
    """Logits, features, every attention and the rollout match to 1e-4 at any batch; attention rows sum to 1."""
    session, network = Session(vit, threads=1), rounded_vit()
    x = np.random.default_rng(n).normal(size=(n, 3, 32, 16)).astype(np.float32)
    with torch.no_grad():
        logits, attentions, features = network.forward_with_attention(torch.from_numpy(x))  # type: ignore[operator]
    w = session.wiring
    names = (w.logits, str(w.features), str(w.rollout), *w.attention)
    given = session.outputs(x, names)
    assert len(w.attention) == 3
    np.testing.assert_allclose(given[w.logits], logits.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(given[str(w.features)], features.numpy(), rtol=1e-4, atol=1e-4)
    for name, attention in zip(w.attention, attentions, strict=True):
        assert given[name].shape == (n, 2, 11, 11)
        np.testing.assert_allclose(given[name], attention.numpy(), atol=1e-4)
        np.testing.assert_allclose(given[name].sum(axis=-1), 1, atol=1e-5)
    rolled = np.eye(11)[None]
    for attention in attentions[1:]:  # the last two layers, in full matrices
        mixed = attention.numpy().astype(np.float64).mean(axis=1) / 2 + np.eye(11) / 2
        rolled = mixed @ rolled
    np.testing.assert_allclose(given[str(w.rollout)], rolled[:, 0, 3:].reshape(n, 4, 2), atol=1e-4)


def test_export_tells_the_rollouts_layers_in_the_card(vit: Package) -> None:
    """The knobs that the graph was written with stand in the card, for methods that work outside the graph."""
    entry = next(e for e in vit.card.explanations if e.method == "rollout")
    assert entry.knobs["first_layer"] == 1
    assert vit.card.default_method == "rollout"
    assert (vit.card.wiring.grid, vit.card.wiring.prefix_tokens) == ((4, 2), 3)


def test_package_serves_without_torch(vit: Package, cnn: Package) -> None:
    """The runtime reads, verifies and runs both packages while torch and onnx cannot be imported."""
    code = (
        "import sys; sys.modules.update(torch=None, onnx=None, mri_batch_export=None)\n"
        "from pathlib import Path\n"
        "from mri_batch.model.selftest import verify_package\n"
        "for p in sys.argv[1:]: print(len(list(verify_package(Path(p)))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(vit.folder), str(cnn.folder)], capture_output=True, text=True, check=True
    )
    assert [int(n) > 2 for n in done.stdout.split()] == [True, True]


def test_cnn_offers_features_and_says_why_attention_is_absent(cnn: Package) -> None:
    """A network without attention lists those methods with the reason, and defaults to Grad-CAM."""
    absent = {e.method: e.reason for e in cnn.card.explanations if not e.available}
    assert "attention" in absent["rollout"]
    assert cnn.card.default_method == "gradcam"
    assert cnn.card.wiring.features == "features"
    assert cnn.explain_file is not None
    assert cnn.gradcam_file is not None


def test_gradient_graph_gives_autograds_gradient(cnn: Package) -> None:
    """The packaged gradient graph, its weights shared and rounded, agrees with autograd for two classes."""
    network = make_cnn()
    round_weights(network, "fp16")
    x = torch.randn(3, 1, 32, 32, requires_grad=True)
    session = Session(cnn, threads=1)
    for target in (0, 2):
        (right,) = torch.autograd.grad(network(x)[:, target].sum(), x)
        name = cnn.card.wiring.gradient["input_gradient"]
        given = session.gradients(x.detach().numpy(), np.full(3, target), [name])[name]
        np.testing.assert_allclose(given, right.numpy(), atol=1e-4 * float(right.abs().max()))


def test_gradient_verification_refuses_when_one_weight_differs(cnn: Package) -> None:
    """A gradient graph of other weights does not pass for the network's."""
    network = make_cnn()
    round_weights(network, "fp16")
    verify_gradients(network, Session(cnn, threads=1))
    with torch.no_grad():
        network.get_parameter("convs.1.weight")[0] += 0.3
    with pytest.raises(ExportRefused, match="explain/input_gradient"):
        verify_gradients(network, Session(cnn, threads=1))


def test_weights_are_stored_once_for_all_graphs(cnn: Package) -> None:
    """The three graphs share one copy of each weight, flipped kernels included: little more than one graph needs."""
    layers = [m for m in make_cnn().modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    needed = sum(m.weight.numel() * (2 if m.weight.numel() >= 4096 else 4) for m in layers)
    assert (cnn.folder / "weights.bin").stat().st_size < 1.1 * needed


def test_eight_bits_take_a_quarter_of_the_space(vit: Package) -> None:
    """Weights in eight bits are stored as such, and what is in the graph files is small."""
    numbers = sum(p.numel() for m in make_vit().modules() if isinstance(m, nn.Linear | nn.Conv2d) for p in [m.weight])
    assert (vit.folder / "weights.bin").stat().st_size < 1.3 * numbers
    model = onnx.load(vit.model_file, load_external_data=False)
    assert "DequantizeLinear" in {node.op_type for node in model.graph.node}


def test_graphs_tell_nothing_of_the_machine_that_made_them(vit: Package, cnn: Package) -> None:
    """No source path stays in a graph."""
    for path in (vit.model_file, cnn.explain_file, cnn.gradcam_file):
        assert path is not None
        data = path.read_bytes()
        assert b".py" not in data
        assert str(Path.home()).encode() not in data or str(Path.home()) == "/"


@pytest.fixture
def weights_off() -> nn.Module:
    """A network one of whose weights differs by a little from what was exported."""
    network = rounded_vit()
    with torch.no_grad():
        network.get_parameter("blocks.0.attn.qkv.weight")[0, 0] += 0.5
    return network


def test_verification_refuses_when_one_weight_differs(vit: Package, weights_off: nn.Module) -> None:
    """A graph of other weights does not pass for the network's, and the outputs that are off are named."""
    with pytest.raises(ExportRefused, match="attention_00") as caught:
        verify_plain(weights_off, Session(vit, threads=1), 1)
    assert caught.value.code == "EXPORT_DISAGREES"


def test_verification_refuses_when_the_layer_range_differs(vit: Package) -> None:
    """A rollout over other layers than the card says is noticed."""
    with pytest.raises(ExportRefused, match="rollout"):
        verify_plain(rounded_vit(), Session(vit, threads=1), 0)


def test_comparison_fails_when_an_answer_is_nan_or_of_another_shape() -> None:
    """NaN is never close enough."""
    right = np.ones((2, 3), np.float32)
    assert compare("plain/logits", right, right).holds
    assert not compare("plain/logits", right * np.nan, right).holds
    assert not compare("plain/logits", right[:1], right).holds


def test_gradient_with_ties_is_judged_as_a_whole() -> None:
    """A few numbers may be off by much, or more of them by little; not the scale, nor the gradient as such."""
    right = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    few, many, most = right.copy(), right.copy(), right.copy()
    few[:100] += 3
    many[:2_000] += 0.03
    most[:2_000] += 0.3
    assert compare("explain/input_gradient", few, right).holds
    assert compare("explain/input_gradient", many, right).holds
    assert not compare("explain/input_gradient", most, right).holds
    assert not compare("explain/input_gradient", right * np.float32(1.02), right).holds
    assert not compare("explain/input_gradient", right * np.nan, right).holds
    assert not compare("explain/input_gradient", right[:1], right).holds


def test_selftest_fails_when_golden_answers_differ(vit: Package, tmp_path: Path) -> None:
    """A machine that computes otherwise is told, output by output."""
    golden = dict(vit.load_golden())
    golden["plain/logits"] = golden["plain/logits"].astype(np.float32) + np.float32(0.01)
    np.savez(tmp_path / "golden.npz", allow_pickle=False, **golden)
    for name in ("model.onnx", "model.json", "weights.bin"):
        (tmp_path / name).write_bytes((vit.folder / name).read_bytes())
    with pytest.raises(ModelPackageError, match="plain/logits") as caught:
        list(verify_package(tmp_path))
    assert caught.value.code == "MODEL_DISAGREES"


def test_golden_pictures_are_few_and_small(vit: Package) -> None:
    """Attention is kept as two vectors a head, not as tensors as large as the model."""
    golden = vit.load_golden()
    assert golden["pictures"].dtype == np.uint8
    assert golden["plain/attention_00.class"].shape == (2, 2, 11)
    assert {"plain/logits", "plain/features", "plain/rollout", "plain/attention_02.received"} <= golden.keys()


@pytest.mark.parametrize(
    ("labels", "size", "reason"),
    [(("a", "b"), 32, "3 logits for 2 labels"), (("a", "b", "c"), 64, "does not accept")],
)
def test_export_refuses_when_the_card_does_not_fit_the_network(
    tmp_path: Path, labels: tuple[str, ...], size: int, reason: str
) -> None:
    """Wrong labels or sizes are told before anything is traced, and nothing is left behind."""
    card = with_fields(make_card(size, 16), labels=labels)
    with pytest.raises(ExportRefused, match=reason):
        export_package(make_vit(), card, ExportOptions(out=tmp_path / "p"))
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_when_the_network_gives_nan(tmp_path: Path) -> None:
    """A network that diverged is not packaged."""
    network = make_vit()
    network.head.bias.data[0] = float("inf")
    with pytest.raises(ExportRefused, match="NaN"):
        export_package(network, make_card(), ExportOptions(out=tmp_path / "p"))


class Norms(nn.Module):
    """Convolutions with a batch norm behind, one without, and a norm that follows no convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.alone = nn.BatchNorm2d(8)
        self.last = nn.Conv2d(8, 3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pictures to logits."""
        x = self.alone(torch.relu(self.norm(self.conv(x))))
        return self.last(x).mean(dim=(2, 3))  # type: ignore[no-any-return]


def test_batch_norms_are_folded_without_changing_an_answer() -> None:
    """Norms that follow a convolution go, others stay, answers stay."""
    torch.manual_seed(0)
    network = fill(Norms())
    for norm in (network.norm, network.alone):
        norm.running_mean, norm.running_var = torch.randn(8), torch.rand(8) + 0.5
    folded = copy.deepcopy(network)
    fold_batch_norms(folded, torch.zeros(1, 3, 16, 16))
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(folded(x), network(x), atol=1e-5, rtol=1e-5)
    assert isinstance(folded.norm, nn.Identity)
    assert isinstance(folded.alone, nn.BatchNorm2d)


@pytest.mark.parametrize(("shape", "operators"), [((40, 30), 2), ((8, 9, 3, 3), 3)])
def test_weight_file_shares_equal_and_turned_tensors(shape: tuple[int, ...], operators: int) -> None:
    """A weight that graphs hold as it is, again, and transposed or flipped, has one place in the file."""
    weight = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    turned = weight.T if weight.ndim == 2 else weight.swapaxes(0, 1)[:, :, ::-1, ::-1]
    models = [_graph_with(weight), _graph_with(weight), _graph_with(np.ascontiguousarray(turned))]
    pool = WeightFile(codes={})
    for model in models:
        pool.move_weights(model)
    assert len(pool.data) == weight.nbytes
    assert [len(model.graph.node) for model in models] == [1, 1, operators]
    for model in models:
        for tensor in model.graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                tensor.CopyFrom(onnx.numpy_helper.from_array(weight, tensor.name))
    (given,) = list(onnx.reference.ReferenceEvaluator(models[2]).run(None, {}))
    np.testing.assert_array_equal(given, turned)


def _graph_with(weight: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> onnx.ModelProto:
    node = onnx.helper.make_node("Identity", ["w"], ["y"])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, list(weight.shape))
    graph = onnx.helper.make_graph([node], "g", [], [out], [onnx.numpy_helper.from_array(weight, "w")])
    return onnx.helper.make_model(graph)


def test_identity_of_a_package_is_stable_when_it_is_read_again(vit: Package) -> None:
    """Reading changes nothing, and trusting the digests gives the same identity as checking them."""
    assert read_package(vit.folder) == vit
    assert read_package(vit.folder, check_digests=False).sha256 == vit.sha256
    assert replace(vit, sha256="") != vit


class _LinearHead(MapNet):
    """A convolution, a mean and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, stride=4)
        self.out = nn.Linear(6, 3)

    def early_map(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x))

    def late_map(self, early_map: torch.Tensor) -> torch.Tensor:
        return early_map

    def head(self, feature_map: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.out(feature_map.mean((2, 3)))
        return logits


def test_grad_cam_of_every_label_comes_with_the_logits_when_the_head_is_linear(tmp_path: Path, cnn: Package) -> None:
    """It is what the gradient graph gives; a head that is not linear has no such output."""
    options = ExportOptions(out=tmp_path / "linear", store="fp32")
    package = export_package(fill(_LinearHead()), make_card(32, 32, 1), options)
    assert [entry.method for entry in package.card.explanations].count("gradcam") == 1
    assert package.card.default_method == "gradcam"
    session = Session(package, threads=1)
    x, target = np.random.default_rng(0).random((5, 1, 32, 32), np.float32), np.array([0, 1, 2, 0, 1])
    explained = GradCAM()(session, x, target)
    maps, slopes = cam_inputs(session, x, target)
    right = np.maximum((slopes.mean((2, 3), keepdims=True) * maps).sum(1), 0)
    assert session.wiring.cam == "cam"
    assert right.max() > 0
    np.testing.assert_allclose(explained.heat, right, atol=1e-5)
    assert cnn.card.wiring.cam is None
