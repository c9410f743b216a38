"""DICOM outputs: whose they are, what they say, where the heat lies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread, dcmwrite, uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from mri_batch.notes import Note
from mri_batch.placement import place_heat
from mri_batch.report.dicom.write import DicomWritten, write_dicom
from mri_batch.settings import DicomOutput
from tests.make import AXIAL, CORONAL, FLIPPED, OBLIQUE, SAGITTAL, Six, make_dicom, make_uid, save
from tests.report.key_slices import CARD, make_key_slice, make_key_slices, make_result

ALL: tuple[DicomOutput, ...] = ("sr", "sc", "pm")
DATED = {
    "StudyDate": "20010203", "StudyTime": "040506", "AcquisitionDate": "20010203", "AcquisitionTime": "041000",
    "FrameOfReferenceUID": make_uid("frame of reference"),
}  # fmt: skip
PLANES = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "oblique": OBLIQUE, "flipped": FLIPPED}
# Along a row and down a column, as radiologists view a plane, by the axis that its normal is nearest to.
USUAL = {0: ((0, 1, 0), (0, 0, -1)), 1: ((1, 0, 0), (0, 0, -1)), 2: ((1, 0, 0), (0, 1, 0))}


def _series(folder: Path, n: int = 3, **attributes: Any) -> list[Path]:
    return [save(make_dicom(number=i + 1, **{**DATED, **attributes}), folder / "in" / f"{i}.dcm") for i in range(n)]


def _write(folder: Path, paths: list[Path], out: str = "out", **change: Any) -> DicomWritten:
    result = make_result(len(paths), **change)
    return write_dicom(folder / out, result, make_key_slices(paths), CARD, ALL, version="1.2")


def _walk(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for item in dataset.get("ContentSequence", []):
        yield from _walk(item)


def test_outputs_belong_to_the_study_in_new_series(tmp_path: Path) -> None:
    """Same study and patient, a series of its own for each kind, class and modality as the standard has them."""
    paths = _series(tmp_path)
    written = _write(tmp_path, paths)

    assert written.notes == ()
    assert [p.name for p in written.paths] == ["sr.dcm", "sc-001.dcm", "sc-002.dcm", "sc-003.dcm", "pm-001.dcm"]
    made, source = [dcmread(p) for p in written.paths], dcmread(paths[0])
    assert {d.StudyInstanceUID for d in made} == {source.StudyInstanceUID}
    assert len({d.SeriesInstanceUID for d in made} - {source.SeriesInstanceUID}) == 3
    assert len({d.SOPInstanceUID for d in made}) == 5
    assert [d.SOPClassUID for d in made[::4]] == [uid.ComprehensiveSRStorage, uid.ParametricMapStorage]
    assert all(
        uid.UID(d.SOPInstanceUID).is_valid and p.read_bytes()[:128] == bytes(128)
        for d, p in zip(made, written.paths, strict=True)
    )


def test_outputs_are_the_same_bytes_for_the_same_input_and_model(tmp_path: Path) -> None:
    """UIDs are derived and no clock is read, so that sending twice stores once."""
    paths = _series(tmp_path)
    first, again = _write(tmp_path, paths), _write(tmp_path, paths, "again")
    other = _write(tmp_path, paths, "other", model_sha256="cd" * 32)

    assert [p.read_bytes() for p in first.paths] == [p.read_bytes() for p in again.paths]
    uids = [{dcmread(p).SOPInstanceUID for p in one.paths} for one in (first, other)]
    assert uids[0].isdisjoint(uids[1])


def test_no_date_is_invented(tmp_path: Path) -> None:
    """Every date in the objects is the study's own."""
    written = _write(tmp_path, _series(tmp_path))
    for path in written.paths:
        dates = {str(e.value) for e in dcmread(path).iterall() if e.VR in ("DA", "DT") and e.value}
        assert dates == {"20010203"}


