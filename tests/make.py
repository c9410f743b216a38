"""Synthetic DICOM objects and pictures for all tests. Nobody's anatomy, nobody's name; the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

Pixels = npt.NDArray[Any]
Six = tuple[float, float, float, float, float, float]

AXIAL: Six = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL: Six = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL: Six = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE: Six = (0.9330127, 0.25, -0.2588190, -0.1736482, 0.9491511, 0.2626235)
FLIPPED: Six = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def make_uid(*parts: object) -> str:
    """Return a valid UID that depends on the parts alone."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def make_head(rows: int = 40, cols: int = 32, *, seed: int = 0) -> npt.NDArray[np.uint16]:
    """uint16[rows, cols]: a bright ellipse with texture on a dark ground, values below 4096."""
    y, x = np.mgrid[0:rows, 0:cols]
    inside = ((y - rows / 2) / (rows * 0.4)) ** 2 + ((x - cols / 2) / (cols * 0.4)) ** 2 < 1.0
    texture = np.random.default_rng(seed).integers(0, 400, (rows, cols))
    return np.where(inside, 1200 + 20 * y + texture, texture // 8).astype(np.uint16)


def make_dicom(pixels: Pixels | None = None, **attributes: Any) -> FileDataset:
    """Return an MR object, Explicit VR Little Endian; ``attributes`` by keyword replace its own, None deletes one.

    ``patient``, ``study``, ``series`` and ``number`` (from 1) make its identity; the slices of a series lie 2 mm apart
    along the normal.
    """
    pixels = make_head() if pixels is None else pixels
    patient, study = str(attributes.pop("patient", "A")), str(attributes.pop("study", "1"))
    series, number = str(attributes.pop("series", "1")), int(attributes.pop("number", 1))
    dataset = _file_of(uid.MRImageStorage, make_uid(patient, study, series, number))
    dataset.PatientID, dataset.PatientName = f"id-{patient}", f"Name^{patient}"
    dataset.StudyInstanceUID = make_uid("study", study)
    dataset.SeriesInstanceUID = make_uid("series", study, series)
    dataset.Modality, dataset.BodyPartExamined = "MR", "HEAD"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.MRAcquisitionType = "SE", "NONE", "2D"
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.AcquisitionNumber = 1, number, 1
    dataset.RepetitionTime, dataset.EchoTime, dataset.EchoNumbers = 500.0, 10.0, 1
    dataset.SliceThickness, dataset.PixelSpacing = 2.0, [1.0, 1.0]
    dataset.ImageOrientationPatient = list(attributes.pop("orientation", AXIAL))
    normal = np.cross(dataset.ImageOrientationPatient[:3], dataset.ImageOrientationPatient[3:])
    dataset.ImagePositionPatient = [round(float(v), 6) for v in normal * 2.0 * (number - 1)]
    put_pixels(dataset, pixels)
    _put(dataset, attributes)
    return dataset


def put_pixels(dataset: Dataset, pixels: Pixels) -> None:
    """Put pixels [rows, cols], [frames, rows, cols] or [rows, cols, 3] in, with their description."""
    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    rows, cols = pixels.shape[:2] if colour else pixels.shape[-2:]
    dataset.Rows, dataset.Columns = rows, cols
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored = 12 if pixels.dtype == np.uint16 else dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    if pixels.ndim == 3 and not colour:
        dataset.NumberOfFrames = pixels.shape[0]
    content = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    dataset.add_new(0x7FE00010, "OB" if dataset.BitsAllocated == 8 else "OW", content + b"\0" * (len(content) % 2))


def make_enhanced(n_frames: int = 4, *, order: Sequence[int] | None = None, **attributes: Any) -> FileDataset:
    """Return an Enhanced MR object whose frame k lies at ``order[k]`` x 3 mm and is rescaled by slope k + 1."""
    order = list(range(n_frames)) if order is None else list(order)
    pixels = np.stack([make_head(seed=place) for place in order])
    dataset = make_dicom(pixels, **attributes)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "EchoNumbers"):
        if keyword in dataset:
            del dataset[keyword]
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid.EnhancedMRImageStorage
    dataset.SharedFunctionalGroupsSequence = DicomSequence(
        [
            _item(
                PlaneOrientationSequence=_item(ImageOrientationPatient=list(AXIAL)),
                PixelMeasuresSequence=_item(PixelSpacing=[0.5, 0.75], SliceThickness=3.0),
            )
        ]
    )
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(
        [
            _item(
                PlanePositionSequence=_item(ImagePositionPatient=[0.0, 0.0, 3.0 * place]),
                PixelValueTransformationSequence=_item(RescaleSlope=index + 1.0, RescaleIntercept=-5.0),
                FrameVOILUTSequence=_item(WindowCenter=1000.0 * (index + 1), WindowWidth=500.0),
            )
            for index, place in enumerate(order)
        ]
    )
    return dataset


