"""The work list over all studies: rows made here, so that it reads without scripts; filtered in the page with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mri_batch.card import ModelCard
from mri_batch.files import write_file
from mri_batch.notes import Note
from mri_batch.records import StudyResult, StudyStatus
from mri_batch.report.feedback import Agreement, agreement, load_feedback
from mri_batch.report.render import Page
from mri_batch.settings import Language
from mri_batch.text import JsonObject, to_visible

ROWS_PER_PAGE = 500  # 5,000 studies are ten pages of about half a megabyte
SCRIPTS = ("common.js", "worklist.js")
SCRIPT_MESSAGES = (
    "agree",
    "disagree",
    "feedback",
    "feedback_count",
    "note",
    "page",
    "showing",
    "status_done",
    "status_failed",
    "status_skipped",
    "unsure",
    "verdict_abstain",
    "verdict_caution",
    "verdict_report",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A study's row. ``at``: its place in the whole list, from 0; ``thumb``: whether it has a small picture."""

    at: int
    id: str
    key: str
    source: str
    status: StudyStatus
    code: str
    label: str
    probability: float | None
    verdict: str
    reasons: tuple[Note, ...]
    n_slices: int
    thumb: bool


def write_index(
    out: Path,
    results: Iterable[StudyResult],
    run: JsonObject,
    *,
    lang: Language,
    feedback: Path | None = None,
    card: ModelCard | None = None,
) -> tuple[Path, ...]:
    """Write the work list's pages into ``out``, with agreement figures where readers' feedback is given.

    Each page is whole or not there. ``card`` may name the classes in other languages. Raises UsageError where
    the feedback is not a file that the work list saved.
    """
    light = [replace(result, slices=(), files=()) for result in results]  # 5,000 studies' slices need not be held
    agreed = agreement(light, load_feedback(feedback)) if feedback is not None else None
    pages = render_index(light, run, lang=lang, agreed=agreed, card=card)
    for old in set(out.glob("index-*.html")) - {out / name for name, _ in pages}:
        old.unlink()
    for name, page in pages:
        write_file(out / name, page)
    return tuple(out / name for name, _ in pages)


def render_index(
    results: Iterable[StudyResult],
    run: JsonObject,
    *,
    lang: Language,
    agreed: Agreement | None = None,
    card: ModelCard | None = None,
) -> tuple[tuple[str, str], ...]:
    """Render the work list: (file name, page) pairs, ``index.html`` first, one page for every 500 studies.

    In the order given. ``run``: what ``run.json`` holds; its plain values are shown. ``index.html`` carries a compact
    table of all studies for its filter.
    """
    rows = [_describe(at, result) for at, result in enumerate(results)]
    n_pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
    counts = Counter(row.status for row in rows)
    shared = {
        "total": len(rows),
        "counts": {status.value: counts[status] for status in StudyStatus},
        "n_pages": n_pages,
        "run": _flatten(run),
    }
    return tuple(
        (
            "index.html" if number == 1 else f"index-{number}.html",
            _render_page(Page(lang, card), number, rows, agreed if number == 1 else None, shared),
        )
        for number in range(1, n_pages + 1)
    )


def _render_page(page: Page, number: int, rows: Sequence[Row], agreed: Agreement | None, shared: JsonObject) -> str:
    return page.render(
        "index.html",
        scripts=SCRIPTS,
        messages=SCRIPT_MESSAGES,
        page_number=number,
        rows=rows[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE],
        table=_to_table(rows, page) if number == 1 else None,
        agreement=agreed,
        **shared,
    )


def _describe(at: int, result: StudyResult) -> Row:
    prediction = result.prediction
    notes = (result.reason, result.hint) if prediction is None else prediction.reasons
    return Row(
        at=at,
        id=result.study_id,
        key=result.key,
        source=result.source,
        status=result.status,
        code=result.code,
        label=prediction.label if prediction else "",
        probability=prediction.probability if prediction else None,
        verdict=prediction.verdict.value if prediction else "",
        reasons=tuple(note for note in notes if note),
        n_slices=sum(series.n_slices for series in result.series),
        thumb=any(key.heatmaps for key in result.key_slices),
    )


def _to_table(rows: Sequence[Row], page: Page) -> JsonObject:
    """Return all rows for the page's filter, one short list per study; words as their places among its texts."""
    labels = dict.fromkeys(row.label for row in rows if row.label)
    return {
        "per_page": ROWS_PER_PAGE,
        "labels": {label: page.place(page.label(label)) for label in labels},
        "thumb_alt": page.place(page.message("thumb_alt")),
        "rows": [
            [
                row.id,
                row.key,
                to_visible(row.source),
                row.status.value,
                row.code,
                row.label,
                None if row.probability is None else round(row.probability, 4),
                row.verdict,
                [page.place(page.note(reason)) for reason in row.reasons],
                row.n_slices,
                int(row.thumb),
            ]
            for row in rows
        ],
    }


def _flatten(run: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in run.items():
        if isinstance(value, Mapping):
            flat += _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, str | int | float):
            flat.append((f"{prefix}{name}", str(value)))
        elif isinstance(value, Sequence) and all(isinstance(item, str | int | float) for item in value):
            flat.append((f"{prefix}{name}", ", ".join(map(str, value))))
    return flat
