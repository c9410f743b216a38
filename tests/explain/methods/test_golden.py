"""The methods on ONNX Runtime give the answers that PyTorch's autograd gave when the golden packages were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from mri_batch.arrays import Float32
from mri_batch.explain.registry import METHODS, build_method
from tests.explain.fakes import OrtForward
from tests.paths import GOLDEN

SHARED = ("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad", "gradcam", "gradcam_pp")
CASES = [("vit", m) for m in (*SHARED, "rollout", "attention", "gradient_rollout", "relevance")]
CASES += [("cnn", m) for m in (*SHARED, "guided_backprop", "activations")]
CLASS_AGNOSTIC = ("rollout", "attention", "activations")


@pytest.fixture(scope="module", params=["vit", "cnn"])
def package(request: pytest.FixtureRequest) -> tuple[OrtForward, Mapping[str, Any]]:
    """A golden package and its answers."""
    return load(request.param)


def load(name: str) -> tuple[OrtForward, Mapping[str, Any]]:
    """Open a package and read its answers."""
    with np.load(GOLDEN / name / "answers.npz") as answers:
        return OrtForward(GOLDEN / name), dict(answers)


def relative_error(ours: Float32, theirs: Float32) -> float:
    """Largest difference over the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize(("name", "method"), CASES)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("shift", [0, 1])
def test_method_agrees_with_autograd(name: str, method: str, n: int, shift: int) -> None:
    """Every map of the golden packages is autograd's to 1e-4, for one picture and for five, for two classes of each."""
    forward, answers = load(name)
    attribution = build_method(method, forward.card)(forward, answers["pixels"][:n], answers[f"target_{shift}"][:n])
    assert relative_error(attribution.heat, answers[f"{method}_{shift}"][:n]) < 1e-4


@pytest.mark.parametrize(("name", "method"), CASES)
def test_method_tells_classes_apart_unless_it_says_otherwise(name: str, method: str) -> None:
    """Two classes of one picture give two maps; a method that cannot tell them apart carries no label."""
    forward, answers = load(name)
    built = build_method(method, forward.card)
    one, other = (built(forward, answers["pixels"][:1], np.array([k])) for k in (0, 1))
    if method in CLASS_AGNOSTIC:
        assert one.label is None
        assert np.array_equal(one.heat, other.heat)
    else:
        assert (one.label, other.label) == ("a", "b")
        assert relative_error(one.heat, other.heat) > 1e-2


def test_golden_packages_cover_every_method_that_is_not_a_black_box() -> None:
    """No gradient or attention method goes without PyTorch's own answer."""
    assert {m for _, m in CASES} == set(METHODS) - {"occlusion", "rise", "lime", "kernel_shap"}


def test_logits_agree_with_pytorch(package: tuple[OrtForward, Mapping[str, Any]]) -> None:
    """The plain graph computes what the network does."""
    forward, answers = package
    assert relative_error(forward.logits(answers["pixels"]), answers["logits"]) < 1e-5


def test_input_gradient_agrees_with_autograd_pixel_by_pixel(
    package: tuple[OrtForward, Mapping[str, Any]],
) -> None:
    """The gradient itself, before anything is averaged over cells, is autograd's."""
    forward, answers = package
    ours = forward.gradients(answers["pixels"], answers["target_0"], ("input_gradient",))["input_gradient"]
    assert relative_error(ours, answers["input_gradient_0"]) < 1e-4


def test_integrated_gradients_tell_how_complete_they_are() -> None:
    """More steps bring the sum of the heat nearer to the change of the score, and the notes say how near."""
    forward, answers = load("vit")
    pixels, target = answers["pixels"][:1], answers["target_0"][:1]

    def error(steps: int) -> float:
        attribution = build_method("integrated_gradients", forward.card, steps=steps)(forward, pixels, target)
        ((name, share),) = attribution.notes[0].args
        assert (attribution.notes[0].code, name) == ("COMPLETENESS_ERROR", "share")
        assert isinstance(share, float)
        return share

    assert error(64) < min(error(1), 0.02)


def test_smoothgrad_of_one_quiet_sample_is_the_gradient() -> None:
    """Without noise there is nothing to average."""
    forward, answers = load("cnn")
    pixels, target = answers["pixels"][:2], answers["target_0"][:2]
    smooth = build_method("smoothgrad", forward.card, samples=1, noise=0.0)(forward, pixels, target)
    assert np.allclose(smooth.heat, build_method("gradient", forward.card)(forward, pixels, target).heat, rtol=1e-6)
