"""The decoder table over real files of each syntax, cross-checked with DCMTK and GDCM's own programs."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from mri_batch.notes import Note
from mri_batch.read.decode.codecs import DECODERS, decode_frame
from mri_batch.read.file_errors import foreign_errors
from tests import make, paths
from tests.read.reading import only_problem, only_slice, read_file

BUNDLED = Path(pydicom.data.__file__).parent / "test_files"
DOWNLOADED = find_spec("data_store")  # PyPI pydicom-data
JPEG_TOOL, JPEG_LS_TOOL, RLE_TOOL, PLAIN_TOOL = ("dcmdjpeg",), ("dcmdjpls",), ("dcmdrle",), ("dcmconv", "+te")
GDCM_TOOL = ("gdcmconv", "--raw")


class RealFile(NamedTuple):
    """A file of pydicom's own, or of pydicom-data; ``tool`` decodes it independently where decoding is exact."""

    syntax: UID
    name: str
    tool: tuple[str, ...] = ()


REAL_FILES = [
    RealFile(uid.ImplicitVRLittleEndian, "MR_small_implicit.dcm", PLAIN_TOOL),
    RealFile(uid.ExplicitVRLittleEndian, "MR_small.dcm", PLAIN_TOOL),
    RealFile(uid.ExplicitVRLittleEndian, "CT_small.dcm", PLAIN_TOOL),
    RealFile(uid.ExplicitVRLittleEndian, "examples_palette.dcm"),
    RealFile(uid.ExplicitVRBigEndian, "MR_small_bigendian.dcm", PLAIN_TOOL),
    RealFile(uid.ExplicitVRBigEndian, "emri_small_big_endian.dcm", PLAIN_TOOL),
    RealFile(uid.DeflatedExplicitVRLittleEndian, "image_dfl.dcm", PLAIN_TOOL),
    RealFile(uid.RLELossless, "MR_small_RLE.dcm", RLE_TOOL),
    RealFile(uid.RLELossless, "SC_rgb_rle_16bit_2frame.dcm", RLE_TOOL),
    RealFile(uid.RLELossless, "emri_small_RLE.dcm", RLE_TOOL),
    RealFile(uid.JPEGBaseline8Bit, "SC_rgb_jpeg_dcmtk.dcm"),
    RealFile(uid.JPEGBaseline8Bit, "SC_rgb_dcmtk_+eb+cy+np.dcm"),
    RealFile(uid.JPEGBaseline8Bit, "examples_ybr_color.dcm"),
    RealFile(uid.JPEGLosslessSV1, "SC_rgb_jpeg_gdcm.dcm", JPEG_TOOL),
    RealFile(uid.JPEGLosslessSV1, "JPEG-LL.dcm", JPEG_TOOL),
    RealFile(uid.JPEGLosslessSV1, "JPGLosslessP14SV1_1s_1f_8b.dcm", JPEG_TOOL),
    RealFile(uid.JPEGLSLossless, "MR_small_jpeg_ls_lossless.dcm", JPEG_LS_TOOL),
    RealFile(uid.JPEGLSLossless, "emri_small_jpeg_ls_lossless.dcm", JPEG_LS_TOOL),
    RealFile(uid.JPEGLSNearLossless, "JPEGLSNearLossless_08.dcm", JPEG_LS_TOOL),
    RealFile(uid.JPEGLSNearLossless, "JPEGLSNearLossless_16.dcm", JPEG_LS_TOOL),
    RealFile(uid.JPEG2000Lossless, "MR_small_jp2klossless.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000Lossless, "MR2_J2KR.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000Lossless, "RG1_J2KR.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000Lossless, "emri_small_jpeg_2k_lossless.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000, "JPEG2000.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000, "MR2_J2KI.dcm", GDCM_TOOL),
    RealFile(uid.JPEG2000, "US1_J2KI.dcm"),
]

# Codestreams of the ramp below: JPEG lossless, process 14, by DCMTK's dcmcjpeg; HTJ2K, reversible, RPCL, by OpenJPH.
DATA = paths.ROOT / "tests" / "read" / "data"
RAMP = (np.arange(40 * 32).reshape(40, 32) * 3).astype(np.uint16)
STORED = {
    uid.JPEGLossless: "ramp-dcmcjpeg-process14.jpg",
    uid.HTJ2KLossless: "ramp-openjph-reversible.j2c",
    uid.HTJ2KLosslessRPCL: "ramp-openjph-reversible.j2c",
    uid.HTJ2K: "ramp-openjph-reversible.j2c",
}


def find_real(name: str) -> Path:
    """Find a file of pydicom's or of pydicom-data; skips the test where neither holds it."""
    path = BUNDLED / name
    if not path.exists() and DOWNLOADED and DOWNLOADED.origin:
        path = Path(DOWNLOADED.origin).parent / "data" / name
    if not path.exists():
        pytest.skip(f"{name} comes with pydicom-data, which is not installed")
    return path


@pytest.mark.parametrize("real", REAL_FILES, ids=[f"{real.syntax}-{real.name}" for real in REAL_FILES])
def test_real_file_is_read_whole(real: RealFile) -> None:
    """Each frame of a real file of each syntax comes out with its size, finite, and not empty."""
    path = find_real(real.name)
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == real.syntax
    items = read_file(path)
    assert len(items) == int(dataset.get("NumberOfFrames", 1))
    for item in items:
        picture = only_slice([item])
        assert picture.shape_px == (dataset.Rows, dataset.Columns)
        assert np.isfinite(picture.pixels).all()
        assert picture.pixels.max() > picture.pixels.min()


@pytest.mark.parametrize(
    "real", [r for r in REAL_FILES if r.tool], ids=[f"{r.syntax}-{r.name}" for r in REAL_FILES if r.tool]
)
def test_real_file_agrees_with_another_decoder(real: RealFile, tmp_path: Path) -> None:
    """DCMTK's or GDCM's own program, decoding the same file, gives the same stored values, pixel for pixel."""
    if shutil.which(real.tool[0]) is None:
        pytest.skip(f"{real.tool[0]} is not installed (Debian: dcmtk, libgdcm-tools)")
    path, plain = find_real(real.name), tmp_path / "plain.dcm"
    subprocess.run([*real.tool, path, plain], check=True, capture_output=True)
    theirs = pydicom.dcmread(plain)
    ours = pydicom.dcmread(path)
    for index in range(int(ours.get("NumberOfFrames", 1))):
        with foreign_errors("X", Note("PIXELS_UNDECODABLE")):  # pydicom warns of oddities of these files
            assert np.array_equal(decode_frame(ours, index), decode_frame(theirs, index))


@pytest.mark.parametrize("syntax", list(STORED), ids=str)
def test_stored_codestream_gives_back_the_ramp(syntax: UID, tmp_path: Path) -> None:
    """Syntaxes of which no free file is at hand decode exactly, from codestreams of other makers' coders."""
    dataset = make.make_dicom(RAMP, syntax=syntax, PixelData=encapsulate([(DATA / STORED[syntax]).read_bytes()]))
    dataset["PixelData"].VR = "OB"
    picture = only_slice(read_file(make.save(dataset, tmp_path / "x.dcm")))
    assert np.array_equal(picture.pixels, RAMP)


def test_decoder_table_is_covered_by_files() -> None:
    """No syntax stands in the table without a file that is read in these tests, but the one of 12-bit samples."""
    covered = {real.syntax for real in REAL_FILES} | set(STORED)
    assert set(DECODERS) - covered == {uid.JPEGExtended12Bit}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("garbage", [False, True])
def test_lossless_codecs_agree_to_the_last_bit(signed: bool, garbage: bool, tmp_path: Path) -> None:
    """One slice in every lossless coding is one array of floats, with rescale, sign and garbage in unused bits."""
    stored = make.make_head().astype(np.int32) - (2000 if signed else 0)
    kind = np.int16 if signed else np.uint16

    def build(syntax: UID) -> Path:
        pixels = (stored & 0x0FFF | 0x5000).astype(np.uint16).view(kind) if garbage else stored.astype(kind)
        slope, intercept = 0.1234567, -3.5
        dataset = make.make_dicom(pixels, RescaleSlope=slope, RescaleIntercept=intercept, BitsStored=12, HighBit=11)
        if syntax in (uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless):
            dataset.BitsStored, dataset.HighBit = (16, 15) if garbage else (12, 11)  # coders refuse garbage otherwise
            make.compress(dataset, syntax)
            dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.file_meta.TransferSyntaxUID = syntax
        return make.save(dataset, tmp_path / f"{syntax}.dcm")

    plain = only_slice(read_file(build(uid.ExplicitVRLittleEndian)))
    assert plain.pixels.max() == np.float32(0.1234567 * stored.max() - 3.5)
    for syntax in (
        uid.ImplicitVRLittleEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.RLELossless,
        uid.JPEGLSLossless,
        uid.JPEG2000Lossless,
    ):
        again = only_slice(read_file(build(syntax)))
        assert np.array_equal(again.pixels, plain.pixels), syntax
        assert again.window == plain.window


NO_DECODER = [
    uid.JPEGExtended12Bit,
    UID("1.2.840.10008.1.2.4.53"),
    UID("1.2.840.10008.1.2.4.55"),
    uid.JPEG2000MCLossless,
    uid.MPEG2MPML,
    UID("1.2.840.10008.1.2.4.110"),  # JPEG XL lossless, which pydicom's dictionary does not know yet
    UID("1.2.3.4"),
]


@pytest.mark.parametrize("syntax", NO_DECODER, ids=str)
def test_syntax_without_decoder_is_a_named_skip(syntax: UID, tmp_path: Path) -> None:
    """What none decodes is skipped, named by the standard's name or number, and with what to do."""
    stand_in = uid.MPEG2MPML  # pydicom does not write syntaxes that it does not know
    dataset = make.make_dicom(syntax=stand_in, PixelData=encapsulate([b"\xff\xd8\xff\xd9"]))
    dataset["PixelData"].VR = "OB"
    path = make.save(dataset, tmp_path / "x.dcm")
    name = str(syntax).encode().ljust(len(stand_in), b"\0")
    path.write_bytes(path.read_bytes().replace(str(stand_in).encode(), name))
    problem = only_problem(read_file(path))
    assert (problem.status, problem.code) == ("skipped", "NO_DECODER")
    assert problem.reason is not None
    assert problem.reason.code == "NO_DECODER"
    assert (str(syntax) in str(problem.reason)) == (syntax != "1.2.3.4"), "other text of the file stays out"
    assert problem.hint == Note("HINT_CONVERT")
