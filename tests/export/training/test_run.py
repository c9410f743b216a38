"""Training: reproducible, resumes after a kill, keeps patients together, and refuses faulty data before it starts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from mri_batch.card import Crop, Preprocessing
from mri_batch.dataset import load_dataset
from mri_batch.errors import UsageError
from mri_batch_export.architectures.convert import last_linear
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.networks import build_model, guide_loss, patch_coverage
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run import train
from mri_batch_export.training.run_folder import RUN, WEIGHTS, Row
from mri_batch_export.training.splits import choose_splits

PATIENTS = 12  # of each of two classes, two pictures each
VIT = {"patch": 8, "dim": 16, "depth": 2, "heads": 2}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tiny networks train fastest on one thread."""
    torch.set_num_threads(1)


def make_recipe(**changes: Any) -> Recipe:
    """Make a recipe that trains in a second."""
    settings: dict[str, Any] = {
        "name": "tiny",
        "architecture": "plain_cnn",
        "model": {"widths": [4, 8], "dense": 8},
        "preprocessing": Preprocessing(rows=32, cols=32, channels=1, mean=(0.3,), std=(0.3,), crop=Crop(kind="none")),
        "epochs": 3,
        "batch_size": 8,
        "lr": 1e-2,
        "lr_head": 1e-2,
        "ema": 0.5,
    }
    return Recipe(**settings | changes)


def make_data(folder: Path, *, groups: bool = True, splits: bool = True, masks: bool = False) -> Path:
    """Make a data set of two classes, a bright spot above or below the middle, with its outline."""
    folder.mkdir()
    (folder / "masks").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for patient in range(2 * PATIENTS):
        for view in range(2):
            label = patient % 2
            pixels = rng.uniform(20, 90, (40, 40))
            mask = np.zeros((40, 40), bool)
            top = int(rng.integers(4, 8)) + 20 * label
            mask[top : top + 9, 12:24] = True
            pixels[mask] = 230
            name = f"{patient}_{view}"
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name}.png")
            if masks and label:
                Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / f"{name}.png")
            split = ["train", "train", "val", "test"][patient // 2 % 4]
            rows.append([f"{name}.png", "ab"[label], f"p{patient}" if groups else "", split if splits else ""])
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "label", "patient_group", "split"], *rows])
    return folder


def history(run: Path) -> str:
    """The learning curves of a run."""
    return (run / "history.csv").read_text("utf-8")


@pytest.mark.parametrize("architecture", ["plain_cnn", "vit"])
def test_training_twice_gives_the_same_numbers(tmp_path: Path, architecture: str) -> None:
    """On a CPU, to the last digit, with every augmentation on; another seed gives others."""
    data = make_data(tmp_path / "data", masks=True)
    model = {"widths": [4, 8], "dense": 8} if architecture == "plain_cnn" else VIT
    recipe = make_recipe(architecture=architecture, model=model, epochs=2, background_label="a")
    one, two, other = (
        train([data], recipe, tmp_path / name, None, seed) for name, seed in (("1", 5), ("2", 5), ("3", 6))
    )
    assert history(one) == history(two)
    first, second = load_file(one / WEIGHTS), load_file(two / WEIGHTS)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert history(one) != history(other)


def test_training_learns_an_easy_task(tmp_path: Path) -> None:
    """A spot above or below the middle; the run folder documents the run."""
    run = train([make_data(tmp_path / "data")], make_recipe(epochs=12), tmp_path / "run", None)
    described = json.loads((run / RUN).read_text("utf-8"))
    assert described["last"]["val_accuracy"] == 1.0
    assert described["labels"] == ["a", "b"]
    assert described["recipe"]["architecture"] == "plain_cnn"
    assert (run / "losses.svg").read_text("utf-8").startswith("<svg")


