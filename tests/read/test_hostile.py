"""Files made to take the machine with them: refused in bounds, with a reason; and nothing private in any reason."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.decode.codestream import j2k_size, jpeg_size
from mri_batch.read.file_errors import foreign_errors
from mri_batch.records import FileKind, FileRecord, Slice
from mri_batch.settings import ReadLimits
from tests import make
from tests.read.reading import LIMITS, only_problem, read_file, read_paths, read_slices

RSS_LIMIT_MB = 300


def refusal_in_a_process(path: Path) -> dict[str, Any]:
    """Group and read one file in a process of its own: its codes, and the largest memory it took in MB."""
    script = """
import json, re, resource, sys
from pathlib import Path
from tests.read.reading import read_paths, read_slices
outcome = read_paths(Path(sys.argv[1]))
problems = [p for s in outcome.series for p in read_slices(s)[1]]
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = Path("/proc/self/status")
if status.exists():  # on Linux the figure above includes what the parent was when it forked
    peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
peak = peak_kb / 1024
print(json.dumps({"codes": sorted({r.code for r in [*outcome.unused, *problems]}), "peak_mb": peak}))
"""
    done = subprocess.run([sys.executable, "-c", script, path], check=True, capture_output=True, text=True, timeout=60)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def deflate_bomb(folder: Path) -> Path:
    """Write 200 kB that inflate to 200 MB inside a value."""
    dataset = make.make_dicom()
    head = make.to_bytes(dataset)
    start = head.index(b"\x08\x00\x05\x00") if b"\x08\x00\x05\x00" in head[:400] else head.index(b"\x08\x00\x08\x00")
    meta = head[:start].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    meta = meta.replace(b"\x02\x00\x10\x00UI\x14\x00", b"\x02\x00\x10\x00UI\x16\x00")
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(head[start:-10]) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(200))
    path = folder / "deflate.dcm"
    path.write_bytes(meta + packed + packer.flush())
    return path


def j2k_bomb(folder: Path) -> Path:
    """Write a 40 x 32 object whose JPEG 2000 codestream says 20,000 x 20,000."""
    dataset = make.compress(make.make_dicom(), uid.JPEG2000Lossless)
    at = dataset.PixelData.index(b"\xff\x4f\xff\x51") + 8
    lie = struct.pack(">6L", 20000, 20000, 0, 0, 20000, 20000)  # as one tile, which is no oddity in itself
    dataset.PixelData = dataset.PixelData[:at] + lie + dataset.PixelData[at + len(lie) :]
    return make.save(dataset, folder / "j2k.dcm")


def rle_bomb(folder: Path) -> Path:
    """Write a 40 x 32 object whose one RLE segment unpacks to 250 MB."""
    segment = b"\x81\x00" * 1_000_000
    header = struct.pack("<16L", 2, 64, 64 + len(segment), *[0] * 13)
    dataset = make.make_dicom(syntax=uid.RLELossless, PixelData=encapsulate([header + segment * 2]))
    dataset["PixelData"].VR = "OB"
    return make.save(dataset, folder / "rle.dcm")


def png_bomb(folder: Path) -> Path:
    """Write 60 kB of PNG that promise 30,000 x 30,000 pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">L", len(content)) + name + content + struct.pack(">L", zlib.crc32(name + content))

    header = struct.pack(">2L5B", 30000, 30000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 24))) + chunk(b"IEND", b"")
    path = folder / "huge.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def nesting_bomb(folder: Path) -> Path:
    """Write a hundred thousand sequences within sequences."""
    level = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    content = make.to_bytes(make.make_dicom(ImageType=None))
    at = content.index(b"\x08\x00\x60\x00CS")
    path = folder / "nested.dcm"
    path.write_bytes(content[:at] + level * 100_000 + content[at:])
    return path


def element_bomb(folder: Path) -> Path:
    """Write a sequence of five million empty items."""
    items = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 5_000_000
    content = make.to_bytes(make.make_dicom(ImageType=None))
    at = content.index(b"\x08\x00\x60\x00CS")
    path = folder / "items.dcm"
    path.write_bytes(content[:at] + items + b"\xfe\xff\xdd\xe0\0\0\0\0" + content[at:])
    return path


def j2k_of_128_bits(folder: Path) -> Path:
    """Write a codestream whose samples have 128 bits: gdcm aborts its process over it (found by fuzzing)."""
    dataset = make.compress(make.make_dicom(), uid.JPEG2000Lossless)
    at = dataset.PixelData.index(b"\xff\x4f\xff\x51") + 42
    dataset.PixelData = dataset.PixelData[:at] + b"\xff" + dataset.PixelData[at + 1 :]
    return make.save(dataset, folder / "bits.dcm")


def frame_count_bomb(folder: Path) -> Path:
    """Write one frame that is said to be two thousand million."""
    return make.save(make.make_dicom(NumberOfFrames=2_000_000_000), folder / "frames.dcm")


def frame_size_bomb(folder: Path) -> Path:
    """Write an object that is said to be 65,535 x 65,535."""
    return make.save(make.make_dicom(Rows=65535, Columns=65535), folder / "size.dcm")


BOMBS = {
    deflate_bomb: "TOO_LARGE",
    j2k_bomb: "CODESTREAM_DIFFERS",
    rle_bomb: "CODESTREAM_DIFFERS",
    png_bomb: "TOO_LARGE",
    j2k_of_128_bits: "PIXELS_DAMAGED",
    nesting_bomb: "TOO_DEEP",
    element_bomb: "TOO_LARGE",
    frame_count_bomb: "TOO_LARGE",
    frame_size_bomb: "TOO_LARGE",
}


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory by POSIX means")
@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb.__name__ for bomb in BOMBS])
def test_bomb_is_refused_within_bounds(bomb: Any, tmp_path: Path) -> None:
    """A file of a few megabytes costs at most 300 MB, and ends as a failure with its own code."""
    bomb(tmp_path)
    answer = refusal_in_a_process(tmp_path)
    assert answer["codes"] == [BOMBS[bomb]]
    assert answer["peak_mb"] < RSS_LIMIT_MB


