"""What every worker process does before its first study, whoever started it: bounds, silence, and the model."""

from __future__ import annotations

import os
import warnings
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread

from mri_batch.errors import ModelPackageError
from mri_batch.model.gate import load_gate
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.run.study import WorkerModel

MEMORY_SHARE = 0.75  # of the machine's, for one worker: a bomb meets this bound before the system's killer wakes


def load_worker_model(folder: Path, *, sha256: str | None = None, threads: int = 1, batch_size: int = 8) -> WorkerModel:
    """Load a package, its digests checked, and run it once. Raises ModelPackageError.

    ``sha256``: the package that the scan was started with; another one in its place is refused.
    """
    package = read_package(folder)
    if sha256 is not None and package.sha256 != sha256:
        raise ModelPackageError(
            "not the model package that the scan was started with",
            code="MODEL_DIGEST",
            file=folder.name,
            hint="leave the package as it is while a scan runs",
        )
    session = Session(package, threads=threads, batch_size=batch_size)
    session.try_out()
    return WorkerModel(session=session, gate=load_gate(package))


def prepare_process(memory_mb: int | None = None) -> None:
    """Bound and silence this process, and end it with its parent."""
    set_bounds(memory_mb)
    warnings.simplefilter("ignore")  # those of pydicom quote values
    Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End this process at once when its parent is gone, so that it does not write into a folder it no longer holds."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def set_bounds(memory_mb: int | None = None) -> None:
    """Bound memory, and leave no core dump, which would hold pictures. Windows has neither."""
    try:
        import resource
    except ImportError:
        return
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    most = most if memory_mb is None else memory_mb << 20
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, most)):
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, hard))
