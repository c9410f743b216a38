from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from mri_batch.notes import Note
from mri_batch.records import Slice
from tests import make
from tests.read.reading import only_problem, only_slice, read_file

HEAD = make.make_head()


def read_one(tmp_path: Path, pixels: Any = None, **attributes: Any) -> Slice:
    """Write an object and read its one slice."""
    return only_slice(read_file(make.save(make.make_dicom(pixels, **attributes), tmp_path / "x.dcm")))


def read_all(tmp_path: Path, dataset: Any) -> list[Slice]:
    """Write an object and read its slices."""
    return [only_slice([item]) for item in read_file(make.save(dataset, tmp_path / "x.dcm"))]


def test_rescale_gives_modality_units(tmp_path: Path) -> None:
    """Stored values become slope times value plus intercept, as float32."""
    picture = read_one(tmp_path, RescaleSlope=2.5, RescaleIntercept=-1000)
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, (HEAD * 2.5 - 1000).astype(np.float32))


def test_modality_lut_takes_the_place_of_rescale(tmp_path: Path) -> None:
    """A modality LUT maps stored values through its table."""
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4096, 0, 16], "US"
    table.LUTData = [(4095 - v) * 2 for v in range(4096)]
    dataset = make.make_dicom(ModalityLUTSequence=[table])
    dataset["ModalityLUTSequence"].value[0]["LUTDescriptor"].VR = "US"
    dataset["ModalityLUTSequence"].value[0]["LUTData"].VR = "US"
    assert np.array_equal(read_all(tmp_path, dataset)[0].pixels, (4095.0 - HEAD) * 2)


def test_monochrome1_is_inverted_so_that_bright_is_bright(tmp_path: Path) -> None:
    """A MONOCHROME1 copy of a negative picture comes out as the positive one, with the same window."""
    window = {"WindowCenter": 1000, "WindowWidth": 800}
    plain = read_one(tmp_path, WindowCenter=1000, WindowWidth=800)
    mirrored = {"WindowCenter": 4095 - window["WindowCenter"] + 1, "WindowWidth": 800}
    negative = read_one(tmp_path, 4095 - HEAD, PhotometricInterpretation="MONOCHROME1", **mirrored)
    assert np.array_equal(negative.pixels, plain.pixels)
    assert negative.window == pytest.approx(plain.window, abs=1.0)


@pytest.mark.parametrize("high_bit", [11, 15])
def test_bits_beside_the_stored_ones_are_masked(high_bit: int, tmp_path: Path) -> None:
    """Old overlays in unused bits do not change a pixel, wherever HighBit puts the stored ones."""
    garbage = np.random.default_rng(0).integers(0, 16, HEAD.shape, np.uint16)
    stored = HEAD << 4 | garbage if high_bit == 15 else HEAD | garbage << 12
    picture = read_one(tmp_path, stored.astype(np.uint16), BitsStored=12, HighBit=high_bit)
    assert np.array_equal(picture.pixels, HEAD)


def test_signed_values_keep_their_sign(tmp_path: Path) -> None:
    """12 signed bits in 16 with garbage above are sign-extended from bit 11."""
    values = HEAD.astype(np.int16) - 1500
    stored = (values.astype(np.uint16) & 0x0FFF).view(np.int16)
    picture = read_one(tmp_path, stored, BitsStored=12, HighBit=11)
    assert np.array_equal(picture.pixels, values)


def test_padding_becomes_background(tmp_path: Path) -> None:
    """Padding pixels take the least value of the others, so that they widen no percentile and no window."""
    values = HEAD.astype(np.int16)
    values[:8] = -2000
    dataset = make.make_dicom(values)
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    picture = read_all(tmp_path, dataset)[0]
    inside = HEAD[8:]
    assert (picture.pixels[:8] == inside.min()).all()
    assert np.array_equal(picture.pixels[8:], inside)
    assert picture.window[0] >= inside.min()


def test_padding_range_is_background_in_monochrome1_too(tmp_path: Path) -> None:
    """A range of padding values is dark after the inversion, although its stored values mean white."""
    values = 4095 - HEAD
    values[:8] = 4090
    values[8:10] = 4095
    dataset = make.make_dicom(values, PhotometricInterpretation="MONOCHROME1", PixelPaddingRangeLimit=4095)
    dataset.add_new("PixelPaddingValue", "US", 4090)
    picture = read_all(tmp_path, dataset)[0]
    assert (picture.pixels[:10] == picture.pixels[10:].min()).all()


