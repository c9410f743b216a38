"""The last steps of every export: golden answers, calibration, and the package in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mri_batch.dataset import Item
from mri_batch.model.package import GATE, GOLDEN, Package, write_package
from mri_batch.model.session import Session
from mri_batch_export.packaging.calibrate import calibrate_card
from mri_batch_export.packaging.scales import scale_methods

Arrays = Mapping[str, npt.NDArray[Any]]


def finish_package(
    draft: Session,
    files: Mapping[str, Path],
    golden: Arrays,
    items: Sequence[Item],
    out: Path,
    *,
    work: Path,
    replace: bool,
) -> Package:
    """Calibrate a verified draft on ``items`` where there are some, and write it to ``out`` with its golden answers."""
    card, gate = calibrate_card(draft, items) if items else (draft.card, {})
    validation = [item for item in items if item.split == "val"]
    if validation:
        card = card.model_copy(update={"explanations": scale_methods(draft, card, validation)})
    extra: list[tuple[str, Arrays]] = [(GOLDEN, golden), (GATE, gate)]
    arrays = {name: _save(work / name, content) for name, content in extra if content}
    return write_package(out, card, {**files, **arrays}, replace=replace)


def _save(path: Path, arrays: Arrays) -> Path:
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return path
