"""The work list over all studies: rows made here, so that it reads without scripts; filtered in the page with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mri_batch.records import StudyResult, StudyStatus
from mri_batch.report.feedback import Agreement
from mri_batch.report.page import render_template
from mri_batch.report.text import to_visible
from mri_batch.settings import Language

ROWS_PER_PAGE = 500  # 5,000 studies are ten pages of about half a megabyte
_SCRIPTS = ("common.js", "worklist.js")


def render_index(
    results: Iterable[StudyResult],
    run: Mapping[str, Any],
    *,
    lang: Language,
    agreement: Agreement | None = None,
) -> tuple[tuple[str, str], ...]:
    """Render the work list: (file name, page) pairs, ``index.html`` first, one page for every 500 studies.

    In the order given. ``run``: what ``run.json`` holds; its plain values are shown. ``index.html`` carries a compact
    table of all studies for its filter.
    """
    rows = [_describe(at, result) for at, result in enumerate(results)]
    counts = Counter(row["status"] for row in rows)
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
                agreement=agreement if number == 1 else None,
                **shared,
            ),
        )
        for number in range(1, n_pages + 1)
    )


def _describe(at: int, result: StudyResult) -> dict[str, Any]:
    decided = result.decided
    return {
        "at": at,
        "id": result.study_id,
        "key": result.key,
        "source": result.source,
        "status": result.status.value,
        "code": result.code,
        "label": decided.label if decided else "",
        "probability": decided.probability if decided else None,
        "verdict": decided.verdict.value if decided else "",
        "reasons": list(decided.reasons) if decided else [result.reason],
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
                [to_visible(reason) for reason in row["reasons"]],
                row["n_slices"],
                int(row["thumb"]),
            ]
            for row in rows
        ],
    }


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