def test_first_of_several_windows_is_used(tmp_path: Path) -> None:
    """Linear windows as PS3.3 C.11.2.1.2 defines them: black at c - 0.5 - (w - 1) / 2."""
    picture = read_one(tmp_path, WindowCenter=[1000, 300], WindowWidth=[401, 50])
    assert picture.window == (799.5, 1199.5)


@pytest.mark.parametrize(("centre", "width"), [(90000, 10), (1000, 0)])
def test_window_beside_the_values_is_replaced_by_percentiles(centre: float, width: float, tmp_path: Path) -> None:
    """A window that would show nothing is not shown to a reader."""
    picture = read_one(tmp_path, WindowCenter=str(centre), WindowWidth=str(width))
    low, high = np.percentile(HEAD, (0.5, 99.5))
    assert picture.window == pytest.approx((low, high))


def test_voi_lut_sets_the_window_by_its_slope(tmp_path: Path) -> None:
    """The window spans the values over which the first VOI LUT rises."""
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [1000, 500, 16])
    ramp = np.clip((np.arange(1000) - 100) / 600, 0, 1) * 65535
    table.add_new("LUTData", "US", ramp.astype(int).tolist())
    low, high = read_one(tmp_path, VOILUTSequence=[table]).window
    assert low == pytest.approx(606, abs=2)
    assert high == pytest.approx(1194, abs=2)


def test_pixels_that_are_not_square_keep_their_spacing(tmp_path: Path) -> None:
    """Row spacing over column spacing is the aspect of a pixel."""
    picture = read_one(tmp_path, PixelSpacing=[2.0, 0.5])
    assert picture.spacing_mm == (2.0, 0.5)
    assert picture.aspect == 4.0


def test_geometry_that_is_missing_is_none(tmp_path: Path) -> None:
    """Without orientation, position and spacing a slice is read all the same."""
    missing = dict.fromkeys(("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing"))
    picture = read_one(tmp_path, **missing)
    assert (picture.orientation, picture.position_mm, picture.spacing_mm) == (None, None, None)


def test_big_endian_is_read_as_little_endian_is(tmp_path: Path) -> None:
    """The same values in explicit big endian, as old scanners sent them."""
    big = make.make_dicom(HEAD, syntax=uid.ExplicitVRBigEndian, PixelData=HEAD.astype(">u2").tobytes())
    big["PixelData"].VR = "OW"
    big.set_original_encoding(False, False)
    assert np.array_equal(read_all(tmp_path, big)[0].pixels, HEAD)


def test_data_set_without_meta_information_is_read(tmp_path: Path) -> None:
    """Without preamble and transfer syntax the coding is found by looking."""
    path = make.save(make.make_dicom(), tmp_path / "x", preamble=False)
    assert np.array_equal(only_slice(read_file(path)).pixels, HEAD)


def test_colour_comes_as_rgb(tmp_path: Path) -> None:
    """RGB pixels are float32[rows, cols, 3] in 0..255."""
    colour = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8)
    picture = read_one(tmp_path, colour)
    assert np.array_equal(picture.pixels, colour)
    assert picture.window == (0.0, 255.0)


def test_ybr_becomes_rgb(tmp_path: Path) -> None:
    """YBR_FULL is converted: equal chroma of 128 is grey."""
    ybr = np.full((10, 12, 3), 128, np.uint8)
    ybr[..., 0] = 77
    picture = read_one(tmp_path, ybr, PhotometricInterpretation="YBR_FULL")
    assert np.allclose(picture.pixels, 77)


def test_palette_becomes_rgb(tmp_path: Path) -> None:
    """Palette indices are looked up in the three tables."""
    dataset = make.make_dicom(np.arange(16, dtype=np.uint8).reshape(4, 4), PhotometricInterpretation="PALETTE COLOR")
    for channel, factor in (("Red", 1), ("Green", 2), ("Blue", 3)):
        dataset.add_new(f"{channel}PaletteColorLookupTableDescriptor", "US", [16, 0, 16])
        table = (np.arange(16) * factor * 257).astype("<u2").tobytes()
        dataset.add_new(f"{channel}PaletteColorLookupTableData", "OW", table)
    picture = read_all(tmp_path, dataset)[0]
    assert np.allclose(picture.pixels[3, 3], (15, 30, 45))


