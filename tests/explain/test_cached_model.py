"""A model computes nothing twice while its outputs are remembered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import Wiring
from mri_batch.explain.cached_model import CachedModel
from mri_batch.explain.methods.occlusion import Occlusion
from tests.explain.fakes import NumpyForward, OutputsForward

PIXELS = np.random.default_rng(0).random((1, 1, 32, 32), np.float32)


def corner(x: Float32) -> Float32:
    """Logits by the brightness of two corners."""
    return np.stack([x[:, 0, :16, :16].mean(axis=(1, 2)), x[:, 0, 16:, 16:].mean(axis=(1, 2))], axis=1) * 9


def test_second_class_costs_a_black_box_method_nothing() -> None:
    """And its map is the one that the model itself would give."""
    model = NumpyForward(corner, ("a", "b"))
    cached, method = CachedModel(model), Occlusion(window_px=16, stride_px=8)
    first = method(cached, PIXELS, np.array([0])).heat
    n = model.n_passes
    second = method(cached, PIXELS, np.array([1])).heat
    assert n > 1
    assert model.n_passes == n
    assert np.array_equal(second, method(model, PIXELS, np.array([1])).heat)
    assert not np.array_equal(first, second)


def test_other_pictures_are_computed_anew() -> None:
    """A single pixel makes the difference."""
    model = NumpyForward(corner, ("a", "b"))
    cached = CachedModel(model)
    other = PIXELS.copy()
    other[0, 0, 3, 4] += 1
    assert np.array_equal(cached.logits(PIXELS), cached.logits(PIXELS))
    assert not np.array_equal(cached.logits(PIXELS), cached.logits(other))
    assert model.n_passes == 2


def test_gradients_of_one_picture_are_read_once_for_all_that_the_graph_gives() -> None:
    """For each class, plain and guided, and each of the two graphs."""
    asked: list[str] = []

    def output(name: str) -> Callable[[Float32, Int64, bool], Float32]:
        def give(pixels: Float32, target: Int64, guided: bool) -> Float32:
            asked.append(name)
            return pixels * np.float32(1 + target[0] + 10 * guided)

        return give

    names = ("input_gradient", "relevance", "feature_map")
    wiring = Wiring(
        gradient={"input_gradient": names[0], "relevance": names[1], "guided": "guided"},
        gradcam={"feature_map": names[2]},
    )
    cached = CachedModel(OutputsForward(wiring, {name: output(name) for name in names}))
    for target, guided, factor in ((0, False, 1), (1, False, 2), (0, True, 11)):
        for name in (*names, *names):
            found = cached.gradients(PIXELS, np.array([target]), (name,), guided=guided)[name]
            assert np.array_equal(found, PIXELS * np.float32(factor))
    assert sorted(asked) == sorted(names * 3)


def test_known_outputs_are_for_their_own_pictures_only() -> None:
    """Inference brings them along for n pictures; for any other, and for any other output, the model runs."""
    asked: list[str] = []

    def output(name: str) -> Callable[[Float32, Int64, bool], Float32]:
        def give(pixels: Float32, target: Int64, guided: bool) -> Float32:
            asked.append(name)
            return pixels

        return give

    pixels, known = np.zeros((3, 1, 2, 2), np.float32), np.ones((3, 2, 2), np.float32)
    model = OutputsForward(Wiring(), {name: output(name) for name in ("cam", "features")})
    cached = CachedModel(model, pixels=pixels, known={"cam": known}, memoise=False)
    assert cached.outputs(pixels, ("cam",))["cam"] is known
    assert asked == []
    cached.outputs(pixels[:1], ("cam",))
    cached.outputs(pixels, ("features",))
    assert asked == ["cam", "features"]


def test_without_a_memo_every_question_reaches_the_model() -> None:
    """A scan keeps nothing but what inference has brought along, so that memory stays flat."""
    model = NumpyForward(corner, ("a", "b"))
    cached = CachedModel(model, memoise=False)
    cached.logits(PIXELS)
    cached.logits(PIXELS)
    assert model.n_passes == 2
