"""No question is put to a model twice while it is about one slice."""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import Wiring
from mri_batch.commands.evaluate.cached_model import Recall
from mri_batch.explain.base import Int64
from mri_batch.explain.methods.occlusion import Occlusion
from tests.explain.fakes import NumpyForward, OutputsForward

PIXELS = np.random.default_rng(0).random((1, 1, 32, 32), np.float32)


def corner(x: Float32) -> Float32:
    """Logits by the brightness of two corners."""
    return np.stack([x[:, 0, :16, :16].mean(axis=(1, 2)), x[:, 0, 16:, 16:].mean(axis=(1, 2))], axis=1) * 9


def test_second_class_costs_a_black_box_method_nothing() -> None:
    """And its map is the one that the model itself would give."""
    model = NumpyForward(corner, ("a", "b"))
    recall, method = Recall(model), Occlusion(window_px=16, stride_px=8)
    first = method(recall, PIXELS, np.array([0])).heat
    n = model.n_passes
    second = method(recall, PIXELS, np.array([1])).heat
    assert n > 1
    assert model.n_passes == n
    assert np.array_equal(second, method(model, PIXELS, np.array([1])).heat)
    assert not np.array_equal(first, second)


def test_other_pictures_are_asked_about_anew() -> None:
    """A pixel of difference is another question."""
    model = NumpyForward(corner, ("a", "b"))
    recall = Recall(model)
    other = PIXELS.copy()
    other[0, 0, 3, 4] += 1
    assert np.array_equal(recall.logits(PIXELS), recall.logits(PIXELS))
    assert not np.array_equal(recall.logits(PIXELS), recall.logits(other))
    assert model.n_passes == 2


def test_gradients_of_one_picture_are_read_once_for_all_that_the_graph_gives() -> None:
    """For each class, plain and guided, and each of the two graphs."""
    asked: list[str] = []

    def told(name: str) -> object:
        def give(pixels: Float32, target: Int64, guided: bool) -> Float32:
            asked.append(name)
            return pixels * np.float32(1 + target[0] + 10 * guided)

        return give

    names = ("input_gradient", "relevance", "feature_map")
    wiring = Wiring(
        gradient={"input_gradient": names[0], "relevance": names[1], "guided": "guided"},
        gradcam={"feature_map": names[2]},
    )
    recall = Recall(OutputsForward(wiring, {name: told(name) for name in names}))  # type: ignore[misc]
    for target, guided, factor in ((0, False, 1), (1, False, 2), (0, True, 11)):
        for name in (*names, *names):
            found = recall.gradients(PIXELS, np.array([target]), (name,), guided=guided)[name]
            assert np.array_equal(found, PIXELS * np.float32(factor))
    assert sorted(asked) == sorted(names * 3)