class Killed(Exception):
    """Stands for a kill after an epoch."""


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_killed_training_resumes_with_the_same_numbers(tmp_path: Path, at: int) -> None:
    """Killed in either phase or between them, it ends with identical numbers."""
    data, recipe = make_data(tmp_path / "data"), make_recipe(epochs=4, head_epochs=2)

    def kill(row: Row) -> None:
        if row["epoch"] == at:
            raise Killed

    whole = train([data], recipe, tmp_path / "whole", None)
    with pytest.raises(Killed):
        train([data], recipe, tmp_path / "cut", None, after_epoch=kill)
    cut = train([data], recipe, tmp_path / "cut", None)
    assert history(cut) == history(whole)
    first, second = load_file(cut / WEIGHTS), load_file(whole / WEIGHTS)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_training_refuses_a_folder_with_another_run(tmp_path: Path) -> None:
    """A changed recipe does not resume from an old checkpoint."""
    data = make_data(tmp_path / "data")
    train([data], make_recipe(epochs=1), tmp_path / "run", None)
    with pytest.raises(UsageError) as refused:
        train([data], make_recipe(epochs=1, lr=0.5), tmp_path / "run", None)
    assert refused.value.code == "RUN_FOREIGN"


def test_head_phase_leaves_the_backbone_alone(tmp_path: Path) -> None:
    """After the first phase only the last layer has moved; after the second all have."""
    data = make_data(tmp_path / "data")
    start = train([data], make_recipe(epochs=1, lr=1e-9, lr_head=1e-9), tmp_path / "start", None)
    seen: list[dict[str, torch.Tensor]] = []

    def look(row: Row) -> None:
        seen.append(torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["model"])

    recipe = make_recipe(epochs=2, head_epochs=1)
    train([data], recipe, tmp_path / "run", start / WEIGHTS, after_epoch=look)
    backbone = [name for name in seen[0] if not name.startswith(last_linear(build_model(recipe, 2, None)))]
    before = load_file(start / WEIGHTS)
    assert all(torch.equal(seen[0][name], before[name]) for name in backbone)
    assert not any(torch.equal(seen[1][name], seen[0][name]) for name in backbone if name.endswith("weight"))


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    """With a ruinous learning rate training stops, and the weights are those of the least validation loss."""
    data = make_data(tmp_path / "data")
    recipe = make_recipe(epochs=30, patience=2, lr=3.0, lr_head=3.0, ema=0.0)
    losses: list[float] = []
    run = train([data], recipe, tmp_path / "run", None, after_epoch=lambda row: losses.append(row["val_nll"]))
    assert len(losses) < 30
    assert json.loads((run / RUN).read_text("utf-8"))["last"]["val_nll"] == min(losses)


def test_guided_attention_lowers_its_own_loss(tmp_path: Path) -> None:
    """A larger guide weight gives a larger share of attention on the outline."""
    data = make_data(tmp_path / "data", masks=True)
    guides: dict[float, float] = {}
    for weight in (0.001, 5.0):
        recipe = make_recipe(architecture="vit", model=VIT, epochs=8, guide_weight=weight, lr=1e-2, lr_head=1e-2)
        run = train([data], recipe, tmp_path / str(weight), None)
        guides[weight] = json.loads((run / RUN).read_text("utf-8"))["last"]["guide"]
    assert guides[5.0] < 0.7 * guides[0.001]


def test_guidance_counts_a_patch_by_how_much_of_it_is_covered() -> None:
    """Attention on a patch that the outline only grazes counts less than on one that it fills."""
    recipe = make_recipe(architecture="vit", model=VIT, guide_weight=1.0, guide_layers=1, rollout_layers=1)
    model = build_model(recipe, 2, None)
    assert isinstance(model, ViT)
    mask = torch.zeros(1, 1, 32, 32)
    mask[:, :, 0:8, 7:16] = 1  # all of patch 1, an eighth of patch 0

    def loss_of(patch: int) -> float:
        attention = torch.full((1, 2, 17, 17), 1e-4)
        attention[:, :, 0, 1 + patch] = 1
        return float(guide_loss([attention], patch_coverage(mask, model), model, recipe, torch.ones(1)))

    assert loss_of(1) < loss_of(0) - 0.5 < loss_of(9) - 0.5


