"""Data sets on disk: rows of labels.csv without a label are skipped unless asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mri_batch.dataset import load_dataset


def make_folder(folder: Path, header: str, *rows: str) -> Path:
    """Make a folder with four pictures and a table."""
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / f"{number}.png")
    (folder / "labels.csv").write_text("\n".join([header, *rows]))
    return folder


def test_rows_with_an_empty_label_are_skipped_unless_asked_for(tmp_path: Path) -> None:
    """In table order, so that the slices of a volume stay in order."""
    folder = make_folder(tmp_path / "a", "file,label", "0.png,glioma", "1.png,", "2.png,no_tumor", "3.png,")
    assert [item.name for item in load_dataset([folder])] == ["0.png", "2.png"]
    every = load_dataset([folder], unlabelled=True)
    assert [(item.name, item.label) for item in every] == [
        ("0.png", "glioma"),
        ("1.png", ""),
        ("2.png", "no_tumor"),
        ("3.png", ""),
    ]


def test_without_a_column_the_folder_names_the_label(tmp_path: Path) -> None:
    """Of every row."""
    folder = make_folder(tmp_path / "no_tumor", "file,split", "0.png,train", "1.png,val")
    assert {item.label for item in load_dataset([folder])} == {"no_tumor"}
