"""What a run was made with: versions, digests, machine, counts, times."""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mri_batch import __version__
from mri_batch.model.package import Package
from mri_batch.model.session import import_onnxruntime
from mri_batch.records import ScanSummary
from mri_batch.run.spread import usable_cores
from mri_batch.settings import ScanSettings

RESEARCH_ONLY = "For research use only; not a medical device"
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
        "cpu": _cpu_name(),
        "cores": usable_cores(),
        "jobs": settings.jobs,
        "shard": list(settings.shard),
        "began": began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
