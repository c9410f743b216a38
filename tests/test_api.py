"""The public interface: what a notebook needs, exported by name, and equal to what a scan says."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mri_batch as mb
from mri_batch.errors import MethodAbsent, NothingToRead, OutputError, UsageError
from tests.make import save_series
from tests.paths import VIT


@pytest.fixture(scope="module")
def model() -> mb.Model:
    """A tiny ViT."""
    return mb.load_model(VIT, threads=1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with something in it."""
    path = tmp_path / "slice.png"
    grey = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)
    Image.fromarray(grey).save(path)
    return path


def test_every_exported_name_is_there() -> None:
    """``__all__`` is what can be imported, and ``dir`` lists it."""
    assert all(getattr(mb, name) is not None for name in mb.__all__)
    assert set(mb.__all__) <= set(dir(mb))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mb.nonsense


def test_three_lines_give_a_slice_its_prediction_and_its_heat(model: mb.Model, picture: Path) -> None:
    """The docstring's example; the heat lies on the slice's own pixels, and the drawing shows both side by side."""
    (one,) = mb.read_slices(picture)
    found = model.explain(one)
    assert found.prediction == model.predict(one)
    assert found.heat.shape == one.shape_px == (64, 48)
    assert found.heatmap.about.label in (None, found.prediction.label)
    row, col = found.peak_px
    assert found.heat[row, col] >= 0.5 * found.heat.max()
    drawn = Image.open(io.BytesIO(found.to_jpeg()))
    assert drawn.width > drawn.height  # 64 x 48, twice


def test_file_slice_and_array_are_the_same_picture(model: mb.Model, picture: Path) -> None:
    """Whatever the picture is given as, the answer is the same to the bit."""
    (one,) = mb.read_slices(picture)
    answers = [model.predict(given).probabilities for given in (picture, str(picture), one, one.pixels)]
    assert answers == [answers[0]] * 4


def test_method_and_label_are_chosen_by_name(model: mb.Model, picture: Path) -> None:
    """Any offered method, any class of the model."""
    found = model.explain(picture, method="gradient", label=model.labels[1])
    assert (found.heatmap.about.method, found.heatmap.about.label) == ("gradient", model.labels[1])
    with pytest.raises(UsageError, match="no label 'teapot'"):
        model.explain(picture, label="teapot")
    with pytest.raises(UsageError, match="no explanation method 'tealeaves'"):
        model.explain(picture, method="tealeaves")
    with pytest.raises(MethodAbsent):
        model.explain(picture, method="guided_backprop")  # a ViT has no ReLU


def test_what_is_no_picture_is_refused(model: mb.Model, tmp_path: Path) -> None:
    """An error names the reason and the fix."""
    with pytest.raises(UsageError, match=r"shape \(3, 4, 2\)"):
        model.predict(np.zeros((3, 4, 2)))
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(NothingToRead, match="NOT_A_PICTURE"):
        mb.read_slices(tmp_path / "notes.txt")
    save_series(tmp_path / "series", 3)
    with pytest.raises(UsageError, match="3 slices"):
        model.predict(tmp_path / "series")


def test_scan_gives_records_and_a_table(model: mb.Model, tmp_path: Path) -> None:
    """A folder is scanned as by the command line; records and rows say what its files say."""
    save_series(tmp_path / "in", 3)
    report = mb.scan(tmp_path / "in", tmp_path / "out", model=VIT, jobs=1, faithfulness="none", explain="none")
    (result,) = mb.read_results(tmp_path / "out")
    (row,) = mb.read_table(tmp_path / "out")
    assert report.summary.done == 1
    assert result.prediction is not None
    assert (row["label"], row["n_slices"]) == (result.prediction.label, 3)
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as stream:
        (written,) = csv.DictReader(stream)
    assert list(written) == list(row)
    assert written["label"] == row["label"]
    with pytest.raises(OutputError, match="not a finished scan"):
        mb.read_results(tmp_path / "in")
