"""Nothing of a patient is told unless asked for; what a header or a name says never runs, moves or hides anything."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset, FileDataset

from mri_batch.cli.common import run_guarded
from tests import paths
from tests.make import make_dicom, make_head, save, save_picture, to_bytes

VIT = str(paths.VIT)
COMMAND = (sys.executable, "-c", "from mri_batch.cli import main; main()")
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
DATE, TIME, AGE = "19011213", "235958.987654", "077Y"
TOLD = re.compile(rb"KAN([0-9A-F]{8})|(19011213|1901-12-13|235958|077Y)")
NAMED = b"NAAMVOGEL"
# Without these there is no picture: how it is stored, and that it is one.
KEPT = ("SpecificCharacterSet", "PhotometricInterpretation", "TimezoneOffsetFromUTC", "DirectoryRecordType")
# DICOM results carry what files them with the patient's study (the modules Patient, Study and Clinical Trial, see
# docs/reference/dicom-outputs.md), and nothing of these, nor anything private.
NOT_IN_RESULTS = {
    *("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName", "DeviceSerialNumber"),
    *("OperatorsName", "PerformingPhysicianName", "RequestingPhysician", "ScheduledPerformingPhysicianName"),
    *("SeriesDescription", "ProtocolName", "ImageComments", "FrameComments", "RequestedProcedureDescription"),
    *("DerivationDescription", "AcquisitionDeviceProcessingDescription", "ContentCreatorName", "SequenceName"),
}


def plant(dataset: Dataset, depth: int = 1) -> None:
    """Give every text element of the standard a word of its own, every date, time and age one that nobody has."""
    for tag, (vr, *_) in DicomDictionary.items():
        if 0x0008 <= tag >> 16 < 0x7FE0 and keyword_for_tag(tag) not in KEPT:
            value = {"DA": DATE, "DT": DATE + "235958", "TM": TIME, "AS": AGE}.get(vr)
            if vr in TEXT or value:
                dataset.add_new(tag, vr, value or f"KAN{tag:08X}")
    if depth:
        inner = Dataset()
        plant(inner, depth - 1)
        dataset.RequestAttributesSequence = [inner]


def planted(number: int) -> FileDataset:
    """Make a slice full of planted words, private elements among them."""
    dataset = make_dicom(make_head(seed=number), number=number)
    plant(dataset)
    dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY", "KAN00080008"]
    dataset.BurnedInAnnotation = "YES"
    dataset.add_new(0x00090010, "LO", "KAN00090010")
    dataset.add_new(0x00091001, "LT", "KAN00091001")
    dataset.add_new(0x00091002, "UN", b"KAN00091002")
    return dataset


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run our command."""
    return subprocess.run((*COMMAND, *words), cwd=cwd, capture_output=True, check=False, timeout=300)