def test_study_without_a_date_gets_no_objects_unless_a_clock_is_given(tmp_path: Path) -> None:
    """A content date is required, so its absence is a reason and not an occasion to invent one."""
    paths = _series(tmp_path, StudyDate=None, AcquisitionDate=None)
    assert _write(tmp_path, paths) == DicomWritten(notes=(Note("DICOM_NO_DATE"),))

    now = datetime(2020, 5, 6, 7, 8, 9)
    given = write_dicom(tmp_path / "out", make_result(3), make_key_slices(paths), CARD, ("sr",), version="1", now=now)
    assert dcmread(given.paths[0]).ContentDate == "20200506"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jürg".encode("latin-1")),
        ("ISO_IR 144", bytes.fromhex("bbeedacad1e35ebf")),
        ("ISO_IR 192", "王^小東".encode()),
        ("GB18030", "王^小东".encode("gb18030")),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
        ("NO_SUCH_SET", b"odd\xff\xfe\x80^bytes"),
        (None, b"no\xe9 set^named"),
    ],
)
@pytest.mark.filterwarnings("ignore:Unknown encoding")  # ours is quiet; the test reads, too
def test_patient_is_copied_byte_for_byte(tmp_path: Path, syntax: uid.UID, charset: str | None, name: bytes) -> None:
    """Whatever the character set, known or not, and whatever the encoding of the source."""
    stand_in = "N" * len(name)
    [path] = _series(
        tmp_path, 1, PatientName=stand_in, PatientID="id 7", PatientBirthDate="19500102", PatientSex="F",
        SpecificCharacterSet=charset.split("\\") if charset else None,
    )  # fmt: skip
    plain = Dataset()
    plain.update({element.tag: element for element in dcmread(path)})
    plain.file_meta = dcmread(path).file_meta
    plain.file_meta.TransferSyntaxUID = syntax
    dcmwrite(path, plain, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name))

    key = make_key_slice(path)
    written = write_dicom(tmp_path / "out", make_result(1), [key], CARD, ALL, version="1")

    assert written.notes == ()
    for made in written.paths:
        copied = dcmread(made)
        element = copied.get_item("PatientName")
        assert isinstance(element, RawDataElement)
        assert (element.value or b"").rstrip(b" ") == name
        assert copied.get("SpecificCharacterSet") == dcmread(path).get("SpecificCharacterSet")
        assert (copied.PatientID, copied.PatientBirthDate, copied.PatientSex) == ("id 7", "19500102", "F")


@pytest.mark.parametrize("plane", PLANES)
def test_marker_comes_back_where_it_was_planted(tmp_path: Path, plane: str) -> None:
    """A point in patient millimetres lies at the same place in the heat, the map and the capture."""
    orientation, spacing = PLANES[plane], (1.5, 1.0)
    corner, row, col = np.array([-31.0, 12.0, 44.0]), 9, 21
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    marker = corner + along * spacing[1] * col + down * spacing[0] * row
    [path] = _series(tmp_path, 1, orientation=orientation, ImagePositionPatient=[*corner], PixelSpacing=[*spacing])
    key = make_key_slice(path, hot_px=(row, col))
    written = write_dicom(tmp_path / "out", make_result(1), [key], CARD, ("sc", "pm"), version="1")

    heat = place_heat(key.heats[0].heat, key.placement)
    assert _peak(heat) == (row, col)
    capture, parametric = (dcmread(p) for p in written.paths)
    assert np.allclose(_peak_in_map_mm(parametric), marker, atol=1e-3)
    assert np.allclose(
        _peak_in_capture_mm(capture, key.picture.pixels.shape, corner, orientation, spacing), marker, atol=1.0
    )


def test_capture_names_the_sides_of_the_turned_picture(tmp_path: Path) -> None:
    """What lies flipped in the file is shown, and named, as radiologists see it."""
    for plane, sides in (("axial", "L P"), ("flipped", "L P"), ("sagittal", "P F"), ("coronal", "L F")):
        [path] = _series(tmp_path / plane, 1, orientation=PLANES[plane])
        written = write_dicom(tmp_path / plane, make_result(1), [make_key_slice(path)], CARD, ("sc",), version="1")
        assert " ".join(dcmread(written.paths[0]).PatientOrientation) == sides


def test_report_says_what_the_model_put_out_and_how_far_it_is_to_be_trusted(tmp_path: Path) -> None:
    """Probabilities, label, verdict, model with digest; unverified, preliminary, by a device, for research."""
    paths = _series(tmp_path)
    report = dcmread(_write(tmp_path, paths).paths[0])
    items = list(_walk(report))
    said = [
        (i.ConceptNameCodeSequence[0].CodeMeaning, i.ConceptCodeSequence[0].CodeMeaning)
        for i in items if i.get("ValueType") == "CODE"
    ]  # fmt: skip
    numbers = [
        (i.ConceptNameCodeSequence[0].CodeMeaning, float(i.MeasuredValueSequence[0].NumericValue))
        for i in items if i.get("ValueType") == "NUM"
    ]  # fmt: skip
    texts = [i.TextValue for i in items if i.get("ValueType") == "TEXT"]

    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert ("Observer Type", "Device") in said
    assert ("Model output", "glioma") in said
    assert ("How far to rely on the model output", "Output given with caution") in said
    assert ("Intended use", "Research use only, not for clinical decisions") in said
    assert numbers.count(("Calibrated probability of glioma", 0.75)) == 4
    assert f"model sha256 {'ab' * 32}" in texts
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert {e.ReferencedSOPInstanceUID for e in evidence} == {dcmread(p).SOPInstanceUID for p in paths}


def test_report_capture_and_map_of_a_slice_share_a_tracking_uid(tmp_path: Path) -> None:
    """Whoever holds one finds the others."""
    written = _write(tmp_path, _series(tmp_path))
    report, *captures, parametric = (dcmread(p) for p in written.paths)
    tracked = {
        i.UID for i in _walk(report)
        if i.get("ValueType") == "UIDREF" and i.ConceptNameCodeSequence[0].CodeMeaning == "Tracking Unique Identifier"
    }  # fmt: skip
    frames = [g.FrameContentSequence[0].FrameComments for g in parametric.PerFrameFunctionalGroupsSequence]
    in_map = {re.sub(".*tracking UID ", "", comment) for comment in frames}

    assert {c.TrackingUID for c in captures} == in_map
    assert len(in_map) == 3
    assert in_map < tracked


