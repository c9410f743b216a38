"""Train a classifier by a recipe: patient-wise splits, two phases, class weights, guided attention, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.dataset import Item, digest_items, load_dataset
from mri_batch.model.prepare import normalize
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.augment import augment_batch
from mri_batch_export.training.folds import N_FOLDS, assign_folds, choose_pool, split_by_fold
from mri_batch_export.training.networks import (
    build_model,
    cover_patches,
    group_parameters,
    guide_loss,
    make_patch_head,
    patch_loss,
    set_phase,
    set_training,
)
from mri_batch_export.training.pictures import (
    WIDE_BY,
    Pictures,
    edit_counterfactually,
    list_pictures,
    load_exact,
    load_wide,
)
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run_folder import (
    About,
    Progress,
    Row,
    load_progress,
    make_folder,
    save_progress,
    write_run,
    write_split,
)
from mri_batch_export.training.splits import choose_splits
from mri_batch_export.training.tokens import CachedTokens, Tokens, forward_from, is_half, load_tokens, take_tokens
from mri_batch_export.training.validate import validate

Tell = Callable[[str], None]


def train(
    folders: Sequence[Path],
    recipe: Recipe,
    out: Path,
    init: Path | None,
    seed: int = 0,
    *,
    cache_folder: Path | None = None,
    fold: int | None = None,
    tell: Tell = lambda words: None,
    after_epoch: Callable[[Row], None] = lambda row: None,
) -> Path:
    """Train and write a run folder to ``out``; a killed run resumes after its last complete epoch.

    ``cache_folder`` keeps the tokens of ``cached_views`` for further runs with the same frozen blocks (default: in
    ``out``). With ``fold``, from 0, that fold of the patients validates and the others train. ``tell`` hears how it
    goes on; ``after_epoch`` may raise to end it. Raises UsageError before any training where the data set or the
    recipe cannot be used.
    """
    items, how_split = choose_splits(load_dataset(folders), recipe.labels, seed)
    pool = choose_pool(items)
    if fold is not None:
        items, how_split = split_by_fold(items, fold), f"fold {fold + 1} of {N_FOLDS} validates, by patient"
    about = describe(recipe, items, how_split, seed, init)
    make_folder(out)
    progress = load_progress(out, about)
    write_split(out, items)
    data, validation = load_pictures(about)
    torch.manual_seed(seed)
    model = build_model(recipe, len(about.labels), init).to(choose_device())
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third quicker for CNNs on a CPU
    tokens = cache(about, pool, model, validation, cache_folder or out / "tokens", tell)
    run = Run(about, model, data, progress, tell, tokens.learning if tokens else None)
    known = tokens.validation if tokens else None
    while not run.is_finished():
        row = run.train_epoch()
        row |= validate(model, run.average, validation, about.labels, recipe, known)
        run.history.append(row)
        tell(" ".join(f"{name} {value:.4g}" for name, value in row.items()))
        if recipe.patience == 0 or run.is_best():
            write_run(out, about, run.average, run.history)
        save_progress(out, about, run.progress())
        after_epoch(row)
    return out


def describe(recipe: Recipe, items: tuple[Item, ...], how_split: str, seed: int, init: Path | None) -> About:
    """Describe a run; labels are in alphabetical order."""
    return About(
        recipe=recipe,
        labels=tuple(sorted({item.label for item in items})),
        items=items,
        data_sha256=digest_items(items),
        how_split=how_split,
        seed=seed,
        init=init.name if init else None,
    )


def load_pictures(about: About) -> tuple[Pictures, Pictures]:
    """Load the pictures that train and those that validate; the former without pixels where tokens stand for them."""
    of = {split: [item for item in about.items if item.split == split] for split in ("train", "val")}
    recipe = about.recipe
    learning = of["train"]
    if not (recipe.edits or recipe.guide_weight):
        learning = [replace(item, mask=None) for item in learning]
    load = list_pictures if recipe.cached_views else load_wide
    return (
        load(learning, about.labels, recipe.preprocessing),
        load_exact(of["val"], about.labels, recipe.preprocessing),
    )


def cache(
    about: About, pool: Sequence[Item], model: nn.Module, validation: Pictures, folder: Path, tell: Tell
) -> CachedTokens | None:
    """Compute the tokens that the recipe wants cached, or load them; None where it wants none.

    Those of the whole pool are computed, so that runs on other folds find them; a picture gets edited with pictures of
    its own split and fold alone.
    """
    if not about.recipe.cached_views or not isinstance(model, ViT):
        return None
    kinds = tuple(f"{item.split} {fold}" for item, fold in zip(pool, assign_folds(pool), strict=True))
    learnt = {item.path for item in about.items if item.split == "train"}
    rows = np.array([i for i, item in enumerate(pool) if item.path in learnt])
    store = load_tokens(folder, model, pool, kinds, about, tell)
    return CachedTokens(learning=replace(store, rows=rows), validation=take_tokens(model, validation, about.recipe))


def choose_device() -> torch.device:
    """Choose the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def weigh_classes(targets: npt.NDArray[np.int64], n_labels: int, recipe: Recipe) -> Tensor:
    """Class weights of the loss, float[k]: larger for rarer classes."""
    inverse = torch.tensor([len(targets) / n_labels / max(1, (targets == k).sum()) for k in range(n_labels)])
    power = {"none": 0.0, "sqrt": 0.5, "inverse": 1.0}[recipe.class_weights]
    return inverse.float() ** power