def contents(out: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file, and what zip archives hold, unpacked; names count as content too."""
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        name, content = path.relative_to(out).as_posix(), path.read_bytes()
        yield name, name.encode() + b"\n" + content
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for inner in archive.namelist():
                    yield f"{name}:{inner}", inner.encode() + b"\n" + archive.read(inner)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a study whose every word is planted; one slice of it cut in its pixels, one in its header; and a picture."""
    root = tmp_path_factory.mktemp("planted")
    folder = root / "in" / NAMED.decode()
    for number in (1, 2, 3):
        save(planted(number), folder / f"{NAMED.decode()}-{number}.dcm")
    content = to_bytes(planted(4))
    (folder / "cut.dcm").write_bytes(content[:-900])
    (folder / "torn.dcm").write_bytes(content[:3000])
    (folder / "text.txt").write_text("KAN00000000")
    save_picture(root / "in" / "pictures" / f"{NAMED.decode()}.png")
    return root


def test_no_word_of_a_header_is_told_anywhere(tree: Path, tmp_path: Path) -> None:
    """Every output of scan, report in each language, verify, inspect and explain, and both streams; DICOM aside."""
    words = ("--model", VIT, "--faithfulness", "none", "--dicom", "sr,sc,pm", "-v")
    done = [run("scan", str(tree / "in"), "--out", "out", *words, cwd=tmp_path)]
    assert done[0].returncode in (0, 4), done[0].stderr
    done += [run("inspect", str(tree / "in"), cwd=tmp_path), run("verify", "out", cwd=tmp_path)]
    first = next((tree / "in" / NAMED.decode()).glob("*-1.dcm"))
    done.append(run("explain", str(first), "--out", "why", "--model", VIT, "--methods", "rollout", cwd=tmp_path))
    seen = []
    for lang in ("en", "fr", "ru"):
        done.append(run("report", "out", "--lang", lang, cwd=tmp_path))
        for folder in (tmp_path / "out", tmp_path / "why"):
            seen += [(name, m) for name, text in contents(folder) if ".dcm" not in name for m in TOLD.findall(text)]
    assert seen == []
    assert [TOLD.findall(d.stdout + d.stderr) for d in done if TOLD.search(d.stdout + d.stderr)] == []
    assert [d.returncode for d in done[1:]] == [0] * 6
    assert b"burned" in b"".join(text for _, text in contents(tmp_path / "out")).lower()
    check_dicom(tmp_path / "out")
    check_modes(tmp_path / "out")


def check_dicom(out: Path) -> None:
    """DICOM results carry of the planted words only those that file them with the patient's study."""
    results = [(name, text) for name, text in contents(out) if name.endswith(".dcm")]
    assert results
    tags = {int(tag, 16) for _, text in results for tag, _ in TOLD.findall(text) if tag}
    assert {keyword_for_tag(tag) for tag in tags} & NOT_IN_RESULTS == set()
    assert [tag for tag in tags if tag >> 16 & 1] == []


def check_modes(out: Path) -> None:
    """Results are for their maker alone."""
    if os.name == "posix":
        modes = {stat.S_IMODE(p.stat().st_mode) for p in out.rglob("*") if p.is_file()}
        folders = {stat.S_IMODE(p.stat().st_mode) for p in [out, *out.rglob("*")] if p.is_dir()}
        assert (modes, folders) == ({0o600}, {0o700})


def test_redacted_names_stand_in_files_csv_alone(tree: Path, tmp_path: Path) -> None:
    """Folders and files named after a patient; the command's own lines too."""
    words = ("--model", VIT, "--explain", "none", "--redact-paths", "-v")
    done = run("scan", str(tree / "in"), "--out", "out", *words, cwd=tmp_path)
    assert done.returncode in (0, 4), done.stderr
    assert {name for name, text in contents(tmp_path / "out") if NAMED in text} == {"files.csv"}
    assert NAMED not in done.stdout + done.stderr


def test_unexpected_error_tells_where_and_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback would end with the error's message, which may quote a tag."""

    @click.command()
    def command() -> None:
        raise ValueError("KAN00100010")

    command.params = []
    argv, sys.argv = sys.argv, ["mri-batch"]
    try:
        assert run_guarded(command) == 1
    finally:
        sys.argv = argv
    told = capsys.readouterr().err
    assert "KAN" not in told
    assert "ValueError in test_private.py:" in told


@pytest.mark.skipif(os.name != "posix", reason="descriptors are redirected on POSIX alone")
def test_native_libraries_warnings_and_core_dumps_are_silent(tmp_path: Path) -> None:
    """What is written to descriptor 2 past Python goes nowhere; our own lines do not; no core is dumped."""
    code = (
        "import contextlib, os, resource, sys, warnings; from mri_batch.cli import _keep_private\n"
        "with contextlib.suppress(ValueError): resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))\n"
        "_keep_private()\n"
        "os.write(2, b'KAN native'); warnings.warn('KAN warning'); print('ours', file=sys.stderr)\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0], oct(os.umask(0)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "ours\n"
    assert done.stdout == "0 0o77\n"


NASTY = (
    "../../../../etc/passwd",
    "..\\..\\windows",
    "CON",
    "=cmd|'/C calc'!A0",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "a\x1b[2J\x07b",
    "x" * 10_000_000,
)


def test_hostile_words_do_nothing(tmp_path: Path) -> None:
    """Traversal, device names, formulas, markup, escapes, turned text, ten million letters; in tags and in names."""
    root = tmp_path / "in"
    for number, nasty in enumerate(NASTY):
        dataset = make_dicom(patient=str(number), study=str(number), series=str(number))
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for keyword in ("PatientName", "PatientID", "StudyDescription", "SeriesDescription", "InstitutionName"):
            dataset.add_new(keyword, "UT" if len(nasty) > 60000 else "LO", nasty)
        if len(nasty) < 64:
            dataset.add_new("StudyInstanceUID", "LO", nasty)
            dataset.add_new("SeriesInstanceUID", "LO", nasty)
        save(dataset, root / f"s{number}" / "im.dcm")
    for number, nasty in enumerate(nasty for nasty in NASTY if len(nasty) < 64):
        name = nasty.replace("/", "\u2215")
        save_picture(root / f"p{number} {name}" / f"{name}.png")
    words = ("--model", VIT, "--faithfulness", "none", "--show-phi", "--dicom", "sr,sc", "-v")
    done = run("scan", "in", "--out", "out", *words, cwd=tmp_path)
    assert done.returncode in (0, 4), done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]
    assert {
        p.name for p in (tmp_path / "out" / "studies").iterdir() if not re.fullmatch(r"st-[0-9a-f]+", p.name)
    } == set()
    check_words(done.stdout + done.stderr)
    for name, text in contents(tmp_path / "out"):
        if name.endswith((".html", ".csv", ".json", ".jsonl")):
            check_words(text)
            assert len(text) < 3_000_000, name
        if name.endswith(".html"):
            assert b"<img src=x" not in text
            assert b"<script>alert" not in text
        if name.endswith(".csv"):
            cells = [cell for row in csv.reader(io.StringIO(text.partition(b"\n")[2].decode())) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "@", "\t"))] == []


def check_words(text: bytes) -> None:
    """No control character and nothing that turns text around."""
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    assert "\u202e".encode() not in text
