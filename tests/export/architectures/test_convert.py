"""Checkpoints of other layouts are converted, or refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mri_batch.errors import ExportRefused, UsageError
from mri_batch_export.architectures.base import AttentionClassifier, MapClassifier
from mri_batch_export.architectures.convert import load_weights, read_vit_options
from mri_batch_export.architectures.table import ARCHITECTURES, Shape, build_architecture
from mri_batch_export.architectures.vit import ViT, ViTConfig
from tests.export.tiny import make_vit

PLAIN = ViTConfig(n_labels=3, rows=32, cols=32, patch=8, dim=128, depth=2, heads=2, mlp_ratio=2.0)
HF_BLOCK = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}


def make_plain() -> ViT:
    """Make a square ViT without layer scale."""
    torch.manual_seed(5)
    return ViT(PLAIN).eval()


def to_hugging_face(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name a ViT's weights as Hugging Face's ViTForImageClassification saves them."""
    named = {
        "vit.embeddings.cls_token": state["cls_token"],
        "vit.embeddings.position_embeddings": state["pos_embed"],
        "vit.embeddings.patch_embeddings.projection.weight": state["patch_embed.proj.weight"],
        "vit.embeddings.patch_embeddings.projection.bias": state["patch_embed.proj.bias"],
        "vit.layernorm.weight": state["norm.weight"],
        "vit.layernorm.bias": state["norm.bias"],
        "classifier.weight": state["head.weight"],
        "classifier.bias": state["head.bias"],
    }
    for i in range(2):
        for kind in ("weight", "bias"):
            for part, tensor in zip(
                ("query", "key", "value"), state[f"blocks.{i}.attn.qkv.{kind}"].chunk(3), strict=True
            ):
                named[f"vit.encoder.layer.{i}.attention.attention.{part}.{kind}"] = tensor
            for ours, theirs in HF_BLOCK.items():
                named[f"vit.encoder.layer.{i}.{theirs}.{kind}"] = state[f"blocks.{i}.{ours}.{kind}"]
    return named


