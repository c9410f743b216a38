from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.read.header.load import Header, from_json, to_json
from mri_batch.read.order import natural_key, sort_stack, split_stacks
from mri_batch.read.orientation import choose_plane, distance_mm, same_orientation, slice_normal
from mri_batch.read.spacing import find_gaps
from mri_batch.read.stacks import Member
from mri_batch.records import FileKind, FoundFile, Plane, SeriesInfo
from tests import make


def make_member(name: str, position: tuple[float, ...], orientation: tuple[float, ...], number: int = 1) -> Member:
    """Return a file with the header that ordering looks at."""
    file = FoundFile(path=Path(name), relative=name, file_id=name, kind=FileKind.DICOM, size_bytes=1, modified_ns=1)
    header = Header(
        study_uid="1",
        series_uid="1",
        instance_uid=name,
        class_uid="1",
        patient="p",
        syntax="",
        has_pixels=True,
        rows=8,
        cols=8,
        n_frames=1,
        samples=1,
        orientation=orientation,
        position_mm=position,
        echo="",
        order=(0.0, 0.0, float(number)),
        info=SeriesInfo(modality="MR", series_number=1),
    )
    return Member(file, header)


@st.composite
def orientations(draw: st.DrawFn) -> tuple[float, ...]:
    """Draw six cosines of two unit vectors at a right angle, in any direction."""
    row = np.array(draw(st.tuples(*[st.floats(-1, 1)] * 3)))
    other = np.array(draw(st.tuples(*[st.floats(-1, 1)] * 3)))
    if np.linalg.norm(np.cross(row, other)) < 1e-2:
        row, other = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    row = row / np.linalg.norm(row)
    col = np.cross(np.cross(row, other), row)
    col = col / np.linalg.norm(col)
    return (*row.tolist(), *col.tolist())


@given(orientations(), st.permutations(range(9)), st.floats(0.1, 20), st.tuples(*[st.floats(-300, 300)] * 3))
def test_slices_come_in_the_order_of_their_positions(
    orientation: tuple[float, ...], shuffled: list[int], spacing: float, origin: tuple[float, ...]
) -> None:
    """In any orientation, spacing and order of files, slices are sorted along the normal."""
    normal = np.array(slice_normal(orientation))
    stack = [
        make_member(f"{index}", tuple((np.array(origin) + normal * spacing * place).tolist()), orientation)
        for index, place in enumerate(shuffled)
    ]
    places = [shuffled[int(m.file.relative)] for m in sort_stack(stack)]
    assert places == list(range(9))


@given(st.permutations(range(12)))
def test_order_does_not_depend_on_the_order_of_finding(shuffled: list[int]) -> None:
    """Slices at one position, without numbers that tell them apart, are ordered by their names."""
    stack = [make_member(f"im{k}", (0.0, 0.0, float(k // 4)), make.AXIAL) for k in range(12)]
    assert sort_stack([stack[k] for k in shuffled]) == stack


@given(st.permutations(range(6)))
def test_without_positions_instance_numbers_order_as_numbers(shuffled: list[int]) -> None:
    """Where no position is known, 10 comes after 9."""
    stack = [make_member(f"x{k}", (), (), number=k + 7) for k in shuffled]
    assert [m.header.order[2] for m in sort_stack(stack)] == [7, 8, 9, 10, 11, 12]


@given(orientations(), orientations())
def test_two_orientations_are_never_in_one_stack(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    """Members of a stack agree in orientation; planes that differ split, turned by half a circle or not."""
    members = [make_member("a", (0, 0, 0), one), make_member("b", (0, 0, 1), other)]
    assert len(split_stacks(members)) == (1 if same_orientation(one, other) else 2)


def test_flipped_orientations_are_not_the_same() -> None:
    """Opposite rows mean mirrored pictures, though the plane is one."""
    assert not same_orientation(make.AXIAL, make.FLIPPED)
    assert not same_orientation(make.AXIAL, ())
    assert same_orientation((), ())


@given(st.integers(3, 30), st.sets(st.integers(1, 28)), st.floats(0.2, 10))
def test_gaps_are_counted(n: int, missing: set[int], spacing: float) -> None:
    """Slices taken out of the inside are counted, as long as most neighbours are still there."""
    gone = {k for k in missing if k < n - 1 and k % 4 == 1}
    distances = [k * spacing for k in range(n) if k not in gone]
    usual, counted = find_gaps(distances)
    if len(distances) > 2 * len(gone) + 2:
        assert abs(usual - spacing) < 1e-6
        assert counted == len(gone)


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_names_are_ordered_as_people_count(numbers: list[int]) -> None:
    """2 comes before 10, with zeros in front or without."""
    names = [f"slice {n}.png" for n in numbers]
    assert sorted(names, key=natural_key) == [f"slice {n}.png" for n in sorted(numbers)]


def test_planes_have_their_names() -> None:
    """The plane nearest to the slices names them."""
    assert choose_plane(make.AXIAL) == (Plane.AXIAL, False)
    assert choose_plane(make.SAGITTAL) == (Plane.SAGITTAL, False)
    assert choose_plane(make.CORONAL) == (Plane.CORONAL, False)
    assert choose_plane(make.OBLIQUE) == (Plane.AXIAL, True)
    assert choose_plane((0.0,) * 6) == (None, False)


def test_cosines_that_span_no_plane_give_no_distance() -> None:
    """Two equal directions have no normal, so that no order is made up from them."""
    assert distance_mm((1, 0, 0, 1, 0, 0), (1, 2, 3)) is None


@given(orientations(), st.tuples(*[st.floats(-500, 500)] * 3))
def test_header_survives_the_way_to_disk(orientation: tuple[float, ...], position: tuple[float, ...]) -> None:
    """What is kept of a header on disk comes back equal."""
    header = make_member("a", position, orientation).header
    assert from_json(to_json(header)) == header
