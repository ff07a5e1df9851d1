"""PNG files with sixteen bits a channel keep all of them."""

import struct
import sys

import numpy as np
import pytest

from colouru.images import pixels
from colouru.images.photo import open_photo
from colouru.images.pixels import materialize
from tests.image_files import COLOURS, HEIGHT, RAMP, WIDTH, mean_error, read_pixels, write_png16


def test_every_bit_of_a_png_is_kept(tmp_path):
    assert np.array_equal(read_pixels(write_png16(tmp_path / "a.png", RAMP, 0)), RAMP)
    assert np.array_equal(read_pixels(write_png16(tmp_path / "b.png", COLOURS, 2)), COLOURS)


def test_transparent_places_of_a_16_bit_png_become_white(tmp_path):
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[0], alpha[1] = 0, 32_768
    expected = COLOURS.astype(float)
    expected[0], expected[1] = 65_535, expected[1] * 32_768 / 65_535 + 65_535 - 32_768
    colour = write_png16(tmp_path / "colour.png", np.concatenate([COLOURS, alpha], 2), 6)
    grey = write_png16(tmp_path / "grey.png", np.concatenate([RAMP[..., None], alpha], 2), 4)
    assert mean_error(read_pixels(colour), expected) < 0.51 and mean_error(read_pixels(grey), expected[..., 0]) < 0.51
    key = write_png16(tmp_path / "key.png", RAMP, 0, struct.pack(">H", RAMP[20, 20]))
    assert read_pixels(key)[20, 20] == 65_535 and read_pixels(key)[20, 21] == RAMP[20, 21]
    key = write_png16(tmp_path / "keys.png", COLOURS, 2, struct.pack(">3H", *COLOURS[20, 20]))
    assert read_pixels(key)[20, 20].tolist() == [65_535] * 3 and np.array_equal(read_pixels(key)[21:], COLOURS[21:])
    for path in (colour, grey, key):
        assert "transparent in places" in open_photo(path).remarks[0]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_too_large_for_memory_is_decoded_as_its_rows_are_asked_for(tmp_path, monkeypatch, channels):
    pytest.importorskip("pyvips")
    samples = np.concatenate([COLOURS, np.full_like(RAMP, 65_535)[..., None]], 2)
    samples = {1: RAMP[..., None], 2: samples[..., [0, 3]], 3: COLOURS, 4: samples}[channels]
    path = write_png16(tmp_path / "a.png", samples, {1: 0, 2: 4, 3: 2, 4: 6}[channels])
    monkeypatch.setattr(pixels, "BAND_PIXELS", 500)
    photo = open_photo(path, max_bytes_in_memory=0)
    for _ in range(2):
        assert np.array_equal(materialize(photo.pixels), samples[..., :3] if channels > 2 else samples[..., 0])
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="a.png is damaged or cut short"):
        materialize(open_photo(path, max_bytes_in_memory=0).pixels)


def test_the_error_for_a_large_png_names_what_must_be_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ValueError, match=r'install what archives need: pip install "colouru\[archive\]"'):
        open_photo(write_png16(tmp_path / "a.png", RAMP, 0), max_bytes_in_memory=0)
