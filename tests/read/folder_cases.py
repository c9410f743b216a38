"""Folders as hospitals have them, each with what a reader must make of it. Used by the tests and by the benchmark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import uid
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate

from mri_batch.notes import Note
from tests import make

CASES: list[FolderCase] = []

T1, FLAIR = (Note("WEIGHTING", {"weighting": weighting}) for weighting in ("T1", "FLAIR"))


@dataclass(frozen=True, kw_only=True)
class FolderCase:
    """``series``: slices of each usable series, sorted; ``codes``: why the other files are not used, sorted.

    ``unreadable``: codes that appear only when the pixels are read; ``note``: one that a series must have;
    ``caution``: the reason for caution that the study must have.
    """

    name: str
    expectation: str
    build: Callable[[Path], None]
    studies: int
    series: tuple[int, ...]
    codes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    note: Note | None = None
    caution: Note | None = None


def case(
    *, studies: int = 1, series: tuple[int, ...] = (5,), **expected: Any
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Enter a builder into the table: its name is the case's, its docstring what is expected."""

    def enter(build: Callable[[Path], None]) -> Callable[[Path], None]:
        name = build.__name__.replace("_", " ")
        codes = tuple(sorted(expected.pop("codes", ())))
        CASES.append(
            FolderCase(
                name=name,
                expectation=str(build.__doc__),
                build=build,
                studies=studies,
                series=series,
                codes=codes,
                **expected,
            )
        )
        return build

    return enter


def _cut(path: Path, keep: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


def _one(folder: Path, name: str, **attributes: Any) -> Path:
    return make.save(make.make_dicom(**attributes), folder / name)


def _no_image(class_uid: uid.UID, modality: str) -> FileDataset:
    dataset = make.make_dicom(number=50, SOPClassUID=class_uid, Modality=modality)
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        del dataset[keyword]
    return dataset


# -- who belongs to whom


@case()
def plain_series(folder: Path) -> None:
    """One study, one series, slices by position although names run against it."""
    make.save_series(folder)


@case(studies=2, series=(5, 5))
def two_patients_one_series_uid(folder: Path) -> None:
    """Two studies: patients are never merged, whatever UIDs they share."""
    make.save_series(folder, patient="A")
    for number in range(1, 6):
        _one(folder, f"other-{number}.dcm", patient="B", number=number)


@case(studies=2, series=(4, 5))
def two_patients_one_study_uid(folder: Path) -> None:
    """Two studies: one StudyInstanceUID in two patients' folders."""
    make.save_series(folder / "a", patient="A", series="1")
    make.save_series(folder / "b", 4, patient="B", series="2")


@case(studies=2, series=(3, 3))
def one_patient_id_of_two_issuers(folder: Path) -> None:
    """Two studies: the same PatientID from two issuers is two patients."""
    make.save_series(folder / "a", 3, IssuerOfPatientID="NORTH")
    make.save_series(folder / "b", 3, IssuerOfPatientID="SOUTH")


@case(studies=2, series=(1, 1))
def one_instance_uid_in_two_patients(folder: Path) -> None:
    """Two studies: equal SOPInstanceUIDs of two patients are no duplicates."""
    _one(folder, "a.dcm", patient="A", SOPInstanceUID="2.25.7")
    _one(folder, "b.dcm", patient="B", SOPInstanceUID="2.25.7")


def _mixed(folder: Path, *stacks: dict[str, Any], **attributes: Any) -> None:
    """Write three slices of each of several stacks, at the same places, under the same UIDs."""
    for index, stack in enumerate(stacks):
        for number in range(1, 4):
            instance = make.make_uid("stack", index, number)
            pixels = make.make_head(seed=10 * index + number)
            about = {**attributes, **stack, "SOPInstanceUID": instance}
            _one(folder, f"{index}-{number}.dcm", pixels=pixels, number=number, **about)


@case(studies=2, series=(3, 3), note=Note("PATIENTS_PARTED"))
def two_sexes_under_one_anonymous_id(folder: Path) -> None:
    """Two studies: nobody has two sexes, whatever ID and UIDs an anonymiser wrote."""
    _mixed(folder, {"PatientSex": "M"}, {"PatientSex": "F"})


@case(studies=2, series=(3, 3), note=Note("PATIENTS_PARTED"))
def two_birth_dates_without_uids(folder: Path) -> None:
    """Two studies: nobody has two birth dates, though all lie in one folder without UIDs."""
    uids: dict[str, Any] = {"StudyInstanceUID": None, "SeriesInstanceUID": None}
    _mixed(folder, {"PatientBirthDate": "19800214"}, {"PatientBirthDate": "19440630"}, **uids)


@case(studies=2, series=(3, 6), note=Note("PATIENTS_PARTED"))
def two_people_and_slices_that_do_not_say_whose_they_are(folder: Path) -> None:
    """Two studies: slices without birth date and sex belong to the person of their series."""
    _mixed(folder, {"PatientSex": "M", "series": "1"}, {"PatientSex": "F", "series": "2"})
    for number in (4, 5, 6):
        _one(folder, f"z-{number}.dcm", number=number, series="2")


@case(studies=1, series=(9,))
def one_person_told_of_in_three_ways(folder: Path) -> None:
    """One study: empty, coarsened and full birth dates do not contradict one another."""
    for index, birth in enumerate(("19800214", "19800101", None)):
        for number in range(3 * index + 1, 3 * index + 4):
            _one(folder, f"{number}.dcm", number=number, PatientBirthDate=birth, PatientSex="M" if index else "O")


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "FrameOfReferenceUID"}))
def two_frames_of_reference(folder: Path) -> None:
    """Two stacks: positions of two frames of reference cannot be compared."""
    _mixed(folder, {"FrameOfReferenceUID": "2.25.1"}, {"FrameOfReferenceUID": "2.25.2"})


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "StudyDate"}))
def two_study_dates(folder: Path) -> None:
    """Two stacks: slices of two days are not one acquisition."""
    _mixed(folder, {"StudyDate": "20200110"}, {"StudyDate": "20200311"})