def put_in_frames(dataset: FileDataset, macro: str, items: Sequence[dict[str, Any] | None]) -> FileDataset:
    """Put one item of a functional group macro in each frame of an enhanced object; None takes the macro out."""
    for frame, attributes in zip(dataset.PerFrameFunctionalGroupsSequence, items, strict=True):
        if attributes is None:
            del frame[macro]
        else:
            setattr(frame, macro, DicomSequence([_item(**attributes)]))
    return dataset


def make_mosaic(
    n_tiles: int = 7, *, tile: int = 16, normal: Sequence[float] = (0, 0, 1), csa: bool = True
) -> FileDataset:
    """Return a Siemens mosaic: tile k holds 100 (k + 1), and lies k x 3 mm along ``normal`` from 10, 20, 30."""
    across = int(np.ceil(np.sqrt(n_tiles)))
    pixels = np.zeros((across * tile, across * tile), np.uint16)
    for k in range(n_tiles):
        top, left = k // across * tile, k % across * tile
        pixels[top : top + tile, left : left + tile] = 100 * (k + 1)
    shift = (across - 1) * tile / 2
    dataset = make_dicom(
        pixels,
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
        ImagePositionPatient=[10.0 - 2.0 * shift, 20.0 - 2.0 * shift, 30.0],
        PixelSpacing=[2.0, 2.0],
        SpacingBetweenSlices=3.0,
    )
    dataset.AcquisitionMatrix = [0, tile, tile, 0]
    if csa:
        dataset.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
        values = {"NumberOfImagesInMosaic": [str(n_tiles)], "SliceNormalVector": [f"{v:.8f}" for v in normal]}
        dataset.add_new(0x00291010, "OB", _make_csa(values))
    return dataset


def _make_csa(values: dict[str, list[str]]) -> bytes:
    out = b"SV10\4\3\2\1" + struct.pack("<LL", len(values), 77)
    for name, items in values.items():
        out += struct.pack("<64si4siii", name.encode(), len(items), b"FD", 4, len(items), 77)
        for item in items:
            content = item.encode() + b"\0"
            out += struct.pack("<4i", 0, len(content), 77, 0) + content + b"\0" * (-len(content) % 4)
    return out + b"\0" * (len(out) % 2)


def save(dataset: FileDataset, path: Path, *, preamble: bool = True) -> Path:
    """Write an object in the transfer syntax of its meta information; without ``preamble`` the bare data set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if preamble:
        dataset.save_as(path, enforce_file_format=True)
        return path
    bare = Dataset()
    bare.update({element.tag: element for element in dataset})
    bare.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return path


def to_bytes(dataset: FileDataset) -> bytes:
    """Return the file of an object."""
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def save_series(folder: Path, n: int = 5, **attributes: Any) -> list[Path]:
    """Write a series of n slices, named against their order, and return their paths in slice order."""
    paths = []
    for number in range(1, n + 1):
        head = make_head(seed=number)
        name = f"{attributes.get('series', 'im')}-{n - number:03d}.dcm"
        paths.append(save(make_dicom(head, number=number, **attributes), folder / name))
    return paths


def compress(dataset: FileDataset, syntax: UID) -> FileDataset:
    """Compress an object by pydicom's encoders, JPEG baseline by Pillow (8-bit), JPEG lossless by gdcm."""
    if syntax == uid.JPEGBaseline8Bit:
        stream = io.BytesIO()
        Image.fromarray(dataset.pixel_array).save(stream, "JPEG", quality=95)
        dataset.PixelData = encapsulate([stream.getvalue()])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.LossyImageCompression = "01"
        return dataset
    dataset.compress(syntax, generate_instance_uid=False)
    return dataset


