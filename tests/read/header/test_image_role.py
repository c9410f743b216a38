"""The role of an object, as far as private elements decide it: only in a block of their maker."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mri_batch.read.header.load import load_header
from mri_batch.records import Role
from mri_batch.settings import ReadLimits
from tests import make

# group, creator, element, VR, value and the role that the value means
MAKERS: list[tuple[int, str, int, str, object, Role]] = [
    (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000", Role.DIFFUSION),
    (0x2001, "Philips Imaging DD 001", 0x03, "UN", struct.pack("<f", 800.0), Role.DIFFUSION),
    (0x2001, "Philips Imaging DD 001", 0x20, "UN", b"DwiSE ", Role.DIFFUSION),
    (0x0043, "GEMS_PARM_01", 0x39, "IS", ["1000", "8", "0", "0"], Role.DIFFUSION),
]


def _role(path: Path, group: int, creator: str | None, block: int, element: int, vr: str, value: object) -> Role:
    dataset = make.make_dicom()
    if creator:
        dataset.add_new((group, block), "LO", creator)
    dataset.add_new((group, block << 8 | element), vr, value)
    return load_header(make.save(dataset, path), ReadLimits()).info.role


@pytest.mark.parametrize(("group", "creator", "element", "vr", "value", "role"), MAKERS)
@pytest.mark.parametrize("block", [0x10, 0x12])
def test_private_element_counts_in_its_makers_block(
    group: int, creator: str, element: int, vr: str, value: object, role: Role, block: int, tmp_path: Path
) -> None:
    """Wherever the block lies."""
    assert _role(tmp_path / "a", group, creator, block, element, vr, value) is role


@pytest.mark.parametrize(("group", "creator", "element", "vr", "value", "role"), MAKERS)
@pytest.mark.parametrize("other", ["ACME PRIVATE", None])
def test_private_element_of_another_maker_means_nothing(
    group: int, creator: str, element: int, vr: str, value: object, role: Role, other: str | None, tmp_path: Path
) -> None:
    """The same number under another name, or under none, is not that element."""
    assert _role(tmp_path / "a", group, other, 0x10, element, vr, value) is Role.PICTURE
