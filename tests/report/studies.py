"""Synthetic slices and results for the report's tests: a head-like disc with a bright spot of known position."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mri_batch.card import Calibration, Conformal, Decision, MethodEntry, ModelCard
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records import (
    Faithfulness,
    FileKind,
    FileRecord,
    FileStatus,
    FoundFile,
    Heatmap,
    KeySlice,
    LayerHeads,
    Plane,
    Prediction,
    ReportHeat,
    ReportSlice,
    SeriesInfo,
    SeriesResult,
    Slice,
    SliceResult,
    StudyResult,
    StudyStatus,
    Verdict,
)
from mri_batch.report.schema import dump_result

LABELS = ("glioma", "meningioma", "no_tumor", "pituitary")
TRUNCATED = Note("PIXELS_MISSING")
NO_PICTURE = Note("CLASS_WITHOUT_PICTURE", {"sop_class": "Basic Text SR"})
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

CARD = ModelCard(
    name="brain-test",
    version="1.0",
    architecture="vit_small_patch14",
    labels=LABELS,
    calibration=Calibration(method="temperature", temperature=1.31, fitted_on="validation patients", ece_after=0.021),
    decision=Decision(
        background_label="no_tumor", conformal=Conformal(alpha=0.1, thresholds=dict.fromkeys(LABELS, 0.9))
    ),
    explanations=(
        MethodEntry(method="rollout", scale_max=0.05, validation="passed"),
        MethodEntry(method="gradcam", scale_max=1.0, validation="failed", reason="peaks beside the lesion"),
    ),
    default_method="rollout",
    metrics={"test": {"accuracy": 0.961, "n_slices": 614}},
    intended_use="Research on T1 contrast-enhanced slices of adult heads.",
    limits=("Tumour and tumour-free pictures come from other sources.",),
    licence="Apache-2.0",
)


def found(name: str, at: int = 0) -> FoundFile:
    """A file that is only a name."""
    return FoundFile(
        path=Path(name), relative=name, file_id=f"f{at:05d}", kind=FileKind.DICOM, size_bytes=131_072, modified_ns=0
    )


def head_slice(
    at: int,
    *,
    name: str = "",
    size: tuple[int, int] = (128, 128),
    spot: tuple[int, int] = (48, 80),
    orientation: tuple[float, float, float, float, float, float] | None = AXIAL,
    spacing_mm: tuple[float, float] | None = (1.7, 1.7),
    noise: float = 12.0,
) -> Slice:
    """A noisy ellipse of 12-bit whole numbers with a bright spot at (row, col) ``spot``."""
    rng = np.random.default_rng(at)
    rows, cols = np.mgrid[0 : size[0], 0 : size[1]]
    far = ((rows - size[0] / 2) / (size[0] * 0.44)) ** 2 + ((cols - size[1] / 2) / (size[1] * 0.36)) ** 2
    head = np.where(far < 1, 620.0, 20.0) + np.where((far >= 0.88) & (far < 1), 500.0, 0.0)
    folds = 90 * np.sin(rows / 4.0 + at / 3) * np.cos(cols / 5.0)
    lesion = 900 * np.exp(-((rows - spot[0]) ** 2 + (cols - spot[1]) ** 2) / 60.0)
    pixels = head + np.where(far < 0.85, folds + lesion, 0.0) + rng.normal(0, noise, size)
    return Slice(
        file=found(name or f"study/IM{at:04d}", at),
        frame=0,
        pixels=np.round(pixels.clip(0, 4095)).astype(np.float32),
        window=(0.0, 1400.0),
        spacing_mm=spacing_mm,
        orientation=orientation,
    )


def whole_placement(picture: Slice, *, mirrored: bool = False, quarter_turns: int = 0) -> Placement:
    """The model's grid over the whole slice."""
    rows, cols = picture.shape_px
    tall, wide = (rows, cols) if quarter_turns % 2 == 0 else (cols, rows)
    return Placement(
        rows=rows,
        cols=cols,
        mirrored=mirrored,
        quarter_turns=quarter_turns,
        height=float(tall),
        width=float(wide),
    )


