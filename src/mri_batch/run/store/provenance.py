"""What a run was made with: versions, digests, machine, counts, times."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mri_batch import __version__
from mri_batch.model.package import Package
from mri_batch.model.session import import_onnxruntime
from mri_batch.records import ScanSummary
from mri_batch.run.executors.local import usable_cores
from mri_batch.settings import ScanSettings

RESEARCH_ONLY = "For research use only; not a medical device"
_USER = ("LOGNAME", "USER", "LNAME", "USERNAME")  # as getpass, without its look-up, which may ask a network
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


def describe_run(
    settings: ScanSettings, package: Package, summary: ScanSummary, began: datetime, ended: datetime
) -> dict[str, Any]:
    """Describe a finished run, as ``run.json`` holds it."""
    answers = settings.answer_fields()
    return {
        "schema_version": 1,
        "notice": RESEARCH_ONLY,
        "mri_batch": __version__,
        "model": {"name": package.card.name, "version": package.card.version, "sha256": package.sha256},
        "settings": answers,
        "settings_sha256": hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest(),
        "studies": {
            "done": summary.done,
            "skipped": summary.skipped,
            "failed": summary.failed,
            "resumed": summary.resumed,
        },
        "n_files": {
            "found": summary.files.found,
            "used": summary.files.used,
            "skipped": summary.files.skipped,
            "failed": summary.files.failed,
        },
        "exit_code": summary.exit_code,
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "onnxruntime_build": str(import_onnxruntime().get_build_info()),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": describe_cpu(),
        "cores": usable_cores(),
        "jobs": settings.jobs,
        "shard": list(settings.shard),
        "began": began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
    }


def describe_event(settings: ScanSettings, run: Mapping[str, Any], manifest_sha256: str) -> dict[str, Any]:
    """Describe a run for the log: who, when, what was asked, with what and of what. Places of files are digests."""
    asked = {
        **asdict(settings),
        "paths": [name_place(path) for path in settings.paths],
        "out": name_place(settings.out),
    }
    del asked["model"], asked["limits"]
    return {
        "event": "scan",
        "began": run["began"],
        "ended": run["ended"],
        **describe_maker(),
        "asked": asked,
        "versions": {"mri_batch": run["mri_batch"], "python": run["python"], **run["libraries"]},
        "model": run["model"],
        "inputs": {"manifest": "files.csv", "sha256": manifest_sha256, **run["n_files"]},
        "studies": run["studies"],
        "exit_code": run["exit_code"],
    }


def describe_maker() -> dict[str, Any]:
    """Return who is at work: account and host."""
    user = next((os.environ[name] for name in _USER if os.environ.get(name)), "")
    return {"user": user, "uid": os.getuid() if hasattr(os, "getuid") else None, "host": socket.gethostname()}


def name_place(path: Path) -> str:
    """Return a name for a place that can be compared and not read: folders above the input may name a patient."""
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
