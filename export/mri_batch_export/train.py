"""Train a classifier by a recipe: patient-wise splits, class weights, mask-guided attention, resumable checkpoints."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.card import Preprocessing
from mri_batch.errors import UsageError
from mri_batch.model.prepare import cut_out, normalize, place_slice
from mri_batch.records import FileKind, Float32, FoundFile, Slice
from mri_batch_export.architectures.vit import ViT, ViTConfig, resample_positions, rollout_cls
from mri_batch_export.augment import AugmentSettings, augment_batch, clone_over, transplant
from mri_batch_export.dataset import Item, load_dataset

WIDE_BY = 1.25  # training keeps this much more than the model's view, for shifts and turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to train and how; read from a TOML file. ``init`` names a checkpoint that is given on the command line."""

    name: str
    model: dict[str, Any]
    preprocessing: Preprocessing
    epochs: int
    batch_size: int = 16
    lr: float = 5e-5
    lr_head: float = 1e-3
    layer_decay: float = 0.8
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    freeze_blocks: int = 0
    warmup_share: float = 0.1
    ema: float = 0.995
    guide_weight: float = 0.0
    guide_layers: int = 2
    rollout_layers: int = 4
    background_label: str = ""
    augment: AugmentSettings = field(default_factory=AugmentSettings)