def test_enhanced_frames_come_in_the_order_of_their_positions(tmp_path: Path) -> None:
    """Each frame keeps its number, and has its own position, rescale and window; spacing is shared."""
    order = (2, 0, 3, 1)
    pictures = read_all(tmp_path, make.make_enhanced(4, order=order))
    assert [p.position_mm for p in pictures] == [(0.0, 0.0, 3.0 * place) for place in range(4)]
    assert [p.frame for p in pictures] == [1, 3, 0, 2]
    for picture in pictures:
        stored = make.make_head(seed=order[picture.frame])
        assert np.array_equal(picture.pixels, stored * (picture.frame + 1.0) - 5.0)
        assert picture.window[0] == 1000.0 * (picture.frame + 1) - 250.0
        assert picture.spacing_mm == (0.5, 0.75)


def test_damaged_frame_is_noted_and_the_others_are_used(tmp_path: Path) -> None:
    """One bad frame of a compressed object costs that frame; the last good one says so."""
    dataset = make.make_dicom(np.stack([HEAD, HEAD + 1, HEAD + 2]))
    make.compress(dataset, uid.RLELossless)
    frames = _fragments(dataset)
    frames[2] = frames[2][:100]
    dataset.PixelData = encapsulate(frames)
    pictures = read_all(tmp_path, dataset)
    assert [p.frame for p in pictures] == [0, 1]
    lost = pictures[1].notes[-1]
    assert (lost.code, dict(lost.args)["n"]) == ("FRAMES_LOST", 1)


def _fragments(dataset: Dataset) -> list[bytes]:
    from pydicom.encaps import generate_frames

    return list(generate_frames(dataset.PixelData, number_of_frames=3))


@pytest.mark.parametrize("normal", [(0, 0, 1), (0, 0, -1)])
def test_mosaic_tiles_lie_where_they_were_measured(normal: tuple[int, int, int], tmp_path: Path) -> None:
    """Tiles come in the order of their positions along the CSA normal, each with its own place."""
    pictures = read_all(tmp_path, make.make_mosaic(7, normal=normal))
    assert len(pictures) == 7
    for picture in pictures:
        assert (picture.pixels == 100 * (picture.frame + 1)).all()
        assert picture.position_mm == (10.0, 20.0, 30.0 + 3.0 * picture.frame * normal[2])
    heights = [p.position_mm[2] for p in pictures if p.position_mm]
    assert heights == sorted(heights)


def test_mosaic_without_its_number_of_tiles_is_a_failure(tmp_path: Path) -> None:
    """A stripped mosaic is not shown as if it were one slice."""
    problem = only_problem(read_file(make.save(make.make_mosaic(csa=False), tmp_path / "x.dcm")))
    assert (problem.status, problem.code) == ("failed", "MOSAIC_UNKNOWN")


def test_mosaic_counted_by_its_scanner_alone(tmp_path: Path) -> None:
    """(0019,100A) in the Siemens block is the number of tiles; in another maker's it is nothing."""
    for creator, n_slices in (("SIEMENS MR HEADER", 7), ("ACME PRIVATE", 1)):
        dataset = make.make_mosaic(7, csa=False)
        del dataset.AcquisitionMatrix
        dataset.add_new(0x00190010, "LO", creator)
        dataset.add_new(0x0019100A, "US", 7)
        pictures = read_all(tmp_path, dataset)
        assert len(pictures) == n_slices


def test_mosaic_by_word_alone_is_a_plain_slice(tmp_path: Path) -> None:
    """ImageType keeps the word after a mosaic has been taken apart; the slice is read as it is, and noted."""
    picture = read_one(
        tmp_path, ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], AcquisitionMatrix=[0, 20, 16, 0]
    )
    assert np.array_equal(picture.pixels, HEAD)
    assert picture.notes == (Note("MOSAIC_WORD_ALONE"),)