def spot_heat(
    placement: Placement,
    spot: tuple[int, int],
    *,
    method: str = "rollout",
    label: str | None = None,
    grid: tuple[int, int] = (16, 16),
    better: bool = True,
    layer: int | None = None,
    head: int | None = None,
    scale_max: float = 0.05,
    family: str = "attention",
) -> ReportHeat:
    """A bump of heat over the slice's pixel ``spot``, on a grid of the model's input."""
    unit_row, unit_col = placement.to_unit(np.array([spot[0] + 0.5], np.float32), np.array([spot[1] + 0.5], np.float32))
    rows, cols = np.mgrid[0 : grid[0], 0 : grid[1]] + 0.5
    far = (rows - unit_row[0] * grid[0]) ** 2 + (cols - unit_col[0] * grid[1]) ** 2
    heat = scale_max * (0.04 + np.exp(-far / 3.0))
    about = Heatmap(
        method=method,
        label=label,
        grid=grid,
        peak_px=spot,
        scale_max=scale_max,
        layer=layer,
        head=head,
        family=family,
        faithfulness=Faithfulness(
            score=0.34 if better else 0.01,
            p_value=0.015 if better else 0.46,
            deletion=0.2,
            insertion=0.8,
            n_random=64,
            better_than_chance=better,
        ),
    )
    return ReportHeat(heat=heat.astype(np.float32), about=about)


def _gradcam(placement: Placement, spot: tuple[int, int], label: str, *, better: bool) -> ReportHeat:
    return spot_heat(placement, spot, method="gradcam", family="cam", label=label, better=better, scale_max=1.0)


def every_head(placement: Placement, spot: tuple[int, int]) -> LayerHeads:
    """Layers 10 and 11 of three heads each: the last head of layer 11 looks at ``spot``, the others at nothing."""
    weights = np.full((2, 3, 16, 16), 0.002, np.float32)
    weights[1, 2] = spot_heat(placement, spot, scale_max=0.4).heat
    return LayerHeads(weights=weights, first_layer=10)


def shown_slices(
    n: int = 6, *, keys: tuple[int, ...] = (2, 3), size: tuple[int, int] = (128, 128), name: str = ""
) -> list[ReportSlice]:
    """A series; key slices carry two methods, one of them for two classes and no better than chance."""
    slices = []
    for at in range(n):
        picture = head_slice(at, size=size, name=name)
        placement = whole_placement(picture)
        heats: tuple[ReportHeat, ...] = ()
        if at in keys:
            heats = (
                spot_heat(placement, (48, 80)),
                spot_heat(
                    placement, (48, 80), method="gradcam", family="cam", label="glioma", better=False, scale_max=1.0
                ),
                spot_heat(placement, (20, 30), method="gradcam", family="cam", label="pituitary", scale_max=1.0),
                spot_heat(placement, (48, 80), method="attention", layer=11, head=0),
                spot_heat(placement, (90, 40), method="attention", layer=11, head=1),
            )
        slices.append(
            ReportSlice(
                index=at,
                picture=picture,
                placement=placement,
                heats=heats,
                prepared=np.full((56, 56), 90, np.uint8) if heats else None,
            )
        )
    return slices