def test_map_frames_point_at_their_own_sources(tmp_path: Path) -> None:
    """Each frame lies where its source lies and refers to that very object."""
    paths = _series(tmp_path)
    parametric = dcmread(_write(tmp_path, paths).paths[-1])
    sources = {str(d.SOPInstanceUID): d for d in map(dcmread, paths)}
    for group in parametric.PerFrameFunctionalGroupsSequence:
        source = sources.pop(str(group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID))
        assert group.PlanePositionSequence[0].ImagePositionPatient == source.ImagePositionPatient
    assert not sources


def test_source_without_geometry_gets_a_capture_and_a_reason_for_the_missing_map(tmp_path: Path) -> None:
    """Absence has a reason, and costs nothing else."""
    [path] = _series(tmp_path, 1)
    dataset = dcmread(path)
    del dataset.ImagePositionPatient, dataset.ImageOrientationPatient
    dataset.save_as(path)
    written = _write(tmp_path, [path])

    assert [p.name for p in written.paths] == ["sr.dcm", "sc-001.dcm"]
    assert written.notes == (Note("PM_NO_PLACE"),)
    assert not dcmread(written.paths[1]).PatientOrientation


def test_pictures_get_no_dicom_but_a_reason(tmp_path: Path) -> None:
    """A PNG has no study to belong to."""
    written = write_dicom(tmp_path / "out", make_result(1, kind="pictures"), [], CARD, ALL, version="1")
    assert written == DicomWritten(notes=(Note("DICOM_SOURCE_NOT_DICOM"),))
    assert not (tmp_path / "out").exists()


def test_vanished_source_is_a_reason_that_quotes_no_tag(tmp_path: Path) -> None:
    """A share that goes away between reading and writing loses the objects, not the study."""
    [path] = _series(tmp_path, 1)
    key = make_key_slice(path)
    path.unlink()
    written = write_dicom(tmp_path / "out", make_result(1), [key], CARD, ALL, version="1")
    assert written.notes == (Note("DICOM_SOURCE_UNREADABLE", {"error": "FileNotFoundError"}),)


def test_capture_tells_no_patient_data(tmp_path: Path) -> None:
    """Words burnt into pixels cannot be taken out again."""
    from mri_batch.report.dicom.common import Origin, load_sources
    from mri_batch.report.dicom.sc import capture_captions

    [path] = _series(tmp_path, 1, PatientName="Quux^Secret", PatientID="S-4711")
    sources = load_sources([make_key_slice(path)])
    origin = Origin(result=make_result(1), card=CARD, sources=sources, version="1", now=None)
    words = " ".join(capture_captions(origin, sources[0], sources[0].report_slice.heats[0]))
    assert "Secret" not in words
    assert "4711" not in words
    assert "RESEARCH USE ONLY" in words
    assert "no finding" in words


def _peak(heat: np.ndarray) -> tuple[int, int]:
    row, col = np.unravel_index(int(np.argmax(heat)), heat.shape)
    return int(row), int(col)


def _peak_in_map_mm(parametric: Dataset) -> np.ndarray:
    frame = np.frombuffer(parametric.FloatPixelData, "<f4").reshape(parametric.Rows, parametric.Columns)
    row, col = _peak(frame)
    shared, own = parametric.SharedFunctionalGroupsSequence[0], parametric.PerFrameFunctionalGroupsSequence[0]
    spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    turned = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    corner = np.array(own.PlanePositionSequence[0].ImagePositionPatient, float)
    return corner + turned[:3] * float(spacing[1]) * col + turned[3:] * float(spacing[0]) * row


def _peak_in_capture_mm(
    capture: Dataset, shape: tuple[int, ...], corner: np.ndarray, orientation: Six, spacing: tuple[float, float]
) -> np.ndarray:
    """Return the middle of what is coloured in the panel, by the usual view's axes alone, in patient mm."""
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    size_mm = {0: spacing[1] * shape[1], 1: spacing[0] * shape[0]}
    middle = corner + along * (size_mm[0] - spacing[1]) / 2 + down * (size_mm[1] - spacing[0]) / 2
    usual = USUAL[int(np.argmax(np.abs(np.cross(along, down))))]
    choices = [(along, size_mm[0]), (-along, size_mm[0]), (down, size_mm[1]), (-down, size_mm[1])]
    (right, width), (below, height) = (max(choices, key=lambda c: float(c[0] @ np.array(v))) for v in usual)
    scale = 512 / max(width, height)
    rows, cols = round(height * scale), round(width * scale)
    panel = capture.pixel_array[:rows, :cols].astype(int)
    coloured = np.argwhere(panel.max(axis=2) - panel.min(axis=2) > 12)
    r, c = (coloured.min(axis=0) + coloured.max(axis=0) + 1) / 2
    found: npt.NDArray[Any] = middle + right * (c / scale - width / 2) + below * (r / scale - height / 2)
    return found
