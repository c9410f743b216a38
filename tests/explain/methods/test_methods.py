"""What every method promises, and the plain forms from the papers."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import get_args

import numpy as np
import pytest

from mri_batch.arrays import Float32, Int64
from mri_batch.card import Wiring
from mri_batch.explain.base import Family
from mri_batch.explain.methods.gradcam import GradCAM
from mri_batch.explain.methods.kernel_shap import KernelShap, choose_coalitions, solve_shapley
from mri_batch.explain.methods.lime import Lime, fit_ridge
from mri_batch.explain.methods.occlusion import Occlusion
from mri_batch.explain.methods.rise import Rise, draw_masks
from mri_batch.explain.methods.rollout import Fusion, Rollout
from mri_batch.explain.ops.heads import read_heads
from mri_batch.explain.ops.superpixels import cut_superpixels
from mri_batch.explain.registry import METHODS, build_method, list_methods
from tests.explain.fakes import NumpyForward, OutputsForward
from tests.explain.methods.test_golden import load

PIXELS = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
TARGET = np.array([0, 1])
QUICK = {"rise": {"masks": 12}, "lime": {"samples": 12, "segments": 9}, "kernel_shap": {"samples": 12, "segments": 9}}


@pytest.mark.parametrize("package", ["vit", "cnn"])
@pytest.mark.parametrize("name", METHODS)
def test_method_keeps_its_contract(package: str, name: str) -> None:
    """Finite float32 heat, one grid per picture; no negative heat unless signed; frozen; and the same again."""
    forward, answers = load(package)
    entry = next(e for e in list_methods(forward.card) if e.method == name)
    if not entry.available:
        assert METHODS[name].absent_reason(forward.card)
        return
    method = build_method(name, forward.card, **QUICK.get(name, {}))
    assert method.name == name
    assert dataclasses.fields(method) is not None  # type: ignore[arg-type]
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError, AttributeError)):
        method.seed = 1  # type: ignore[attr-defined]
    pixels = answers["pixels"][:2].copy()
    first, again = (method(forward, pixels, answers["target_0"][:2]) for _ in range(2))
    assert first.heat.dtype == np.float32
    assert first.heat.ndim == 3
    assert len(first.heat) == 2
    assert np.isfinite(first.heat).all()
    assert first.signed or (first.heat >= 0).all()
    assert first.passes >= 1
    assert first.method == name
    assert np.array_equal(first.heat, again.heat)
    assert np.array_equal(pixels, answers["pixels"][:2])


@pytest.mark.parametrize("name", METHODS)
def test_method_explains_each_picture_by_itself(name: str) -> None:
    """A picture's map does not depend on what else is in the batch."""
    forward, answers = load("vit" if name not in ("guided_backprop", "activations") else "cnn")
    method = build_method(name, forward.card, **QUICK.get(name, {}))
    both = method(forward, answers["pixels"][:2], TARGET).heat
    alone = method(forward, answers["pixels"][1:2], TARGET[1:]).heat
    assert np.allclose(both[1], alone[0], rtol=1e-3, atol=1e-6 * float(np.abs(alone).max()))


@pytest.mark.parametrize("name", METHODS)
def test_method_docstring_has_every_part(name: str) -> None:
    """A reader finds source, needs, shapes, sign, cost and known failure in the docstring."""
    text = METHODS[name].__doc__ or ""
    assert all(part in text for part in ("Source:", "Needs:", "Shapes:", "Sign:", "Cost:", "Known failure:"))
    assert METHODS[name].family in get_args(Family)


def test_importing_the_methods_loads_no_runtime() -> None:
    """The table can be listed without ONNX Runtime, torch, scipy or scikit-learn."""
    heavy = "{'onnxruntime', 'torch', 'scipy', 'sklearn'}"
    code = f"import sys, mri_batch.explain.registry; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def attention_model(attention: list[Float32], prefix: int = 1, grid: tuple[int, int] = (2, 2)) -> OutputsForward:
    """A model with these attention outputs float32[n, h, t, t]."""
    names = tuple(f"attention_{i}" for i in range(len(attention)))

    def give(value: Float32) -> Callable[[Float32, Int64, bool], Float32]:
        return lambda pixels, target, guided: value[: len(pixels)]

    given = {name: give(value) for name, value in zip(names, attention, strict=True)}
    return OutputsForward(Wiring(attention=names, grid=grid, prefix_tokens=prefix), given)