@case(series=(6,))
def frame_of_reference_of_each_slice(folder: Path) -> None:
    """One series: a fresh UID in each file is an anonymiser's doing."""
    for number in range(1, 7):
        _one(folder, f"{number}.dcm", number=number, FrameOfReferenceUID=f"2.25.{number}")


@case(series=(4, 5))
def one_study_in_two_folders(folder: Path) -> None:
    """One study with both of its series."""
    make.save_series(folder / "first", 5, series="1")
    make.save_series(folder / "second", 4, series="2")


@case(series=(6,))
def one_series_in_two_folders(folder: Path) -> None:
    """One series, its halves put together in slice order."""
    paths = make.save_series(folder / "first", 6)
    for path in paths[::2]:
        path.rename(folder / path.name)


@case(studies=2, series=(3, 5))
def two_studies_of_one_patient(folder: Path) -> None:
    """Two studies of one patient stay two."""
    make.save_series(folder / "x", 5, study="1")
    make.save_series(folder / "x", 3, study="2", series="2")


@case()
def no_study_uid(folder: Path) -> None:
    """Without StudyInstanceUID, what lies in one folder is one study."""
    make.save_series(folder, StudyInstanceUID=None)


@case(series=(3, 5))
def no_series_uid(folder: Path) -> None:
    """Without SeriesInstanceUID, the series number tells series apart."""
    make.save_series(folder, 5, series="1", SeriesInstanceUID=None, SeriesNumber=1)
    make.save_series(folder, 3, series="2", SeriesInstanceUID=None, SeriesNumber=2)


# -- copies


@case(codes=["DUPLICATE"] * 5)
def identical_duplicates(folder: Path) -> None:
    """Copies are used once, and listed as copies."""
    make.save_series(folder / "a")
    shutil.copytree(folder / "a", folder / "b")


@case(codes=["DUPLICATE_DIFFERS"])
def differing_duplicate(folder: Path) -> None:
    """The first of two differing instances is used, the other is a failure to look into."""
    make.save_series(folder)
    _one(folder, "z.dcm", pixels=make.make_head(seed=99), number=3)


@case(codes=["DUPLICATE_ENCODING"])
def duplicate_in_another_codec(folder: Path) -> None:
    """The same instance in another codec is used once."""
    make.save_series(folder)
    make.save(make.compress(make.make_dicom(make.make_head(seed=3), number=3), uid.RLELossless), folder / "z.dcm")


@case(codes=["DUPLICATE_UNSOUND"])
def truncated_copy_found_first(folder: Path) -> None:
    """The whole copy is used, though a truncated one comes first."""
    make.save_series(folder)
    _cut(_one(folder, "a.dcm", pixels=make.make_head(seed=3), number=3), 0.7)


