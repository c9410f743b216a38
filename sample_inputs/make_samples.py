"""Make the sample studies: ``python make_samples.py [FOLDER]``, by default beside this script. Same bytes each time.

``dicom_axial``, ``multiframe_compressed`` and ``png_folder`` of one synthetic head each (see phantom.py), and
``truth.json``, which tells where the lesions are.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from phantom import Head, Lesion, Plane, render
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, RLELossless

GRAIN = 0.012  # standard deviation of the noise, a share of the brightest fat
DATE, TIME = "20000101", "120000"  # made up: nobody was examined

AXIAL = Head(seed=3, lesion=Lesion(kind="ring", centre_mm=(-34.0, 24.0, 20.0), radius_mm=16.0))
AXIAL_Z_MM = tuple(-12.0 + 8.0 * i for i in range(8))
CORONAL = Head(seed=11, lesion=Lesion(kind="dural", centre_mm=(48.0, 30.0, 38.0), radius_mm=18.0))
CORONAL_Y_MM = tuple(14.0 + 8.0 * i for i in range(5))
PLAIN = Head(seed=29, contrast_agent=False)
PLAIN_Z_MM = (52.0, 40.0, 28.0, 16.0)


def main(folder: Path) -> None:
    """Write all studies and the truth."""
    make_axial(folder / "dicom_axial")
    make_coronal(folder / "multiframe_compressed")
    make_pictures(folder / "png_folder")
    text = json.dumps(tell_truth(), indent=1) + "\n"
    (folder / "truth.json").write_text(text, "utf-8", newline="\n")


def axial_plane(z_mm: float, n: int = 256, view_mm: float = 230.4) -> Plane:
    """Return a square axial plane around the middle of the brain, as radiologists see it."""
    step = view_mm / n
    corner = step / 2 - view_mm / 2
    return Plane(corner_mm=(corner, corner, z_mm), row_step_mm=(step, 0, 0), col_step_mm=(0, step, 0), rows=n, cols=n)


def coronal_plane(y_mm: float, n: int = 192, view_mm: float = 230.4) -> Plane:
    """Return a square coronal plane, as radiologists see it, whose upper edge is 95 mm over the middle of the brain."""
    step = view_mm / n
    corner = (step / 2 - view_mm / 2, y_mm, 95.0 - step / 2)
    return Plane(corner_mm=corner, row_step_mm=(step, 0, 0), col_step_mm=(0, 0, -step), rows=n, cols=n)


def take(head: Head, plane: Plane, top: int, seed: int) -> npt.NDArray[np.uint16]:
    """Render with noise as the magnitude of a complex signal has it (Rician): uint16[rows, cols], fat near ``top``."""
    rng = np.random.default_rng(seed)
    real, imaginary = GRAIN * rng.standard_normal((2, plane.rows, plane.cols))
    grey = np.hypot(render(head, plane) + real, imaginary)
    return np.round(np.clip(grey * top, 0, 1.2 * top)).astype(np.uint16)


def make_axial(folder: Path) -> None:
    """Write one MR object per axial slice, uncompressed, feet to head."""
    for i, z_mm in enumerate(AXIAL_Z_MM):
        plane = axial_plane(z_mm)
        dataset = describe(MRImageStorage, "axial", i + 1, take(AXIAL, plane, 1600, 100 + i))
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
        dataset.RepetitionTime, dataset.EchoTime, dataset.EchoTrainLength = 550.0, 9.0, 1
        dataset.MRAcquisitionType, dataset.MagneticFieldStrength, dataset.ContrastBolusAgent = "2D", 3.0, "SYNTHETIC"
        dataset.SliceThickness, dataset.SpacingBetweenSlices, dataset.SliceLocation = 6.0, 8.0, z_mm
        dataset.ImagePositionPatient = [round(v, 4) for v in plane.corner_mm]
        dataset.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        dataset.PixelSpacing = [plane.col_step_mm[1], plane.row_step_mm[0]]
        dataset.WindowCenter, dataset.WindowWidth = 640.0, 1280.0
        save(dataset, folder / f"slice{i + 1:02d}.dcm")


def make_coronal(folder: Path) -> None:
    """Write one Enhanced MR object of coronal frames, front to back, compressed without loss by run lengths."""
    planes = [coronal_plane(y_mm) for y_mm in CORONAL_Y_MM]
    frames = np.stack([take(CORONAL, plane, 1600, 200 + i) for i, plane in enumerate(planes)])
    dataset = describe(EnhancedMRImageStorage, "coronal", 1, frames)
    dataset.NumberOfFrames = len(planes)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "CONTRAST", "NONE"]
    dataset.AcquisitionDateTime, dataset.AcquisitionDuration = DATE + TIME, 60.0
    dataset.PixelPresentation, dataset.VolumetricProperties, dataset.VolumeBasedCalculationTechnique = (
        "MONOCHROME", "VOLUME", "NONE",
    )  # fmt: skip
    dataset.ComplexImageComponent, dataset.AcquisitionContrast = "MAGNITUDE", "T1"
    dataset.ContentQualification, dataset.ResonantNucleus, dataset.MagneticFieldStrength = "RESEARCH", "1H", 3.0
    dataset.ApplicableSafetyStandardAgency, dataset.KSpaceFiltering, dataset.BurnedInAnnotation = "IEC", "NONE", "NO"
    dataset.LossyImageCompression, dataset.PresentationLUTShape = "00", "IDENTITY"
    step = planes[0].row_step_mm[0]
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PlaneOrientationSequence=[item(ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 0.0, -1.0])],
            PixelMeasuresSequence=[item(PixelSpacing=[step, step], SliceThickness=6.0, SpacingBetweenSlices=8.0)],
            FrameVOILUTSequence=[item(WindowCenter=640.0, WindowWidth=1280.0)],
            PixelValueTransformationSequence=[item(RescaleIntercept=0.0, RescaleSlope=1.0, RescaleType="US")],
            MRImageFrameTypeSequence=[frame_type()],
            FrameAnatomySequence=[frame_anatomy()],
        )
    ]
    organisation = make_uid("coronal", "dimensions")
    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organisation)]
    dataset.DimensionIndexSequence = [
        item(DimensionOrganizationUID=organisation, DimensionIndexPointer=0x00209057, FunctionalGroupPointer=0x00209111)
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        item(
            FrameContentSequence=[item(StackID="1", InStackPositionNumber=i + 1, DimensionIndexValues=[i + 1])],
            PlanePositionSequence=[item(ImagePositionPatient=[round(v, 4) for v in plane.corner_mm])],
        )
        for i, plane in enumerate(planes)
    ]
    dataset.compress(RLELossless, generate_instance_uid=False)
    save(dataset, folder / "coronal.dcm")


def make_pictures(folder: Path) -> None:
    """Write four 8-bit PNG slices without a lesion, and one that breaks off in the middle."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, z_mm in enumerate(PLAIN_Z_MM):
        grey = take(PLAIN, axial_plane(z_mm, 200), 210, 300 + i).clip(0, 255).astype(np.uint8)
        (folder / f"slice{i + 1}.png").write_bytes(to_png(grey))
    (folder / "broken.png").write_bytes(to_png(grey)[:20_000])