def load_recipe(name: str) -> Recipe:
    """Load a recipe by its name or from a TOML file."""
    path = Path(name)
    bundled = resources.files("mri_batch_export") / "recipes" / f"{name}.toml"
    if not path.is_file() and not bundled.is_file():
        raise UsageError(f"no recipe {name!r}", hint="give a bundled recipe's name or a TOML file")
    text = path.read_text("utf-8") if path.is_file() else bundled.read_text("utf-8")
    raw = tomllib.loads(text)
    return Recipe(
        preprocessing=Preprocessing.model_validate(raw.pop("preprocessing", {})),
        augment=AugmentSettings(**raw.pop("augment", {})),
        **raw,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Pictures held ready.

    ``exact`` float32[n, 1, rows, cols] as the runtime prepares them; ``wide`` and ``masks`` float16[n, 1, w, w] show more.
    """

    exact: Float32
    wide: Float32
    masks: Float32
    targets: npt.NDArray[np.int64]
    items: tuple[Item, ...]


def load_pictures(items: Sequence[Item], labels: Sequence[str], p: Preprocessing) -> Pictures:
    """Load and prepare pictures with the runtime's own code."""
    exact, wide, masks = [], [], []
    side = round(p.rows * WIDE_BY)
    for item in items:
        picture = read_picture(item.path)
        placement = place_slice(picture, p)
        exact.append(cut_out(picture, placement, p, p.rows, p.cols)[None, :, :, 0])
        grow_h, grow_w = placement.height * (WIDE_BY - 1), placement.width * (WIDE_BY - 1)
        wider = replace(
            placement,
            top=placement.top - grow_h / 2,
            left=placement.left - grow_w / 2,
            height=placement.height + grow_h,
            width=placement.width + grow_w,
        )
        wide.append(cut_out(picture, wider, p, side, side)[None, :, :, 0])
        if item.mask is None:
            masks.append(np.zeros((1, side, side), np.float32))
        else:
            outline = replace(picture, pixels=(read_picture(item.mask).pixels > 127).astype(np.float32))
            plain = p.model_copy(
                update={"intensity": p.intensity.model_copy(update={"kind": "range", "low": 0, "high": 1})}
            )
            masks.append(cut_out(outline, wider, plain, side, side)[None, :, :, 0])
    return Pictures(
        exact=np.stack(exact),
        wide=np.stack(wide).astype(np.float16),
        masks=np.stack(masks).astype(np.float16),
        targets=np.array([labels.index(item.label) for item in items]),
        items=tuple(items),
    )


def read_picture(path: Path) -> Slice:
    """Read one picture as a grey slice."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"), np.float32)
    found = FoundFile(path=path, relative=path.name, file_id="", kind=FileKind.PNG, size_bytes=0, modified_ns=0)
    return Slice(file=found, frame=0, pixels=pixels, window=(0.0, 255.0))


def edit_counterfactually(data: Pictures, labels: Sequence[str], recipe: Recipe, rng: np.random.Generator) -> Pictures:
    """Make one epoch's pictures: some with their tumour erased, some given one, some with tissue cloned elsewhere."""
    a = recipe.augment
    if not recipe.background_label or a.erase + a.transplant + a.clone == 0:
        return data
    background = labels.index(recipe.background_label)
    wide, masks, targets = data.wide.copy(), data.masks.copy(), data.targets.copy()
    donors = [i for i, item in enumerate(data.items) if item.mask is not None and data.masks[i].sum() > 50]
    for i in range(len(data.items)):
        dice = rng.random()
        own = data.masks[i, 0].astype(np.float32)
        picture = data.wide[i, 0].astype(np.float32)
        if own.any() and dice < a.erase:
            edited = clone_over(picture, own, rng)
            if edited is not None:
                wide[i, 0], masks[i], targets[i] = edited, 0, background
        elif targets[i] == background and donors and dice < a.transplant:
            donor = int(rng.choice(donors))
            donor_mask = data.masks[donor, 0].astype(np.float32)
            edited = transplant(data.wide[donor, 0].astype(np.float32), donor_mask, picture)
            if edited is not None:
                wide[i, 0], masks[i, 0], targets[i] = edited, donor_mask, data.targets[donor]
        elif donors and dice > 1 - a.clone:
            shape = data.masks[int(rng.choice(donors)), 0].astype(np.float32)
            if (shape * own).sum() == 0:
                edited = clone_over(picture, shape, rng)
                if edited is not None:
                    wide[i, 0] = edited
    return replace(data, wide=wide, masks=masks, targets=targets)


def build_model(recipe: Recipe, n_labels: int, init: Path | None) -> ViT:
    """Build the recipe's network, from a checkpoint's backbone where one is given."""
    model = ViT(
        ViTConfig(n_labels=n_labels, rows=recipe.preprocessing.rows, cols=recipe.preprocessing.cols, **recipe.model)
    )
    if init is not None:
        state = {k: v.float() for k, v in load_file(init).items() if not k.startswith("head.")}
        state["pos_embed"] = resample_positions(state["pos_embed"], 1, model.config.grid)
        missing = model.load_state_dict(state, strict=False)
        if missing.unexpected_keys or any(not k.startswith("head.") for k in missing.missing_keys):
            raise UsageError(f"{init} does not fit the recipe's network: {missing}", code="CHECKPOINT_MISFIT")
    return model


def parameter_groups(model: ViT, recipe: Recipe) -> list[dict[str, Any]]:
    """Layer-wise learning rates: the head's own, then decaying from the last block down; frozen blocks are left out."""
    if recipe.freeze_blocks:
        for part in (model.patch_embed, *model.blocks[: recipe.freeze_blocks]):
            part.requires_grad_(False)
        model.cls_token.requires_grad_(False)
        model.pos_embed.requires_grad_(False)
    depth = len(model.blocks)
    groups: list[dict[str, Any]] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = (
            int(name.split(".")[1]) + 1
            if name.startswith("blocks.")
            else (0 if "embed" in name or "token" in name else depth + 1)
        )
        lr = (
            recipe.lr_head
            if name.startswith("head.")
            else recipe.lr * recipe.layer_decay ** (depth - min(layer, depth))
        )
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "lr": lr, "weight_decay": decay})
    return groups


