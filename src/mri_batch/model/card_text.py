"""The model card in words: for ``mri-batch model show`` and for a package's ``MODEL_CARD.md``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mri_batch.card import Decision, MethodEntry, ModelCard, Preprocessing


def describe(card: ModelCard) -> str:
    """Describe a card in plain lines."""
    return "\n".join(
        f"{title}\n" + "\n".join(f"  {line}" for line in lines) for title, lines in _sections(card) if lines
    )


def card_markdown(card: ModelCard) -> str:
    """Write a card as Markdown."""
    parts = [
        f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) + "\n" for title, lines in _sections(card) if lines
    ]
    return f"# {card.name} {card.version}\n\n" + "\n".join(parts)


def _sections(card: ModelCard) -> list[tuple[str, list[str]]]:
    return [
        ("Model", _identity(card)),
        ("Input", _preprocessing(card.preprocessing)),
        ("Answer", [*_calibration(card), *_decision(card.decision)]),
        ("Explanations", [_method(entry, card.default_method) for entry in card.explanations]),
        ("Training", list(_flat(card.training))),
        ("Metrics", list(_flat(card.metrics))),
        ("Limits", list(card.limits)),
    ]


def _identity(card: ModelCard) -> list[str]:
    lines = [f"{card.name}, version {card.version}", f"labels: {', '.join(card.labels)}"]
    if card.architecture:
        lines.append(f"architecture: {card.architecture}")
    lines.append(f"for: {card.intended_use or 'not stated; for research use only'}")
    for name, values in _purpose(card):
        lines.append(f"{name}: {', '.join(values) or 'any'}")
    lines.append(f"licence: {card.licence or 'not stated'}")
    return lines


def _purpose(card: ModelCard) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("modalities", card.modalities),
        ("body parts", card.body_parts),
        ("sequences", card.sequences),
        ("planes", card.planes),
    )


def _preprocessing(p: Preprocessing) -> list[str]:
    kind = "percentiles" if p.intensity.kind == "percentile" else "values"
    crop = "the whole slice" if p.crop.kind == "none" else f"the foreground, {p.crop.margin:.0%} wider"
    return [
        f"{p.rows} x {p.cols} px, {p.colour}, {p.channels} channels, {p.resize_filter} filter",
        f"crop: {crop}, {'padded to' if p.fit == 'pad' else 'stretched to'} the input's shape",
        f"intensity: {kind} {p.intensity.low:g} to {p.intensity.high:g} become 0 to 1",
        f"mean {_numbers(p.mean)}, standard deviation {_numbers(p.std)}",
        "turned upright where the orientation is known" if p.upright else "taken as it lies",
    ]


def _calibration(card: ModelCard) -> list[str]:
    c = card.calibration
    if c.method == "none":
        return ["probabilities: not calibrated"]
    line = f"probabilities: temperature {c.temperature:.3f}, fitted on {c.fitted_on or 'data not stated'}"
    if c.n_slices and str(c.n_slices) not in c.fitted_on:
        line += f" ({c.n_slices} slices)"
    if c.ece_before is None or c.ece_after is None:
        return [line]
    return [line, f"expected calibration error: {c.ece_before:.3f} before, {c.ece_after:.3f} after"]


def _decision(d: Decision) -> list[str]:
    window_mm = d.window.window_mm if d.window else 0.0
    rule = {
        "mean": "the mean over the slices",
        "top_quarter_mean": f"the mean over the quarter of the slices least like {d.background_label}",
        "window_mean": f"the mean over the {window_mm:g} mm least like {d.background_label}",
    }
    lines = [
        f"series: {rule[d.aggregation]}; a study is the mean of its series",
        f"caution below {d.caution_below:.2f}, no answer below {d.abstain_below:.2f}",
    ]
    if d.conformal is not None:
        lines.append(f"prediction sets: conformal, {1 - d.conformal.alpha:.0%} coverage for each class")
    if d.out_of_distribution is not None:
        gate = d.out_of_distribution
        lines.append(
            f"unlike the training data: caution above {gate.caution_above:.4g}, refused above {gate.refuse_above:.4g}"
        )
    return lines


def _method(entry: MethodEntry, default: str | None) -> str:
    words = [entry.method]
    if entry.method == default:
        words.append("(default)")
    if entry.knobs:
        words.append("with " + ", ".join(f"{k} {v}" for k, v in sorted(entry.knobs.items())))
    if not entry.available:
        words.append(f"- not available: {entry.reason}")
    elif told := [each for each in (_describe_validation(entry), entry.validation_reason, entry.reason) if each]:
        words.append("- " + "; ".join(told))
    return " ".join(words)


def _describe_validation(entry: MethodEntry) -> str:
    return {
        "untested": "",
        "passed": "passed its faithfulness tests",
        "failed": "failed its faithfulness tests",
    }[entry.validation]


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterable[str]:
    for key, value in tree.items():
        name = f"{path} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield f"{name}: {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_value, value)) if isinstance(value, list | tuple) else str(value)


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