def study_result(
    shown: list[ReportSlice] | None = None,
    *,
    study_id: str = "st-0001",
    source: str = "ward/patient-a",
    verdict: Verdict = Verdict.CAUTION,
    reasons: tuple[Note, ...] = (Note("SET_SEVERAL", {"n": 2}), Note("FILES_UNREADABLE", {"n": 1, "total": 7})),
    top: float = 0.81,
) -> StudyResult:
    """A finished study over ``shown``, with one damaged and one skipped file."""
    shown = shown_slices() if shown is None else shown
    rest = (1 - top) / 3
    probabilities = (top, rest, rest, rest)
    slices = tuple(_slice_result(s, k, len(shown)) for k, s in enumerate(shown))
    files = [
        FileRecord(
            file_id=s.picture.file.file_id,
            relative=s.picture.file.relative,
            kind=FileKind.DICOM,
            size_bytes=131_072,
            status=FileStatus.USED,
            study_id=study_id,
            series_id="se-1",
        )
        for s in shown
    ]
    return StudyResult(
        study_id=study_id,
        source=source,
        kind="dicom",
        key=f"key-{study_id}",
        status=StudyStatus.DONE,
        labels=LABELS,
        model_name=CARD.name,
        model_version=CARD.version,
        model_sha256="ab" * 32,
        prediction=Prediction(
            probabilities=probabilities,
            label="glioma",
            prediction_set=("glioma", "meningioma"),
            verdict=verdict,
            reasons=reasons,
        ),
        series=(
            SeriesResult(
                series_id="se-1",
                n_slices=len(shown),
                label="glioma",
                probabilities=probabilities,
                info=SeriesInfo(modality="MR", plane=Plane.AXIAL, repetition_time_ms=2000.0, slice_thickness_mm=5.0),
            ),
        ),
        slices=slices,
        deciding=tuple(k for k, s in enumerate(shown) if s.heats) or tuple(range(len(shown))),
        key_slices=tuple(
            KeySlice(
                index=s.index,
                file=s.picture.file.relative,
                frame=0,
                label="glioma",
                probability=slices[k].probabilities[0],
                heatmaps=tuple(h.about for h in s.heats),
            )
            for k, s in enumerate(shown)
            if s.heats
        ),
        files=(
            *files,
            not_used(FileStatus.FAILED, "FILE_TRUNCATED", TRUNCATED, "ward/patient-a/IM0099", study_id),
            not_used(
                FileStatus.SKIPPED,
                "NOT_A_PICTURE",
                NO_PICTURE,
                "ward/patient-a/SR01",
                study_id,
            ),
        ),
        notes=(Note("SLICES_MISSING", {"n": 1}),),
        timings_ms=(("read_and_infer", 812.5), ("explain", 1450.25)),
    )


def failed_result(*, study_id: str = "st-0009", source: str = "ward/broken") -> StudyResult:
    """A study that could not be finished."""
    return StudyResult(
        study_id=study_id,
        source=source,
        kind="dicom",
        key=f"key-{study_id}",
        status=StudyStatus.FAILED,
        code="FILE_TRUNCATED",
        reason=Note("ALL_FILES_UNREADABLE", {"n": 1, "first": TRUNCATED}),
        files=(not_used(FileStatus.FAILED, "FILE_TRUNCATED", TRUNCATED, f"{source}/a", study_id),),
    )


def skipped_result(*, study_id: str = "st-0008", source: str = "ward/letters") -> StudyResult:
    """A study with nothing to classify."""
    return StudyResult(
        study_id=study_id,
        source=source,
        kind="dicom",
        key=f"key-{study_id}",
        status=StudyStatus.SKIPPED,
        code="NOT_A_PICTURE",
        reason=NO_PICTURE,
        files=(
            not_used(
                FileStatus.SKIPPED,
                "NOT_A_PICTURE",
                NO_PICTURE,
                f"{source}/a",
                study_id,
            ),
        ),
    )


def to_version_1(result: StudyResult) -> dict[str, Any]:
    """A result as version 1 of the schema wrote it: sentences for notes, pairs of words for what headers tell."""
    whole: dict[str, Any] = json.loads(dump_result(result))
    whole["schema_version"] = 1
    del whole["deciding_slices"]
    for each in (whole, *whole["files"]):
        del each["reason_note"], each["hint"]
    for series in whole["series"]:
        del series["info"]
        series |= {"reason": "the header tells nothing against it", "facts": {"RepetitionTime": "2000"}}
    whole["verdict_reasons"] = [note["text"] for note in whole["verdict_reasons"]]
    whole["notes"] = [note["text"] for note in whole["notes"]]
    for key in whole["key_slices"]:
        for heatmap in key["heatmaps"]:
            del heatmap["family"]
            heatmap["notes"] = [note["text"] for note in heatmap["notes"]]
    return whole


def not_used(status: FileStatus, code: str, reason: Note, relative: str, study_id: str) -> FileRecord:
    """A file that was not used."""
    return FileRecord(
        file_id="f99999",
        relative=relative,
        kind=FileKind.DICOM,
        size_bytes=2048,
        status=status,
        code=code,
        reason=reason,
        study_id=study_id,
    )


def _slice_result(shown: ReportSlice, at: int, n: int) -> SliceResult:
    p = 0.15 + 0.8 * float(np.exp(-(((at - n / 2) / max(1.0, n / 5)) ** 2)))
    return SliceResult(
        file=shown.picture.file.relative,
        frame=0,
        series_id="se-1",
        label="glioma" if p > 0.4 else "no_tumor",
        probabilities=(p, (1 - p) * 0.2, (1 - p) * 0.7, (1 - p) * 0.1),
    )
