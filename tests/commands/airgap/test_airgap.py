"""One folder installs and scans where there is no network, and one flipped byte in it is found."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from tests.paths import ROOT

pytest.importorskip("cyclonedx", reason="the extra [airgap] is not installed")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from mri_batch.checksums import SUMS
from mri_batch.commands.airgap.build import build_bundle, verify_bundle
from mri_batch.commands.airgap.wheels import Target, choose_licence, pack_own_wheel
from mri_batch.errors import MriBatchError, OutputError

VIT = ROOT / "tests" / "golden" / "vit"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINUX, WINDOWS = Target(system="linux", python=HERE), Target(system="windows", python=HERE)


def write_stand_in(folder: Path, name: str, version: str, requires: list[str]) -> None:
    """Write a wheel without code, with the metadata that pip and we read."""
    stem = f"{re.sub('[-_.]+', '_', name)}-{version}"
    about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "License-Expression: MIT"]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(about + [f"Requires-Dist: {r}" for r in requires]))
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/LICENSE", f"{name}'s licence")
        archive.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of stand-ins for all that is installed here, and for what only Windows needs."""
    folder = tmp_path_factory.mktemp("index")
    for found in metadata.distributions():
        if found.name != "mri-batch":
            write_stand_in(folder, found.name, found.version, found.requires or [])
    if not list(folder.glob("colorama-*")):
        write_stand_in(folder, "colorama", "0.4.6", [])
    return folder