@case(codes=["DUPLICATE_UNSOUND"])
def copy_without_decoder_found_first(folder: Path) -> None:
    """The copy that can be decoded is used."""
    make.save_series(folder)
    video = make.make_dicom(number=3, syntax=uid.MPEG4HP41, PixelData=encapsulate([b"\xff\x0a"]))
    make.save(video, folder / "a.dcm")


@case(codes=["DUPLICATE"])
def copy_with_another_description(folder: Path) -> None:
    """Equal pixels at one place are a copy, whatever else its header says."""
    make.save_series(folder)
    _one(folder, "z.dcm", pixels=make.make_head(seed=3), number=3, SeriesDescription="sent again", EchoTime=11.0)


@case(codes=["DUPLICATE_DIFFERS"])
def differing_copy_in_another_codec(folder: Path) -> None:
    """Pixels decide: equal headers in two codecs do not make a copy."""
    make.save_series(folder)
    make.save(make.compress(make.make_dicom(make.make_head(seed=9), number=3), uid.RLELossless), folder / "z.dcm")


# -- what is missing or broken


@case(series=(6,), note=Note("SLICES_MISSING", {"n": 1}))
def missing_slice(folder: Path) -> None:
    """The gap is told of."""
    make.save_series(folder, 7)[3].unlink()


@case(unreadable=("PIXELS_DAMAGED",))
def truncated_slice(folder: Path) -> None:
    """The cut slice fails with a reason, the others are read."""
    _cut(make.save_series(folder)[2], 0.7)


@case(series=(4,), codes=["NO_PIXELS"])
def file_cut_in_its_header(folder: Path) -> None:
    """The cut file is a failure of its study."""
    _cut(make.save_series(folder)[2], 0.22)


@case(codes=["HEADER_DAMAGED"])
def header_of_rubbish(folder: Path) -> None:
    """The file is a failure of the one study of its folder."""
    make.save_series(folder)
    (folder / "z.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\x00\x00\x00rubbish" * 40)


@case(series=(), codes=["HEADER_DAMAGED"] * 2)
def only_damaged_headers(folder: Path) -> None:
    """A row of its own for the folder, with each file's failure."""
    for name in ("a.dcm", "b.dcm"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0" * 128 + b"DICM" + name.encode() * 40)


@case(codes=["CONTENT_UNKNOWN"])
def file_of_zeros(folder: Path) -> None:
    """A DICOM name over zeros, as a failed copy leaves it, is a failure."""
    make.save_series(folder)
    (folder / "z.dcm").write_bytes(b"\0" * 5000)


@case(codes=["EMPTY"])
def empty_file(folder: Path) -> None:
    """An empty file is a failure."""
    make.save_series(folder)
    (folder / "z.dcm").touch()


@case(codes=["NO_PIXELS"])
def picture_object_without_pixels(folder: Path) -> None:
    """A picture object without pixels is a failure."""
    make.save_series(folder)
    _one(folder, "z.dcm", number=6, PixelData=None)


@case(note=Note("POSITIONS_MISSING"))
def no_positions(folder: Path) -> None:
    """By instance number, and told of."""
    make.save_series(folder, ImageOrientationPatient=None, ImagePositionPatient=None)


@case(series=(1, 4))
def one_slice_without_orientation(folder: Path) -> None:
    """The slice without a place is a stack of its own."""
    paths = make.save_series(folder)
    make.save(make.make_dicom(number=3, ImageOrientationPatient=None, ImagePositionPatient=None), paths[2])


# -- what does not belong into a stack


@case(series=(4, 5))
def mixed_orientations(folder: Path) -> None:
    """Two stacks: an axial and a sagittal one."""
    make.save_series(folder, 5)
    for number in range(1, 5):
        _one(folder, f"sagittal-{number}.dcm", number=number + 10, orientation=make.SAGITTAL)


@case(series=(2, 5))
def mixed_sizes(folder: Path) -> None:
    """Two stacks: sizes are not mixed."""
    make.save_series(folder, 5)
    for number in (11, 12):
        _one(folder, f"small-{number}.dcm", pixels=make.make_head(16, 16), number=number)


@case(series=(4, 4))
def two_echoes(folder: Path) -> None:
    """Two stacks: echoes are not mixed."""
    for echo in (1, 2):
        for number in range(1, 5):
            pixels = make.make_head(seed=echo)
            instance = make.make_uid("echo", echo, number)
            _one(
                folder, f"{echo}-{number}.dcm", pixels=pixels, number=number, EchoNumbers=echo, SOPInstanceUID=instance
            )


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "EchoTime"}))
def two_echoes_without_numbers(folder: Path) -> None:
    """Two stacks: echo times tell echoes apart where EchoNumbers do not."""
    _mixed(folder, {"EchoTime": 4.9}, {"EchoTime": 9.8}, ScanningSequence="GR", EchoNumbers=None)


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "FlipAngle"}))
def two_flip_angles(folder: Path) -> None:
    """Two stacks: flip angles tell them apart."""
    _mixed(folder, {"FlipAngle": 3.0}, {"FlipAngle": 20.0}, ScanningSequence="GR")


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "InversionTime"}))
def two_inversion_times(folder: Path) -> None:
    """Two stacks: inversion times tell them apart."""
    _mixed(folder, {"InversionTime": 700.0}, {"InversionTime": 2500.0}, ScanningSequence="GR")


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "ContrastBolusAgent"}))
def before_and_after_contrast_agent(folder: Path) -> None:
    """Two stacks: before and after the contrast agent."""
    _mixed(folder, {}, {"ContrastBolusAgent": "GD"})


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "ImageType"}))
def water_and_fat(folder: Path) -> None:
    """Two stacks: words of ImageType tell the pictures of a Dixon acquisition apart."""
    _mixed(folder, {"ImageType": ["DERIVED", "PRIMARY", "WATER"]}, {"ImageType": ["DERIVED", "PRIMARY", "FAT"]})


