"""Geometry that must be exactly invertible, and counts that own the exit code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.errors import MriBatchError
from mri_batch.placement import Placement
from mri_batch.records import FileCounts, ScanSummary
from tests.arrays import f32

placements = st.builds(
    Placement,
    rows=st.integers(1, 600),
    cols=st.integers(1, 600),
    quarter_turns=st.integers(0, 3),
    mirrored=st.booleans(),
    top=st.floats(-100, 100),
    left=st.floats(-100, 100),
    height=st.floats(5, 800),
    width=st.floats(5, 800),
)


@given(placement=placements, row=st.floats(0, 600), col=st.floats(0, 600))
def test_placement_maps_there_and_back(placement: Placement, row: float, col: float) -> None:
    """A point of the slice that goes to the model's box and back is where it was."""
    back = placement.from_unit(*placement.to_unit(f32([row]), f32([col])))
    assert np.allclose([back[0][0], back[1][0]], [row, col], atol=0.01)


@given(turns=st.integers(0, 3), mirrored=st.booleans(), row=st.integers(0, 6), col=st.integers(0, 3))
def test_placement_turns_as_numpy_does(turns: int, mirrored: bool, row: int, col: int) -> None:
    """A pixel lands where fliplr and rot90 carry it."""
    picture = np.zeros((7, 4))
    picture[row, col] = 1
    turned = np.rot90(picture[:, ::-1] if mirrored else picture, turns)
    where = np.argwhere(turned == 1)[0] + 0.5
    placement = Placement(
        rows=7, cols=4, quarter_turns=turns, mirrored=mirrored, height=turned.shape[0], width=turned.shape[1]
    )
    unit = placement.to_unit(f32([row + 0.5]), f32([col + 0.5]))
    assert np.allclose([unit[0][0] * turned.shape[0], unit[1][0] * turned.shape[1]], where, atol=1e-4)


def test_placement_refuses_an_empty_box() -> None:
    """A record is valid once constructed."""
    with pytest.raises(ValueError, match="positive"):
        Placement(rows=3, cols=3, height=0, width=2)


@pytest.mark.parametrize(
    ("summary", "code"),
    [
        (ScanSummary(done=3), 0),
        (ScanSummary(done=3, skipped=1), 0),
        (ScanSummary(), 3),
        (ScanSummary(skipped=2), 3),
        (ScanSummary(done=1, failed=1), 4),
        (ScanSummary(failed=2), 5),
        (ScanSummary(done=1, interrupted=True), 130),
    ],
)
def test_summary_owns_the_exit_code(summary: ScanSummary, code: int) -> None:
    """The counter alone decides how the program ends."""
    assert summary.exit_code == code


def test_counts_add_up() -> None:
    """Found is always used + skipped + failed."""
    total = FileCounts(used=1, skipped=2) + FileCounts(failed=3)
    assert (total.found, total.used, total.skipped, total.failed) == (6, 1, 2, 3)


def test_error_reads_as_one_line_and_travels_between_processes() -> None:
    """File, reason, fix and code stand in one line, also after pickling."""
    import pickle

    error = MriBatchError("is empty", code="FILE_EMPTY", file="a/b.dcm", hint="copy it again")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == "a/b.dcm: is empty (copy it again) [FILE_EMPTY]"
    assert (again.code, again.file, again.hint) == (error.code, error.file, error.hint)