@pytest.fixture(scope="module")
def built(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build once, from the stand-ins alone."""
    out = tmp_path_factory.mktemp("bundle") / "air gap"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        build_bundle(out, [LINUX, WINDOWS], {"tiny": VIT}, MADE)
    return out


def test_folder_holds_all_that_an_installation_needs(built: Path) -> None:
    """Wheels of both systems, each with its digest in the requirements; models with their cards; licences; scripts."""
    listed = {}
    for target in (LINUX, WINDOWS):
        lines = (built / f"requirements-{target.name}.txt").read_text().splitlines()[1:]
        listed[target.system] = {line.partition("==")[0] for line in lines}
        digests = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (built / "wheels").iterdir()}
        assert {line.rpartition("sha256:")[2] for line in lines} <= digests
    assert {"mri-batch", "numpy", "onnxruntime", "flatbuffers", "pydicom", "highdicom"} <= listed["linux"]
    assert listed["windows"] - listed["linux"] == {"colorama"}
    assert not {"torch", "pytest", "cyclonedx-python-lib"} & listed["linux"]
    assert (built / "models" / "tiny" / "model.json").is_file()
    assert "numpy's licence" in next((built / "licences").glob("numpy-*/LICENSE")).read_text()
    assert b"\r\n" in (built / "install.cmd").read_bytes()
    assert b"\r" not in (built / "install.sh").read_bytes()


def test_bill_of_materials_is_valid_and_whole(built: Path) -> None:
    """CycloneDX 1.6 by its own schema; every wheel and model with its digest; the root depends on what it requires."""
    text = (built / "sbom.cdx.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    parts = [bill["metadata"]["component"], *bill["components"]]
    digests = {part["hashes"][0]["content"] for part in parts}
    assert {hashlib.sha256(p.read_bytes()).hexdigest() for p in (built / "wheels").iterdir()} <= digests
    assert [p["name"] for p in parts if p["type"] == "machine-learning-model"] == ["tiny"]
    root = bill["metadata"]["component"]
    needs = next(d["dependsOn"] for d in bill["dependencies"] if d["ref"] == root["bom-ref"])
    assert {"model-tiny"} | {n for n in needs if n.startswith("numpy-")} <= set(needs)
    assert bill["metadata"]["timestamp"].startswith("2026-01-02T03:04:05")


def test_one_flipped_byte_is_found_anywhere(built: Path) -> None:
    """In every file of the folder: by our command's check, by the copy in the folder, and by plain sha256sum."""
    assert verify_bundle(built) == ()
    for path in sorted(p for p in built.rglob("*") if p.is_file()):
        content = path.read_bytes()
        at = len(content) // 2
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert path.relative_to(built).as_posix() in {name for _, name in verify_bundle(built)} or path.name == SUMS
        assert verify_bundle(built)
        path.write_bytes(content)
    assert verify_bundle(built) == ()


def test_carried_check_and_sha256sum_agree(built: Path, tmp_path: Path) -> None:
    """Both accept what was built and refuse a changed wheel; the carried one refuses an added file too."""
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)

    def check(*words: str) -> int:
        return subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode

    ours = (sys.executable, "-I", "-B", "verify.py")
    assert (check(*ours), check("sha256sum", "-c", "--quiet", SUMS)) == (0, 0)
    (folder / "wheels" / "added.whl").touch()
    assert check(*ours) == 1
    (folder / "wheels" / "added.whl").unlink()
    wheel = next((folder / "wheels").glob("numpy*"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    assert (check(*ours), check("sha256sum", "-c", "--quiet", SUMS)) == (1, 1)


def test_own_wheel_is_sound_and_the_same_every_time(tmp_path: Path) -> None:
    """Its record holds the digest of every file, its metadata the entry point; two packings are the same bytes."""
    first, again = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    again.mkdir()
    wheel = pack_own_wheel(first)
    assert pack_own_wheel(again).sha256 == wheel.sha256
    with zipfile.ZipFile(first / wheel.file) as archive:
        names = archive.namelist()
        record = next(n for n in names if n.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert sorted(row[0] for row in rows) == sorted(names)
        for name, digest, size in rows[:-1]:
            content = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={expected}", str(len(content)))
        assert any(n.endswith(".dist-info/entry_points.txt") for n in names)
        assert any(n.startswith("mri_batch/report/templates/") for n in names)
        assert not any("__pycache__" in n for n in names)
        about = [n.partition(".dist-info/")[2] for n in names]
        assert not {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"} & set(about)  # the builder's machine
        assert (about.count("RECORD"), about.count("WHEEL")) == (1, 1)


def test_build_says_what_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index there is one line with pip's reason, and no half a folder."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(MriBatchError) as caught:
        build_bundle(tmp_path / "out", [LINUX], {}, MADE)
    assert caught.value.code == "AIRGAP_WHEELS"
    assert list(tmp_path.iterdir()) == []


def test_build_never_writes_over_anything(tmp_path: Path) -> None:
    """An existing folder is refused."""
    with pytest.raises(OutputError):
        build_bundle(tmp_path, [LINUX], {}, MADE)


def test_licence_is_the_most_exact_thing_told() -> None:
    """An expression before classifiers before free words; a whole text is no name."""
    kinds = ["License :: OSI Approved", "License :: OSI Approved :: MIT License"]
    assert choose_licence("Apache-2.0", kinds, "x") == "Apache-2.0"
    assert choose_licence(None, kinds, "x") == "MIT License"
    assert choose_licence(None, [], "BSD") == "BSD"
    assert choose_licence(None, [], "w " * 90) == "not stated; see its text"


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_folder_installs_and_scans_without_a_network(tmp_path: Path) -> None:
    """Real wheels; without interfaces the script installs, the doctor passes, the samples are scanned."""
    closed = ("unshare", "-rn")
    in_ci = bool(os.environ.get("CI"))
    if subprocess.run((*closed, "true"), capture_output=True, check=False).returncode != 0 and not in_ci:
        pytest.skip("this account may not make namespaces")
    words = (sys.executable, "-c", "from mri_batch.cli import main; main()", "airgap")
    folder, venv, out = tmp_path / "air gap", tmp_path / "a venv", tmp_path / "out"
    made = subprocess.run((*words, "build", "--out", str(folder)), capture_output=True, text=True, check=False)
    if "AIRGAP_WHEELS" in made.stderr and not in_ci:
        pytest.skip(f"no package index is reached: {made.stderr.strip()}")
    assert made.returncode == 0, made.stderr

    def run(*command: str) -> str:
        env = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "FAIL" not in run(*closed, "sh", str(folder / "install.sh"), str(venv))
    ours = str(venv / "bin" / "mri-batch")
    run(*closed, ours, "scan", str(ROOT / "sample_inputs"), "--out", str(out), "--dicom", "sr", "--explain", "none")
    assert "as written" in run(*closed, ours, "verify", str(out))
    assert "as built" in run(*closed, ours, "airgap", "verify", str(folder))
    short = f"cp{HERE.replace('.', '')}"
    there = ("--platform=win_amd64", f"--python-version={HERE}", f"--abi={short}", "--abi=abi3", "--abi=none")
    pip = (sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--require-hashes", "--dry-run")
    where = ("--find-links", str(folder / "wheels"), "--only-binary=:all:", "--target", str(tmp_path / "none"))
    run(*closed, *pip, *where, *there, "-r", str(folder / f"requirements-{WINDOWS.name}.txt"))
