"""Cached tokens: the same outputs as without, no patient in two folds, one cache for all folds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mri_batch.dataset import Item, load_dataset
from mri_batch.errors import UsageError
from mri_batch_export.architectures.vit import ViT, rollout_cls
from mri_batch_export.training.cross_validation import N_FOLDS, assign_folds, choose_pool, split_by_fold
from mri_batch_export.training.networks import build_model, patch_loss
from mri_batch_export.training.pictures import load_exact
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run import describe, load_pictures, train
from mri_batch_export.training.run_folder import RUN, WEIGHTS, Row
from mri_batch_export.training.tokens import compute_tokens, forward_from
from mri_batch_export.training.trainer import draw_order
from mri_batch_export.training.validate import predict, predict_from
from tests.export.training.test_run import VIT, history, make_data, make_recipe, one_thread  # noqa: F401  a fixture


def cached_recipe(**changes: object) -> Recipe:
    """Make a recipe of a tiny ViT whose first block is frozen and cached."""
    settings = {"architecture": "vit", "model": VIT, "freeze_blocks": 1, "cached_views": 2, "lr": 1e-3, "lr_head": 1e-2}
    return make_recipe(**settings | changes)


def test_trainable_blocks_give_the_same_output_from_cached_tokens(tmp_path: Path) -> None:
    """Logits, and the rollout of the last layers, which needs only the class token of the last one."""
    recipe = cached_recipe(rollout_layers=1)
    items = load_dataset([make_data(tmp_path / "data", masks=True)])
    model = build_model(recipe, 2, None)
    assert isinstance(model, ViT)
    pictures = load_exact(items, ("a", "b"), recipe.preprocessing)
    whole, rolls = predict(model, pictures, recipe.preprocessing, 1)
    tokens = compute_tokens(model, pictures, recipe)
    resumed, again = predict_from(model, tokens, recipe)
    assert rolls is not None
    assert again is not None
    assert torch.allclose(whole, resumed, atol=2e-3)  # tokens are kept in 16 bits
    assert torch.allclose(rolls, again, atol=1e-4)


def test_only_the_class_token_of_the_last_block_is_run() -> None:
    """The attention of the last block has one row."""
    model = build_model(cached_recipe(), 2, None)
    assert isinstance(model, ViT)
    _, attentions, patches = forward_from(model, torch.randn(3, 17, 16), 0)
    assert [tuple(weights.shape) for weights in attentions] == [(3, 2, 17, 17), (3, 2, 1, 17)]
    assert rollout_cls(attentions, 1).shape == (3, 16)
    assert patches.shape == (3, 16, 16)


def test_training_from_cached_tokens_learns_and_is_reproducible(tmp_path: Path) -> None:
    """The loss falls, and a run that finds the cache gives the same numbers as the run that filled it."""
    data = make_data(tmp_path / "data", masks=True)
    recipe = cached_recipe(epochs=16, guide_weight=0.1, patch_weight=1.0, background_label="a", lr=1e-2)
    one = train([data], recipe, tmp_path / "one", None, cache_folder=tmp_path / "cache")
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    two = train([data], recipe, tmp_path / "two", None, cache_folder=tmp_path / "cache")
    assert history(one) == history(two)
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == kept
    rows = [line.split(",") for line in history(one).splitlines()]
    losses = [float(row[rows[0].index("loss")]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    assert (one / WEIGHTS).is_file()


def test_a_run_with_more_views_computes_only_the_missing_ones(tmp_path: Path) -> None:
    """Of three, the third."""
    data = make_data(tmp_path / "data", masks=True)
    train([data], cached_recipe(epochs=1), tmp_path / "two", None, cache_folder=tmp_path / "cache")
    (base,) = (tmp_path / "cache").iterdir()
    before = {view: (base / view / "tokens.npy").stat().st_mtime_ns for view in ("0", "1")}
    train([data], cached_recipe(epochs=1, cached_views=3), tmp_path / "three", None, cache_folder=tmp_path / "cache")
    assert {view: (base / view / "tokens.npy").stat().st_mtime_ns for view in ("0", "1")} == before
    assert (base / "2" / "tokens.npy").is_file()


def test_folds_share_one_cache_and_each_validates_its_own_patients(tmp_path: Path) -> None:
    """Two folds: one folder of tokens, no validation patient in both."""
    data = make_data(tmp_path / "data", masks=True)
    recipe = cached_recipe(epochs=1)
    runs = [
        train([data], recipe, tmp_path / str(fold), None, fold=fold, cache_folder=tmp_path / "cache") for fold in (0, 1)
    ]
    assert len(list((tmp_path / "cache").iterdir())) == 1
    validated = [{item.group for item in load_dataset([run / "split"]) if item.split == "val"} for run in runs]
    assert validated[0]
    assert not validated[0] & validated[1]


def test_the_patch_head_learns_and_is_not_kept(tmp_path: Path) -> None:
    """Its loss falls below chance; only the network is saved; a killed run resumes with the same numbers."""
    data = make_data(tmp_path / "data", masks=True)
    recipe = cached_recipe(epochs=16, patch_weight=1.0, background_label="a", lr=1e-2)
    recipe = replace(recipe, augment=replace(recipe.augment, erase=0.0, transplant=0.0, clone=0.0))
    run = train([data], recipe, tmp_path / "run", None)
    assert json.loads((run / RUN).read_text("utf-8"))["last"]["patch"] < 0.6
    assert set(load_file(run / WEIGHTS)) == set(build_model(recipe, 2, None).state_dict())

    def stop(row: Row) -> None:
        if row["epoch"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([data], recipe, tmp_path / "killed", None, after_epoch=stop)
    assert history(train([data], recipe, tmp_path / "killed", None)) == history(run)


def test_patches_inside_and_outside_of_outlines_weigh_equally() -> None:
    """Although one of sixteen lies inside; a picture of unknown outline does not count."""
    covered = torch.zeros(3, 16)
    covered[0, 3] = 1.0
    known = torch.tensor([True, True, False])
    scores = torch.full((3, 16), -2.0)
    missed = patch_loss(scores, covered, known, torch.ones(3))
    scores[2] = 9.0
    assert patch_loss(scores, covered, known, torch.ones(3)) == missed
    scores[0, 3] = 2.0
    assert patch_loss(scores, covered, known, torch.ones(3)) < 0.2 * missed


def make_items(n_patients: int) -> tuple[Item, ...]:
    """Patients of one source, two slices with and two without a tumour each, some of them for testing; a test site."""
    items = [
        Item(path=Path(f"{p}{label}{i}"), label=label, name=f"{p}{label}{i}", group=f"p{p}", split="train", source="s")
        for p in range(n_patients)
        for label in ("glioma", "no_tumor")
        for i in range(2)
    ]
    other = [Item(path=Path(f"t{i}"), label="glioma", group=f"t{i}", split="test", source="far") for i in range(4)]
    same = [Item(path=Path(f"v{i}"), label="glioma", group=f"v{i}", split="test", source="s") for i in range(5)]
    return (*items, *other, *same)


def test_every_patient_validates_once_and_a_test_site_never_does() -> None:
    """Five folds of equal size cover the pool; the other site stays in the test split of each."""
    items = make_items(25)
    validated: list[str] = []
    for fold in range(N_FOLDS):
        split = split_by_fold(items, fold)
        validating = {item.group for item in split if item.split == "val"}
        assert len(validating) == 6
        assert not validating & {item.group for item in split if item.split == "train"}
        assert {item.split for item in split if item.source == "far"} == {"test"}
        validated += validating
    assert len(validated) == len(set(validated)) == 30
    assert assign_folds(choose_pool(items)) == assign_folds(choose_pool(items))


def test_balanced_cells_are_drawn_equally_often(tmp_path: Path) -> None:
    """Even if one has fewer pictures; without balance each picture is drawn once."""
    recipe = cached_recipe(balance="cells")
    items = [i for i in load_dataset([make_data(tmp_path / "data")]) if i.label == "a" or i.name.endswith("_0.png")]
    data, _ = load_pictures(describe(recipe, tuple(items), "", 0, None))
    order = draw_order(data, recipe, np.random.default_rng(0))
    drawn = np.bincount(data.targets[order])
    assert drawn[0] == drawn[1] == len(data.targets) // 2
    plain = draw_order(data, cached_recipe(), np.random.default_rng(0))
    assert sorted(plain.tolist()) == list(range(len(data.targets)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"freeze_blocks": 0}, "needs a ViT with freeze_blocks"), ({"head_epochs": 1}, "cannot be used with head_epochs")],
)
def test_an_impossible_cache_is_refused(changes: dict[str, object], words: str) -> None:
    """Without frozen blocks there is nothing to cache."""
    with pytest.raises((ValueError, UsageError), match=words):
        cached_recipe(**changes)
