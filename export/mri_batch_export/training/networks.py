"""Building of a recipe's network, its initial weights, and its parameter groups."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.errors import UsageError
from mri_batch_export.architectures.checkpoint import load_checkpoint
from mri_batch_export.architectures.convert import last_linear, load_weights
from mri_batch_export.architectures.table import Shape, build_architecture
from mri_batch_export.architectures.vit import ViT, rollout_cls
from mri_batch_export.training.recipe import Recipe


def build_model(recipe: Recipe, n_labels: int, init: Path | None) -> nn.Module:
    """Build the recipe's network; ``init``: checkpoint to start from, without its last layer unless ``keep_head``."""
    p = recipe.preprocessing
    shape = Shape(n_labels=n_labels, rows=p.rows, cols=p.cols, channels=p.channels)
    model = build_architecture(recipe.architecture, shape, recipe.model)
    if init is not None:
        state = load_checkpoint(init)
        if isinstance(model, ViT) and not recipe.keep_head:  # a backbone may come without a head, or with another
            state = {name: tensor for name, tensor in state.items() if not name.startswith(("head.", "classifier."))}
        load_weights(model, state, new_head=not recipe.keep_head)
    if recipe.freeze_blocks and not isinstance(model, ViT):
        raise UsageError("freeze_blocks is for a ViT", code="RECIPE_BAD", file=recipe.name)
    return model


def set_phase(model: nn.Module, recipe: Recipe, *, head_only: bool) -> None:
    """Make the last layer trainable, or all layers but the frozen blocks."""
    head = last_linear(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not head_only or name.rpartition(".")[0] == head)
    if isinstance(model, ViT) and recipe.freeze_blocks and not head_only:
        for part in (model.patch_embed, *model.blocks[: recipe.freeze_blocks]):
            part.requires_grad_(False)
        model.cls_token.requires_grad_(False)
        model.pos_embed.requires_grad_(False)


def set_training(model: nn.Module) -> None:
    """Switch to training mode; frozen batch norms keep their running statistics."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()


def make_patch_head(model: nn.Module, recipe: Recipe, device: torch.device) -> nn.Module | None:
    """Make a linear head that classifies each patch as tumour or not, used only in training; None if not asked for."""
    if not recipe.patch_weight or not isinstance(model, ViT):
        return None
    last = nn.Linear(model.config.dim, 1)
    nn.init.constant_(last.bias, -3.0)  # few patches show a tumour
    return nn.Sequential(nn.LayerNorm(model.config.dim), last).to(device)


def patch_loss(scores: Tensor, coverage: Tensor, known: Tensor, outline_weights: Tensor) -> Tensor:
    """Binary cross entropy of scores float[n, patches] against the coverage float[n, patches].

    Only pictures with ``known`` bool[n] coverage count; those with an outline are weighted by ``outline_weights``
    float[n]. Patches inside and outside of outlines have equal total weight in the batch.
    """
    costs = F.binary_cross_entropy_with_logits(scores, coverage, reduction="none")
    weights = torch.where(coverage.amax(dim=1) > 0, outline_weights, 1.0)[:, None] * known.float()[:, None]
    inside, outside = weights * coverage, weights * (1 - coverage)
    terms = [(costs * part).sum() / part.sum().clamp_min(1.0) for part in (inside, outside)]
    return 0.5 * (terms[0] + terms[1])


def group_parameters(model: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Parameter groups with learning rates: one for the head; in a ViT decaying from the last block down."""
    head = last_linear(model)
    groups: list[dict[str, object]] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_head = name.rpartition(".")[0] == head
            lr = recipe.lr_head if is_head else recipe.lr * _decay(model, name, recipe)
            groups.append(
                {"params": [parameter], "lr": lr, "weight_decay": recipe.weight_decay if parameter.ndim > 1 else 0.0}
            )
    return groups


def patch_coverage(masks: Tensor, model: ViT) -> Tensor:
    """Share of each patch inside the outline: float[n, patches] of masks float[n, 1, rows, cols]."""
    return F.avg_pool2d(masks, model.config.patch).flatten(1)


def guide_loss(
    attentions: list[Tensor], coverage: Tensor, model: ViT, recipe: Recipe, outline_weights: Tensor
) -> Tensor:
    """-log of the share of the class token's attention, and of its rollout, that falls on the outline.

    Pictures without an outline do not count; the others are weighted by ``outline_weights`` float[n]. A patch counts by
    its ``coverage`` float[n, patches], fully from half of the picture's largest: the centre of a patch that the outline
    only grazes, where a peak would be drawn, lies outside.
    """
    best = coverage.amax(dim=1, keepdim=True)
    has = best[:, 0] > 0
    if not has.any():
        return coverage.new_zeros(())
    on = (coverage / (0.5 * best).clamp_min(1e-6)).clamp_max(1.0)
    shares = [a.float()[has, :, 0, model.prefix_tokens :].mean(dim=1) for a in attentions[-recipe.guide_layers :]]
    last = [a.float()[has] for a in attentions[-recipe.rollout_layers :]]
    shares.append(rollout_cls(last, model.prefix_tokens))
    terms = [-torch.log((s * on[has]).sum(1) / s.sum(1).clamp_min(1e-6) + 1e-4) for s in shares]
    return (torch.stack(terms).mean(dim=0) * outline_weights[has]).sum() / len(coverage)


def _decay(model: nn.Module, name: str, recipe: Recipe) -> float:
    if not isinstance(model, ViT):
        return 1.0
    depth = len(model.blocks)
    if name.startswith("blocks."):
        layer = int(name.split(".")[1]) + 1
    else:
        layer = 0 if "embed" in name or "token" in name else depth
    return recipe.layer_decay ** (depth - layer)