def draw_order(data: Pictures, recipe: Recipe, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw the order of an epoch: every picture once, or equally many from every cell of source and label."""
    n = len(data.targets)
    if recipe.balance == "none":
        return rng.permutation(n)
    cells = [np.flatnonzero(data.cells == cell) for cell in np.unique(data.cells)]
    quota = max(1, n // len(cells))
    drawn = [np.concatenate([rng.permutation(cell) for _ in range(-(-quota // len(cell)))])[:quota] for cell in cells]
    return rng.permutation(np.concatenate(drawn))


def iter_batches(order: npt.NDArray[np.int64], size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield index batches; a last partial one is dropped, unless it is the only one."""
    n = len(order)
    for i in range(0, max(1, n - size + 1), size):
        yield order[i : i + size]


class Run:
    """A training run: network, optimiser and schedule of its phase, and running average of the weights."""

    def __init__(
        self,
        about: About,
        model: nn.Module,
        data: Pictures,
        progress: Progress | None,
        tell: Tell,
        tokens: Tokens | None = None,
    ) -> None:
        self.tokens = tokens
        self.recipe, self.about, self.model, self.data, self.tell = about.recipe, about, model, data, tell
        self.device = next(model.parameters()).device
        self.weights = weigh_classes(data.targets, len(about.labels), self.recipe).to(self.device)
        self.trust = torch.tensor([self.recipe.guide_sources.get(source, 1.0) for source in data.sources]).to(
            self.device
        )
        n = len(draw_order(data, self.recipe, np.random.default_rng(0)))
        self.per_epoch = max(1, n // self.recipe.batch_size)
        self.epoch = progress.epoch if progress else 0
        self.history: list[Row] = list(progress.history) if progress else []
        if progress:
            model.load_state_dict(progress.model)
        self.patch_head = make_patch_head(model, self.recipe)
        if self.patch_head is not None:
            self.patch_head.to(self.device)
            if progress:
                self.patch_head.load_state_dict(progress.patch_head)
        kept = progress.average if progress else model.state_dict()
        self.average = {name: tensor.clone().to(self.device) for name, tensor in kept.items()}
        self._start_phase()
        if progress and progress.epoch not in (0, self.recipe.head_epochs):
            self.optimiser.load_state_dict(progress.optimiser)
            self.schedule.load_state_dict(progress.schedule)

    def is_finished(self) -> bool:
        """Whether all epochs are done, or the validation loss has not improved for ``patience`` epochs."""
        best = min(range(len(self.history)), key=lambda i: self.history[i]["val_nll"], default=0)
        waited = len(self.history) - 1 - best
        stopped = self.recipe.patience > 0 and waited >= self.recipe.patience
        return self.epoch >= self.recipe.epochs or stopped

    def is_best(self) -> bool:
        """Whether the last epoch has the least validation loss."""
        return self.history[-1]["val_nll"] <= min(row["val_nll"] for row in self.history)

    def progress(self) -> Progress:
        """Return the state from which training can resume."""
        return Progress(
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
        now = self.data if self.tokens else edit_counterfactually(self.data, self.about.labels, self.recipe, rng)
        set_training(self.model)
        losses, guides, patches = [], [], []
        for index in iter_batches(draw_order(now, self.recipe, rng), self.recipe.batch_size):
            loss, guide, patch = self._step(now, index)
            losses.append(loss)
            guides.append(guide)
            patches.append(patch)
            if len(losses) % 20 == 0:
                self.tell(
                    f"epoch {self.epoch} step {len(losses)}/{self.per_epoch} loss {np.mean(losses[-20:]):.4f} "
                    f"guide {np.mean(guides[-20:]):.3f}"
                )
        row: Row = {"epoch": self.epoch, "loss": float(np.mean(losses)), "guide": float(np.mean(guides))}
        if self.patch_head is not None:
            row["patch"] = float(np.mean(patches))
        self.epoch += 1
        return row

    def _start_phase(self) -> None:
        """Create optimiser and schedule for the head alone, or for all trainable parameters."""
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

    def _step(self, now: Pictures, index: npt.NDArray[np.int64]) -> tuple[float, float, float]:
        recipe = self.recipe
        with torch.autocast(self.device.type, torch.bfloat16, enabled=is_half(recipe, self.device)):
            logits, guide, patch, target = self._forward_cached(index) if self.tokens else self._forward(now, index)
        loss = F.cross_entropy(logits.float(), target, weight=self.weights, label_smoothing=recipe.label_smoothing)
        self.optimiser.zero_grad()
        (loss + recipe.guide_weight * guide + recipe.patch_weight * patch).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self._update_average()
        return loss.item(), guide.item(), patch.item()

    def _forward(self, now: Pictures, index: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        recipe, p = self.recipe, self.recipe.preprocessing
        views = torch.from_numpy(now.views[index].astype(np.float32))
        masks = torch.from_numpy(now.masks[index].astype(np.float32))
        pictures, moved = augment_batch(views, masks, (p.rows, p.cols), WIDE_BY, recipe.augment)
        x = torch.from_numpy(normalize(np.moveaxis(pictures.numpy(), 1, -1), p))
        x = x.to(self.device, memory_format=torch.channels_last)
        target = torch.from_numpy(now.targets[index]).to(self.device)
        if not isinstance(self.model, ViT) or not recipe.guide_weight:
            return self.model(x), x.new_zeros(()), x.new_zeros(()), target
        logits, attentions, _ = self.model.forward_taps(x)
        guide = self._guide(attentions, cover_patches(moved, self.model), index)
        return logits, guide, guide.new_zeros(()), target

    def _forward_cached(self, index: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        assert self.tokens is not None
        assert isinstance(self.model, ViT)
        tokens, covered, target = self.tokens.take((self.recipe.first_view + self.epoch) % self.recipe.cached_views, index)
        logits, attentions, patches = forward_from(self.model, tokens.to(self.device), self.recipe.freeze_blocks)
        patch = self._tell_patches(patches, covered, target, index)
        return logits, self._guide(attentions, covered, index), patch, target.to(self.device)

    def _tell_patches(self, patches: Tensor, covered: Tensor, target: Tensor, index: npt.NDArray[np.int64]) -> Tensor:
        if self.patch_head is None:
            return covered.new_zeros(())
        known = (covered.amax(dim=1) > 0) | (target == self.about.labels.index(self.recipe.background_label))
        scores = self.patch_head(patches).squeeze(-1).float()
        return patch_loss(scores, covered.to(self.device), known.to(self.device), self.trust[index])

    def _guide(self, attentions: list[Tensor], covered: Tensor, index: npt.NDArray[np.int64]) -> Tensor:
        assert isinstance(self.model, ViT)
        if not self.recipe.guide_weight:
            return covered.new_zeros(())
        with torch.autocast(self.device.type, enabled=False):
            return guide_loss(attentions, covered.to(self.device), self.model, self.recipe, self.trust[index])

    def _update_average(self) -> None:
        seen = self.schedule.last_epoch - 1 + (self.per_epoch * self.recipe.head_epochs if self._is_second() else 0)
        keep = min(self.recipe.ema, (1 + seen) / (10 + seen))  # early on, forget the untrained start
        update_average(self.average, self.model.state_dict(), keep)

    def _is_second(self) -> bool:
        return self.epoch >= self.recipe.head_epochs > 0


def update_average(average: dict[str, Tensor], now: Mapping[str, Tensor], keep: float) -> None:
    """Move a running average towards the current weights; integers (a batch norm's counter) are copied."""
    for name, tensor in now.items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - keep)
        else:
            average[name].copy_(tensor)
