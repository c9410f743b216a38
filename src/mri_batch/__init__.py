"""Offline batch reports on brain scans, on the CPU with ONNX Runtime. For research use only."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mri_batch.api import (
        Explanation,
        Model,
        load_model,
        read_results,
        read_slices,
        read_table,
        scan,
    )
    from mri_batch.errors import MriBatchError
    from mri_batch.notes import Note
    from mri_batch.records import Prediction, Slice, StudyResult, Verdict

__version__ = "0.2.0"
__all__ = [
    "Explanation",
    "Model",
    "MriBatchError",
    "Note",
    "Prediction",
    "Slice",
    "StudyResult",
    "Verdict",
    "load_model",
    "read_results",
    "read_slices",
    "read_table",
    "scan",
]

_HOMES = {
    "MriBatchError": "mri_batch.errors",
    "Note": "mri_batch.notes",
    **dict.fromkeys(("Prediction", "Slice", "StudyResult", "Verdict"), "mri_batch.records"),
}

# python-gdcm, which pydicom imports, tries the modules dl and DLFCN of Python 2, and would so run a file of that name
# in the working directory. None makes the import fail.
for _name in ("dl", "DLFCN"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]


def __getattr__(name: str) -> object:
    """Load an exported name when it is first used, so that ``import mri_batch`` stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "mri_batch.api")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