def describe(sop_class: str, study: str, number: int, pixels: npt.NDArray[np.uint16]) -> FileDataset:
    """Return a data set with patient, study, series, equipment and pixels [rows, cols] or [frames, rows, cols]."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, make_uid(study, "image", number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = make_uid("make_samples"), "MAKE_SAMPLES_1"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    dataset.PatientName, dataset.PatientID = "SYNTHETIC^PHANTOM", "PHANTOM-1" if study == "axial" else "PHANTOM-2"
    dataset.PatientBirthDate, dataset.PatientSex = "", "O"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = make_uid(study, "study"), make_uid(study, "series")
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = make_uid(study, "frame of reference"), ""
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = TIME
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = "1", "", ""
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.AcquisitionNumber = 1, number, 1
    dataset.Modality, dataset.BodyPartExamined, dataset.PatientPosition = "MR", "HEAD", "HFS"
    dataset.SeriesDescription, dataset.ProtocolName = f"T1 {study} post contrast, synthetic", "synthetic"
    dataset.Manufacturer, dataset.ManufacturerModelName = "mri-batch", "make_samples"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "0", "1"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = pixels.astype("<u2").tobytes()
    return dataset


def frame_type() -> Dataset:
    """Return what the frames are, in Enhanced MR's own words."""
    return item(
        FrameType=["ORIGINAL", "PRIMARY", "CONTRAST", "NONE"], PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE", AcquisitionContrast="T1",
    )  # fmt: skip


def frame_anatomy() -> Dataset:
    """Return the head as the frames' body part."""
    head = item(CodeValue="69536005", CodingSchemeDesignator="SCT", CodeMeaning="Head")
    return item(FrameLaterality="U", AnatomicRegionSequence=[head])


def item(**attributes: Any) -> Dataset:
    """Return a sequence item."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def make_uid(*parts: object) -> str:
    """Return a UID that depends on the parts alone."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def save(dataset: FileDataset, path: Path) -> None:
    """Write a DICOM file with the meta information as given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def to_png(grey: npt.NDArray[np.uint8]) -> bytes:
    """Write uint8[rows, cols] as PNG in stored blocks: builds of zlib squeeze the same bytes differently."""
    raw = np.pad(grey, ((0, 0), (1, 0))).tobytes()
    blocks = [raw[i : i + 65535] for i in range(0, len(raw), 65535)]
    packed = b"\x78\x01" + b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), 65535 - len(block)) + block for block in blocks
    )
    packed += struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def tell_truth() -> dict[str, Any]:
    """Tell where the lesions are: in patient mm, and on each slice that cuts one by file, frame and pixel."""
    axial = [(f"dicom_axial/slice{i + 1:02d}.dcm", 0, axial_plane(z)) for i, z in enumerate(AXIAL_Z_MM)]
    coronal = [("multiframe_compressed/coronal.dcm", i, coronal_plane(y)) for i, y in enumerate(CORONAL_Y_MM)]
    return {
        "dicom_axial": _tell(AXIAL, axial),
        "multiframe_compressed": _tell(CORONAL, coronal),
        "png_folder": {"lesion": None, "broken": ["png_folder/broken.png"]},
    }


def _tell(head: Head, slices: list[tuple[str, int, Plane]]) -> dict[str, Any]:
    assert head.lesion is not None
    cut = [(*one, head.lesion.radius_on(one[2])) for one in slices]
    return {
        "lesion": {
            "kind": head.lesion.kind,
            "centre_mm": list(head.lesion.centre_mm),
            "radius_mm": head.lesion.radius_mm,
        },
        "slices": [
            {"file": file, "frame": frame, "row": row, "col": col, "radius_px": round(radius, 2)}
            for file, frame, plane, radius in cut
            for row, col in [plane.nearest_px(head.lesion.centre_mm)]
            if radius > 0
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
