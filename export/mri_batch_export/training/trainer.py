"""The training loop: network, optimiser and schedule of a phase, losses, and the averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.arrays import Int64
from mri_batch.model.prepare import normalize
from mri_batch_export.architectures.checkpoint import State
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.augment import augment_batch
from mri_batch_export.training.networks import (
    group_parameters,
    guide_loss,
    make_patch_head,
    patch_coverage,
    patch_loss,
    set_phase,
    set_training,
)
from mri_batch_export.training.pictures import WIDE_BY, Pictures, edit_counterfactually
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run_folder import About, Row, RunState
from mri_batch_export.training.tokens import Tokens, forward_from, uses_bfloat16

Report = Callable[[str], None]

REPORT_EVERY = 20  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Result of one batch: ``logits`` float[n, k], ``targets`` int64[n], and the scalar losses beside cross entropy."""

    logits: Tensor
    targets: Tensor
    guide: Tensor
    patch: Tensor


class Trainer:
    """A training run in progress. ``tokens``: cached tokens of the pictures, in place of their pixels."""

    def __init__(
        self,
        about: About,
        model: nn.Module,
        data: Pictures,
        *,
        state: RunState | None,
        tokens: Tokens | None,
        report: Report,
    ) -> None:
        self.recipe, self.about, self.model, self.data = about.recipe, about, model, data
        self.tokens, self.report = tokens, report
        self.device = next(model.parameters()).device
        self.class_weights = weigh_classes(data.targets, len(about.labels), self.recipe).to(self.device)
        by_source = self.recipe.guide_sources
        self.outline_weights = torch.tensor([by_source.get(name, 1.0) for name in data.sources]).to(self.device)
        n = len(draw_order(data, self.recipe, np.random.default_rng(0)))
        self.per_epoch = max(1, n // self.recipe.batch_size)
        torch.manual_seed(about.seed)  # the head must not depend on whether tokens were computed or loaded
        self.patch_head = make_patch_head(model, self.recipe, self.device)
        self.epoch = state.epoch if state else 0
        self.history: list[Row] = list(state.history) if state else []
        if state:
            model.load_state_dict(state.model)
            if self.patch_head is not None:
                self.patch_head.load_state_dict(state.patch_head)
        kept = state.average if state else model.state_dict()
        self.average = {name: tensor.clone().to(self.device) for name, tensor in kept.items()}
        self._start_phase()
        if state and state.epoch not in (0, self.recipe.head_epochs):
            self.optimiser.load_state_dict(state.optimiser)
            self.schedule.load_state_dict(state.schedule)

    def is_finished(self) -> bool:
        """Whether all epochs are done, or the validation loss has not improved for ``patience`` epochs."""
        best = min(range(len(self.history)), key=lambda i: self.history[i]["val_nll"], default=0)
        waited = len(self.history) - 1 - best
        stopped = self.recipe.patience > 0 and waited >= self.recipe.patience
        return self.epoch >= self.recipe.epochs or stopped

    def is_best(self) -> bool:
        """Whether the last epoch has the least validation loss."""
        return self.history[-1]["val_nll"] <= min(row["val_nll"] for row in self.history)

    def state(self) -> RunState:
        """Return the state from which training can resume."""
        return RunState(
            epoch=self.epoch,
            model=self.model.state_dict(),
            average=self.average,
            optimiser=self.optimiser.state_dict(),
            schedule=self.schedule.state_dict(),
            history=self.history,
            patch_head=self.patch_head.state_dict() if self.patch_head is not None else {},
        )

    def train_epoch(self) -> Row:
        """Train one epoch; its randomness depends only on seed and epoch."""
        if self.epoch == self.recipe.head_epochs > 0:
            self._start_phase()
        seed = self.about.seed
        rng = np.random.default_rng((seed, self.epoch))
        torch.manual_seed(seed * 1000 + self.epoch)
        data = self.data if self.tokens else edit_counterfactually(self.data, self.about.labels, self.recipe, rng)
        set_training(self.model)
        losses, guides, patches = [], [], []
        for index in iter_batches(draw_order(data, self.recipe, rng), self.recipe.batch_size):
            loss, guide, patch = self._step(data, index)
            losses.append(loss)
            guides.append(guide)
            patches.append(patch)
            if len(losses) % REPORT_EVERY == 0:
                self.report(
                    f"epoch {self.epoch} step {len(losses)}/{self.per_epoch} "
                    f"loss {np.mean(losses[-REPORT_EVERY:]):.4f} guide {np.mean(guides[-REPORT_EVERY:]):.3f}"
                )
        row: Row = {"epoch": self.epoch, "loss": float(np.mean(losses)), "guide": float(np.mean(guides))}
        if self.patch_head is not None:
            row["patch"] = float(np.mean(patches))
        self.epoch += 1
        return row

    def _start_phase(self) -> None:
        """Create optimiser and schedule for the last layer alone, or for all trainable parameters."""
        recipe = self.recipe
        head_only = self.epoch < recipe.head_epochs
        set_phase(self.model, recipe, head_only=head_only)
        groups = group_parameters(self.model, recipe)
        if self.patch_head is not None:
            groups.append({"params": list(self.patch_head.parameters()), "lr": recipe.lr_head, "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW(groups)
        epochs = recipe.head_epochs if head_only else recipe.epochs - recipe.head_epochs
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            [group["lr"] for group in self.optimiser.param_groups],
            total_steps=max(2, self.per_epoch * epochs),
            pct_start=recipe.warmup_share,
        )

    def _step(self, data: Pictures, index: Int64) -> tuple[float, float, float]:
        """Train on one batch; return cross entropy, guide loss and patch loss."""
        recipe = self.recipe
        with torch.autocast(self.device.type, torch.bfloat16, enabled=uses_bfloat16(recipe, self.device)):
            out = self._forward(data, index) if self.tokens is None else self._forward_cached(self.tokens, index)
        loss = F.cross_entropy(
            out.logits.float(), out.targets, weight=self.class_weights, label_smoothing=recipe.label_smoothing
        )
        total = loss + recipe.guide_weight * out.guide + recipe.patch_weight * out.patch
        self.optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self._update_average()
        return loss.item(), out.guide.item(), out.patch.item()

    def _forward(self, data: Pictures, index: Int64) -> Forward:
        recipe, p = self.recipe, self.recipe.preprocessing
        views = torch.from_numpy(data.views[index].astype(np.float32))
        masks = torch.from_numpy(data.masks[index].astype(np.float32))
        pictures, moved = augment_batch(views, masks, (p.rows, p.cols), WIDE_BY, recipe.augment)
        x = torch.from_numpy(normalize(np.moveaxis(pictures.numpy(), 1, -1), p))
        x = x.to(self.device, memory_format=torch.channels_last)
        targets = torch.from_numpy(data.targets[index]).to(self.device)
        none = x.new_zeros(())
        if not isinstance(self.model, ViT) or not recipe.guide_weight:
            return Forward(logits=self.model(x), targets=targets, guide=none, patch=none)
        logits, attentions, _ = self.model.forward_with_attention(x)
        guide = self._guide(self.model, attentions, patch_coverage(moved, self.model), index)
        return Forward(logits=logits, targets=targets, guide=guide, patch=none)

    def _forward_cached(self, cached: Tokens, index: Int64) -> Forward:
        assert isinstance(self.model, ViT)
        view = (self.recipe.first_view + self.epoch) % self.recipe.cached_views
        tokens, coverage, targets = cached.take(view, index)
        logits, attentions, patches = forward_from(self.model, tokens.to(self.device), self.recipe.freeze_blocks)
        return Forward(
            logits=logits,
            targets=targets.to(self.device),
            guide=self._guide(self.model, attentions, coverage, index),
            patch=self._patch(patches, coverage, targets, index),
        )

    def _patch(self, patches: Tensor, coverage: Tensor, targets: Tensor, index: Int64) -> Tensor:
        """Loss of the patch head; pictures with a finding but without an outline are not used."""
        if self.patch_head is None:
            return coverage.new_zeros(())
        known = (coverage.amax(dim=1) > 0) | (targets == self.about.labels.index(self.recipe.background_label))
        scores = self.patch_head(patches).squeeze(-1).float()
        return patch_loss(scores, coverage.to(self.device), known.to(self.device), self.outline_weights[index])

    def _guide(self, model: ViT, attentions: list[Tensor], coverage: Tensor, index: Int64) -> Tensor:
        if not self.recipe.guide_weight:
            return coverage.new_zeros(())
        with torch.autocast(self.device.type, enabled=False):
            return guide_loss(attentions, coverage.to(self.device), model, self.recipe, self.outline_weights[index])

    def _update_average(self) -> None:
        seen = self.schedule.last_epoch - 1 + (self.per_epoch * self.recipe.head_epochs if self._is_second() else 0)
        keep = min(self.recipe.ema, (1 + seen) / (10 + seen))  # early on, forget the untrained start
        update_average(self.average, self.model.state_dict(), keep)

    def _is_second(self) -> bool:
        return self.epoch >= self.recipe.head_epochs > 0


def weigh_classes(targets: Int64, n_labels: int, recipe: Recipe) -> Tensor:
    """Class weights of the loss, float[k]: larger for rarer classes."""
    inverse = torch.tensor([len(targets) / n_labels / max(1, (targets == k).sum()) for k in range(n_labels)])
    power = {"none": 0.0, "sqrt": 0.5, "inverse": 1.0}[recipe.class_weights]
    return inverse.float() ** power


def draw_order(data: Pictures, recipe: Recipe, rng: np.random.Generator) -> Int64:
    """Draw an epoch's picture indices: each picture once, or equally many from each pair of source and label."""
    n = len(data.targets)
    if recipe.balance == "none":
        return rng.permutation(n)
    cells = [np.flatnonzero(data.cells == cell) for cell in np.unique(data.cells)]
    quota = max(1, n // len(cells))
    drawn = [np.concatenate([rng.permutation(cell) for _ in range(-(-quota // len(cell)))])[:quota] for cell in cells]
    return rng.permutation(np.concatenate(drawn))


def iter_batches(order: Int64, size: int) -> Iterator[Int64]:
    """Yield batches of indices; a last partial one is dropped, unless it is the only one."""
    for i in range(0, max(1, len(order) - size + 1), size):
        yield order[i : i + size]


def update_average(average: dict[str, Tensor], now: State, keep: float) -> None:
    """Move a running average towards the current weights; integers (a batch norm's counter) are copied."""
    for name, tensor in now.items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - keep)
        else:
            average[name].copy_(tensor)