@case(series=(3,), codes=["OTHER_SEQUENCE"] * 3, note=Note("STACKS_PARTED", {"by": "AcquisitionContrast"}))
def two_weightings_without_series_uid(folder: Path) -> None:
    """Two stacks, each chosen by itself: the T2 is left out."""
    t2 = {"RepetitionTime": 4000.0, "EchoTime": 95.0}
    _mixed(folder, {}, t2, SeriesInstanceUID=None, SeriesNumber=None)


@case(series=(3, 3), note=Note("STACKS_PARTED", {"by": "SeriesNumber"}))
def one_series_uid_of_several_numbers(folder: Path) -> None:
    """Two stacks: an anonymiser gave one UID to all series, whose numbers are left."""
    _mixed(folder, {"SeriesNumber": 2}, {"SeriesNumber": 3})


@case(series=(5,))
def echo_times_that_vary_within_a_series(folder: Path) -> None:
    """One series: where no position repeats, an attribute that varies is no reason to split."""
    for number in range(1, 6):
        _one(folder, f"{number}.dcm", number=number, EchoTime=10.0 + number, SeriesNumber=number, FlipAngle=80 + number)


@case(series=(3,), codes=["PHASE_IMAGE"] * 9)
def complex_parts_by_the_private_tag_of_ge(folder: Path) -> None:
    """Phase, real and imaginary parts are left out, though only GE's private tag tells of them."""
    for part in range(4):
        for number in range(1, 4):
            dataset = make.make_dicom(make.make_head(seed=part), number=number, ScanningSequence="GR")
            dataset.SOPInstanceUID = make.make_uid("part", part, number)
            dataset.add_new(0x00430011, "LO", "GEMS_PARM_01")
            dataset.add_new(0x0043112F, "SS", part)
            make.save(dataset, folder / f"{part}-{number}.dcm")


@case(series=(5,))
def component_tag_of_another_maker(folder: Path) -> None:
    """The same private tag of another creator tells nothing."""
    for number in range(1, 6):
        dataset = make.make_dicom(number=number)
        dataset.add_new(0x00430010, "LO", "SOMEBODY ELSE")
        dataset.add_new(0x0043102F, "SS", 1)
        make.save(dataset, folder / f"{number}.dcm")


@case(series=(6,), note=Note("SLICES_REPEATED", {"n": 3}))
def repeated_positions(folder: Path) -> None:
    """Repeated positions are told of."""
    make.save_series(folder, 3)
    for number in range(1, 4):
        instance = make.make_uid("again", number)
        _one(folder, f"again-{number}.dcm", number=number, SOPInstanceUID=instance, AcquisitionNumber=2)


@case(codes=["LOCALIZER"])
def localizer_inside_a_series(folder: Path) -> None:
    """The localizer is left out, the series kept."""
    make.save_series(folder)
    _one(folder, "loc.dcm", number=9, orientation=make.CORONAL, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])