def test_lossy_and_burned_in_are_noted(tmp_path: Path) -> None:
    """What a reader must know of the pixels stands in the slice's notes."""
    picture = read_one(tmp_path, LossyImageCompression="01", BurnedInAnnotation="YES")
    assert picture.notes == (Note("LOSSY_COMPRESSION"), Note("BURNED_IN_TEXT"))


def test_jpeg_baseline_is_lossy_whatever_the_header_says(tmp_path: Path) -> None:
    """The codec tells, where the flag is missing."""
    dataset = make.compress(make.make_dicom((HEAD // 16).astype(np.uint8)), uid.JPEGBaseline8Bit)
    del dataset.LossyImageCompression
    picture = read_all(tmp_path, dataset)[0]
    assert np.abs(picture.pixels - HEAD // 16).mean() < 3
    assert picture.notes == (Note("LOSSY_COMPRESSION"),)


def _make_float(values: Any, **attributes: Any) -> Any:
    dataset = make.make_dicom(**attributes)
    del dataset.PixelData
    del dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    dataset.BitsAllocated = 32
    dataset.add_new("FloatPixelData", "OF", values.astype("<f4").tobytes())
    return dataset


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_float_values_that_are_not_finite_are_replaced_and_noted(photometric: str, tmp_path: Path) -> None:
    """NaN counts as the least finite value, +inf as the greatest, in the stored polarity."""
    values = HEAD.astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    inside = values[np.isfinite(values)]
    wanted = np.nan_to_num(values, nan=inside.min(), posinf=inside.max(), neginf=inside.min())
    if photometric == "MONOCHROME1":
        wanted = inside.min() + inside.max() - wanted
    picture = read_all(tmp_path, _make_float(values, PhotometricInterpretation=photometric))[0]
    assert np.array_equal(picture.pixels, wanted)
    assert picture.notes == (Note("VALUES_NOT_FINITE"),)
    assert np.isfinite(picture.window).all()


@pytest.mark.parametrize("rescale", [{"RescaleSlope": "1E36"}, {"RescaleIntercept": "-1E300"}])
def test_rescale_beyond_every_value_is_not_applied(rescale: dict[str, str], tmp_path: Path) -> None:
    """A slope that overflows float32 cannot be meant: the stored values are used, with a note."""
    picture = read_one(tmp_path, **rescale)
    assert np.array_equal(picture.pixels, HEAD)
    assert picture.notes == (Note("RESCALE_UNUSABLE"),)


def test_rescale_that_is_no_number_is_as_if_absent(tmp_path: Path) -> None:
    """NaN and infinity in a decimal string are no slope."""
    path = make.save(make.make_dicom(RescaleSlope="1.0", RescaleIntercept="0"), tmp_path / "x.dcm")
    for word in (b"nan", b"inf"):
        path.write_bytes(path.read_bytes().replace(b"1.0 ", word + b" "))
        assert np.array_equal(only_slice(read_file(path)).pixels, HEAD)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("intercept", [0, -100])
def test_slope_of_zero_is_read_as_one(photometric: str, intercept: int, tmp_path: Path) -> None:
    """A slope of 0 would make every picture constant; it is 1, with a note."""
    attributes = {"PhotometricInterpretation": photometric, "RescaleIntercept": intercept}
    picture = read_one(tmp_path, RescaleSlope=0, **attributes)
    assert np.array_equal(picture.pixels, read_one(tmp_path, RescaleSlope=1, **attributes).pixels)
    assert picture.pixels.max() - picture.pixels.min() == HEAD.max() - HEAD.min()
    assert picture.notes == (Note("SLOPE_ZERO"),)


def test_slope_of_zero_of_one_frame_concerns_that_frame(tmp_path: Path) -> None:
    """An enhanced object has a rescale per frame, and a note on the frames that need one."""
    dataset = make.make_enhanced(3)
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[1].PixelValueTransformationSequence[0].RescaleSlope = 0
    pictures = read_all(tmp_path, dataset)
    assert np.array_equal(pictures[1].pixels, make.make_head(seed=1) - 5.0)
    assert np.array_equal(pictures[2].pixels, make.make_head(seed=2) * 3.0 - 5.0)
    assert [picture.notes for picture in pictures] == [(), (Note("SLOPE_ZERO"),), ()]
