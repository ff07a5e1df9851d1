"""The values of black and white in a scan are found, or the scan is refused."""

import numpy as np
import pytest

from colouru.images.photo import open_photo
from tests.image_files import RAMP, mean_error, pack_bits, read_pixels, write_tiff, write_tiff_with_tags


def test_sixteen_bits_with_white_as_zero_are_inverted(tmp_path):
    path = write_tiff(tmp_path / "a.tif", RAMP, photometric="miniswhite")
    assert np.array_equal(read_pixels(path), 65_535 - RAMP)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_one_to_eight_bits_keep_their_lightness(tmp_path, bits, white_is_zero):
    values = RAMP >> (16 - bits)
    path = write_tiff_with_tags(tmp_path / "a.tif", pack_bits(values, bits), t258=bits, t262=int(not white_is_zero))
    expected = values / ((1 << bits) - 1) * 255
    assert mean_error(read_pixels(path), 255 - expected if white_is_zero else expected) < 0.51


def test_twelve_bits_keep_their_lightness_packed_or_in_sixteen(tmp_path):
    twelve = RAMP >> 4
    expected = twelve / 4095 * 65_535
    packed = write_tiff_with_tags(tmp_path / "packed.tif", pack_bits(twelve, 12), t258=12)
    assert mean_error(read_pixels(packed), expected) < 0.51 and not open_photo(packed).remarks
    declared = write_tiff(tmp_path / "declared.tif", twelve, extratags=[(281, 3, 1, 4095, True)])
    assert mean_error(read_pixels(declared), expected) < 0.51 and not open_photo(declared).remarks
    undeclared = write_tiff(tmp_path / "undeclared.tif", twelve)
    assert mean_error(read_pixels(undeclared), expected) < 0.51
    assert open_photo(undeclared).remarks == (
        "undeclared.tif has 16 bits, but its values end at 4,095: it is taken for a 12-bit scan.",
    )


@pytest.mark.parametrize("bits", [10, 14])
def test_ten_and_fourteen_bits_keep_their_lightness(tmp_path, bits):
    path = write_tiff_with_tags(tmp_path / "a.tif", pack_bits(RAMP >> (16 - bits), bits), t258=bits)
    assert mean_error(read_pixels(path), RAMP) < 65_535 / (1 << bits)


def test_signed_values_keep_their_lightness_and_a_remark_says_so(tmp_path):
    shifted = write_tiff(tmp_path / "shifted.tif", (RAMP.astype(int) - 32_768).astype(np.int16))
    assert np.array_equal(read_pixels(shifted), RAMP) and "signed values" in open_photo(shifted).remarks[0]
    positive = write_tiff(tmp_path / "positive.tif", (RAMP // 2).astype(np.int16))
    assert mean_error(read_pixels(positive), RAMP) < 2 and "none of them negative" in open_photo(positive).remarks[0]


@pytest.mark.parametrize("kind", [np.uint32, np.int32, np.float32, np.float64])
def test_thirty_two_bits_up_to_65535_keep_their_range_and_a_remark_says_so(tmp_path, kind):
    path = write_tiff(tmp_path / "a.tif", RAMP.astype(kind))
    assert np.array_equal(read_pixels(path), RAMP) and "65,535 is taken for white" in open_photo(path).remarks[0]


def test_thirty_two_bits_that_use_their_whole_range_need_no_remark(tmp_path):
    path = write_tiff(tmp_path / "a.tif", RAMP.astype(np.uint32) * 65_537)
    assert np.array_equal(read_pixels(path), RAMP) and not open_photo(path).remarks


@pytest.mark.parametrize("most, least", [(1.0, 0.0), (1.01, 0.0), (1.2, -0.04)])
def test_floating_point_from_zero_to_one_keeps_its_range(tmp_path, most, least):
    values = np.linspace(least, most, RAMP.size).reshape(RAMP.shape)
    photo = open_photo(write_tiff(tmp_path / "a.tif", values.astype(np.float32)))
    assert mean_error(photo.pixels, values.clip(0, 1) * 65_535) < 0.51
    assert "1 is taken for white" in photo.remarks[0] and ("is clipped" in photo.remarks[0]) == (most > 1)
    assert "taken for sRGB" in photo.remarks[1]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int16, np.float32])
def test_a_scan_that_is_all_black_is_black(tmp_path, kind):
    photo = open_photo(write_tiff(tmp_path / "a.tif", np.zeros((8, 8), kind)))
    assert (photo.pixels == 0).all() and (kind == np.uint8 or photo.remarks)


@pytest.mark.parametrize(
    "values, message",
    [
        (np.array([[0, 1e7]], np.float32), "floating-point values from 0 to 10,000,000, and nothing says"),
        (np.array([[-5, 5]], np.float32), "floating-point values from -5 to 5, and nothing says"),
        (np.array([[0, 3.0]], np.float32), "floating-point values from 0 to 3, and nothing says"),
        (np.array([[0, 1 << 20]], np.uint32), "32-bit values from 0 to 1,048,576, and nothing says"),
        (np.array([[-(1 << 20), 5]], np.int32), "32-bit values from -1,048,576 to 5, and nothing says"),
    ],
)
def test_ambiguous_values_are_refused(tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        open_photo(write_tiff(tmp_path / "a.tif", values))


def test_values_that_are_not_finite_are_mentioned(tmp_path):
    values = (RAMP / 65_535).astype(np.float32)
    values[0, :2] = np.nan, np.inf
    photo = open_photo(write_tiff(tmp_path / "a.tif", values))
    assert photo.pixels[0, :2].tolist() == [0, 65_535] and "no numbers" in " ".join(photo.remarks)
