"""Studies with key slices and heat, made from synthetic DICOM files without any model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from mri_batch.arrays import Float32
from mri_batch.card import Crop, ModelCard, Preprocessing
from mri_batch.model.prepare import place_slice
from mri_batch.notes import Note
from mri_batch.placement import find_peak
from mri_batch.records import (
    Faithfulness,
    FileKind,
    FoundFile,
    Heatmap,
    Prediction,
    ReportHeat,
    ReportSlice,
    Slice,
    SliceResult,
    StudyResult,
    StudyStatus,
    Verdict,
)
from tests.arrays import f32

LABELS = ("glioma", "no_tumor")
CARD = ModelCard(
    name="tiny", version="3", labels=LABELS, preprocessing=Preprocessing(crop=Crop(kind="none"), fit="stretch")
)


def make_key_slice(
    path: Path, *, index: int = 0, heat: Float32 | None = None, hot_px: tuple[int, int] = (9, 21)
) -> ReportSlice:
    """Return a key slice of a single-frame file. Heat: one cell per pixel, hot at ``hot_px`` (row, col) alone."""
    dataset = dcmread(path)
    picture = Slice(
        file=FoundFile(path=path, relative=path.name, file_id="f1", kind=FileKind.DICOM, size_bytes=1, modified_ns=1),
        frame=0,
        pixels=dataset.pixel_array.astype(np.float32),
        window=(0.0, 2000.0),
        spacing_mm=_floats(dataset, "PixelSpacing"),
        orientation=_floats(dataset, "ImageOrientationPatient"),
        position_mm=_floats(dataset, "ImagePositionPatient"),
    )
    placement = place_slice(picture, CARD.preprocessing)
    if heat is None:
        rows, cols = placement.turned_shape_px
        heat = np.zeros((rows, cols), np.float32)
        r, c = placement.to_unit(f32([hot_px[0] + 0.5]), f32([hot_px[1] + 0.5]))
        heat[int(r[0] * rows), int(c[0] * cols)] = 0.5
    about = Heatmap(
        method="rollout",
        label=None,
        grid=(heat.shape[0], heat.shape[1]),
        peak_px=find_peak(heat, placement),
        scale_max=0.5,
        faithfulness=Faithfulness(
            score=0.25, p_value=0.05, deletion=0.3, insertion=0.6, n_random=19, better_than_chance=True
        ),
    )
    return ReportSlice(index=index, picture=picture, placement=placement, heats=(ReportHeat(heat=heat, about=about),))


def make_result(n_slices: int, *, kind: str = "dicom", model_sha256: str = "ab" * 32) -> StudyResult:
    """Return the result of a study with n slices."""
    slices = tuple(
        SliceResult(file=f"{i}.dcm", frame=0, series_id="s1", label="glioma", probabilities=(0.75, 0.25))
        for i in range(n_slices)
    )
    return StudyResult(
        study_id="study-1",
        source="a",
        kind=kind,
        key="k" * 64,
        status=StudyStatus.DONE,
        labels=LABELS,
        model_name="tiny",
        model_version="3",
        model_sha256=model_sha256,
        prediction=Prediction(
            probabilities=(0.75, 0.25),
            label="glioma",
            prediction_set=LABELS,
            verdict=Verdict.CAUTION,
            reasons=(Note("SET_SEVERAL", {"n": 2}),),
        ),
        slices=slices,
    )


def make_key_slices(paths: Sequence[Path]) -> tuple[ReportSlice, ...]:
    """Return key slices of files."""
    return tuple(make_key_slice(path, index=i) for i, path in enumerate(paths))


def _floats(dataset: Dataset, keyword: str) -> Any:
    return tuple(map(float, dataset[keyword].value)) if keyword in dataset else None
