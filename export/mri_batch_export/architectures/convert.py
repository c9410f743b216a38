"""Conversion of checkpoints from other layouts to that of our networks (timm's for ViT and EfficientNet).

Supported: timm's and DINOv2's ViT names, Hugging Face's ViTForImageClassification, and the names of
efficientnet_pytorch and its Lite variant. A checkpoint that does not fit exactly is refused; no weight stays random.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from mri_batch.errors import ExportRefused
from mri_batch_export.architectures.checkpoint import State
from mri_batch_export.architectures.vit import ViT, resample_positions

_HF_EPS = 1e-12  # Hugging Face's ViT; timm's has 1e-6
_HF_FIXED = {
    "embeddings.cls_token": "cls_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "layernorm.weight": "norm.weight",
    "layernorm.bias": "norm.bias",
    "classifier.weight": "head.weight",
    "classifier.bias": "head.bias",
}
_HF_LAYER = {
    "layernorm_before": "norm1",
    "attention.output.dense": "attn.proj",
    "layernorm_after": "norm2",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}
_HF_NEWER = (  # transformers 5 in memory; it still saves the older names
    (r"\blayers\.", "encoder.layer."),
    (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."),
    (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)
_DROPPED = {"mask_token", "embeddings.mask_token", "pooler.dense.weight", "pooler.dense.bias"}  # unused by classifiers


def is_hugging_face_vit(state: State) -> bool:
    """Whether the names are those of Hugging Face's plain ViT."""
    return any(name.endswith("embeddings.patch_embeddings.projection.weight") for name in state)


def read_vit_options(state: State) -> dict[str, float]:
    """Infer a ViT's sizes from its weights, in either layout; heads have 64 channels, as in all published ViTs."""
    timm = to_timm_names(state)
    try:
        dim, _, patch, _ = timm["patch_embed.proj.weight"].shape
        hidden = timm["blocks.0.mlp.fc1.weight"].shape[0]
    except (KeyError, ValueError) as error:
        raise ExportRefused(f"not a plain ViT: no {error}", code="CHECKPOINT_MISFIT") from error
    options: dict[str, float] = {"patch": patch, "dim": dim, "heads": max(1, dim // 64), "mlp_ratio": hidden / dim}
    options["depth"] = 1 + max(int(name.split(".")[1]) for name in timm if name.startswith("blocks."))
    options["layer_scale"] = "blocks.0.ls1.gamma" in timm
    options["n_registers"] = timm["reg_token"].shape[1] if "reg_token" in timm else 0
    options["norm_eps"] = _HF_EPS if is_hugging_face_vit(state) else 1e-6
    return options


def load_weights(model: nn.Module, state: State, *, new_head: bool = False) -> None:
    """Load every tensor of a checkpoint into a network. Raises ExportRefused that lists what does not fit.

    ``new_head`` keeps the network's own last layer, to train it for other labels.
    """
    fitted = dict(_fit(model, state))
    own = model.state_dict()
    for name in own:
        if name.endswith("num_batches_tracked"):  # not used in inference, and often not saved
            fitted.setdefault(name, own[name])
    if new_head:
        head = last_linear(model)
        fitted |= {name: own[name] for name in own if name.rpartition(".")[0] == head}
    problems = [f"{name} is missing" for name in own if name not in fitted]
    problems += [f"{name} is unknown" for name in fitted if name not in own]
    problems += [
        f"{name} is {_shape(fitted[name])} and should be {_shape(own[name])}"
        for name in own
        if name in fitted and fitted[name].shape != own[name].shape
    ]
    if problems:
        some = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        raise ExportRefused(
            f"the checkpoint does not fit the architecture: {some}",
            code="CHECKPOINT_MISFIT",
            hint="check --arch, --labels and the input size",
        )
    model.load_state_dict(fitted)


def last_linear(model: nn.Module) -> str:
    """Return the name of the layer that computes the logits: the last linear one."""
    names: list[str] = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return names[-1]


def to_timm_names(state: State) -> State:
    """Rename a ViT's weights to timm's layout; unknown names are kept, for the caller to refuse."""
    if not is_hugging_face_vit(state):
        renamed = {"reg_token" if name == "register_tokens" else name: t for name, t in state.items()}
        return {name: tensor for name, tensor in renamed.items() if name not in _DROPPED}
    plain = {_older_name(name.removeprefix("vit.")): tensor for name, tensor in state.items()}
    timm = {_HF_FIXED[name]: tensor for name, tensor in plain.items() if name in _HF_FIXED}
    for name, tensor in plain.items():
        match = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)", name)
        if match and match[2] in _HF_LAYER:
            timm[f"blocks.{match[1]}.{_HF_LAYER[match[2]]}.{match[3]}"] = tensor
        elif match and match[2] == "attention.attention.query":
            parts = [plain[name.replace("query", part)] for part in ("query", "key", "value")]
            timm[f"blocks.{match[1]}.attn.qkv.{match[3]}"] = torch.cat(parts)
        elif name not in _HF_FIXED and name not in _DROPPED and not re.search(r"attention\.(key|value)\.", name):
            timm[name] = tensor
    return timm


def _older_name(name: str) -> str:
    for pattern, older in _HF_NEWER:
        name = re.sub(pattern, older, name)
    return name


def _fit(model: nn.Module, state: State) -> State:
    if isinstance(model, ViT):
        return _fit_positions(model, to_timm_names(state))
    if "_conv_stem.weight" in state:
        return _by_position(model, state)
    return state


def _fit_positions(model: ViT, state: State) -> State:
    positions = state.get("pos_embed")
    if positions is None or positions.shape[1] == model.pos_embed.shape[1]:
        return state
    count = positions.shape[1]
    if round(count**0.5) ** 2 == count:  # timm's register networks give the class token no position of its own
        positions = torch.cat([torch.zeros_like(positions[:, :1]), positions], dim=1)
    elif round((count - 1) ** 0.5) ** 2 != count - 1:  # not square: it must be the network's own grid
        return state
    if positions.shape[1] != model.pos_embed.shape[1]:
        positions = resample_positions(positions, 1, model.grid)
    return {**state, "pos_embed": positions}


def _by_position(model: nn.Module, state: State) -> State:
    # the same layers in the same order under other names; shapes are checked by the caller
    own = list(model.state_dict())
    if len(own) != len(state):
        raise ExportRefused(
            f"the checkpoint has {len(state)} tensors, the architecture {len(own)}", code="CHECKPOINT_MISFIT"
        )
    return dict(zip(own, state.values(), strict=True))


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"
