"""Rerender the pages of a finished scan from its recorded results. No model is needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from mri_batch.card import ModelCard
from mri_batch.checksums import digest_file
from mri_batch.errors import OutputError
from mri_batch.files import write_file
from mri_batch.report.study.page import render_study
from mri_batch.report.worklist import write_index
from mri_batch.run.scan import iter_results
from mri_batch.run.store.folder import JOURNAL, MODEL_CARD, PIECES, REPORT, RESULTS, RUN, STUDIES, claim_output
from mri_batch.run.store.journal import Journal
from mri_batch.run.store.provenance import describe_rerender
from mri_batch.run.store.runlog import seal
from mri_batch.settings import Language
from mri_batch.text import JsonObject


def rerender(out: Path, *, lang: Language | None, feedback: Path | None) -> int:
    """Rewrite the pages of the scan in ``out``; returns how many. Raises OutputError where it is not a scan."""
    try:
        run = json.loads((out / RUN).read_text("utf-8"))
        card = ModelCard.model_validate_json((out / MODEL_CARD).read_text("utf-8"))
        lines = (out / RESULTS).read_text("utf-8").splitlines()
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
    out: Path, ids: Sequence[str], run: JsonObject, card: ModelCard, lang: Language, feedback: Path | None
) -> int:
    began, written = datetime.now(UTC), {}
    pages = write_index(
        out, iter_results(out, ids), run, lang=lang, feedback=feedback
    )  # first, since the feedback may be bad
    for result in iter_results(out, ids):
        folder = out / STUDIES / result.study_id
        pieces = folder / PIECES
        page = render_study(result, pieces if pieces.exists() else None, card, lang=lang)
        write_file(folder / REPORT, page)
        written[f"{STUDIES}/{result.study_id}/{REPORT}"] = hashlib.sha256(page.encode()).hexdigest()
    journal = Journal(out / JOURNAL)
    journal.renew(written)
    tops = {name: digest_file(out / name) for name in (JOURNAL, *(page.name for page in pages))}
    feedback_sha256 = digest_file(feedback) if feedback else None
    seal(out, {**journal.sums, **tops}, describe_rerender(began, datetime.now(UTC), lang, feedback_sha256))
    return len(written) + len(pages)
