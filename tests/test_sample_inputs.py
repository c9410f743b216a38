"""The sample studies are what their script makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "sample_inputs"


def _listed(folder: Path) -> list[str]:
    made = (".dcm", ".png", ".json")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in made)


def test_samples_are_the_same_bytes_when_made_again(tmp_path: Path) -> None:
    """Whoever distrusts the samples can make them."""
    command = [sys.executable, str(SAMPLES / "make_samples.py"), str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"})

    assert _listed(tmp_path) == _listed(SAMPLES)
    differing = [n for n in _listed(SAMPLES) if (tmp_path / n).read_bytes() != (SAMPLES / n).read_bytes()]
    assert differing == []


def test_samples_stay_small() -> None:
    """A clone must not carry a data set."""
    assert sum((SAMPLES / name).stat().st_size for name in _listed(SAMPLES)) < 1_500_000


@pytest.mark.parametrize("study", ["dicom_axial", "multiframe_compressed"])
def test_lesion_is_where_the_truth_says_by_the_files_own_geometry(study: str) -> None:
    """Position, orientation and spacing in the files lead from the pixel of the truth to its millimetres."""
    told = json.loads((SAMPLES / "truth.json").read_text("utf-8"))[study]
    centre = np.array(told["lesion"]["centre_mm"])
    off_plane = []
    for cut in told["slices"]:
        dataset = pydicom.dcmread(SAMPLES / cut["file"])
        position, orientation, spacing = _geometry(dataset, cut["frame"])
        along, down = orientation[:3], orientation[3:]
        at = position + along * spacing[1] * cut["col"] + down * spacing[0] * cut["row"]
        away = at - centre
        normal = np.cross(along, down)
        off_plane.append(abs(float(away @ normal)))
        assert np.linalg.norm(away - (away @ normal) * normal) <= 0.71 * max(spacing)
    assert min(off_plane) <= 4.0


def test_lesion_is_brighter_than_its_surroundings_where_the_truth_says() -> None:
    """The even mass enhances; the same place in the other half of the head does not."""
    told = json.loads((SAMPLES / "truth.json").read_text("utf-8"))["multiframe_compressed"]
    cut = max(told["slices"], key=lambda one: float(one["radius_px"]))
    frame = pydicom.dcmread(SAMPLES / cut["file"]).pixel_array[cut["frame"]]
    row, col = cut["row"], cut["col"] - 4
    here, there = frame[row - 3 : row + 4, col - 3 : col + 4], frame[row - 3 : row + 4, 191 - col - 3 : 191 - col + 4]
    assert here.mean() > 1.5 * there.mean()


def test_broken_picture_breaks_off_and_the_others_do_not() -> None:
    """One file of the picture study cannot be read, four can."""
    for path in sorted((SAMPLES / "png_folder").iterdir()):
        if path.name == "broken.png":
            with Image.open(path) as picture, pytest.raises(OSError, match="truncated"):
                picture.load()
        else:
            with Image.open(path) as picture:
                assert np.asarray(picture).std() > 20


def _geometry(dataset: pydicom.Dataset, frame: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        shared, own = dataset, dataset
        return (
            np.array(own.ImagePositionPatient, float),
            np.array(shared.ImageOrientationPatient, float),
            [float(v) for v in shared.PixelSpacing],
        )
    shared, own = dataset.SharedFunctionalGroupsSequence[0], dataset.PerFrameFunctionalGroupsSequence[frame]
    return (
        np.array(own.PlanePositionSequence[0].ImagePositionPatient, float),
        np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float),
        [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing],
    )
