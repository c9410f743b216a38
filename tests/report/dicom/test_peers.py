"""DICOM outputs before the judges that a hospital has: dicom3tools, dcmtk, Orthanc. Each test needs its peer."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import dcmread

from mri_batch.report.dicom.write import write_dicom
from mri_batch.report.study.bundle import load_pieces, write_pieces
from tests.make import SAGITTAL, make_dicom, make_uid, save
from tests.report.key_slices import CARD, make_key_slice, make_key_slices, make_result

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
# Orthanc in a network of its own: Debian's listens on all addresses, whatever it is told.
ROUND = """
set -eu
ip link set lo up
"$1" conf.json >orthanc.log 2>&1 &
server=$!
trap 'kill $server; wait $server || true' EXIT
for _ in $(seq 150); do curl -sf localhost:18042/system >/dev/null && break; sleep 0.2; done
storescu -R localhost 14242 sent/*.dcm
mkdir back
for id in $(curl -sf localhost:18042/instances | tr -d '[]",'); do
  curl -sf "localhost:18042/instances/$id/file" -o "back/$id"
done
"""


def _needs(*tools: str) -> pytest.MarkDecorator:
    absent = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


def _may_make_networks() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([str(unshare), "-n", "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five objects of a sagittal series, and the series itself, in one folder."""
    folder = tmp_path_factory.mktemp("objects")
    dated: dict[str, Any] = {
        "StudyDate": "20010203",
        "AcquisitionDate": "20010203",
        "AcquisitionTime": "041000",
        "StudyID": "1",
    }
    paths = [
        save(
            make_dicom(
                number=i, orientation=SAGITTAL, FrameOfReferenceUID=make_uid("frame"), PatientBirthDate="19500102",
                PatientSex="F", StudyTime="040506", AccessionNumber="", ReferringPhysicianName="", **dated,
            ),
            folder / "in" / f"{i}.dcm",
        )
        for i in (1, 2, 3)
    ]  # fmt: skip
    written = write_dicom(folder / "out", make_result(3), make_key_slices(paths), CARD, ("sr", "sc", "pm"), version="1")
    assert written.notes == ()
    return list(written.paths)


@_needs("dciodvfy")
def test_dciodvfy_finds_no_error(objects: list[Path]) -> None:
    """Every object is what its class asks for. The tool exits 0 with errors too, so its words count."""
    for path in objects:
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == [], path.name
        assert re_names(path) in said.replace(" ", "")


def re_names(path: Path) -> str:
    """Return the name that dciodvfy prints for the object's class, which shows that it looked."""
    return {"sr": "ComprehensiveSR", "sc": "SCImage", "pm": "ParametricMap"}[path.name[:2]]


@_needs("dcentvfy")
def test_dcentvfy_finds_patient_and_study_consistent(objects: list[Path]) -> None:
    """What belongs to patient and study is the same in all objects and their sources."""
    sources = sorted((objects[0].parent.parent / "in").iterdir())
    done = subprocess.run(["dcentvfy", *map(str, [*objects, *sources])], capture_output=True, text=True, check=False)
    # The tool counts the report's AccessionNumber to another entity than an image's; it is empty in both.
    said = [line for line in (done.stdout + done.stderr).splitlines() if "<AccessionNumber>" not in line]
    assert (done.returncode, said) == (0, [])


@_needs("dsrdump")
def test_dsrdump_reads_the_report(objects: list[Path]) -> None:
    """An independent reader finds the content tree whole."""
    done = subprocess.run(["dsrdump", str(objects[0])], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    assert 'NUM:(,,"Calibrated probability of glioma")="0.75"' in done.stdout


@_needs("dsr2html")
def test_dsr2html_shows_output_and_reserve(objects: list[Path], tmp_path: Path) -> None:
    """A reader without this project's code sees the answer, and that nobody has verified it."""
    page = tmp_path / "sr.html"
    subprocess.run(["dsr2html", str(next(p for p in objects if p.name == "sr.dcm")), str(page)], check=True)
    text = page.read_text("utf-8", errors="replace")
    assert all(word in text.upper() for word in ("UNVERIFIED", "PRELIMINARY", "GLIOMA", "0.75"))


@_needs("dcm2pnm")
def test_capture_drawn_by_dcmtk_has_the_overlay_where_the_report_has_it(objects: list[Path], tmp_path: Path) -> None:
    """The coloured spot lies at the same share of the picture's height and width in both."""
    source = sorted((objects[0].parents[1] / "in").glob("*.dcm"))[0]
    write_pieces(tmp_path / "pieces.zip", [make_key_slice(source)])
    still = np.asarray(Image.open(io.BytesIO(load_pieces(tmp_path / "pieces.zip")[0].still))).astype(int)
    capture = next(p for p in objects if p.name == "sc-001.dcm")
    subprocess.run(["dcm2pnm", "+op", str(capture), str(tmp_path / "sc.ppm")], check=True)
    drawn = np.asarray(Image.open(tmp_path / "sc.ppm")).astype(int)
    rows, cols = 512, round(512 * 32 / 40)
    panel = still[:, still.shape[1] // 2 + 2 :]
    assert _middle_of_colour(drawn[:rows, :cols]) == pytest.approx(_middle_of_colour(panel), abs=0.01)


def _middle_of_colour(picture: npt.NDArray[np.int_]) -> tuple[float, float]:
    """Find the middle of what is coloured, as shares of height and width."""
    coloured = np.argwhere(picture.max(axis=2) - picture.min(axis=2) > 60)
    row, col = (coloured.min(axis=0) + coloured.max(axis=0) + 1) / 2 / picture.shape[:2]
    return float(row), float(col)


@_needs("Orthanc", "storescu", "curl", "ip")
@pytest.mark.skipif(not _may_make_networks(), reason="may not make a network namespace")
def test_orthanc_stores_all_and_gives_them_back_unchanged(objects: list[Path], tmp_path: Path) -> None:
    """Sent over the network to an archive and fetched from it: the same bytes."""
    (tmp_path / "sent").mkdir()
    for path in objects:
        shutil.copy(path, tmp_path / "sent" / path.name)
    settings = {"HttpPort": 18042, "DicomPort": 14242, "StorageDirectory": "db", "IndexDirectory": "db"}
    settings |= {"AuthenticationEnabled": False, "DicomAlwaysAllowStore": True, "DicomCheckCalledAet": False}
    (tmp_path / "conf.json").write_text(json.dumps(settings), "utf-8")

    command = ["unshare", "-n", "bash", "-c", ROUND, "round", ORTHANC]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    back = {str(dcmread(p).SOPInstanceUID): _body(p) for p in (tmp_path / "back").iterdir()}
    assert back == {str(dcmread(p).SOPInstanceUID): _body(p) for p in objects}


def _body(path: Path) -> bytes:
    """Return what follows the file meta information: that part is the sender's and the archive's own affair."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length :]
