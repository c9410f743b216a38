"""What the DICOM outputs share: the source's header, its patient and study copied byte for byte, UIDs and dates."""

from __future__ import annotations

import hashlib
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from highdicom.sr import CodedConcept
from pydicom import dcmread, dcmwrite
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, MRImageStorage

from mri_batch.card import ModelCard
from mri_batch.records import ReportSlice, StudyResult

Identity = Mapping[str, DataElement | RawDataElement]  # of patient and study, by keyword

SCHEME = "99MRIBATCH"
MAKER = "mri-batch"
RESEARCH = "Research use only, not for clinical decisions"

# PS3.3 C.7.1.1, C.7.1.3, C.7.2.1, C.7.2.2, C.7.2.3: whose study it is, and its dates.
_COPIED_WORDS = (
    "PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence PatientBirthDate "
    "PatientBirthTime PatientBirthDateInAlternativeCalendar PatientAlternativeCalendar PatientSex "
    "QualityControlSubject "
    "OtherPatientIDs OtherPatientIDsSequence OtherPatientNames EthnicGroup PatientComments PatientSpeciesDescription "
    "PatientBreedDescription ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved "
    "DeidentificationMethod DeidentificationMethodCodeSequence ClinicalTrialSponsorName ClinicalTrialProtocolID "
    "ClinicalTrialProtocolName ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSubjectID "
    "ClinicalTrialSubjectReadingID ClinicalTrialTimePointID StudyInstanceUID StudyDate StudyTime "
    "ReferringPhysicianName StudyID AccessionNumber IssuerOfAccessionNumberSequence StudyDescription PatientAge "
    "PatientSize PatientWeight"
)
_COPIED = tuple(_COPIED_WORDS.split())
_TYPE_2_WORDS = (
    "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime "
    "ReferringPhysicianName StudyID AccessionNumber"
)
_TYPE_2 = tuple(_TYPE_2_WORDS.split())
_CLOCKS = (("AcquisitionDate", "AcquisitionTime"), ("ContentDate", "ContentTime"), ("SeriesDate", "SeriesTime"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One key slice, the header of the file that it came from, and whose study it is, as the file has it in bytes."""

    report_slice: ReportSlice
    header: Dataset
    identity: Identity

    @property
    def sop_class_uid(self) -> str:
        """The file's SOP Class UID."""
        return str(self.header.SOPClassUID)

    @property
    def sop_instance_uid(self) -> str:
        """The file's SOP Instance UID."""
        return str(self.header.SOPInstanceUID)

    @property
    def frame_number(self) -> int | None:
        """The frame's number from 1 where the file has several frames. A mosaic's tiles are one frame."""
        frames = int(self.header.get("NumberOfFrames") or 1)
        return self.report_slice.picture.frame + 1 if frames > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """All that an output is made from, and when. ``now``: used only where the study has no date of its own."""

    result: StudyResult
    card: ModelCard
    sources: tuple[Source, ...]
    version: str
    now: datetime | None

    @property
    def header(self) -> Dataset:
        """The header that patient and study are copied from."""
        return self.sources[0].header

    def uid(self, *parts: object) -> str:
        """Return a UID that is the same for the same study, input, model, settings and version of the tool."""
        return make_uid(
            str(self.header.StudyInstanceUID), self.result.key, self.result.model_sha256, self.version, *parts
        )

    def tracking(self, source: Source) -> tuple[str, str]:
        """Return the identifier and UID that report, capture and map of one key slice share."""
        frame = source.report_slice.picture.frame
        identifier = f"{MAKER} {self.result.study_id[:32]} slice {source.report_slice.index + 1}"
        return to_ascii(identifier), self.uid("tracking", source.sop_instance_uid, frame)

    def date_and_time(self) -> tuple[str, str] | None:
        """Return the date and time of acquisition, else of the study's own later stamps, else the given clock's."""
        for date, time in (*_CLOCKS, ("StudyDate", "StudyTime")):
            if _is_date(found := str(self.header.get(date) or "")):
                return found, _to_time(str(self.header.get(time) or ""))
        moment = str(self.header.get("AcquisitionDateTime") or "")
        if _is_date(moment[:8]):
            return moment[:8], _to_time(moment[8:].split("+")[0].split("-")[0])
        return (self.now.strftime("%Y%m%d"), self.now.strftime("%H%M%S")) if self.now else None


def load_sources(shown: Sequence[ReportSlice]) -> tuple[Source, ...]:
    """Read the headers of key slices again, each file once. Raises what pydicom raises on a file that has gone bad."""
    headers: dict[Path, tuple[Dataset, Identity]] = {}
    sources = []
    for one in shown:
        path = one.picture.file.path
        if path not in headers:
            header = dcmread(path, stop_before_pixels=True, force=True)
            headers[path] = header, _identity_of(header)
        sources.append(Source(report_slice=one, header=headers[path][0], identity=headers[path][1]))
    return tuple(sources)


def _identity_of(header: Dataset) -> Identity:
    """Take the elements to copy before anything parses them."""
    found: dict[str, DataElement | RawDataElement] = {}
    for keyword in ("SpecificCharacterSet", "TimezoneOffsetFromUTC", *_COPIED):
        tag = Tag(keyword)
        if tag in header:
            found[keyword] = header[tag] if dictionary_VR(tag) == "SQ" else _as_bytes(header.get_item(tag))
    return found


def make_uid(*parts: object) -> str:
    """Return a UID under 2.25 from a hash of the parts: a UUID of version 8 (RFC 9562), as PS3.5 B.2 wants it."""
    digest = bytearray(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def to_ascii(text: str, longest: int = 64) -> str:
    """Reduce our own words to ASCII, which every character set holds, in at most ``longest`` characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()
    return "".join(c if c.isprintable() and c != "\\" else "_" for c in plain)[:longest]


def code(value: str, meaning: str) -> CodedConcept:
    """Return a concept of our own scheme."""
    return CodedConcept(value=value[:16], scheme_designator=SCHEME, meaning=to_ascii(meaning))


def label_code(labels: Sequence[str], label: str) -> CodedConcept:
    """Return a model's label as a concept; its number stands in for a label that is no code value."""
    fits = len(label) <= 16 and label.isascii() and label.isprintable() and "\\" not in label
    return code(label if fits else f"label-{labels.index(label)}", label)


def make_skeleton(source: Source, sop_instance_uid: str = "") -> Dataset:
    """Make a stand-in for a source image as highdicom wants it: references and geometry, but no patient.

    The patient's own bytes are put in at the end, since a constructor that parses them may refuse or change them.
    """
    picture, header = source.report_slice.picture, source.header
    stand_in = Dataset()
    stand_in.SOPClassUID = MRImageStorage if sop_instance_uid else source.sop_class_uid
    stand_in.SOPInstanceUID = sop_instance_uid or source.sop_instance_uid
    stand_in.StudyInstanceUID, stand_in.SeriesInstanceUID = header.StudyInstanceUID, header.SeriesInstanceUID
    stand_in.Rows, stand_in.Columns = picture.shape_px
    stand_in.Modality = str(header.get("Modality") or "OT")
    for keyword in _TYPE_2:
        setattr(stand_in, keyword, "")
    stand_in.StudyDate = stand_in.StudyTime = None
    if picture.orientation and picture.position_mm and picture.spacing_mm:
        stand_in.FrameOfReferenceUID = header.get("FrameOfReferenceUID") or ""
        stand_in.PositionReferenceIndicator = ""
        stand_in.ImageOrientationPatient = [_decimal(v) for v in picture.orientation]
        stand_in.ImagePositionPatient = [_decimal(v) for v in picture.position_mm]
        stand_in.PixelSpacing = [_decimal(v) for v in picture.spacing_mm]
        stand_in.SliceThickness = _decimal(float(header.get("SliceThickness") or 0) or 1.0)
    return stand_in


def reference(source: Source) -> Dataset:
    """Return a reference to a source image, with its frame where it has several."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.sop_class_uid, source.sop_instance_uid
    if source.frame_number is not None:
        item.ReferencedFrameNumber = source.frame_number
    return item


def save(dataset: Dataset, origin: Origin, path: Path) -> Path:
    """Give an object the source's patient and study and dates of the study's own, and write it."""
    moment = origin.date_and_time()
    if moment is None:
        raise ValueError("the study has no date, and no clock was given")
    for keyword in ("InstanceCreationDate", "InstanceCreationTime", "DateOfSecondaryCapture", "TimeOfSecondaryCapture"):
        dataset.pop(Tag(keyword), None)
    dataset.ContentDate, dataset.ContentTime = moment
    dataset.pop(Tag("ContributingEquipmentSequence"), None)
    _copy_identity(origin.sources[0].identity, dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _copy_identity(identity: Identity, into: Dataset) -> None:
    """Copy the identity of patient and study, byte for byte, so that text survives even in an unknown character set.

    Sequences are the exception: they go through pydicom, which keeps what it can decode.
    """
    for keyword in ("SpecificCharacterSet", "TimezoneOffsetFromUTC", *_COPIED):
        into.pop(Tag(keyword), None)
        if keyword in identity:
            into[Tag(keyword)] = identity[keyword]
        elif keyword in _TYPE_2:
            setattr(into, keyword, None)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep pydicom's warnings in: they quote values of patient tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _as_bytes(element: DataElement | RawDataElement) -> DataElement | RawDataElement:
    if not isinstance(element, RawDataElement):  # the character set, which pydicom reads first
        return element
    value, vr = element.value or b"", dictionary_VR(element.tag)
    value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return element._replace(VR=vr, value=value, length=len(value), is_implicit_VR=False, is_little_endian=True)


def _decimal(value: float) -> str:
    """Write a number as a decimal string of at most 16 characters."""
    return next(text for digits in range(15, 0, -1) if len(text := f"{value:.{digits}g}") <= 16)


def _is_date(text: str) -> bool:
    return len(text) == 8 and text.isdigit()


def _to_time(text: str) -> str:
    whole = text.split(".")[0].strip()
    return whole if whole.isdigit() and len(whole) in (2, 4, 6) else "000000"


def is_uid(text: str) -> bool:
    """Whether a text is a valid UID."""
    return bool(text) and UID(text).is_valid
