"""Build an air-gap folder: wheels, hashed requirements, models, licences, SBOM, install scripts, checksums."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path

from mri_batch import __version__, checksums
from mri_batch.checksums import SUMS, Difference, compare_folder, digest_file, digest_folder, format_sums
from mri_batch.commands.airgap.sbom import Packages, write_bill
from mri_batch.commands.airgap.wheels import Target, Wheel, collect_wheels, pack_own_wheel
from mri_batch.errors import OutputError
from mri_batch.files import new_folder
from mri_batch.model.package import read_package

WHEELS, MODELS, LICENCES, BILL = "wheels", "models", "licences", "sbom.cdx.json"
_SCRIPTS = ("install.sh", "install.cmd", "README.txt")


def build_bundle(out: Path, targets: Sequence[Target], models: Mapping[str, Path], made: datetime) -> str:
    """Build the folder ``out``, which must not exist; returns the digest of its ``SHA256SUMS``.

    ``models``: packages by name. Raises OutputError, ModelPackageError, ExtraMissing, and MriBatchError where a wheel
    is not available.
    """
    if out.exists():
        raise OutputError("the folder exists", code="OUTPUT_EXISTS", file=str(out), hint="choose a new folder")
    packages = {name: read_package(folder) for name, folder in models.items()}
    with new_folder(out) as folder:
        _fill(folder, targets, packages, made)
        _write(folder / SUMS, format_sums(digest_folder(folder, folder)))
    return digest_file(out / SUMS)


def verify_bundle(folder: Path) -> tuple[Difference, ...]:
    """Return every file that was changed, added or removed since. Raises OutputError for other folders."""
    try:
        return tuple(compare_folder(folder))
    except OSError as error:
        raise OutputError(
            f"not an air-gap folder ({type(error).__name__})", code="BUNDLE_ALTERED", file=str(folder)
        ) from error


def _fill(folder: Path, targets: Sequence[Target], packages: Packages, made: datetime) -> None:
    (folder / WHEELS).mkdir(parents=True)
    own = pack_own_wheel(folder / WHEELS)
    all_wheels = {own.file: own}
    for target in targets:
        wheels = [own, *collect_wheels(own, target, folder / WHEELS)]
        _write(folder / f"requirements-{target.name}.txt", _list_requirements(wheels))
        all_wheels |= {wheel.file: wheel for wheel in wheels}
    for name, package in packages.items():
        shutil.copytree(package.folder, folder / MODELS / name, ignore=shutil.ignore_patterns("__pycache__"))
    _write_licences(folder / LICENCES, all_wheels.values())
    write_bill(folder / BILL, own, list(all_wheels.values()), packages, made)
    for name in _SCRIPTS:
        text = resources.files("mri_batch.commands.airgap").joinpath(name).read_text("utf-8")
        end = "\r\n" if name.endswith(".cmd") else "\n"
        _write(folder / name, text.replace("{version}", __version__), end)
    shutil.copyfile(str(checksums.__file__), folder / "verify.py")


def _list_requirements(wheels: Iterable[Wheel]) -> str:
    lines = (f"{w.name}=={w.version} --hash=sha256:{w.sha256}\n" for w in sorted(wheels, key=lambda w: w.name))
    return "# For pip install --no-index --require-hashes.\n" + "".join(lines)


def _write_licences(folder: Path, wheels: Iterable[Wheel]) -> None:
    """Write every package's licence texts and a table of all licences."""
    rows = ["package\tversion\tlicence\n"]
    for wheel in sorted(wheels, key=lambda w: (w.name, w.file)):
        row = f"{wheel.name}\t{wheel.version}\t{wheel.licence}\n"
        rows += [] if row in rows else [row]
        for name, text in wheel.licence_texts.items():
            path = folder / f"{wheel.name}-{wheel.version}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    folder.mkdir(exist_ok=True)
    _write(folder / "licences.tsv", "".join(rows))


def _write(path: Path, text: str, end: str = "\n") -> None:
    path.write_text(text, "utf-8", newline=end)