@case(codes=["LOCALIZER"] * 9)
def localizer_that_does_not_say_so(folder: Path) -> None:
    """Three planes of few slices are a localizer, said or not."""
    make.save_series(folder)
    _planes(folder, 3)


def _planes(folder: Path, n: int, **attributes: Any) -> None:
    """Write three planes of n slices each under one series UID."""
    for plane, orientation in enumerate((make.AXIAL, make.SAGITTAL, make.CORONAL)):
        for number in range(1, n + 1):
            about = {**attributes, "orientation": orientation, "SOPInstanceUID": make.make_uid("plane", plane, number)}
            _one(folder, f"p{plane}-{number}.dcm", series="9", number=number, **about)


@case(series=(7, 7), codes=["OTHER_PLANE"] * 7)
def three_planes_of_an_examination(folder: Path) -> None:
    """Planes of more than five slices are no localizer."""
    _planes(folder, 7)


@case(series=(3, 3), codes=["OTHER_PLANE"] * 3)
def three_planes_and_nothing_else(folder: Path) -> None:
    """Planes of few slices are used, where nothing else would remain of the study."""
    _planes(folder, 3)


@case(series=(2, 2, 5), codes=["OTHER_PLANE"] * 2)
def three_planes_of_three_series_numbers(folder: Path) -> None:
    """Three series whose UIDs an anonymiser merged are no localizer."""
    make.save_series(folder)
    for number, orientation in enumerate((make.AXIAL, make.SAGITTAL, make.CORONAL), 2):
        for place in (1, 2):
            instance = make.make_uid(number, place)
            about = {"orientation": orientation, "SOPInstanceUID": instance, "SeriesNumber": number}
            _one(folder, f"{number}-{place}.dcm", series="9", number=place, **about)


@case(codes=["PHASE_IMAGE"] * 3)
def phase_beside_magnitude(folder: Path) -> None:
    """Phase pictures are left out."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])


@case(codes=["FIELD_MAP"] * 3)
def field_map(folder: Path) -> None:
    """A Siemens field map is left out."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", SequenceName="*fm2d2r", ScanningSequence="GR")


@case(codes=["DIFFUSION_STACK"] * 6)
def diffusion(folder: Path) -> None:
    """A diffusion series is left out whole, b = 0 included."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", DiffusionBValue=0.0)
    for number in range(1, 4):
        instance = make.make_uid("b1000", number)
        _one(folder, f"b-{number}.dcm", series="2", number=number, DiffusionBValue=1000.0, SOPInstanceUID=instance)


@case(codes=["PERFUSION_STACK"] * 3)
def perfusion(folder: Path) -> None:
    """A perfusion series is left out."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", ImageType=["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"])


@case(codes=["TIME_SERIES"] * 3)
def time_series(folder: Path) -> None:
    """An echo-planar time series is left out."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", ScanningSequence=["EP", "GR"], NumberOfTemporalPositions=100)


@case(codes=["DERIVED_MAP"] * 3)
def apparent_diffusion_map(folder: Path) -> None:
    """A computed map is left out."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])


@case(codes=["SECONDARY_CAPTURE"])
def secondary_capture(folder: Path) -> None:
    """A screenshot is left out."""
    make.save_series(folder)
    capture = uid.SecondaryCaptureImageStorage
    _one(folder, "z.dcm", pixels=np.zeros((8, 8, 3), np.uint8), series="2", SOPClassUID=capture, Modality="OT")


@case(codes=["OTHER_MODALITY"] * 3)
def other_modality(folder: Path) -> None:
    """A CT is not for a model of MR."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", SOPClassUID=uid.CTImageStorage, Modality="CT")


@case(codes=["OTHER_BODY_PART"] * 3)
def other_body_part(folder: Path) -> None:
    """A knee is not for a model of the head."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", BodyPartExamined="KNEE")