def random_attention(n: int = 3, layers: int = 4, heads: int = 3, tokens: int = 5) -> list[Float32]:
    """Attention whose rows add up to 1."""
    rng = np.random.default_rng(5)
    raw = rng.random((layers, n, heads, tokens, tokens)) ** 3
    return list((raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32))


def plain_rollout(attention: list[Float32], fusion: Fusion, discard: float, residual: float) -> Float32:
    """Abnar & Zuidema's matrices, one picture and one layer after another."""
    heat = []
    for picture in range(len(attention[0])):
        whole = np.eye(attention[0].shape[-1])
        for layer in attention:
            heads = layer[picture].astype(np.float64)
            fused = (
                heads.mean(axis=0) if fusion == "mean" else heads.max(axis=0) if fusion == "max" else heads.min(axis=0)
            )
            weakest = np.argsort(fused.ravel(), kind="stable")[: int(fused.size * discard)]
            own = fused[0, 0]
            fused.ravel()[weakest] = 0.0
            fused[0, 0] = own
            step = residual * np.eye(len(fused)) + (1 - residual) * fused
            whole = step / step.sum(axis=1, keepdims=True) @ whole
        heat.append(whole[0, 1:].reshape(2, 2))
    return np.stack(heat).astype(np.float32)


@pytest.mark.parametrize("fusion", ["mean", "max", "min"])
@pytest.mark.parametrize("discard", [0.0, 0.5])
@pytest.mark.parametrize("residual", [0.5, 0.2])
def test_rollout_is_the_papers_product_of_matrices(fusion: Fusion, discard: float, residual: float) -> None:
    """The class token's row, stepped down layer by layer, is the first row of the full product, for each of a batch."""
    attention = random_attention()
    rollout = Rollout(fusion=fusion, discard=discard, residual=residual)
    ours = rollout(attention_model(attention), np.zeros((3, 1, 4, 4), np.float32), np.zeros(3, np.int64))
    assert np.allclose(ours.heat, plain_rollout(attention, fusion, discard, residual), atol=1e-6)


def test_rollout_takes_only_the_layers_of_its_range() -> None:
    """Layers outside first_layer..last_layer might as well not be there."""
    attention = random_attention()
    ours = Rollout(first_layer=1, last_layer=3)(
        attention_model(attention), np.zeros((3, 1, 4, 4), np.float32), np.zeros(3, np.int64)
    )
    assert np.allclose(ours.heat, plain_rollout(attention[1:3], "mean", 0.0, 0.5), atol=1e-6)


def test_rollout_of_identity_attention_is_the_identity() -> None:
    """A class token that reads only itself has no heat on any patch."""
    attention = [np.tile(np.eye(5, dtype=np.float32), (1, 2, 1, 1))] * 3
    ours = Rollout()(attention_model(attention), np.zeros((1, 1, 4, 4), np.float32), np.zeros(1, np.int64))
    assert not ours.heat.any()


def test_heads_are_read_for_each_layer() -> None:
    """The maps are the class token's rows, without the tokens that are no patch."""
    attention = random_attention(n=1)
    ours = read_heads(attention_model(attention), np.zeros((1, 1, 4, 4), np.float32))
    assert ours.shape == (4, 3, 2, 2)
    assert np.array_equal(ours[2, 1].ravel(), attention[2][0, 1, 0, 1:])


def test_gradcam_of_a_pooled_linear_head_is_the_class_activation_map() -> None:
    """Zhou et al. 2016: with mean pooling and a linear layer the weights are those of that layer, over the cells."""
    rng = np.random.default_rng(1)
    maps, weights = rng.random((2, 6, 4, 4), np.float32), rng.standard_normal((2, 6)).astype(np.float32)
    given: dict[str, Callable[[Float32, Int64, bool], Float32]] = {
        "m": lambda pixels, target, guided: maps,
        "g": lambda pixels, target, guided: np.broadcast_to((weights[target] / 16)[:, :, None, None], maps.shape),
    }
    forward = OutputsForward(Wiring(gradcam={"feature_map": "m", "feature_gradient": "g"}), given)
    cam = np.maximum((weights[TARGET][:, :, None, None] * maps).sum(axis=1), 0) / 16
    assert np.allclose(GradCAM()(forward, PIXELS, TARGET).heat, cam, atol=1e-6)


