"""Pictures that the model got right and wrong, with heat, and how the two differ in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics as f
from mri_batch.commands.evaluate.heatmap_metrics import load_mask
from mri_batch.commands.evaluate.predictions import Answers
from mri_batch.commands.evaluate.summary import Figure
from mri_batch.dataset import read_picture
from mri_batch.explain.base import Method
from mri_batch.model.decide import prediction_set
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.records import Slice
from mri_batch.report.study.thumbnails import make_still, to_upright, unturned


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture of the gallery: ``still`` is a JPEG of the slice beside itself with heat for the label given."""

    name: str
    right: bool
    label: str
    given: str
    probability: float
    probability_true: float
    still: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One number over the right and over the wrong slices."""

    title: str
    right: Figure
    wrong: Figure


def choose_shots(answers: Answers, n_wrong: int, n_right: int) -> tuple[int, ...]:
    """Choose rows: the wrong ones that the model was surest of, then right ones evenly over classes and confidence."""
    confidence, right = answers.probabilities.max(axis=1), answers.predicted == answers.targets
    order = np.argsort(-confidence, kind="stable")
    wrong = [int(i) for i in order if not right[i]][:n_wrong]
    kept = []
    seen = sorted(set(answers.targets.tolist()))
    for k in seen:
        rows = [int(i) for i in order if right[i] and answers.targets[i] == k]
        places = np.linspace(0, len(rows) - 1, min(len(rows), max(1, n_right // len(seen))))
        kept += [rows[i] for i in np.unique(places.round().astype(int))]
    return (*wrong, *kept)


def make_shots(answers: Answers, rows: Sequence[int], session: Session, method: Method | None) -> tuple[Shot, ...]:
    """Draw the chosen rows; without a method, the slices alone."""
    return tuple(_make_shot(answers, i, session, method) for i in rows)


def contrast(answers: Answers, card: ModelCard, *, n_draws: int, seed: int) -> tuple[Contrast, ...]:
    """How right and wrong slices differ: confidence, prediction set, distance from the training data, outline."""
    columns: dict[str, f.Doubles] = {
        "mean probability of the label given": answers.probabilities.max(axis=1).astype(np.float64),
        "mean number of plausible labels": np.array(
            [len(prediction_set(row, card)) for row in answers.probabilities], np.float64
        ),
    }
    if len(answers.gate_scores):
        columns["mean distance from the training data"] = answers.gate_scores.astype(np.float64)
    columns["outline's share of the picture"] = _outline_shares(answers)
    right = answers.predicted == answers.targets
    weights = f.draw_weights([item.unit for item in answers.items], n_draws, seed)
    return tuple(
        Contrast(title=title, right=_figure(values, right, weights), wrong=_figure(values, ~right, weights))
        for title, values in columns.items()
        if not np.isnan(values).all()
    )


def _figure(values: f.Doubles, rows: f.Bools, weights: f.Doubles) -> Figure:
    use = rows & ~np.isnan(values)
    return Figure.of(f.mean(values[use], weights[:, use]))


def _outline_shares(answers: Answers) -> f.Doubles:
    shares = np.full(len(answers.items), np.nan)
    for i, item in enumerate(answers.items):
        if item.mask is not None:
            shares[i] = float((read_picture(item.mask).pixels > 127).mean())
    return shares


def _make_shot(answers: Answers, i: int, session: Session, method: Method | None) -> Shot:
    item, given = answers.items[i], int(answers.predicted[i])
    picture = read_picture(item.path)
    if item.mask is not None:
        picture = _draw_outline(picture, load_mask(item, picture))
    ready = prepare([read_picture(item.path)], session.card.preprocessing)
    share: Float32 | None = None
    if method is not None:
        heat = method(session, ready.pixels, np.array([given], np.int64)).heat[0]
        share = (heat / (np.abs(heat).max() or 1.0)).astype(np.float32)
    placement = ready.placements[0]
    aspect = picture.aspect if placement.quarter_turns % 2 == 0 else 1 / picture.aspect
    return Shot(
        name=f"{item.data_set}/{item.name}",
        right=given == int(answers.targets[i]),
        label=item.label,
        given=answers.labels[given],
        probability=float(answers.probabilities[i, given]),
        probability_true=float(answers.probabilities[i, answers.targets[i]]),
        still=make_still(to_upright(_grey(picture), placement), picture.window, unturned(placement), aspect, share),
    )


def _grey(picture: Slice) -> Float32:
    return picture.pixels if picture.pixels.ndim == 2 else picture.pixels.mean(axis=2, dtype=np.float32)


def _draw_outline(picture: Slice, mask: f.Bools) -> Slice:
    """Draw the edge of a mask in white."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    pixels = _grey(picture).copy()
    pixels[mask & ~inner] = picture.window[1]
    return replace(picture, pixels=pixels)
