"""The work list over all studies: rows made here, so that it reads without scripts; filtered in the page with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mri_batch.records import StudyResult, StudyStatus
from mri_batch.report.feedback import Agreement, agreement, load_feedback
from mri_batch.report.i18n.phrases import Sentence, find_sentence, iter_keys
from mri_batch.report.study.page import render_template
from mri_batch.settings import Language
from mri_batch.text import to_visible

ROWS_PER_PAGE = 500  # 5,000 studies are ten pages of about half a megabyte
_SCRIPTS = ("common.js", "worklist.js")


def write_index(
    out: Path,
    results: Iterable[StudyResult],
    run: Mapping[str, Any],
    *,
    lang: Language,
    feedback: Path | None = None,
) -> tuple[Path, ...]:
    """Write the work list's pages into ``out``, with agreement figures where readers' feedback is given.

    Each page is whole or not there. Raises UsageError where the feedback is not a file that the work list saved.
    """
    light = [replace(result, slices=(), files=()) for result in results]  # 5,000 studies' slices need not be held
    agreed = agreement(light, load_feedback(feedback)) if feedback is not None else None
    pages = render_index(light, run, lang=lang, agreed=agreed)
    for old in set(out.glob("index-*.html")) - {out / name for name, _ in pages}:
        old.unlink()
    for name, page in pages:
        beside = out / f".{name}.part"
        beside.write_text(page, encoding="utf-8", newline="\n")
        beside.replace(out / name)
    return tuple(out / name for name, _ in pages)


def render_index(
    results: Iterable[StudyResult],
    run: Mapping[str, Any],
    *,
    lang: Language,
    agreed: Agreement | None = None,
) -> tuple[tuple[str, str], ...]:
    """Render the work list: (file name, page) pairs, ``index.html`` first, one page for every 500 studies.

    In the order given. ``run``: what ``run.json`` holds; its plain values are shown. ``index.html`` carries a compact
    table of all studies for its filter.
    """
    rows = [_describe(at, result) for at, result in enumerate(results)]
    counts = Counter(row["status"] for row in rows)
    told = {_tell(reason) for row in rows for reason in row["reasons"]}
    sentences = {key for each in told if isinstance(each, tuple) for key in iter_keys(each)}
    n_pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
    shared = {
        "total": len(rows),
        "counts": {status.value: counts[status.value] for status in StudyStatus},
        "n_pages": n_pages,
        "run": _plain(run),
    }
    return tuple(
        (
            "index.html" if number == 1 else f"index-{number}.html",
            render_template(
                "index.html",
                lang=lang,
                scripts=_SCRIPTS,
                number=number,
                rows=rows[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE],
                table=_compact(rows) if number == 1 else None,
                sentences=sentences if number == 1 else (),
                agreement=agreed if number == 1 else None,
                **shared,
            ),
        )
        for number in range(1, n_pages + 1)
    )


def _describe(at: int, result: StudyResult) -> dict[str, Any]:
    prediction = result.prediction
    return {
        "at": at,
        "id": result.study_id,
        "key": result.key,
        "source": result.source,
        "status": result.status.value,
        "code": result.code,
        "label": prediction.label if prediction else "",
        "probability": prediction.probability if prediction else None,
        "verdict": prediction.verdict.value if prediction else "",
        "reasons": list(prediction.reasons) if prediction else [result.reason],
        "n_slices": sum(series.n_slices for series in result.series),
        "thumb": any(key.heatmaps for key in result.key_slices),
    }


def _compact(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return all rows for the page's filter: the names of the fields once, then one short list per study."""
    return {
        "per_page": ROWS_PER_PAGE,
        "rows": [
            [
                row["id"],
                row["key"],
                to_visible(row["source"]),
                row["status"],
                row["code"],
                row["label"],
                None if row["probability"] is None else round(row["probability"], 4),
                row["verdict"],
                [_tell(reason) for reason in row["reasons"] if reason],
                row["n_slices"],
                int(row["thumb"]),
            ]
            for row in rows
        ],
    }


def _tell(reason: str) -> Sentence | str:
    return find_sentence(to_visible(reason)) or to_visible(reason)


def _plain(run: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in run.items():
        if isinstance(value, Mapping):
            flat += _plain(value, f"{prefix}{name}.")
        elif isinstance(value, str | int | float):
            flat.append((f"{prefix}{name}", str(value)))
        elif isinstance(value, Sequence) and all(isinstance(item, str | int | float) for item in value):
            flat.append((f"{prefix}{name}", ", ".join(map(str, value))))
    return flat
