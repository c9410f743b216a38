"""A study's page: one file that needs nothing else, made from the result, the pieces and the model card."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mri_batch import __version__
from mri_batch.card import ModelCard
from mri_batch.records import FileRecord, FileStatus, Heatmap, SeriesResult, StudyResult
from mri_batch.report.i18n.phrases import CAVEATS, LANGUAGES, PHRASES, find_sentence, iter_keys, say
from mri_batch.report.schema import dump_result
from mri_batch.report.study.bundle import Piece, PieceHeads, load_pieces
from mri_batch.report.study.colours import RAMP_AGAINST, RAMP_FOR
from mri_batch.report.study.thumbnails import CONTOUR_AT, OPACITY, THRESHOLD, unturned
from mri_batch.settings import Language
from mri_batch.text import to_json, to_visible

LISTED_FILES = 50  # of each kind on a page; files.csv has them all
_SCRIPTS = ("common.js", "decode.js", "viewer.js")


def render_study(
    result: StudyResult,
    pieces: Path | None,
    card: ModelCard,
    *,
    lang: Language,
    index_href: str | None = "../../index.html",
) -> str:
    """Render a study's page; ``pieces`` is None for a study without pictures (skipped, failed).

    The same arguments give the same bytes. Nothing in the page is fetched from elsewhere. ``index_href`` leads back to
    the work list; None where there is none.
    """
    loaded = load_pieces(pieces) if pieces is not None else ()
    keys = [piece for piece in loaded if piece.still]
    return render_template(
        "study.html",
        lang=lang,
        scripts=_SCRIPTS,
        result=result,
        card=card,
        pieces=loaded,
        keys=keys,
        calibrated=card.calibration.method != "none",
        view=_describe_view(result, loaded),
        result_json=Markup(dump_result(result)),  # dump_result leaves nothing that ends a script element
        left_out=_left_out(result),
        methods={entry.method: entry for entry in card.explanations},
        figures=_flatten(card.metrics),
        listed=LISTED_FILES,
        index_href=index_href,
    )


def render_template(name: str, *, lang: Language, scripts: Sequence[str], **values: Any) -> str:
    """Render a template with the shared words, style and scripts, and a policy that allows only these."""
    env, teller = _environment(), _Teller(lang)
    style, script = _raw("style.css"), "\n".join(map(_raw, scripts))
    return env.get_template(name).render(
        lang=lang,
        languages=LANGUAGES,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        words=lambda sentences=(): Markup(_words(frozenset(teller.told).union(sentences))),
        t=teller.tell,
        say=lambda key, *filled: say(key, lang, filled),
        sentence=teller.tell_sentence,
        version=__version__,
        **values,
    )


def to_percent(probability: float) -> str:
    """Write a probability as people read it; more digits would promise what calibration cannot hold."""
    percent = round(probability * 100)
    if percent >= 100 and probability < 1:
        return "> 99 %"
    if percent <= 0 and probability > 0:
        return "< 1 %"
    return f"{percent} %"


def find_letters(piece: Piece) -> dict[str, str] | None:
    """Return the letters (R L A P H F) of an upright slice's four sides; None where the orientation is unknown."""
    if piece.orientation is None:
        return None
    row, col = np.array(piece.orientation[:3]), np.array(piece.orientation[3:])
    if piece.placement.mirrored:
        row = -row
    for _ in range(piece.placement.quarter_turns % 4):
        row, col = col, -row
    return {"left": _letter(-row), "right": _letter(row), "top": _letter(-col), "bottom": _letter(col)}


class _Teller:
    """Phrases as elements that the language switch can change later."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang
        self.told: set[str] = set()  # phrases of sentences: of these a page carries only the ones that it needs

    def tell(self, key: str, *values: object) -> Markup:
        """Tell a phrase as an element; values are shown as they are, those that are sentences in its language."""
        seen = [value if isinstance(value, tuple) else to_visible(str(value)) for value in values]
        told = say(key, self._lang, seen)
        filled = Markup(' data-v="{}"').format(to_json(seen)) if seen else Markup("")
        return Markup('<span data-t="{}"{}>{}</span>').format(key, filled, told)

    def tell_sentence(self, text: str) -> Markup:
        """Tell a sentence from elsewhere, in the page's language where it is known."""
        known = find_sentence(to_visible(text))
        if known is None:
            return Markup("<span>{}</span>").format(to_visible(text))
        self.told.update(iter_keys(known))
        return self.tell(known[0], *known[1])


@cache
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("mri_batch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: to_visible(value) if type(value) is str else value,
    )
    env.filters.update(
        percent=to_percent,
        number=_number,
        b64=lambda content: base64.b64encode(content).decode("ascii"),
        json=lambda value: Markup(to_json(value)),
        name=lambda label: label.replace("_", " "),
    )
    env.globals.update(caveats=CAVEATS, phrases=PHRASES)
    return env


