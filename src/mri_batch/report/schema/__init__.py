"""Records as machine files: JSON Lines, CSV, and the ``result.json`` that pages can be made from again."""

from mri_batch.report.schema.heatmap import from_heatmap, to_heatmap
from mri_batch.report.schema.notes import from_note, to_note
from mri_batch.report.schema.study import SCHEMA_VERSION, dump_result, from_result_json, to_line, to_result_json
from mri_batch.report.schema.tables import (
    FILES_COLUMNS,
    to_rows,
    write_files_csv,
    write_results_csv,
    write_results_jsonl,
)

__all__ = [
    "FILES_COLUMNS",
    "SCHEMA_VERSION",
    "dump_result",
    "from_heatmap",
    "from_note",
    "from_result_json",
    "to_heatmap",
    "to_line",
    "to_note",
    "to_result_json",
    "to_rows",
    "write_files_csv",
    "write_results_csv",
    "write_results_jsonl",
]