def guide_loss(attentions: list[Tensor], masks: Tensor, model: ViT, recipe: Recipe) -> Tensor:
    """-log of the share of the class token's attention, and of its rollout, on patches that touch the mask.

    ``masks`` float[n, 1, rows, cols]; pictures without a mask do not count.
    """
    on = F.max_pool2d(masks, model.config.patch).flatten(1) > 0.5
    has = on.any(dim=1)
    if not has.any():
        return masks.new_zeros(())
    shares = [a.float()[has, :, 0, model.prefix_tokens :].mean(dim=1) for a in attentions[-recipe.guide_layers :]]
    last = [a.float()[has] for a in attentions[-recipe.rollout_layers :]]
    shares.append(rollout_cls(last, model.prefix_tokens))
    terms = [-torch.log((s * on[has]).sum(1) / s.sum(1).clamp_min(1e-6) + 1e-4) for s in shares]
    return torch.stack(terms).mean() * has.float().mean()


@torch.no_grad()
def predict(model: ViT, exact: Float32, p: Preprocessing, batch: int = 32) -> tuple[Tensor, Tensor]:
    """Logits float[n, k] and last-layers rollout float[n, patches] of prepared pictures."""
    model.eval()
    logits, rolls = [], []
    for i in range(0, len(exact), batch):
        x = torch.from_numpy(normalize(np.moveaxis(exact[i : i + batch], 1, -1), p))
        out, attentions, _ = model.forward_taps(x)
        logits.append(out)
        rolls.append(rollout_cls(attentions, model.prefix_tokens, len(attentions) - 4))
    return torch.cat(logits), torch.cat(rolls)


