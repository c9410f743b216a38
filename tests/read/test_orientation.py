"""A marker at known patient coordinates comes back at its pixel, whatever the orientation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mri_batch.records import Slice
from tests import make
from tests.read.reading import read_paths, read_slices

ORIENTATIONS = {
    "axial": make.AXIAL,
    "sagittal": make.SAGITTAL,
    "coronal": make.CORONAL,
    "oblique": make.OBLIQUE,
    "flipped": make.FLIPPED,
    "upside-down": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
}
ROWS, COLS, SLICES, SPACING, STEP = 20, 16, 7, (1.5, 0.8), 2.5
ORIGIN = np.array([-31.0, 12.0, 55.0])


def place_marker(orientation: make.Six, at: tuple[int, int, int]) -> np.ndarray:
    """Return the patient coordinates in mm of slice, row and column, by PS3.3 C.7.6.2.1.1."""
    along_row, down_col = np.array(orientation[:3]), np.array(orientation[3:])
    k, row, col = at
    return (
        ORIGIN + np.cross(along_row, down_col) * STEP * k + along_row * SPACING[1] * col + down_col * SPACING[0] * row
    )


def write_series(folder: Path, orientation: make.Six, marker: np.ndarray) -> None:
    """Write slices whose brightest pixel is the one nearest to the marker; files are named against their order."""
    for k in range(SLICES):
        pixels = np.full((ROWS, COLS), 100, np.uint16)
        for row in range(ROWS):
            for col in range(COLS):
                if np.linalg.norm(place_marker(orientation, (k, row, col)) - marker) < 0.4:
                    pixels[row, col] = 4000
        position = [round(float(v), 6) for v in place_marker(orientation, (k, 0, 0))]
        dataset = make.make_dicom(
            pixels,
            number=(k * 3) % SLICES + 1,
            orientation=orientation,
            ImagePositionPatient=position,
            PixelSpacing=list(SPACING),
        )
        make.save(dataset, folder / f"{SLICES - k}.dcm")


def patient_mm(picture: Slice, row: int, col: int) -> np.ndarray:
    """Return where a pixel of a slice lies, from the slice's own geometry."""
    assert picture.orientation
    assert picture.position_mm
    assert picture.spacing_mm
    along_row, down_col = np.array(picture.orientation[:3]), np.array(picture.orientation[3:])
    return (
        np.array(picture.position_mm) + along_row * picture.spacing_mm[1] * col + down_col * picture.spacing_mm[0] * row
    )


@pytest.mark.parametrize("plane", ORIENTATIONS)
def test_marker_comes_back_at_its_pixel_and_place(plane: str, tmp_path: Path) -> None:
    """Slice, row and column are those of the marker, and their geometry leads back to its coordinates."""
    orientation, at = ORIENTATIONS[plane], (4, 13, 5)
    marker = place_marker(orientation, at)
    write_series(tmp_path, orientation, marker)
    (series,) = read_paths(tmp_path).series
    slices, problems = read_slices(series)
    assert not problems
    brightest = int(np.argmax([picture.pixels.max() for picture in slices]))
    row, col = np.unravel_index(int(np.argmax(slices[brightest].pixels)), (ROWS, COLS))
    assert (brightest, int(row), int(col)) == at
    assert np.allclose(patient_mm(slices[brightest], int(row), int(col)), marker, atol=1e-4)
    assert series.info.slice_spacing_mm == pytest.approx(2.5, abs=1e-4)


@pytest.mark.parametrize("cosines", [[0.0] * 6, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
def test_cosines_that_span_no_plane_are_unknown(cosines: list[float], tmp_path: Path) -> None:
    """One series by instance number, noted, with no orientation; zeros are no direction of their own."""
    for number in range(1, 5):
        dataset = make.make_dicom(make.make_head(seed=number), number=number)
        dataset.ImageOrientationPatient = cosines
        make.save(dataset, tmp_path / f"{9 - number}.dcm")
    (series,) = read_paths(tmp_path).series
    slices, problems = read_slices(series)
    assert not problems
    assert [np.array_equal(p.pixels, make.make_head(seed=k)) for k, p in enumerate(slices, 1)] == [True] * 4
    assert all(picture.orientation is None for picture in slices)
    assert "POSITIONS_MISSING" in [note.code for note in series.info.notes]


def test_unknown_cosines_do_not_join_known_ones(tmp_path: Path) -> None:
    """Zeros agree with an absent orientation, not with an axial one."""
    for number, cosines in enumerate(([0.0] * 6, None, list(make.AXIAL)), 1):
        dataset = make.make_dicom(number=number)
        dataset.ImageOrientationPatient = cosines
        make.save(dataset, tmp_path / f"{number}.dcm")
    assert sorted(len(series.files) for series in read_paths(tmp_path).series) == [1, 2]