def bright_spot(pixels: Float32) -> Float32:
    """A model that looks at one place alone: logit of label a grows with the mean of rows 8-15, columns 16-23."""
    spot = pixels[:, 0, 8:16, 16:24].mean(axis=(1, 2))
    return np.stack([4 * spot, np.zeros_like(spot)], axis=1)


SPOT = np.zeros((4, 4), bool)
SPOT[1, 2] = True
SMALL = Wiring(grid=(4, 4))


def spotted(n: int = 1) -> Float32:
    """Dark noisy pictures with a bright spot where the model looks."""
    pixels = np.random.default_rng(2).normal(0, 0.05, (n, 1, 32, 32)).astype(np.float32)
    pixels[:, :, 8:16, 16:24] += 1.0
    return pixels


@pytest.mark.parametrize(
    "method",
    [
        Occlusion(window_px=8, stride_px=4, fill="black"),
        Rise(masks=300, coarse=4, fill="black"),
        Lime(segments=16, samples=200, fill="black"),
        KernelShap(segments=16, samples=200, fill="black"),
    ],
    ids=lambda m: m.name,
)
def test_black_box_method_finds_the_only_place_that_counts(method: Occlusion | Rise | Lime | KernelShap) -> None:
    """The hottest cell is the one that the model looks at."""
    forward = NumpyForward(bright_spot, ("a", "b"), SMALL)
    attribution = method(forward, spotted(), np.array([0]))
    assert np.unravel_index(attribution.heat[0].argmax(), (4, 4)) == (1, 2)
    assert forward.n_passes == attribution.passes


def test_occlusion_is_the_fall_of_the_probability_under_each_window() -> None:
    """With windows that tile the picture each cell's heat is the fall when that very cell is covered."""
    forward, pixels = NumpyForward(bright_spot, ("a", "b"), SMALL), spotted()
    heat = Occlusion(window_px=8, stride_px=8, fill="mean")(forward, pixels, np.array([0])).heat[0]

    def probability(x: Float32) -> float:
        a, b = np.exp(bright_spot(x)[0])
        return float(a / (a + b))

    for row in range(4):
        for col in range(4):
            covered = pixels.copy()
            covered[0, 0, row * 8 : row * 8 + 8, col * 8 : col * 8 + 8] = pixels.mean()
            assert heat[row, col] == pytest.approx(probability(pixels) - probability(covered), abs=1e-5)


def test_rise_is_the_papers_mean_less_that_over_all_masks() -> None:
    """Equation 6 of the paper, mask by mask, once for the picture and once for the mean probability at every place."""
    forward, pixels = NumpyForward(bright_spot, ("a", "b"), SMALL), spotted()
    heat = Rise(masks=24, keep=0.4, fill="mean", seed=3)(forward, pixels, np.array([0])).heat[0]
    masks = draw_masks(24, 7, 0.4, pixels.shape[2], pixels.shape[3], np.random.default_rng(3))
    seen = [bright_spot(mask * pixels + (1 - mask) * pixels.mean())[0] for mask in masks]
    likely = [float(np.exp(a) / (np.exp(a) + np.exp(b))) for a, b in seen]
    importance = sum(p * mask for p, mask in zip(likely, masks, strict=True)) / (24 * 0.4)
    usual = sum(np.mean(likely) * mask for mask in masks) / (24 * 0.4)
    assert np.allclose(heat, (importance - usual).reshape(4, 8, 4, 8).mean(axis=(1, 3)), atol=1e-5)


@pytest.mark.parametrize("method", [Occlusion(), Rise(masks=12), Lime(samples=40), KernelShap(samples=40)])
def test_black_box_map_of_a_picture_without_evidence_is_dark(method: Occlusion | Rise | Lime | KernelShap) -> None:
    """However likely the class is, a blank picture has no heat: nothing in it changes the answer."""
    blank = NumpyForward(lambda x: np.tile(np.array([2.0, 0.0], np.float32), (len(x), 1)), ("a", "b"), SMALL)
    assert np.abs(method(blank, np.zeros_like(spotted()), np.array([0])).heat).max() < 1e-5


def test_rise_masks_are_open_to_the_share_asked_for() -> None:
    """Masks lie in 0..1, fill the picture whatever its size, and are open to the share that the weighting assumes."""
    masks = draw_masks(300, 7, 0.3, 30, 45, np.random.default_rng(0))
    assert masks.shape == (300, 30, 45)
    assert (masks >= 0).all()
    assert (masks <= 1 + 1e-6).all()
    assert np.abs(masks.mean(axis=0) - 0.3).max() < 0.12
    assert masks.mean() == pytest.approx(0.3, abs=0.02)


