"""The public Python interface: load a model, predict and explain a picture, scan a folder, read results.

Everything here is exported by :mod:`mri_batch`; everything else is private and may move. In a notebook::

    import mri_batch as mb
    (picture,) = mb.read_slices("slice.dcm")
    mb.load_model().explain(picture)  # shows the slice beside its heat; holds the prediction, too

For research use only; not a medical device.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.errors import MethodAbsent, NothingToRead, OutputError, UsageError
from mri_batch.explain.registry import choose_default, choose_methods
from mri_batch.intensities import find_percentiles
from mri_batch.model.bundled import choose_model
from mri_batch.model.decide import answer_series, calibrate, decide
from mri_batch.model.gate import load_gate
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import Placement, place_heat
from mri_batch.progress import Progress
from mri_batch.read.collect import collect
from mri_batch.read.decode.slices import iter_slices
from mri_batch.records import FileKind, FileRecord, FoundFile, ModelInput, Prediction, ReportHeat, Slice, StudyResult
from mri_batch.report.schema import to_rows
from mri_batch.report.study.thumbnails import make_still, to_upright, unturned
from mri_batch.run.attribution import MethodRunner
from mri_batch.run.executors.local import usable_cores
from mri_batch.run.scan import ScanReport, iter_results
from mri_batch.run.scan import scan as run_scan
from mri_batch.settings import DicomOutput, FaithfulnessOf, ReadLimits, ScanSettings
from mri_batch.text import JsonObject

Picture = Slice | npt.NDArray[np.generic] | Path | str
_WINDOW_PERCENTILES = (1.0, 99.0)  # what an array is shown with; the model's own intensity rule does not depend on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One picture's prediction and its heat for one class.

    ``heatmap.heat``: float32[grid_rows, grid_cols] as the method gives it; ``heatmap.about``: method, class, scale,
    peak in the picture's own pixels, caveats.
    """

    picture: Slice
    placement: Placement
    prediction: Prediction
    heatmap: ReportHeat

    @property
    def heat(self) -> Float32:
        """The heat on the picture's own pixels: float32[rows, cols], 0 outside the model's view."""
        return place_heat(self.heatmap.heat, self.placement)

    @property
    def peak_px(self) -> tuple[int, int]:
        """The hottest place, (row, column) in the picture's own pixels."""
        return self.heatmap.about.peak_px

    def to_jpeg(self) -> bytes:
        """Draw the upright picture beside itself with heat, as a JPEG."""
        share = (self.heatmap.heat / np.float32(self.heatmap.about.scale_max)).astype(np.float32)
        aspect = self.picture.aspect if self.placement.quarter_turns % 2 == 0 else 1.0 / self.picture.aspect
        upright = to_upright(self.picture.pixels, self.placement)
        return make_still(upright, self.picture.window, unturned(self.placement), aspect, share)

    def _repr_jpeg_(self) -> bytes:
        """Show the explanation in a notebook."""
        return self.to_jpeg()


class Model:
    """A model package ready to run. ``threads``: cores of one operator; 0: all."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        package = read_package(folder)
        self._session = Session(package, threads=threads)
        self._gate = load_gate(package)

    @property
    def card(self) -> ModelCard:
        """What the package says of itself: labels, preprocessing, calibration, figures, limits."""
        return self._session.card

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of :attr:`Prediction.probabilities`."""
        return self._session.labels

    def predict(self, picture: Picture) -> Prediction:
        """Calibrated prediction for one picture, with verdict and prediction set.

        ``picture``: a slice, an array [rows, cols] or [rows, cols, 3], or a file of one slice.
        """
        return self._predict(prepare([_to_slice(picture)], self.card.preprocessing))

    def explain(self, picture: Picture, *, method: str | None = None, label: str | None = None) -> Explanation:
        """Heat of one method (the model's default) for one class (the predicted one).

        Raises UsageError for an unknown method or class, MethodAbsent where the model does not offer the method.
        """
        one = _to_slice(picture)
        ready = prepare([one], self.card.preprocessing)
        prediction = self._predict(ready)
        target = prediction.label if label is None else label
        if target not in self.labels:
            raise UsageError(f"the model has no label {target!r}", hint=f"its labels: {', '.join(self.labels)}")
        choice = choose_methods(self.card, [method or choose_default(self.card) or "none"])
        if not choice.chosen:
            raise MethodAbsent(choice.absent[0]) if choice.absent else UsageError("the model offers no method")
        run = MethodRunner(self._session, ready, self.labels.index(target)).run(choice.chosen[0])
        return Explanation(picture=one, placement=ready.placements[0], prediction=prediction, heatmap=run.heats[0])

    def _predict(self, ready: ModelInput) -> Prediction:
        wiring = self._session.wiring
        names = [wiring.logits, *([wiring.features] if self._gate is not None and wiring.features else [])]
        outputs = self._session.outputs(ready.pixels, names)
        score = self._gate.score(outputs[names[1]])[0] if self._gate is not None and len(names) > 1 else None
        calibrated = calibrate(outputs[wiring.logits], self.card)
        return decide(
            answer_series(calibrated, self.card).probabilities,
            self.card,
            gate_score=None if score is None else float(score),
        )


