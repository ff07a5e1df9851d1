"""Pillow decodes pictures, and pyvips decodes those that are too large for memory."""

import struct

import numpy as np
import pytest
from PIL import Image

from colouru.images import pixels
from colouru.images.photo import open_photo
from colouru.images.pixels import materialize
from tests.image_files import COLOURS, RAMP, encode_srgb, gamma_curve, grey_profile, mean_error, read_pixels


@pytest.mark.parametrize("samples", [RAMP >> 8, COLOURS >> 8], ids=["grey", "colour"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_too_large_for_memory_is_decoded_as_its_rows_are_asked_for(tmp_path, monkeypatch, suffix, samples):
    pytest.importorskip("pyvips")
    path, exif = tmp_path / f"a.{suffix}", Image.Exif()
    exif[0x0112] = 2  # mirrored
    Image.fromarray(samples.astype(np.uint8)).save(path, exif=exif)
    expected = read_pixels(path)
    # Pillow must not decode any pixels.
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    monkeypatch.setattr(pixels, "BAND_PIXELS", 500)
    photo = open_photo(path, max_bytes_in_memory=0)
    assert np.array_equal(materialize(photo.pixels), expected)


def test_a_fax_with_one_bit_a_pixel_is_black_and_white(tmp_path):
    drawing = Image.fromarray(np.indices((64, 64)).sum(0) % 16 < 8)
    drawing.save(tmp_path / "a.tif", compression="group4")
    photo = open_photo(tmp_path / "a.tif")
    assert photo.pixels.shape == (64, 64) and np.array_equal(photo.pixels == 255, drawing)


def test_a_grey_jpeg_2000_keeps_sixteen_bits(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.jp2")
    assert np.array_equal(read_pixels(tmp_path / "a.jp2"), RAMP)
    Image.fromarray((COLOURS >> 8).astype(np.uint8)).save(tmp_path / "b.j2k")
    assert np.array_equal(read_pixels(tmp_path / "b.j2k"), COLOURS >> 8)


def test_the_profile_embedded_in_a_jpeg_2000_is_applied(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.jp2")
    content = (tmp_path / "a.jp2").read_bytes()
    profile = grey_profile(gamma_curve(1))
    box = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    at = content.index(b"colr") - 4
    (size,) = struct.unpack_from(">I", content, at)
    head = content.index(b"jp2h") - 4
    (whole,) = struct.unpack_from(">I", content, head)
    content = content[:at] + box + content[at + size :]
    content = content[:head] + struct.pack(">I", whole + len(box) - size) + content[head + 4 :]
    (tmp_path / "b.jp2").write_bytes(content)
    assert mean_error(read_pixels(tmp_path / "b.jp2"), encode_srgb(RAMP / 65_535)) < 0.51
