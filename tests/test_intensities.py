"""What rooms ask of pixels: the same answers as numpy's own, sooner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from mri_batch.intensities import find_percentiles, to_finite
from tests.arrays import f32


@given(
    some.arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-1e6, 1e6, width=32)),
    st.tuples(st.floats(0, 100), st.floats(0, 100)),
)
def test_percentiles_are_those_of_numpy(values: np.ndarray, percents: tuple[float, float]) -> None:
    """Linear between ranks, for any shape."""
    right = np.percentile(values.astype(np.float64), percents)
    assert find_percentiles(values, percents) == pytest.approx(right, rel=1e-6, abs=1e-6)


def test_percentiles_of_what_is_no_number_are_none() -> None:
    """One NaN is enough, as for numpy."""
    assert np.isnan(find_percentiles(f32([1.0, np.nan, 2.0]), (0.0, 100.0))).all()


def test_only_what_is_no_number_becomes_zero() -> None:
    """Infinity and NaN go; an array without them is not copied."""
    whole = f32([1.0, -2.0])
    assert to_finite(whole) is whole
    assert to_finite(f32([1.0, np.nan, np.inf, -np.inf])).tolist() == [1.0, 0.0, 0.0, 0.0]