def load_model(model: str | Path | None = None, *, threads: int = 0) -> Model:
    """Load a model package: a folder, the name of a bundled one, or the default.

    Raises ModelPackageError where it is missing, damaged or refused.
    """
    return Model(choose_model(None if model is None else str(model)), threads=threads)


def read_slices(path: str | Path) -> tuple[Slice, ...]:
    """Read the slices of a file, or of all series of a folder, in order.

    Raises NothingToRead with the first file's own reason where no slice can be read.
    """
    limits = ReadLimits()
    slices: list[Slice] = []
    refused: list[FileRecord] = []
    with collect([Path(path)], limits=limits) as grouper:
        for study in grouper.iter_studies():
            refused += study.unused
            for series in study.series:
                for item in iter_slices(series, limits=limits):
                    if isinstance(item, Slice):
                        slices.append(item)
                    else:
                        refused.append(item)
        refused += grouper.iter_leftovers()
    if not slices:
        reason = next((record.reason for record in refused if record.reason is not None), "there is no file")
        raise NothingToRead(reason, file=str(path))
    return tuple(slices)


def scan(
    paths: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | None = None,
    explain: str | Sequence[str] = "auto",
    jobs: int | Literal["auto"] = "auto",
    faithfulness: FaithfulnessOf = "top",
    dicom: Sequence[DicomOutput] = (),
    lang: str = "en",
    show_phi: bool = False,
    redact_paths: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> ScanReport:
    """Scan files and folders as ``mri-batch scan`` does, and write the reports to ``out``.

    Workers are processes: a script calls this under ``if __name__ == "__main__":``. Raises NothingToRead,
    ModelPackageError, OutputError; what goes wrong with a single study is in its result.
    """
    settings = ScanSettings(
        paths=tuple(map(Path, [paths] if isinstance(paths, str | Path) else paths)),
        out=Path(out),
        model=choose_model(None if model is None else str(model)),
        explain=(explain,) if isinstance(explain, str) else tuple(explain),
        jobs=usable_cores() if jobs == "auto" else jobs,
        faithfulness=faithfulness,
        dicom=tuple(dicom),
        lang=lang,
        show_phi=show_phi,
        redact_paths=redact_paths,
        force=force,
    )
    return run_scan(settings, progress or Progress())


def read_results(out: str | Path) -> tuple[StudyResult, ...]:
    """Read the results of a finished scan, one record per study, in the order of the work list.

    Raises OutputError where ``out`` holds no finished scan.
    """
    folder = Path(out)
    try:
        lines = (folder / "results.jsonl").read_text("utf-8").splitlines()
        study_ids = [str(json.loads(line)["study_id"]) for line in lines]
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(
            f"not a finished scan ({type(error).__name__})", code="OUTPUT_NOT_A_SCAN", file=str(out)
        ) from error
    return tuple(iter_results(folder, study_ids))


def read_table(out: str | Path) -> list[JsonObject]:
    """Read the results of a finished scan as rows with the columns of ``results.csv``, ready for a data frame."""
    return to_rows(read_results(out))


def _to_slice(picture: Picture) -> Slice:
    if isinstance(picture, Slice):
        return picture
    if isinstance(picture, str | Path):
        slices = read_slices(picture)
        if len(slices) != 1:
            raise UsageError(f"it holds {len(slices)} slices", file=str(picture), hint="choose one of read_slices()")
        return slices[0]
    return _from_array(np.asarray(picture))


def _from_array(array: npt.NDArray[np.generic]) -> Slice:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or 0 in array.shape:
        raise UsageError(f"an array of shape {array.shape} is no picture", hint="give [rows, cols] or [rows, cols, 3]")
    pixels = array.astype(np.float32)
    low, high = find_percentiles(pixels, _WINDOW_PERCENTILES)
    file = FoundFile(
        path=Path("array"), relative="array", file_id="array", kind=FileKind.OTHER, size_bytes=0, modified_ns=0
    )
    return Slice(file=file, frame=0, pixels=pixels, window=(low, high))
