"""The pages of a finished scan, made again from what is recorded; no model is needed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from mri_batch.card import ModelCard
from mri_batch.errors import OutputError
from mri_batch.report.index import write_index
from mri_batch.report.page import render_study
from mri_batch.run.output import write_file
from mri_batch.run.scan import iter_results
from mri_batch.settings import Language


def rerender(out: Path, *, lang: Language | None, feedback: Path | None) -> int:
    """Write the pages of the scan in ``out`` again; returns how many. Raises OutputError where it is no such scan."""
    try:
        run = json.loads((out / "run.json").read_text("utf-8"))
        card = ModelCard.model_validate_json((out / "model-card.json").read_text("utf-8"))
        lines = (out / "results.jsonl").read_text("utf-8").splitlines()
        ids = [str(json.loads(line)["study_id"]) for line in lines]
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise OutputError(
            f"not a finished scan ({type(error).__name__})",
            code="OUTPUT_NOT_A_SCAN",
            file=str(out),
            hint="give --out of a scan",
        ) from error
    language: Language = lang or run["settings"]["lang"]
    pages = 0
    for result in iter_results(out, ids):
        folder = out / "studies" / result.study_id
        pieces = folder / "pieces.zip"
        page = render_study(result, pieces if pieces.exists() else None, card, lang=language)
        write_file(folder / "report.html", page)
        pages += 1
    return pages + len(write_index(out, iter_results(out, ids), run, lang=language, feedback=feedback))