def to_newer_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename as transformers 5 has it in memory."""
    pairs = [("encoder.layer.", "layers."), ("attention.attention.query", "attention.q_proj")]
    pairs += [("attention.attention.key", "attention.k_proj"), ("attention.attention.value", "attention.v_proj")]
    pairs += [
        ("attention.output.dense", "attention.o_proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
    ]
    renamed = {}
    for name, tensor in state.items():
        for older, newer in pairs:
            name = name.replace(older, newer)
        renamed[name] = tensor
    return renamed


@pytest.mark.parametrize("newer", [False, True])
def test_hugging_face_layout_gives_the_same_logits(newer: bool) -> None:
    """Split query, key and value are joined; sizes are inferred from the weights; their norm epsilon is kept."""
    model = make_plain()
    state = to_hugging_face(model.state_dict())
    state = to_newer_names(state) if newer else state
    options = read_vit_options(state)
    assert options["norm_eps"] == 1e-12
    copy = build_architecture("vit", Shape(n_labels=3, rows=32, cols=32), options | {"norm_eps": 1e-6}).eval()
    load_weights(copy, state)
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(copy(x), model(x))


def test_sizes_are_inferred_from_timm_weights() -> None:
    """Patch, width, depth, layer scale and registers are inferred."""
    model = make_vit(registers=4)
    options = read_vit_options(model.state_dict())
    assert options == {
        "patch": 8,
        "dim": 64,
        "heads": 1,
        "mlp_ratio": 4.0,
        "depth": 3,
        "layer_scale": True,
        "n_registers": 4,
        "norm_eps": 1e-6,
    }


def test_positions_are_resampled_when_the_grid_differs() -> None:
    """Positions learnt on 4 x 4 patches serve 6 x 2 ones; on their own grid they stay as they are."""
    small = make_plain()
    wide = ViT(ViTConfig(**{**{f: getattr(PLAIN, f) for f in PLAIN.__slots__}, "rows": 48, "cols": 16}))
    load_weights(wide, small.state_dict())
    assert wide.pos_embed.shape[1] == 13
    assert torch.equal(wide.pos_embed[:, 0], small.pos_embed[:, 0])


def test_positions_without_class_token_leave_it_at_zero() -> None:
    """The register networks of timm have no position for the class token, which is a position of zero."""
    model = make_plain()
    state = dict(model.state_dict())
    state["pos_embed"] = state["pos_embed"][:, 1:]
    load_weights(model, state)
    assert not model.pos_embed[:, 0].any()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"head.weight": torch.zeros(1000, 128)}, "1000 x 128 and should be 3 x 128"),
        ({"head.weight": None}, "head.weight is missing"),
        ({"dist_token": torch.zeros(1, 1, 128)}, "dist_token is unknown"),
        ({"fc_norm.weight": torch.zeros(128)}, "fc_norm.weight is unknown"),
    ],
)
def test_checkpoint_is_refused_when_a_tensor_does_not_fit(change: dict[str, Tensor | None], reason: str) -> None:
    """No weight stays random and none is dropped: the misfit is named."""
    model = make_plain()
    state = {k: v for k, v in (dict(model.state_dict()) | change).items() if v is not None}
    with pytest.raises(ExportRefused, match=reason) as caught:
        load_weights(model, state)
    assert caught.value.code == "CHECKPOINT_MISFIT"


def test_new_head_keeps_its_own_weights() -> None:
    """For training on other labels the last layer alone stays as it was made."""
    model = make_plain()
    head = model.head.weight.clone()
    other = {**make_plain().state_dict(), "head.weight": torch.zeros(1000, 128), "head.bias": torch.zeros(1000)}
    other["norm.bias"] = torch.full((128,), 2.0)
    load_weights(model, other, new_head=True)
    assert torch.equal(model.head.weight, head)
    assert torch.equal(model.norm.bias, other["norm.bias"])


# timm and torchvision: number of tensors in the state dict, and one name of each that is easily got wrong
KNOWN = {
    "vit_tiny_patch16_224": (152, "blocks.11.mlp.fc2.bias"),
    "vit_small_patch14_dinov2": (176, "blocks.0.ls1.gamma"),
    "vit_small_patch14_reg4_dinov2": (177, "reg_token"),
    "resnet18": (122, "layer2.0.downsample.1.running_var"),
    "resnet50": (320, "layer1.0.conv3.weight"),
    "alexnet": (16, "classifier.6.bias"),
    "tf_efficientnet_b0": (360, "blocks.0.0.se.conv_reduce.weight"),
    "tf_efficientnet_lite0": (296, "blocks.0.0.conv_dw.weight"),
    "tf_efficientnetv2_b0": (420, "blocks.3.0.se.conv_reduce.weight"),
    "tf_efficientnetv2_b3": (626, "blocks.1.0.conv_exp.weight"),
}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_architecture_has_the_published_names(name: str) -> None:
    """State dicts have as many tensors, and the names, of the networks that they are named after."""
    with torch.device("meta"):
        state = build_architecture(name, Shape(n_labels=5)).state_dict()
    count, key = KNOWN[name]
    assert (len(state), key in state) == (count, True)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES.keys() - {"vit"}))
def test_architecture_offers_its_attention_or_maps(name: str) -> None:
    """Every network is one of the two kinds that the export knows, for colour and for grey input."""
    with torch.device("meta"):
        for channels in (1, 3):
            network = build_architecture(name, Shape(n_labels=5, channels=channels)).eval()
            x = torch.zeros(2, channels, 224, 224)
            if isinstance(network, MapClassifier):
                feature_map = network.features_map(x)
                assert feature_map.ndim == 4
                assert network.head(feature_map).shape == (2, 5)
                assert network.pool(network.early_map(x)).ndim == 2
            else:
                assert isinstance(network, AttentionClassifier)
                logits, attentions, features = network.forward_with_attention(x)
                assert (logits.shape, len(attentions), features.ndim) == ((2, 5), network.depth, 2)


def test_architecture_is_refused_when_unknown_or_wrongly_sized() -> None:
    """A wrong name lists the known ones; a wrong option is a usage error too."""
    with pytest.raises(UsageError, match="resnet18"):
        build_architecture("resnet19", Shape(n_labels=2))
    with pytest.raises(UsageError):
        build_architecture("vit", Shape(n_labels=2), {"heads": 7})
    with pytest.raises(UsageError):
        build_architecture("vit", Shape(n_labels=2), {"nonsense": 7})
    with pytest.raises(UsageError):
        build_architecture("plain_cnn", Shape(n_labels=2, rows=8, cols=8))
