"""Recipes: every bundled one builds its network, and a faulty one is refused when it is read."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mri_batch.errors import UsageError
from mri_batch_export.training.networks import build_model
from mri_batch_export.training.recipe import list_recipes, load_recipe, to_recipe


def test_every_recipe_builds_its_network() -> None:
    """On the meta device, without memory for the weights."""
    assert len(list_recipes()) >= 14
    for name in list_recipes():
        recipe = load_recipe(name)
        with torch.device("meta"):
            model = build_model(recipe, len(recipe.labels) or 4, None)
        assert recipe.name == name
        assert sum(p.numel() for p in model.parameters()) > 100_000


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "x", "epochs": 1, "learning_rate": 1},
        {"name": "x"},
        {"name": "x", "epochs": 2, "head_epochs": 2},
        {"name": "x", "epochs": 1, "architecture": "resnet18", "guide_weight": 1.0},
        {"name": "x", "epochs": 1, "preprocessing": {"rows": 4}},
        {"name": "x", "epochs": 1, "augment": {"spin": 1}},
    ],
)
def test_a_faulty_recipe_is_refused(raw: dict[str, Any]) -> None:
    """An unknown key, a missing one, impossible numbers."""
    with pytest.raises(UsageError) as refused:
        to_recipe(raw)
    assert refused.value.code == "RECIPE_BAD"


def test_recipe_with_a_single_choice_in_its_search_is_refused() -> None:
    """A search over a scalar is refused when the recipe is read, not at the first trial."""
    with pytest.raises(UsageError, match="list of choices for lr"):
        to_recipe({"name": "r", "epochs": 2, "search": {"lr": 5e-4}})


def test_recipe_with_several_learning_rates_is_refused() -> None:
    """Choices belong in the search table; a recipe has one rate."""
    with pytest.raises(UsageError, match="lr and lr_head must be numbers"):
        to_recipe({"name": "r", "epochs": 2, "lr": [2.5e-4, 5e-4]})
