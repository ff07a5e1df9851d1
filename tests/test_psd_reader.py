"""Photoshop files open as the composite of their layers."""

import numpy as np
import pytest

from colouru.images.photo import open_photo
from tests.image_files import COLOURS, read_pixels, write_psd


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "in runs"])
@pytest.mark.parametrize("samples", [COLOURS, (COLOURS >> 8).astype(np.uint8)], ids=["16", "8"])
def test_a_photoshop_file_opens_as_its_composite(tmp_path, packed, samples):
    photo = open_photo(write_psd(tmp_path / "a.psd", samples, packed=packed))
    assert np.array_equal(photo.pixels, samples) and not photo.remarks and photo.resolution == (300, 300)


def test_a_photoshop_file_without_a_composite_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a.psd holds only its layers; save it again with maximal compatibility"):
        open_photo(write_psd(tmp_path / "a.psd", COLOURS, complete=0))


def test_a_saved_selection_is_not_taken_for_transparency(tmp_path):
    four = np.concatenate([COLOURS, np.zeros_like(COLOURS[..., :1])], axis=2)
    assert np.array_equal(read_pixels(write_psd(tmp_path / "a.psd", four)), COLOURS)
    assert (read_pixels(write_psd(tmp_path / "b.psd", four, layers=-1)) == 65_535).all()


def test_cmyk_without_ink_is_white(tmp_path):
    paper = np.full((4, 4, 4), 255, np.uint8)
    assert (read_pixels(write_psd(tmp_path / "a.psd", paper, mode=4)) == 255).all()
