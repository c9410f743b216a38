"""Provenance of a run: versions, digests, machine, counts and times."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

from mri_batch import __version__
from mri_batch.model.package import Package
from mri_batch.model.session import import_onnxruntime
from mri_batch.records import ScanSummary
from mri_batch.run.executors.local import usable_cores
from mri_batch.settings import Language, ScanSettings
from mri_batch.text import JsonObject

Versions = Mapping[str, str | None]  # by distribution; None: not installed

RESEARCH_ONLY = "For research use only; not a medical device"
_USER = ("LOGNAME", "USER", "LNAME", "USERNAME")  # as getpass does, without its look-up, which may use the network
_LIBRARIES = (
    "numpy",
    "onnxruntime",
    "pillow",
    "pydicom",
    "pyjpegls",
    "pylibjpeg",
    "pylibjpeg-openjpeg",
    "python-gdcm",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelId:
    """The model package of a run."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCounts:
    """How many studies ended how; ``resumed``: done by an earlier run."""

    done: int
    skipped: int
    failed: int
    resumed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTotals:
    """How many files were found, and what became of them."""

    found: int
    used: int
    skipped: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A finished run: the keys of ``run.json``, in its order."""

    schema_version: int = 1
    notice: str = RESEARCH_ONLY
    mri_batch: str = __version__
    model: ModelId
    settings: JsonObject
    settings_sha256: str
    studies: StudyCounts
    n_files: FileTotals
    exit_code: int
    libraries: Versions
    onnxruntime_build: str
    python: str
    system: str
    cpu: str
    cores: int
    jobs: int
    shard: tuple[int, int]
    began: str
    ended: str

    def to_json(self) -> JsonObject:
        """Return the content of ``run.json``."""
        return {**asdict(self), "shard": list(self.shard)}


def describe_run(
    settings: ScanSettings, package: Package, summary: ScanSummary, began: datetime, ended: datetime
) -> RunInfo:
    """Describe a finished run."""
    answers = settings.answer_fields()
    files = summary.files
    return RunInfo(
        model=ModelId(name=package.card.name, version=package.card.version, sha256=package.sha256),
        settings=answers,
        settings_sha256=hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest(),
        studies=StudyCounts(done=summary.done, skipped=summary.skipped, failed=summary.failed, resumed=summary.resumed),
        n_files=FileTotals(found=files.found, used=files.used, skipped=files.skipped, failed=files.failed),
        exit_code=summary.exit_code,
        libraries={name: _version(name) for name in _LIBRARIES},
        onnxruntime_build=str(import_onnxruntime().get_build_info()),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=describe_cpu(),
        cores=usable_cores(),
        jobs=settings.jobs,
        shard=settings.shard,
        began=began.isoformat(timespec="seconds"),
        ended=ended.isoformat(timespec="seconds"),
    )


def describe_scan(settings: ScanSettings, run: RunInfo, manifest_sha256: str) -> JsonObject:
    """Describe a scan for the run log: who, when, settings, versions and inputs. Paths are replaced by digests."""
    asked = {
        **asdict(settings),
        "paths": [name_place(path) for path in settings.paths],
        "out": name_place(settings.out),
    }
    del asked["model"], asked["limits"]
    return {
        "event": "scan",
        "began": run.began,
        "ended": run.ended,
        **describe_user(),
        "asked": asked,
        "versions": {"mri_batch": run.mri_batch, "python": run.python, **run.libraries},
        "model": asdict(run.model),
        "inputs": {"manifest": "files.csv", "sha256": manifest_sha256, **asdict(run.n_files)},
        "studies": asdict(run.studies),
        "exit_code": run.exit_code,
    }


def describe_rerender(began: datetime, ended: datetime, lang: Language, feedback_sha256: str | None) -> JsonObject:
    """Describe a rerun of the reports for the run log."""
    return {
        "event": "report",
        "began": began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        **describe_user(),
        "asked": {"lang": lang, "feedback_sha256": feedback_sha256},
        "versions": {"mri_batch": __version__},
    }


def describe_user() -> JsonObject:
    """Return the account and host of this process."""
    user = next((os.environ[name] for name in _USER if os.environ.get(name)), "")
    return {"user": user, "uid": os.getuid() if hasattr(os, "getuid") else None, "host": socket.gethostname()}


def name_place(path: Path) -> str:
    """Return a digest of a path: it can be compared, but not read, as a folder name may identify a patient."""
    return "p-" + hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def describe_cpu() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
