"""The pages of a finished scan, made again from what is recorded; no model is needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mri_batch import __version__
from mri_batch.card import ModelCard
from mri_batch.checksums import digest_file
from mri_batch.errors import OutputError
from mri_batch.files import write_file
from mri_batch.report.study.page import render_study
from mri_batch.report.worklist import write_index
from mri_batch.run.scan import iter_results
from mri_batch.run.store.folder import JOURNAL, claim_output
from mri_batch.run.store.journal import Journal
from mri_batch.run.store.provenance import describe_maker
from mri_batch.run.store.runlog import seal
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
    with claim_output(out):
        return _rewrite(out, ids, run, card, language, feedback)


def _rewrite(
    out: Path, ids: Sequence[str], run: Mapping[str, Any], card: ModelCard, lang: Language, feedback: Path | None
) -> int:
    began, written = datetime.now(UTC), {}
    pages = write_index(
        out, iter_results(out, ids), run, lang=lang, feedback=feedback
    )  # first, since the feedback may be bad
    for result in iter_results(out, ids):
        folder = out / "studies" / result.study_id
        pieces = folder / "pieces.zip"
        page = render_study(result, pieces if pieces.exists() else None, card, lang=lang)
        write_file(folder / "report.html", page)
        written[f"studies/{result.study_id}/report.html"] = hashlib.sha256(page.encode()).hexdigest()
    journal = Journal(out / JOURNAL)
    journal.renew(written)
    tops = {name: digest_file(out / name) for name in (JOURNAL, *(page.name for page in pages))}
    seal(out, {**journal.sums, **tops}, _describe(began, lang, feedback))
    return len(written) + len(pages)


def _describe(began: datetime, lang: Language, feedback: Path | None) -> dict[str, Any]:
    return {
        "event": "report",
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_maker(),
        "asked": {"lang": lang, "feedback_sha256": digest_file(feedback) if feedback else None},
        "versions": {"mri_batch": __version__},
    }
