"""The model card: what it says in words, and its way through JSON."""

from __future__ import annotations

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from mri_batch.card import (
    Calibration,
    Conformal,
    Crop,
    Decision,
    Intensity,
    MethodEntry,
    ModelCard,
    Preprocessing,
)
from mri_batch.model.card_text import card_markdown, describe

CARD = ModelCard(name="tiny", version="1", labels=("lesion", "none"), preprocessing=Preprocessing(rows=8, cols=8))


def test_words_tell_the_facts_of_a_card() -> None:
    """Both forms name labels, calibration, metrics, and absent methods with their reason."""
    card = CARD.model_copy(
        update={
            "calibration": Calibration(method="temperature", temperature=1.25, fitted_on="40 patients", n_slices=400),
            "explanations": (MethodEntry(method="gradcam", available=False, reason="no feature map"),),
            "metrics": {"test": {"accuracy": 0.98765}},
        }
    )
    for words in (describe(card), card_markdown(card)):
        for fact in (
            "lesion, none",
            "1.250",
            "40 patients",
            "gradcam",
            "no feature map",
            "test accuracy: 0.9877",
        ):
            assert fact in words


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
NUMBERS = st.floats(0.01, 100, allow_nan=False)


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Any card that is valid."""
    labels = tuple(draw(st.lists(WORDS, min_size=2, max_size=5, unique=True)))
    low = draw(st.floats(0, 49))
    channels: Literal[1, 3] = 1 if draw(st.booleans()) else 3
    return ModelCard(
        name=draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")),
        version=draw(WORDS),
        labels=labels,
        preprocessing=Preprocessing(
            channels=channels,
            mean=tuple(draw(st.lists(NUMBERS, min_size=channels, max_size=channels))),
            std=tuple(draw(st.lists(NUMBERS, min_size=channels, max_size=channels))),
            intensity=Intensity(low=low, high=low + draw(st.floats(1, 50))),
            crop=Crop(kind=draw(st.sampled_from(("foreground", "none"))), margin=draw(st.floats(0, 1))),
            resize_filter=draw(st.sampled_from(("bilinear", "bicubic", "lanczos", "box", "nearest"))),
        ),
        calibration=Calibration(method="temperature", temperature=draw(NUMBERS), fitted_on=draw(WORDS)),
        decision=Decision(
            aggregation="top_quarter_mean",
            background_label=draw(st.sampled_from(labels)),
            conformal=Conformal(
                alpha=draw(st.floats(0, 1)), thresholds={label: draw(st.floats(0, 1)) for label in labels}
            ),
        ),
        explanations=(MethodEntry(method=draw(WORDS), knobs={draw(WORDS): draw(st.integers() | NUMBERS | WORDS)}),),
        metrics={draw(WORDS): {draw(WORDS): draw(NUMBERS)}},
    )


@given(cards())
def test_card_survives_the_way_through_json(card: ModelCard) -> None:
    """Any valid card is read back exactly, floats to the last bit."""
    assert ModelCard.model_validate_json(card.model_dump_json(indent=1)) == card
