"""Wheels for another machine: our own, packed from the installed files, and its dependencies, downloaded by pip."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from mri_batch import __version__
from mri_batch.checksums import digest_file
from mri_batch.errors import ExtraMissing, MriBatchError

PACKAGES = ("mri_batch", "mri_batch_export")
_NEWEST_GLIBC = 28  # newest glibc that wheels may need: systems since 2019
_STAMP = (1980, 1, 1, 0, 0, 0)  # reproducible
_WHEEL = "Wheel-Version: 1.0\nGenerator: mri-batch\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL", "uv_cache.json")
_LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice|thirdparty|authors|copyright)[^/]*?(\.txt|\.md|\.rst)?")
_CLASSIFIER = "License :: "

Contents = Mapping[str, bytes]  # of files by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A machine to install on: ``linux`` or ``windows`` on x86-64, and a version of CPython as ``3.12``."""

    system: str
    python: str

    @property
    def name(self) -> str:
        """Return the name used in file names."""
        return f"{self.system}-{self.python}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the platform tags of the wheels that it can install."""
        if self.system == "windows":
            return ("win_amd64",)
        return (*(f"manylinux_2_{minor}_x86_64" for minor in range(_NEWEST_GLIBC, 4, -1)), "manylinux2014_x86_64")

    @property
    def markers(self) -> dict[str, str]:
        """Return the environment in which requirement markers are evaluated."""
        windows = self.system == "windows"
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "nt" if windows else "posix",
            "sys_platform": "win32" if windows else "linux",
            "platform_system": "Windows" if windows else "Linux",
            "platform_machine": "AMD64" if windows else "x86_64",
        }

    def applies(self, requirement: Requirement, extras: Iterable[str] = ()) -> bool:
        """Whether a requirement of a package, installed with ``extras``, applies to this machine."""
        marker = requirement.marker
        return marker is None or any(marker.evaluate({**self.markers, "extra": e}) for e in ("", *extras))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel file and its metadata."""

    file: str
    name: str
    version: str
    sha256: str
    licence: str
    requires: tuple[Requirement, ...]
    licence_texts: Contents


def collect_wheels(own: Wheel, target: Target, folder: Path) -> list[Wheel]:
    """Download what ``own`` needs on ``target`` into ``folder``, in the versions that are installed here.

    pip evaluates markers for the machine it runs on, so each round downloads wheels by name, without dependencies, and
    reads from their metadata what the next round needs. Raises MriBatchError with pip's message where a wheel is
    missing.
    """
    have: dict[str, Wheel] = {}
    wanted = {(canonicalize_name(r.name), r) for r in own.requires if target.applies(r)}
    while missing := {name: _pin(name, requirement) for name, requirement in wanted if name not in have}:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as beside:
            _download(sorted(missing.values()), target, Path(beside))
            for path in sorted(Path(beside).glob("*.whl")):
                wheel = read_wheel(path)
                have[wheel.name] = wheel
                path.replace(folder / path.name)
        for name, requirement in list(wanted):
            wanted |= {
                (canonicalize_name(r.name), r) for r in have[name].requires if target.applies(r, requirement.extras)
            }
    return list(have.values())


def read_wheel(path: Path) -> Wheel:
    """Read a wheel's name, metadata and licence texts."""
    name, version, *_ = parse_wheel_filename(path.name)
    with zipfile.ZipFile(path) as archive:
        inside = {n.partition(".dist-info/")[2]: n for n in archive.namelist() if ".dist-info/" in n}
        about = HeaderParser().parsestr(archive.read(inside["METADATA"]).decode("utf-8"))
        texts = {_inside(n): archive.read(n) for n in archive.namelist() if _is_licence(n)}
    return Wheel(
        file=path.name,
        name=name,
        version=str(version),
        sha256=digest_file(path),
        licence=choose_licence(about.get("License-Expression"), about.get_all("Classifier", []), about.get("License")),
        requires=tuple(map(Requirement, about.get_all("Requires-Dist", []))),
        licence_texts=texts,
    )


def choose_licence(expression: str | None, classifiers: Iterable[str], words: str | None) -> str:
    """Choose the most precise licence statement of a package's metadata."""
    if expression:
        return expression
    named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith(_CLASSIFIER) and c.count(" :: ") > 1]
    first = (words or "").strip().partition("\n")[0]
    return " / ".join(named) or (first if len(first) < 60 else "") or "not stated; see its text"


def pack_own_wheel(folder: Path) -> Wheel:
    """Pack the installed mri-batch into a wheel, from a checkout too. Reproducible."""
    about = f"mri_batch-{__version__}.dist-info"
    path = folder / f"mri_batch-{__version__}-py3-none-any.whl"
    content = dict(_iter_code())
    for name, text in _iter_metadata():
        content[f"{about}/{name}"] = text
    content[f"{about}/WHEEL"] = _WHEEL.encode()
    content[f"{about}/RECORD"] = _record(content, f"{about}/RECORD")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), text, zipfile.ZIP_DEFLATED)
    return read_wheel(path)


def _iter_code() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = find_spec(package)
        for root in spec.submodule_search_locations or () if spec else ():
            for path in sorted(Path(root).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield f"{package}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _iter_metadata() -> Iterator[tuple[str, bytes]]:
    for file in metadata.distribution("mri-batch").files or ():
        inside = file.as_posix().partition(".dist-info/")[2]
        if inside and inside not in _INSTALLER_FILES:
            yield inside, Path(str(file.locate())).read_bytes()


def _record(content: Contents, own: str) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for name, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(text)))
    writer.writerow((own, "", ""))
    return stream.getvalue().encode()


def _pin(name: str, requirement: Requirement) -> str:
    """Pin the version that is installed, hence tested, here; what only the other system needs stays as required."""
    try:
        return f"{name}=={metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name}{requirement.specifier}"


def _download(requirements: list[str], target: Target, folder: Path) -> None:
    if find_spec("pip") is None:
        raise ExtraMissing("'mri-batch airgap build' needs pip, which is not installed", hint="python -m ensurepip")
    short = "cp" + target.python.replace(".", "")
    options = ["--no-deps", "--only-binary=:all:", "--dest", str(folder), "--implementation", "cp"]
    options += [f"--python-version={target.python}", *(f"--abi={abi}" for abi in (short, "abi3", "none"))]
    options += [f"--platform={platform}" for platform in target.platforms]
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options, *requirements]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise MriBatchError(
            f"pip has no wheels for {target.system} and Python {target.python}: {last[-1] if last else ''}",
            code="AIRGAP_WHEELS",
            hint="build where a package index is reachable; PIP_INDEX_URL and PIP_FIND_LINKS are honoured",
        )


def _is_licence(name: str) -> bool:
    inside = ".dist-info/licenses/" in name or _LICENCE_FILE.fullmatch(PurePosixPath(name).name)
    return bool(inside) and not name.endswith("/")


def _inside(name: str) -> str:
    """Shorten a path in a wheel: Windows allows 260 characters."""
    return name.rpartition(".dist-info/")[2].removeprefix("licenses/")
