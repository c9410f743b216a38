"""The structured report: TID 1500, for machines. What the model put out, on which slices, and by which model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from mri_batch.records import ReportHeat
from mri_batch.report.dicom.common import (
    MAKER,
    RESEARCH,
    SCHEME,
    Origin,
    Source,
    code,
    label_code,
    make_skeleton,
    save,
    to_ascii,
)

OUTPUT = ("model-output", "Model output")
VERDICT = ("verdict", "How far to rely on the model output")
FAITHFULNESS = ("faithfulness", "Faithfulness of a heat map against chance, -1 to 1")
_VERDICTS = {
    "report": "Output given without reservation by the tool",
    "caution": "Output given with caution",
    "abstain": "The tool abstains",
}


def write_report(folder: Path, origin: Origin) -> list[Path]:
    """Write ``sr.dcm``."""
    groups = [_study_group(origin), *(_slice_group(origin, source) for source in origin.sources)]
    content = sr.MeasurementReport(
        observation_context=_observer(origin),
        procedure_reported=_procedure(origin.header),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    report = sr.ComprehensiveSR(
        evidence=_evidence(origin),
        content=content,
        series_instance_uid=origin.uid("sr", "series"),
        series_number=9001,
        sop_instance_uid=origin.uid("sr"),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=to_ascii(origin.card.name),
        software_versions=to_ascii(origin.version),
        device_serial_number=origin.result.model_sha256[:16] or "0",
        series_description=f"{MAKER} structured report (research)",
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    report.CodingSchemeIdentificationSequence = [_scheme()]
    return [save(report, origin, folder / "sr.dcm")]


def _observer(origin: Origin) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=origin.uid("device"),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=to_ascii(f"{origin.card.name} {origin.card.version}"),
        serial_number=origin.result.model_sha256[:16] or "0",
    )
    context = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    return sr.ObservationContext(observer_device_context=context)


def _procedure(header: Dataset) -> Code:
    is_ct = str(header.get("Modality")) == "CT"
    code: Code = codes.LN.CTUnspecifiedBodyRegion if is_ct else codes.LN.MRIUnspecifiedBodyRegion
    return code


def _evidence(origin: Origin) -> list[Dataset]:
    """Return each file once: frames of one object are one piece of evidence."""
    return list({s.sop_instance_uid: make_skeleton(s) for s in origin.sources}.values())


def _study_group(origin: Origin) -> sr.MeasurementsAndQualitativeEvaluations:
    """Return the answer for the whole study."""
    prediction = origin.result.prediction
    if prediction is None:
        raise ValueError("the study has no answer to report")
    verdict = code(prediction.verdict.value, _VERDICTS[prediction.verdict.value])
    evaluations = [
        sr.QualitativeEvaluation(name=code(*OUTPUT), value=label_code(origin.result.labels, prediction.label)),
        sr.QualitativeEvaluation(name=code(*VERDICT), value=verdict),
        sr.QualitativeEvaluation(name=code("intended-use", "Intended use"), value=code("research", RESEARCH)),
    ]
    for label in prediction.prediction_set:
        name = code("prediction-set", "Label that cannot be ruled out")
        evaluations.append(sr.QualitativeEvaluation(name=name, value=label_code(origin.result.labels, label)))
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=origin.uid("tracking", "study"), identifier=to_ascii(f"{MAKER} {origin.result.study_id[:32]} study")
        ),
        algorithm_id=_algorithm(origin),
        measurements=list(_probabilities(origin, prediction.probabilities)),
        qualitative_evaluations=evaluations,
        source_images=_by_file(origin.sources),
    )


def _slice_group(origin: Origin, source: Source) -> sr.MeasurementsAndQualitativeEvaluations:
    """Return the answer for one key slice, under the tracking UID that its capture and map bear."""
    answer = origin.result.slices[source.report_slice.index]
    identifier, uid = origin.tracking(source)
    heats = [heat for heat in source.report_slice.heats if heat.about.faithfulness is not None]
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=uid, identifier=identifier),
        algorithm_id=_algorithm(origin),
        measurements=[*_probabilities(origin, answer.probabilities), *map(_faithfulness, heats)],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(name=code(*OUTPUT), value=label_code(origin.result.labels, answer.label))
        ],
        source_images=_by_file((source,)),
    )


def _algorithm(origin: Origin) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=to_ascii(origin.card.name),
        version=to_ascii(origin.card.version),
        manufacturer=MAKER,
        parameters=[
            f"model sha256 {origin.result.model_sha256}",
            to_ascii(f"{MAKER} {origin.version}"),
            to_ascii(f"calibration {origin.card.calibration.method}"),
        ],
    )


def _probabilities(origin: Origin, values: tuple[float, ...]) -> Iterator[sr.Measurement]:
    for number, (label, value) in enumerate(zip(origin.result.labels, values, strict=True)):
        name = code(f"probability-{number}", f"Calibrated probability of {label}")
        yield sr.Measurement(name=name, value=round(value, 6), unit=codes.UCUM.NoUnits)


def _faithfulness(heat: ReportHeat) -> sr.Measurement:
    tested = heat.about.faithfulness
    assert tested is not None
    return sr.Measurement(
        name=code(*FAITHFULNESS),
        value=round(tested.score, 6),
        unit=codes.UCUM.NoUnits,
        method=code(f"heat-{heat.about.method}", f"Heat map by {heat.about.method}"),
    )


def _by_file(sources: tuple[Source, ...]) -> list[sr.SourceImageForMeasurementGroup]:
    """Return each file once, with its frames where it has several."""
    frames: dict[str, list[int]] = {}
    for source in sources:
        frames.setdefault(source.sop_instance_uid, [])
        if source.frame_number is not None:
            frames[source.sop_instance_uid].append(source.frame_number)
    classes = {source.sop_instance_uid: source.sop_class_uid for source in sources}
    return [
        sr.SourceImageForMeasurementGroup(
            referenced_sop_class_uid=classes[uid],
            referenced_sop_instance_uid=uid,
            referenced_frame_numbers=numbers or None,
        )
        for uid, numbers in frames.items()
    ]


def _scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator, item.CodingSchemeName = SCHEME, "Private codes of mri-batch"
    item.CodingSchemeResponsibleOrganization = MAKER
    return item