def test_ridge_without_penalty_is_weighted_least_squares() -> None:
    """The slopes are those of numpy's own least squares with a column of ones."""
    rng = np.random.default_rng(4)
    x, y, w = rng.random((40, 5), np.float32), rng.random(40, np.float32), rng.random(40, np.float32)
    root = np.sqrt(w)[:, None]
    expected = np.linalg.lstsq(root * np.column_stack([x, np.ones(40)]), root[:, 0] * y, rcond=None)[0][:5]
    assert np.allclose(fit_ridge(x, y, w, 1e-9), expected, atol=1e-4)


def test_ridge_penalty_is_the_closed_form() -> None:
    """Minimise w (y - a - x b)^2 + ridge b^2: at the minimum the derivatives are zero."""
    rng = np.random.default_rng(4)
    x, y, w = rng.random((40, 5), np.float32), rng.random(40, np.float32), rng.random(40, np.float32)
    slopes = fit_ridge(x, y, w, 2.0).astype(np.float64)
    intercept = np.average(y - x @ slopes, weights=w)
    slope_derivative = -2 * x.T @ (w * (y - intercept - x @ slopes)) + 2 * 2.0 * slopes
    assert np.abs(slope_derivative).max() < 1e-4


def exact_shapley(value: Callable[[frozenset[int]], float], n: int) -> list[float]:
    """Shapley's own formula: every coalition with and without each player."""
    result = []
    for player in range(n):
        total, others = 0.0, [i for i in range(n) if i != player]
        for size in range(n):
            for chosen in combinations(others, size):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                total += weight * (value(frozenset((*chosen, player))) - value(frozenset(chosen)))
        result.append(total)
    return result


def test_kernel_shap_over_every_coalition_gives_shapleys_values() -> None:
    """Where all coalitions can be tried the regression is exact, for a game with interactions."""
    rng = np.random.default_rng(6)
    worth = {frozenset(c): float(rng.random()) for k in range(6) for c in combinations(range(5), k)}
    coalitions, weights = choose_coalitions(5, 100, rng)
    y = np.array([worth[frozenset(np.flatnonzero(row).tolist())] for row in coalitions], np.float32)
    ours = solve_shapley(coalitions, weights, y, worth[frozenset()], worth[frozenset(range(5))])
    assert np.allclose(ours, exact_shapley(worth.__getitem__, 5), atol=1e-5)


def test_kernel_shap_is_efficient_and_right_for_an_additive_game() -> None:
    """Sampled coalitions too add up to the whole change, and an additive game's values are found exactly."""
    rng = np.random.default_rng(7)
    coalitions, weights = choose_coalitions(20, 200, rng)
    worth = rng.random(20)
    ours = solve_shapley(coalitions, weights, (0.3 + coalitions @ worth).astype(np.float32), 0.3, 0.3 + worth.sum())
    assert np.allclose(ours, worth, atol=1e-4)
    noisy = solve_shapley(coalitions, weights, rng.random(200, np.float32), 0.2, 0.9)
    assert noisy.sum() == pytest.approx(0.7)


def test_kernel_shap_heat_adds_up_to_the_change_of_the_probability() -> None:
    """Efficiency holds on the map itself: summed over pixels it is the change from the filler to the picture."""
    forward, pixels = NumpyForward(bright_spot, ("a", "b"), SMALL), spotted()
    heat = KernelShap(segments=16, samples=60, fill="black")(forward, pixels, np.array([0])).heat
    logits = bright_spot(np.concatenate([pixels, np.full_like(pixels, pixels.min())]))
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert heat.sum() * 64 == pytest.approx(odds[0, 0] - odds[1, 0], rel=1e-3)


def test_superpixels_follow_edges_and_cover_the_picture() -> None:
    """Areas are numbered without gaps, near the number asked for, and do not cross a strong edge."""
    picture = np.zeros((1, 40, 60), np.float32)
    picture[:, :, 25:] = 1.0
    segments = cut_superpixels(picture, 24)
    assert segments.shape == (40, 60)
    assert np.array_equal(np.unique(segments), np.arange(segments.max() + 1))
    assert 12 <= segments.max() + 1 <= 30
    assert not set(np.unique(segments[:, :25])) & set(np.unique(segments[:, 25:]))