@case(codes=["OTHER_SEQUENCE"] * 3)
def other_sequence_beside_a_fitting_one(folder: Path) -> None:
    """A model of T1 leaves a T2 series out where the study has a T1."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", RepetitionTime=4000.0, EchoTime=95.0)


@case(series=(3,), caution=Note("SERIES_OTHER", {"wanted": (T1,), "found": FLAIR}))
def other_sequence_alone(folder: Path) -> None:
    """Where no series fits, all are used, with caution."""
    make.save_series(folder, 3, RepetitionTime=9000.0, EchoTime=95.0, InversionTime=2500.0)


@case(codes=["OTHER_PLANE"] * 3)
def other_plane_beside_a_fitting_one(folder: Path) -> None:
    """A model of axial and sagittal slices leaves coronal ones out where the study has others."""
    make.save_series(folder)
    make.save_series(folder, 3, series="2", orientation=make.CORONAL)


@case(series=(5,))
def series_that_tells_nothing(folder: Path) -> None:
    """Unknown facts are no reason to leave a series out."""
    unknown = ("ImageType", "ScanningSequence", "BodyPartExamined", "Modality", "EchoNumbers", "SeriesNumber")
    for number in range(1, 6):
        _one(folder, f"{number}.dcm", number=number, **dict.fromkeys(unknown))


# -- what is no picture


@case(codes=["NOT_AN_IMAGE"])
def structured_report(folder: Path) -> None:
    """A structured report is skipped."""
    make.save_series(folder)
    make.save(_no_image(uid.ComprehensiveSRStorage, "SR"), folder / "sr.dcm")


@case(codes=["NOT_AN_IMAGE"])
def encapsulated_pdf(folder: Path) -> None:
    """An encapsulated PDF is skipped."""
    make.save_series(folder)
    make.save(_no_image(uid.EncapsulatedPDFStorage, "DOC"), folder / "doc.dcm")


@case(codes=["NOT_AN_IMAGE"])
def structure_set(folder: Path) -> None:
    """A radiotherapy structure set is skipped."""
    make.save_series(folder)
    make.save(_no_image(uid.RTStructureSetStorage, "RTSTRUCT"), folder / "rs.dcm")


@case(codes=["DICOMDIR"])
def dicomdir_with_missing_targets(folder: Path) -> None:
    """A DICOMDIR is skipped, its missing targets do not matter."""
    make.save_series(folder)
    directory = _no_image(uid.MediaStorageDirectoryStorage, "")
    directory.FileSetID = "DISK"
    make.save(directory, folder / "DICOMDIR")


@case(codes=["NOT_A_PICTURE"] * 3)
def junk_among_the_files(folder: Path) -> None:
    """Texts and system files are skipped."""
    make.save_series(folder)
    for name in ("README.txt", "Thumbs.db", "report.pdf"):
        (folder / name).write_bytes(b"%PDF nothing to see")


@case(codes=["SIDE_FILE"] * 4)
def side_files_of_a_mac(folder: Path) -> None:
    """AppleDouble files and __MACOSX are skipped, whatever their names end with."""
    make.save_series(folder / "a")
    side = b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + b"\0" * 80
    (folder / "__MACOSX" / "a").mkdir(parents=True)
    for name, content in (("a/._x.dcm", side), ("a/._y.png", side), ("__MACOSX/a/._x.dcm", side)):
        (folder / name).write_bytes(content)
    (folder / "__MACOSX" / "a" / "._z.dcm").touch()


@case(codes=["EARLIER_RESULTS"])
def results_of_an_earlier_scan(folder: Path) -> None:
    """The output of an earlier scan is left out, its pictures with it."""
    make.save_series(folder)
    make.save_picture(folder / "out" / "studies" / "st-1" / "key.png")
    for name in ("journal.jsonl", "results.jsonl"):
        (folder / "out" / name).touch()


@case(codes=["ARCHIVE", "NOT_DOWNLOADED", "NOT_DOWNLOADED", "PICTURE_FORMAT", "VIDEO", "VOLUME_FORMAT"])
def formats_that_are_not_read(folder: Path) -> None:
    """Archives, volumes, videos, other pictures and placeholders are named, whatever their names end with."""
    make.save_series(folder)
    contents = {
        "a.dcm": b"PK\3\4" + b"\0" * 40,
        ".b.dcm.icloud": b"bplist00\xd3",
        "c.dcm": b"version https://git-lfs.github.com/spec/v1\n",
        "d.jpg": b"RIFF\x20\0\0\0WEBPVP8 ",
        "e": b"\0\0\0\x20ftypisom",
        "f.nii": b"\x5c\x01\0\0" + b"\0" * 340 + b"n+1\0",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)


# -- names and links


@case(codes=["LINK_DANGLING"])
def dangling_link(folder: Path) -> None:
    """Links to nothing are failures of their own, the series is read."""
    make.save_series(folder)
    (folder / "z.dcm").symlink_to(folder / "gone.dcm")


@case(codes=["LINK_LOOP"] * 2)
def links_in_a_circle(folder: Path) -> None:
    """Links in a circle are failures of their own."""
    make.save_series(folder)
    (folder / "x.dcm").symlink_to(folder / "y.dcm")
    (folder / "y.dcm").symlink_to(folder / "x.dcm")


@case(codes=["LINK_TO_FOLDER"])
def link_to_a_folder_above(folder: Path) -> None:
    """A link to a folder above is not followed."""
    make.save_series(folder / "in")
    (folder / "in" / "up").symlink_to(folder, target_is_directory=True)


@case(codes=["LINK_TO_FOLDER"])
def link_to_a_folder_outside(folder: Path) -> None:
    """Another patient's folder behind a link is not read."""
    make.save_series(folder.parent / f"{folder.name}-other", patient="B")
    make.save_series(folder)
    (folder / "other").symlink_to(folder.parent / f"{folder.name}-other", target_is_directory=True)