def save_picture(path: Path, pixels: Pixels | None = None, **options: Any) -> Path:
    """Write PNG, JPEG or TIFF by the name's suffix; uint8[rows, cols] or [rows, cols, 3], uint16[rows, cols]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = (make_head() // 16).astype(np.uint8) if pixels is None else pixels
    Image.fromarray(shown).save(path, **options)
    return path


def save_pages(path: Path, pages: Iterable[Pixels]) -> Path:
    """Write a TIFF of several pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = [Image.fromarray(page) for page in pages]
    first.save(path, save_all=True, append_images=others)
    return path


def save_tiff(
    path: Path, samples: Pixels, *, order: Literal["<", ">"] = "<", deflate: bool = False, **tags: int
) -> Path:
    """Write a TIFF of two strips a plane from samples [rows, cols] or [rows, cols, n], by TIFF 6.0 and not by Pillow.

    ``tags``: photometric, planar (2: plane by plane), orientation, predictor (2, with ``deflate``), extra.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    cube = samples if samples.ndim == 3 else samples[..., None]
    rows, cols, n = cube.shape
    half, planar = rows // 2, tags.get("planar", 1)
    planes = [cube[..., k : k + 1] for k in range(n)] if planar == 2 else [cube]
    coded = [np.diff(p, axis=1, prepend=p[:, :1] * 0) if tags.get("predictor") == 2 else p for p in planes]
    strips = [part.astype(cube.dtype.newbyteorder(order)).tobytes() for p in coded for part in (p[:half], p[half:])]
    strips = [zlib.compress(strip) for strip in strips] if deflate else strips
    offsets = [8 + sum(map(len, strips[:k])) for k in range(len(strips))]
    sample_format = {"u": 1, "i": 2, "f": 3}[cube.dtype.kind]
    values = {256: [cols], 257: [rows], 258: [cube.dtype.itemsize * 8] * n, 259: [8 if deflate else 1]}
    values |= {262: [tags.get("photometric", 2 if n > 2 else 1)], 273: offsets, 274: [tags.get("orientation", 1)]}
    values |= {277: [n], 278: [max(half, 1)], 279: [len(strip) for strip in strips], 284: [planar]}
    values |= {317: [tags.get("predictor", 1)], 339: [sample_format] * n}
    if n in (2, 4):
        values[338] = [tags.get("extra", 2)]
    start = 8 + sum(map(len, strips))
    at = start + 2 + 12 * len(values) + 4
    entries, late = b"", b""
    for tag, numbers in sorted(values.items()):
        content = struct.pack(f"{order}{len(numbers)}L", *numbers)
        inline = content if len(content) == 4 else struct.pack(f"{order}L", at + len(late))
        late += content if len(content) > 4 else b""
        entries += struct.pack(f"{order}HHL", tag, 4, len(numbers)) + inline
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HL", 42, start)
    body = struct.pack(f"{order}H", len(values)) + entries + struct.pack(f"{order}L", 0) + late
    path.write_bytes(head + b"".join(strips) + body)
    return path


def save_deep_png(path: Path, samples: npt.NDArray[np.uint16], chunks: Iterable[tuple[bytes, bytes]] = ()) -> Path:
    """Write a 16-bit PNG from uint16[rows, cols, 1 to 4], filters up and sub in turn; ``chunks`` precede the data."""
    rows, cols, n = samples.shape
    raw = samples.astype(">u2").view(np.uint8).reshape(rows, cols * n * 2)
    lines = []
    for row in range(rows):
        before = np.roll(raw[row], 2 * n) if row % 2 else (raw[row - 1] if row else raw[row] * 0)
        if row % 2:
            before[: 2 * n] = 0
        lines.append(bytes([1 if row % 2 else 2]) + (raw[row] - before).tobytes())
    header = struct.pack(">LLBBBBB", cols, rows, 16, {1: 0, 2: 4, 3: 2, 4: 6}[n], 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    coded = (struct.pack(">L", len(b)) + t + b + struct.pack(">L", zlib.crc32(t + b)) for t, b in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(coded))
    return path


def _file_of(class_uid: UID, instance_uid: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = class_uid, UID(instance_uid)
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = class_uid, UID(instance_uid)
    return dataset


def _put(dataset: FileDataset, attributes: dict[str, Any]) -> None:
    for keyword, value in attributes.items():
        if keyword == "syntax":
            dataset.file_meta.TransferSyntaxUID = value
        elif value is None:
            if keyword in dataset:
                del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    if "SOPClassUID" in dataset:
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, DicomSequence([value]) if isinstance(value, Dataset) else value)
    return item
