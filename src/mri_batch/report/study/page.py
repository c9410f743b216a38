"""A study's page: one file that needs nothing else, made from the result, the pieces and the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.records import FileRecord, FileStatus, StudyResult
from mri_batch.report.render import Element, Page
from mri_batch.report.schema import dump_result
from mri_batch.report.study.acquisition import iter_acquisition
from mri_batch.report.study.bundle import load_pieces
from mri_batch.report.study.view import describe_view
from mri_batch.settings import Language

LISTED_FILES = 50  # of each kind on a page; files.csv has them all
SCRIPTS = ("common.js", "decode.js", "viewer.js")
SCRIPT_MESSAGES = (
    "all_layers",
    "bar",
    "bar_clipped",
    "bar_layer",
    "bar_signed",
    "class_any",
    "exact",
    "frame",
    "heat",
    "key_slice",
    "layer_head",
    "peak_at",
    "reduced",
    "rounded",
    "slice_of",
    "strip",
    "value",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A row of the page's list of files: one file, or the first of ``n`` that have series and reason in common."""

    record: FileRecord
    n: int = 1


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
    page = Page(lang, card)
    return page.render(
        "study.html",
        scripts=SCRIPTS,
        messages=SCRIPT_MESSAGES,
        result=result,
        card=card,
        pieces=loaded,
        keys=[piece for piece in loaded if piece.still],
        calibrated=card.calibration.method != "none",
        view=describe_view(result, loaded, page, card),
        result_json=Markup(dump_result(result)),  # dump_result leaves nothing that ends a script element
        failed=_list_failed(result),
        skipped=_list_skipped(result),
        methods={entry.method: entry for entry in card.explanations},
        figures=_flatten(card.metrics),
        answers=list_answers(result, page),
        describe=lambda info: iter_acquisition(info, page),
        repeats=lambda notes, text: Note("TEXT", {"text": text}) in notes,
        listed=LISTED_FILES,
        index_href=index_href,
    )


def list_answers(result: StudyResult, page: Page) -> list[Element]:
    """Say for each series which slices its answer is the mean of; empty where the result does not tell."""
    if result.prediction is None:
        return []
    label = result.labels.index(result.prediction.label)
    lines = []
    for number, series in enumerate(result.series, 1):
        own = [i for i in result.deciding if result.slices[i].series_id == series.series_id]
        if own:
            line = _say_answer(own, series.probabilities[label], len(result.slices), page)
            several = len(result.series) > 1
            lines.append(page.joined([page.message("series"), f"{number}:", line], " ") if several else line)
    return lines


def _say_answer(deciding: Sequence[int], probability: float, total: int, page: Page) -> Element:
    runs = [list(run) for _, run in groupby(enumerate(deciding), lambda pair: pair[1] - pair[0])]
    spans = [
        page.message("slices_from_to", first=run[0][1] + 1, last=run[-1][1] + 1) if len(run) > 1 else run[0][1] + 1
        for run in runs
    ]
    percent, slices = page.percent(probability), page.joined(spans, ", ")
    if len(deciding) > 1:
        return page.message("rests_on_several", probability=percent, slices=slices, total=total)
    return page.message("rests_on_one", probability=percent, slices=slices, total=total)


def _list_failed(result: StudyResult) -> list[FileRow]:
    return [FileRow(record=record) for record in result.files if record.status is FileStatus.FAILED]


def _list_skipped(result: StudyResult) -> list[FileRow]:
    """List skipped files, those of a series and reason together."""
    rows: dict[tuple[str, str, Note | None], FileRow] = {}
    for record in result.files:
        if record.status is FileStatus.SKIPPED:
            alike = (record.series_id, record.code, record.reason)
            row = rows.get(alike, FileRow(record=record, n=0))
            rows[alike] = FileRow(record=row.record, n=row.n + 1)
    return list(rows.values())


def _flatten(metrics: Mapping[str, Any], prefix: str = "") -> Sequence[tuple[str, float | int | str]]:
    """List the plain figures of a card, nested names joined by points."""
    flat: list[tuple[str, float | int | str]] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            flat += _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, float | int | str):
            flat.append((f"{prefix}{name}", value))
    return flat