def test_codestream_sizes_are_read_from_their_own_headers(tmp_path: Path) -> None:
    """Rows, columns and samples stand in SIZ and in the start of frame."""
    for syntax, measure in ((uid.JPEG2000Lossless, j2k_size), (uid.JPEGLSLossless, jpeg_size)):
        content = make.compress(make.make_dicom(), syntax).PixelData[16:]
        start = content.index(b"\xff\x4f\xff\x51" if measure is j2k_size else b"\xff\xd8\xff")
        assert measure(content[start:]) == (40, 32, 1)
        assert measure(content[start : start + 9]) is None
        assert measure(b"") is None


def test_panic_of_a_decoder_becomes_a_failure() -> None:
    """A Rust library's panic is no Exception, and must not end the batch; an interrupt must."""
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(Damaged), foreign_errors("X", Note("PIXELS_UNDECODABLE")):
        raise panic("index out of bounds: the name is Canary^Patient")
    with pytest.raises(KeyboardInterrupt), foreign_errors("X", Note("PIXELS_UNDECODABLE")):
        raise KeyboardInterrupt


def test_mutants_are_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    """150 fixed mutants of sound files: every one ends as slices or as one record, none as an error."""
    rng = random.Random(20)
    originals = [make.to_bytes(d) for d in (make.make_dicom(), make.make_enhanced(2), make.make_mosaic(5))]
    originals += [make.to_bytes(make.compress(make.make_dicom(), s)) for s in (uid.RLELossless, uid.JPEG2000Lossless)]
    path = tmp_path / "x.dcm"
    for _ in range(150):
        content = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        if rng.random() < 0.2:
            del content[rng.randrange(len(content)) :]
        path.write_bytes(content)
        outcome = read_paths(path)
        assert outcome.n_accounted == 1
        for series in outcome.series:
            slices, problems = read_slices(series)
            assert bool(slices) != bool(problems)


CANARY = "KANARIENVOGEL"
TEXT_TAGS = (
    "PatientName PatientID PatientBirthName OtherPatientIDs PatientComments StudyDescription SeriesDescription "
    "ProtocolName InstitutionName ReferringPhysicianName AccessionNumber StudyID ImageComments BodyPartExamined "
    "SequenceName ScanningSequence ImageType Modality Manufacturer StationName PhotometricInterpretation"
)


@pytest.mark.parametrize("damage", ["", "pixels", "header"])
def test_no_text_of_the_file_is_told(damage: str, tmp_path: Path) -> None:
    """Planted in every text tag, a word appears in no id, fact, note, code or reason."""
    tags: dict[str, Any] = dict.fromkeys(TEXT_TAGS.split(), CANARY)
    dataset = make.make_dicom(**tags)
    dataset.add_new(0x00090010, "LO", CANARY)
    dataset.add_new(0x00091001, "LT", CANARY)
    content = make.to_bytes(dataset)
    keep = {"": len(content), "pixels": len(content) - 1000, "header": 700}[damage]
    (tmp_path / "x.dcm").write_bytes(content[:keep])
    outcome = read_paths(tmp_path)
    read = [read_slices(series) for series in outcome.series]
    shown = repr((outcome.series, outcome.studies, outcome.unused, [p for _, p in read]))
    notes = repr([(s.notes, s.sop_instance_uid) for slices, _ in read for s in slices])
    assert CANARY not in shown.replace(str(tmp_path), "")
    assert CANARY not in notes
    assert "Canary" not in shown


def test_modules_of_the_working_directory_are_not_imported(tmp_path: Path) -> None:
    """gdcm imports a module dl from wherever it is; a file of that name beside the scans is not run."""
    for name in ("dl", "DLFCN"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the working directory was run')")
    script = "import mri_batch.read.decode.slices, mri_batch.read.group, gdcm"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_warnings_of_pydicom_neither_leak_nor_break(tmp_path: Path) -> None:
    """Values that pydicom warns of are read under warnings as errors, which these tests run with."""
    path = make.save(make.make_dicom(SliceThickness="2.0"), tmp_path / "x.dcm")
    path.write_bytes(path.read_bytes().replace(b"2.0 ", b"2,0 ").replace(b"2.25.", b"2.A5."))
    items = read_file(path)
    assert isinstance(items[0], Slice)


def test_file_that_vanishes_before_its_pixels_are_read_is_a_failure(tmp_path: Path) -> None:
    """Between grouping and reading, minutes may pass."""
    first, *_ = make.save_series(tmp_path, 2)
    (series,) = read_paths(tmp_path).series
    first.unlink()
    slices, problems = read_slices(series)
    assert len(slices) == 1
    assert [p.code for p in problems] == ["VANISHED"]


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    """A frame as large as the limit is read, one row more is refused."""
    path = make.save(make.make_dicom(np.zeros((30, 10), np.uint8) + np.arange(10, dtype=np.uint8)), tmp_path / "x.dcm")
    assert isinstance(read_file(path, limits=ReadLimits(max_frame_px=300))[0], Slice)
    problem = only_problem(read_file(path, limits=ReadLimits(max_frame_px=299)))
    assert isinstance(problem, FileRecord)
    assert (problem.code, problem.kind) == ("TOO_LARGE", FileKind.DICOM)
    assert LIMITS.max_nesting < 100
