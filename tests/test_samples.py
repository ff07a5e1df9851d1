"""Samples of every colour space become sRGB."""

import numpy as np
import pytest

from colouru.images.photo import open_photo
from tests.image_files import COLOURS, HEIGHT, WIDTH, read_pixels, write_tiff


def test_cmyk_without_ink_is_white_and_a_remark_says_that_its_profile_is_missing(tmp_path):
    paper = np.zeros((8, 8, 4), np.uint16)
    for samples in (paper, paper.astype(np.uint8)):
        photo = open_photo(write_tiff(tmp_path / "a.tif", samples, photometric="separated"))
        assert (photo.pixels == 255).all() and "CMYK without a colour profile" in photo.remarks[0]


@pytest.mark.parametrize("kind", ["cielab", "icclab"])
@pytest.mark.parametrize("bits", [8, 16])
def test_cielab_becomes_the_srgb_colour_it_describes(tmp_path, kind, bits):
    # sRGB red, with the white D50: L* 54.29, a 80.81, b 69.89.
    lightness, a, b = 54.29, 80.81, 69.89
    step = 1 if bits == 8 else 256
    whole = {8: 255, 16: 65_535 if kind == "cielab" else 65_280}[bits]
    offset = 128 * step if kind == "icclab" else 0
    values = [lightness / 100 * whole, a * step + offset, b * step + offset]
    samples = np.full((4, 4, 3), values).round().astype(f"u{bits // 8}")
    found = read_pixels(write_tiff(tmp_path / "a.tif", samples, photometric=kind)) / 257
    assert np.abs(found - [255, 0, 0]).max() < (9 if bits == 8 else 1)


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_transparent_places_become_white(tmp_path, kind):
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[3] = 0
    colours = np.where(alpha == 0, 0, COLOURS).astype(np.uint16) if kind == "assocalpha" else COLOURS
    photo = open_photo(write_tiff(tmp_path / "a.tif", np.concatenate([colours, alpha], 2), extrasamples=[kind]))
    assert (photo.pixels[3] == 65_535).all() and np.array_equal(photo.pixels[4:], COLOURS[4:])
    assert photo.remarks == ("a.tif is transparent in places; they are laid on white.",)
