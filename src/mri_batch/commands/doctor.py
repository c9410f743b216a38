"""Check the installation."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mri_batch.errors import MriBatchError
from mri_batch.model.selftest import verify_package
from mri_batch.model.session import import_onnxruntime
from mri_batch.read.decode.codecs import DECODERS, choose_decoders
from mri_batch.run.executors.sandbox import try_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report."""

    subject: str
    ok: bool
    finding: str


def examine(model: Path, out: Path) -> Iterator[Check]:
    """Yield the checks in turn; one that raises has failed."""
    yield _check("python", lambda: f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield _check("runtime", _runtime)
    yield _check("telemetry", _telemetry)
    for syntax in DECODERS:
        yield _check(f"decoder {syntax.name}", lambda syntax=syntax: " or ".join(choose_decoders(syntax)) or "pydicom")  # type: ignore[misc]
    yield _check("model", lambda: _model(model))
    yield _check("write access", lambda: _write_access(out))


def _check(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject=subject, ok=True, finding=look())
    except (MriBatchError, OSError, ImportError) as error:
        return Check(subject=subject, ok=False, finding=str(error))


def _runtime() -> str:
    onnxruntime = import_onnxruntime()
    return (
        f"ONNX Runtime {metadata.version('onnxruntime')}, providers {', '.join(onnxruntime.get_available_providers())}"
    )


def _telemetry() -> str:
    import_onnxruntime()
    if os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
        raise OSError("ONNX Runtime's telemetry is not switched off")
    return "off"


def _model(folder: Path) -> str:
    try_model(folder)
    digests, *outputs = verify_package(folder)
    return f"{digests}; {len(outputs)} outputs match PyTorch's"


def _write_access(out: Path) -> str:
    with tempfile.NamedTemporaryFile(dir=out, prefix=".mri-batch-"):
        return f"{out} is writable"