@case(codes=["LINK_TO_FOUND"])
def link_to_a_file_inside(folder: Path) -> None:
    """A link to a file of the same tree is not read twice."""
    paths = make.save_series(folder)
    (folder / "z.dcm").symlink_to(paths[0])


@case(series=(6,))
def link_to_a_file_outside(folder: Path) -> None:
    """A link to a file outside is read."""
    outside = folder.parent / f"{folder.name}-outside"
    make.save_series(folder)
    (folder / "z.dcm").symlink_to(_one(outside, "six.dcm", number=6))


@case(codes=["NOT_A_FILE"])
def pipe_named_as_dicom(folder: Path) -> None:
    """A pipe is skipped and never waited for."""
    make.save_series(folder)
    os.mkfifo(folder / "z.dcm")


@case(series=(5,))
def names_without_or_with_wrong_suffix(folder: Path) -> None:
    """Content decides, not the name."""
    for number, path in enumerate(make.save_series(folder)):
        path.rename(folder / ("IM0", "im1.jpg", "im2.txt", "im3.", "1.2.840.4")[number])


@case()
def no_preamble(folder: Path) -> None:
    """A data set without preamble is read."""
    for number in range(1, 6):
        make.save(make.make_dicom(number=number), folder / f"{number}", preamble=False)


@case()
def long_names(folder: Path) -> None:
    """Names of 250 characters in deep folders are read."""
    deep = folder / ("b" * 200) / ("c" * 200)
    for number, path in enumerate(make.save_series(deep)):
        path.rename(deep / ("x" * 245 + f"{number}.dcm"))


@case()
def cyrillic_names(folder: Path) -> None:
    """Cyrillic names and patients are read."""
    make.save_series(folder / "Снимки мозга" / "Серия №1", SpecificCharacterSet="ISO_IR 144", PatientName="Проба^Тест")


@case(studies=2, series=(1, 1))
def names_that_differ_in_case(folder: Path) -> None:
    """Names that differ in case alone are two files."""
    _one(folder, "SLICE.dcm", study="1")
    _one(folder, "slice.dcm", study="2")


@case(series=(1,))
def names_that_are_no_utf8(folder: Path) -> None:
    """Names that are no UTF-8 are read, and spelled out."""
    path = _one(folder, "plain.dcm")
    path.rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.dcm"))


@case()
def unknown_character_set(folder: Path) -> None:
    """An unknown character set does not matter."""
    for path in make.save_series(folder, SpecificCharacterSet="ISO_IR 100", PatientName="Prüf^Name"):
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 999"))


@case(series=(5,))
def hostile_text_tags(folder: Path) -> None:
    """Lines end and markup in text tags do not matter."""
    make.save_series(folder, SeriesDescription="=cmd()|<script>../../etc\x1b[31m", PatientID="../../../etc/passwd")


# -- other ways to pack slices


@case(series=(1,))
def enhanced_multi_frame(folder: Path) -> None:
    """One multi-frame object is one series."""
    make.save(make.make_enhanced(4), folder / "e.dcm")


@case(series=(1,), note=Note("SLICES_MISSING", {"n": 1}))
def enhanced_with_a_missing_frame(folder: Path) -> None:
    """A gap between frames is noted, as between files."""
    make.save(make.make_enhanced(5, order=(0, 1, 2, 4, 5)), folder / "e.dcm")


