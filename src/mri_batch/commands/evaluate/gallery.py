"""Pictures that the model got right and wrong, with heat, and how the two groups differ in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from mri_batch.arrays import Float32, Float64
from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.commands.evaluate.heatmap_scores import load_mask
from mri_batch.commands.evaluate.metrics import Bools
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.dataset import read_picture
from mri_batch.explain.base import Method
from mri_batch.model.decide import prediction_set
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.records import Slice
from mri_batch.report.study.thumbnails import make_still, to_upright, unturned
from mri_batch.run.attribution import attribute


class Quantity(StrEnum):
    """What may differ between right and wrong slices."""

    CONFIDENCE = "confidence"
    SET_SIZE = "set_size"
    GATE_SCORE = "gate_score"
    OUTLINE_SHARE = "outline_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPicture:
    """One picture of the gallery: ``jpeg`` shows the slice beside itself with heat for the predicted label."""

    name: str
    right: bool
    label: str
    predicted: str
    probability: float
    probability_true: float
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The mean of one quantity over the right and over the wrong slices."""

    quantity: Quantity
    right: Estimate
    wrong: Estimate


def choose_pictures(predictions: Predictions, n_wrong: int, n_right: int) -> tuple[int, ...]:
    """Choose rows: the wrong ones of highest confidence, then right ones evenly over classes and confidence."""
    confidence, right = predictions.probabilities.max(axis=1), predictions.predicted == predictions.targets
    order = np.argsort(-confidence, kind="stable")
    wrong = [int(i) for i in order if not right[i]][:n_wrong]
    kept = []
    seen = sorted(set(predictions.targets.tolist()))
    for k in seen:
        rows = [int(i) for i in order if right[i] and predictions.targets[i] == k]
        places = np.linspace(0, len(rows) - 1, min(len(rows), max(1, n_right // len(seen))))
        kept += [rows[i] for i in np.unique(places.round().astype(int))]
    return (*wrong, *kept)


def draw_gallery(
    predictions: Predictions, rows: Sequence[int], session: Session, method: Method | None
) -> tuple[GalleryPicture, ...]:
    """Draw the chosen rows; without a method, the slices alone."""
    return tuple(_draw(predictions, i, session, method) for i in rows)


def contrast(predictions: Predictions, card: ModelCard, bootstrap: Bootstrap) -> tuple[Contrast, ...]:
    """How right and wrong slices differ: confidence, prediction set, distance from the training data, outline."""
    sizes = [len(prediction_set(row, card)) for row in predictions.probabilities]
    columns: dict[Quantity, Float64] = {
        Quantity.CONFIDENCE: predictions.probabilities.max(axis=1).astype(np.float64),
        Quantity.SET_SIZE: np.array(sizes, np.float64),
    }
    if len(predictions.gate_scores):
        columns[Quantity.GATE_SCORE] = predictions.gate_scores.astype(np.float64)
    columns[Quantity.OUTLINE_SHARE] = _outline_shares(predictions)
    right = predictions.predicted == predictions.targets
    weights = bootstrap.weights(predictions.units)
    return tuple(
        Contrast(quantity=quantity, right=_mean(values, right, weights), wrong=_mean(values, ~right, weights))
        for quantity, values in columns.items()
        if not np.isnan(values).all()
    )


def _mean(values: Float64, rows: Bools, weights: Float64) -> Estimate:
    use = rows & ~np.isnan(values)
    return Estimate.of(metrics.mean(values[use], weights[:, use]))


def _outline_shares(predictions: Predictions) -> Float64:
    shares = np.full(len(predictions.items), np.nan)
    for i, item in enumerate(predictions.items):
        if item.mask is not None:
            shares[i] = float((read_picture(item.mask).pixels > 127).mean())
    return shares


def _draw(predictions: Predictions, i: int, session: Session, method: Method | None) -> GalleryPicture:
    item, predicted = predictions.items[i], int(predictions.predicted[i])
    picture = read_picture(item.path)
    ready = prepare([picture], session.card.preprocessing)
    placement = ready.placements[0]
    share: Float32 | None = None
    if method is not None:
        heat = attribute(session, method, ready.pixels, predicted).heat[0]
        share = (heat / (np.abs(heat).max() or 1.0)).astype(np.float32)
    if item.mask is not None:
        picture = _draw_outline(picture, load_mask(item, picture))
    aspect = picture.aspect if placement.quarter_turns % 2 == 0 else 1 / picture.aspect
    return GalleryPicture(
        name=f"{item.data_set}/{item.name}",
        right=predicted == int(predictions.targets[i]),
        label=item.label,
        predicted=predictions.labels[predicted],
        probability=float(predictions.probabilities[i, predicted]),
        probability_true=float(predictions.probabilities[i, predictions.targets[i]]),
        jpeg=make_still(to_upright(_grey(picture), placement), picture.window, unturned(placement), aspect, share),
    )


def _grey(picture: Slice) -> Float32:
    return picture.pixels if picture.pixels.ndim == 2 else picture.pixels.mean(axis=2, dtype=np.float32)


def _draw_outline(picture: Slice, mask: Bools) -> Slice:
    """Draw the edge of a mask in white."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    pixels = _grey(picture).copy()
    pixels[mask & ~inner] = picture.window[1]
    return replace(picture, pixels=pixels)
