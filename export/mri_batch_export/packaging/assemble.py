"""The last steps of every export: calibration, colour scales, golden answers, and the package in its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.arrays import Arrays
from mri_batch.model.package import GATE, GOLDEN, Files, Package, write_package
from mri_batch.model.session import Session
from mri_batch_export.packaging.calibrate import calibrate_card
from mri_batch_export.packaging.card_builder import CardBuilder
from mri_batch_export.packaging.options import ExportOptions
from mri_batch_export.packaging.scales import measure_scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A verified package before calibration: its graph and weight ``files`` by name, and what goes in golden.npz."""

    session: Session
    files: Files
    golden: Arrays


def assemble_package(draft: Draft, builder: CardBuilder, options: ExportOptions, work: Path) -> Package:
    """Calibrate a draft on the options' items, if there are any, and write the package with its golden answers."""
    gate = calibrate_card(draft.session, builder, options.items) if options.items else {}
    if options.validation:
        builder.set_entries(measure_scales(draft.session, builder.card, options.validation))
    contents = ((GOLDEN, draft.golden), (GATE, gate))
    arrays = {name: _save(work / name, content) for name, content in contents if content}
    return write_package(options.out, builder.card, {**draft.files, **arrays}, replace=options.replace)


def _save(path: Path, arrays: Arrays) -> Path:
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return path