def test_second_stage_starts_from_all_of_the_first(tmp_path: Path) -> None:
    """With ``keep_head`` the last layer is the checkpoint's, without it a new one."""
    first = train([make_data(tmp_path / "data")], make_recipe(epochs=1), tmp_path / "run", None) / WEIGHTS
    saved = load_file(first)
    head = f"{last_linear(build_model(make_recipe(), 2, None))}.weight"
    assert torch.equal(build_model(make_recipe(keep_head=True), 2, first).state_dict()[head], saved[head])
    assert not torch.equal(build_model(make_recipe(), 2, first).state_dict()[head], saved[head])


def test_splits_are_drawn_by_patient(tmp_path: Path) -> None:
    """No patient in two splits, every class in each, the same twice."""
    items = load_dataset([make_data(tmp_path / "data", splits=False)])
    split, how = choose_splits(items, (), seed=1)
    homes = {(item.group, item.split) for item in split}
    assert len(homes) == 2 * PATIENTS
    assert {(item.label, item.split) for item in split} == {(c, s) for c in "ab" for s in ("train", "val", "test")}
    assert how == "drawn by patient"
    assert choose_splits(items, (), seed=1)[0] == split
    assert choose_splits(items, (), seed=2)[0] != split


def test_splits_keep_near_duplicates_together_if_no_patient_is_known(tmp_path: Path) -> None:
    """A copy is in the split of its original, whatever the seed."""
    folder = make_data(tmp_path / "data", groups=False, splits=False)
    (folder / "23_1.png").write_bytes((folder / "1_0.png").read_bytes())
    items = load_dataset([folder])
    for seed in range(4):
        at = {item.name: item.split for item in choose_splits(items, (), seed)[0]}
        assert at["23_1.png"] == at["1_0.png"]


def test_a_run_folder_contains_its_splits_as_a_data_set(tmp_path: Path) -> None:
    """So that drawn splits can be evaluated later."""
    run = train([make_data(tmp_path / "data", splits=False)], make_recipe(epochs=1), tmp_path / "run", None)
    again = load_dataset([run / "split"])
    assert {item.split for item in again} == {"train", "val", "test"}
    assert len(again) == 4 * PATIENTS


def refusal(folder: Path) -> UsageError:
    """Train, and return the refusal."""
    with pytest.raises(UsageError) as refused:
        train([folder], make_recipe(), folder.parent / "run", None)
    assert not (folder.parent / "run" / "checkpoint.pt").exists()
    return refused.value


def rewrite(folder: Path, column: str, value: str, rows: slice) -> None:
    """Change some rows of the labels."""
    with (folder / "labels.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    for row in table[rows]:
        row[column] = value
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


@pytest.mark.parametrize(
    ("column", "value", "rows", "code", "word"),
    [
        ("file", "gone.png", slice(0, 2), "DATASET_UNKNOWN_FILE", "gone.png"),
        ("label", "a", slice(None), "DATASET_ONE_CLASS", "a (48)"),
        ("split", "", slice(0, 2), "DATASET_NO_SPLIT", "2 of 48"),
        ("split", "holdout", slice(0, 2), "DATASET_NO_SPLIT", "holdout"),
        ("patient_group", "same", slice(None), "DATASET_LEAK", "same"),
    ],
)
def test_faulty_data_sets_are_refused_before_training(
    tmp_path: Path, column: str, value: str, rows: slice, code: str, word: str
) -> None:
    """Each with its own code and the names concerned."""
    folder = make_data(tmp_path / "data")
    rewrite(folder, column, value, rows)
    refused = refusal(folder)
    assert refused.code == code
    assert word in str(refused)


def test_a_corrupt_picture_is_refused_before_training(tmp_path: Path) -> None:
    """By its name."""
    folder = make_data(tmp_path / "data")
    (folder / "0_1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    refused = refusal(folder)
    assert refused.code == "DATASET_UNREADABLE"
    assert "0_1.png" in str(refused)


def test_an_empty_class_is_refused_before_training(tmp_path: Path) -> None:
    """A class folder without a picture."""
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "data" / "a" / "1.png")
    assert refusal(tmp_path / "data").code == "DATASET_EMPTY_CLASS"