@cache
def _raw(name: str) -> str:
    env = _environment()
    assert env.loader is not None
    source: str = env.loader.get_source(env, name)[0]
    return source


@lru_cache(maxsize=64)
def _words(sentences: frozenset[str]) -> str:
    """Write the phrases that scripts can need: all of the pages' own, and these sentences."""
    needed = {key: said for key, said in PHRASES.items() if not key.startswith("s_") or key in sentences}
    return json.dumps(needed, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _number(value: float) -> str:
    return f"{value:.3g}"


def _letter(direction: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Letters of the axes that a direction follows, the strongest first, down to about 20 degrees."""
    signs = (("R", "L"), ("A", "P"), ("F", "H"))
    order = sorted(range(3), key=lambda axis: -abs(float(direction[axis])))
    strong = [axis for axis in order if abs(float(direction[axis])) > 0.35]
    return "".join(signs[axis][int(direction[axis] > 0)] for axis in strong)


def _flatten(metrics: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List the plain figures of a card, nested names joined by points."""
    flat: list[tuple[str, str]] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            flat += _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            flat.append((f"{prefix}{name}", _number(value)))
        elif isinstance(value, int | str):
            flat.append((f"{prefix}{name}", str(value)))
    return flat


def _left_out(result: StudyResult) -> dict[str, list[tuple[FileRecord, int]]]:
    """List the files that were not used: failed ones each by itself, skipped ones of a series and reason together."""
    failed = [(record, 1) for record in result.files if record.status is FileStatus.FAILED]
    skipped: dict[tuple[str, str, str], tuple[FileRecord, int]] = {}
    for record in result.files:
        if record.status is FileStatus.SKIPPED:
            alike = (record.series_id, record.code, record.reason)
            first, n = skipped.get(alike, (record, 0))
            skipped[alike] = (first, n + 1)
    return {"failed": failed, "skipped": list(skipped.values())}


def _describe_view(result: StudyResult, pieces: Sequence[Piece]) -> dict[str, Any]:
    """Describe for ``viewer.js`` what there is to show; pixels and heat stand in elements of their own."""
    return {
        "study": result.study_id,
        "key": result.key,
        "labels": result.labels,
        "label": result.prediction.label if result.prediction else None,
        "series": [_describe_series(series, result) for series in result.series],
        "slices": [
            {"file": to_visible(piece.file), "frame": piece.frame, "p": [round(p, 4) for p in piece.probabilities]}
            for piece in result.slices
        ],
        "pieces": [_describe_piece(piece) for piece in pieces],
        "ramps": [base64.b64encode(ramp.tobytes()).decode("ascii") for ramp in (RAMP_FOR, RAMP_AGAINST)],
        "start": {"opacity": OPACITY, "threshold": THRESHOLD, "contour": CONTOUR_AT},
    }


def _describe_series(series: SeriesResult, result: StudyResult) -> dict[str, Any]:
    own = [i for i, piece in enumerate(result.slices) if piece.series_id == series.series_id]
    return {"id": series.series_id, "label": series.label, "slices": own}


def _describe_piece(piece: Piece) -> dict[str, Any]:
    upright = unturned(piece.placement)
    turned = piece.placement.quarter_turns % 2
    spacing = piece.spacing_mm[::-1] if piece.spacing_mm and turned else piece.spacing_mm
    return {
        "index": piece.index,
        "rows": piece.rows,
        "cols": piece.cols,
        "planes": len(piece.planes),
        "slope": piece.slope,
        "intercept": piece.intercept,
        "error": piece.error,
        "window": piece.window,
        "spacing": spacing,
        "letters": find_letters(piece),
        "full": [upright.rows, upright.cols],
        "box": [upright.top, upright.left, upright.height, upright.width],
        "mirrored": piece.placement.mirrored,
        "turns": piece.placement.quarter_turns % 4,
        "heats": [{**_describe_heat(heat.about, piece), "low": heat.low, "step": heat.step} for heat in piece.heats],
        "heads": _describe_heads(piece.heads) if piece.heads else None,
    }


def _describe_heads(heads: PieceHeads) -> dict[str, Any]:
    return {"first": heads.first_layer, "heads": heads.heads, "grid": heads.grid, "steps": heads.steps}


def _describe_heat(about: Heatmap, piece: Piece) -> dict[str, Any]:
    return {
        "method": about.method,
        "label": about.label,
        "layer": about.layer,
        "head": about.head,
        "grid": about.grid,
        "scale": about.scale_max,
        "signed": about.signed,
        "peak": about.peak_px,
    }