def peak_share(rolls: Tensor, data: Pictures, right: Tensor, grid: tuple[int, int]) -> float:
    """Share of rightly classified tumour pictures whose hottest patch touches the mask."""
    side = data.masks.shape[-1]
    border = round(side * (1 - 1 / WIDE_BY) / 2)
    inner = torch.from_numpy(data.masks[:, :, border : side - border, border : side - border].astype(np.float32))
    on = F.adaptive_max_pool2d(inner, grid).flatten(1) > 0.5
    use = on.any(1) & right
    hit = on.gather(1, rolls.argmax(1, keepdim=True)).squeeze(1)
    return float(hit[use].float().mean()) if use.any() else float("nan")


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Yield shuffled index batches; the last partial one is dropped."""
    order = rng.permutation(n)
    for i in range(0, n - size + 1, size):
        yield order[i : i + size]


def train(folders: Sequence[Path], recipe: Recipe, out: Path, init: Path | None, seed: int = 0) -> Path:
    """Train, and leave ``model.safetensors``, ``run.json`` and ``history.csv`` in ``out``; resumes after a kill."""
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    items = load_dataset(folders)
    labels = sorted({item.label for item in items})
    if any(not item.split for item in items):
        raise UsageError("the data set has no split", hint="give labels.csv a 'split' column: train, val, test")
    p = recipe.preprocessing
    data = {split: load_pictures([i for i in items if i.split == split], labels, p) for split in ("train", "val")}
    counts = Counter(data["train"].targets.tolist())
    weights = torch.tensor([len(data["train"].items) / len(labels) / counts[k] for k in range(len(labels))]).sqrt()
    model = build_model(recipe, len(labels), init)
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe))
    per_epoch = len(data["train"].items) // recipe.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        [g["lr"] for g in optimiser.param_groups],
        total_steps=per_epoch * recipe.epochs,
        pct_start=recipe.warmup_share,
    )
    average = {k: v.clone() for k, v in model.state_dict().items()}
    history: list[dict[str, float]] = []
    start = 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        average, history, start = saved["average"], saved["history"], saved["epoch"]
    for epoch in range(start, recipe.epochs):
        rng = np.random.default_rng((seed, epoch))
        torch.manual_seed(seed * 1000 + epoch)
        began = time.monotonic()
        now = edit_counterfactually(data["train"], labels, recipe, rng)
        model.train()
        losses: list[float] = []
        guides: list[float] = []
        for index in batches(len(now.items), recipe.batch_size, rng):
            wide = torch.from_numpy(now.wide[index].astype(np.float32))
            masks = torch.from_numpy(now.masks[index].astype(np.float32))
            pictures, moved = augment_batch(wide, masks, p.rows, WIDE_BY, recipe.augment)
            x = torch.from_numpy(normalize(np.moveaxis(pictures.numpy(), 1, -1), p))
            target = torch.from_numpy(now.targets[index])
            with torch.autocast("cpu", torch.bfloat16):
                logits, attentions, _ = model.forward_taps(x)
            loss = F.cross_entropy(logits.float(), target, weight=weights, label_smoothing=recipe.label_smoothing)
            guide = guide_loss(attentions, moved, model, recipe)
            optimiser.zero_grad()
            (loss + recipe.guide_weight * guide).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            seen = epoch * per_epoch + len(losses)
            keep = min(recipe.ema, (1 + seen) / (10 + seen))  # early on, forget the untrained start
            for k, v in model.state_dict().items():
                average[k].lerp_(v, 1 - keep)
            losses.append(loss.item())
            guides.append(guide.item())
            if len(losses) % 20 == 0:
                print(
                    f"epoch {epoch} step {len(losses)}/{per_epoch} loss {np.mean(losses[-20:]):.4f} "
                    f"guide {np.mean(guides[-20:]):.3f} {time.monotonic() - began:.0f} s",
                    flush=True,
                )
        row = {"epoch": epoch, "loss": float(np.mean(losses)), "guide": float(np.mean(guides))}
        row |= validate(model, average, data["val"], labels, p)
        history.append(row)
        print(json.dumps(row), flush=True)
        torch.save(
            {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "average": average,
                "history": history,
                "epoch": epoch + 1,
            },
            out / "checkpoint.tmp",
        )
        (out / "checkpoint.tmp").replace(checkpoint)
        write_run(out, average, labels, recipe, items, history, seed, init)
    return out


def validate(
    model: ViT, average: dict[str, Tensor], data: Pictures, labels: Sequence[str], p: Preprocessing
) -> dict[str, float]:
    """Accuracy of the averaged weights on the validation split, by class, and where their rollout peaks."""
    live = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(average)
    logits, rolls = predict(model, data.exact, p)
    model.load_state_dict(live)
    target = torch.from_numpy(data.targets)
    right = logits.argmax(1) == target
    row = {"val_accuracy": float(right.float().mean()), "val_nll": float(F.cross_entropy(logits, target))}
    row |= {f"val_recall_{label}": float(right[target == k].float().mean()) for k, label in enumerate(labels)}
    row["val_peak_in_mask"] = peak_share(rolls, data, right, model.config.grid)
    return row


def write_run(
    out: Path,
    weights: dict[str, Tensor],
    labels: Sequence[str],
    recipe: Recipe,
    items: Sequence[Item],
    history: list[dict[str, float]],
    seed: int,
    init: Path | None,
) -> None:
    """Write the run folder: averaged weights, how they came about, and the learning curves."""
    save_file({k: v.contiguous() for k, v in weights.items()}, out / "model.safetensors")
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.path.read_bytes())
        digest.update(f"{item.label} {item.group} {item.split}".encode())
    described = asdict(recipe) | {"preprocessing": recipe.preprocessing.model_dump(mode="json")}
    run = {
        "labels": list(labels),
        "recipe": described,
        "seed": seed,
        "init": init.name if init else None,
        "data_sha256": digest.hexdigest(),
        "counts": {s: Counter(i.label for i in items if i.split == s) for s in sorted({i.split for i in items})},
        "versions": {
            "python": platform.python_version(),
            **{n: metadata.version(n) for n in ("torch", "numpy", "pillow")},
        },
        "last": history[-1],
    }
    (out / "run.json").write_text(json.dumps(run, indent=1), "utf-8")
    with (out / "history.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(history[0]))
        writer.writeheader()
        writer.writerows(history)