@case(series=(1,), note=Note("SLICES_REPEATED", {"n": 3}))
def enhanced_with_two_echoes(folder: Path) -> None:
    """Frames of two echoes at the same places are noted."""
    echoes = [{"EffectiveEchoTime": time} for time in (12.0, 96.0) for _ in range(3)]
    make.save(
        make.put_in_frames(make.make_enhanced(6, order=(0, 1, 2) * 2), "MREchoSequence", echoes), folder / "e.dcm"
    )


@case(series=(1,), note=Note("POSITIONS_MISSING"))
def enhanced_without_positions(folder: Path) -> None:
    """Frames without positions are noted, as files are."""
    make.save(make.put_in_frames(make.make_enhanced(4), "PlanePositionSequence", [None] * 4), folder / "e.dcm")


@case(codes=["PHASE_IMAGE"])
def enhanced_with_phase_frames(folder: Path) -> None:
    """An object with a phase frame is left out, though its ImageType does not tell of it."""
    make.save_series(folder)
    kinds = [{"FrameType": ["ORIGINAL", "PRIMARY", "T1", kind]} for kind in ("NONE", "NONE", "PHASE", "PHASE")]
    dataset = make.make_enhanced(4, order=(0, 1, 0, 1), series="2")
    make.save(make.put_in_frames(dataset, "MRImageFrameTypeSequence", kinds), folder / "e.dcm")


@case(codes=["DIFFUSION_STACK"])
def enhanced_diffusion_with_b0_last(folder: Path) -> None:
    """One diffusion-weighted frame makes the object diffusion, wherever b = 0 stands."""
    make.save_series(folder)
    weights = [{"DiffusionBValue": b} for b in (1000.0, 1000.0, 0.0, 0.0)]
    dataset = make.make_enhanced(4, order=(0, 1, 0, 1), series="2")
    make.save(make.put_in_frames(dataset, "MRDiffusionSequence", weights), folder / "e.dcm")


@case(codes=["LOCALIZER"])
def enhanced_localizer(folder: Path) -> None:
    """Three planes of few frames in one object are a localizer."""
    make.save_series(folder)
    planes = [{"ImageOrientationPatient": list(o)} for o in (make.AXIAL, make.SAGITTAL, make.CORONAL) for _ in range(3)]
    dataset = make.make_enhanced(9, series="2")
    make.save(make.put_in_frames(dataset, "PlaneOrientationSequence", planes), folder / "e.dcm")


@case(series=(1,))
def mosaic(folder: Path) -> None:
    """A mosaic without echo-planar facts is cut into its slices."""
    make.save(make.make_mosaic(7), folder / "m.dcm")


@case(unreadable=("NO_DECODER",) * 5)
def codec_without_decoder(folder: Path) -> None:
    """A codec that nobody decodes is a named skip."""
    for number in range(1, 6):
        dataset = make.make_dicom(number=number, syntax=uid.MPEG4HP41, PixelData=encapsulate([b"\xff\x0a"]))
        make.save(dataset, folder / f"{number}.dcm")


@case(studies=2, series=(2, 3))
def pictures_in_two_folders(folder: Path) -> None:
    """Each folder of pictures is one study."""
    for number in range(3):
        make.save_picture(folder / "a" / f"{number}.png")
    for number in range(2):
        make.save_picture(folder / "b" / f"{number}.jpg")


@case(studies=2, series=(1, 5))
def picture_beside_dicom(folder: Path) -> None:
    """Pictures beside DICOM are a study of their own."""
    make.save_series(folder)
    make.save_picture(folder / "key.png")


@case(series=(1,), unreadable=("PIXELS_DAMAGED",))
def only_a_broken_picture(folder: Path) -> None:
    """A folder with nothing but a broken picture is a study that fails."""
    _cut(make.save_picture(folder / "x.png"), 0.5)


@case(series=(1,), codes=["CONTENT_UNKNOWN"])
def picture_name_over_text(folder: Path) -> None:
    """A picture's name over other content is a failure."""
    make.save_picture(folder / "a.png")
    (folder / "b.png").write_text("404 not found")


@case(series=(1,))
def tiff_of_three_pages(folder: Path) -> None:
    """The pages of a TIFF are slices of one file."""
    make.save_pages(folder / "stack.tif", [(make.make_head(seed=k) // 16).astype(np.uint8) for k in range(3)])


@case(studies=0, series=(), codes=["NOT_A_PICTURE"])
def nothing_to_read(folder: Path) -> None:
    """Nothing to read, and said so file by file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "notes.txt").write_text("none")
