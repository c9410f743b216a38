"""The frozen things that travel between the rooms. Valid once constructed, keyword-only, no behaviour but geometry.

Pixel coordinates: ``(row, col)``, continuous, where the centre of the first pixel is ``(0.5, 0.5)`` and the
picture spans ``0..rows`` by ``0..cols``.
"""

from mri_batch.records.files import FileCounts, FileKind, FileRecord, FileStatus, FoundFile
from mri_batch.records.heat import Attribution, Faithfulness, Heatmap, LayerHeads, MethodPanel, ReportHeat, ReportSlice
from mri_batch.records.results import (
    KeySlice,
    Prediction,
    ScanSummary,
    SeriesResult,
    SliceResult,
    StudyResult,
    StudyStatus,
    Verdict,
)
from mri_batch.records.series import ModelInput, Plane, Role, Series, SeriesInfo, Slice, Study, Weighting

__all__ = [
    "Attribution",
    "Faithfulness",
    "FileCounts",
    "FileKind",
    "FileRecord",
    "FileStatus",
    "FoundFile",
    "Heatmap",
    "KeySlice",
    "LayerHeads",
    "MethodPanel",
    "ModelInput",
    "Plane",
    "Prediction",
    "ReportHeat",
    "ReportSlice",
    "Role",
    "ScanSummary",
    "Series",
    "SeriesInfo",
    "SeriesResult",
    "Slice",
    "SliceResult",
    "Study",
    "StudyResult",
    "StudyStatus",
    "Verdict",
    "Weighting",
]
