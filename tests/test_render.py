"""Rows in colour at the photo's own size, for photos in memory, in strips, grey, and of sixteen bits."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.data import astronaut

from colouru.colour import picture_to_lab, to_network
from colouru.render import Chroma, render


def chroma_of(picture: np.ndarray, side: int = 24) -> Chroma:
    """Vivid colours that are unrelated to those of the picture."""
    L, _ = to_network(picture_to_lab(picture))
    small_L = F.interpolate(L, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
    ab = 0.2 * torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    return Chroma(small_L, F.interpolate(ab, size=(side, side), mode="bilinear", align_corners=False))


def coloured(strips, height: int, chroma: Chroma, **options) -> np.ndarray:
    return np.concatenate([band.coloured["gan"] for band in render(strips, height, {"gan": chroma}, **options)])


def test_strips_give_the_picture_that_the_whole_gives():
    photo = astronaut()[:200, :150]
    whole = coloured([photo], 200, chroma_of(photo))
    assert np.array_equal(coloured(np.array_split(photo, 7), 200, chroma_of(photo)), whole)


def test_strips_are_taken_one_after_the_other():
    photo, taken = astronaut()[:100], []

    def strips():
        for start in range(0, 100, 10):
            taken.append(start)
            yield photo[start : start + 10]

    for band in render(strips(), 100, {"gan": chroma_of(photo)}):
        assert taken[-1] == band.rows.start


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_photo_needs_one_channel(dtype):
    grey = astronaut()[..., 1].astype(dtype) * (np.iinfo(dtype).max // 255)
    chroma = chroma_of(grey)
    three = np.repeat(grey[..., None], 3, axis=2)
    one = coloured([grey], 512, chroma).astype(int)
    assert np.abs(one - coloured([three], 512, chroma)).max() <= 1


def test_sixteen_bits_give_what_eight_give_and_more():
    photo = astronaut()
    chroma = chroma_of(photo)
    eight = coloured([photo], 512, chroma)
    sixteen = coloured([photo], 512, chroma, dtype=np.uint16)
    difference = np.abs(sixteen / 257 - eight)
    # Dark colours at the edge of the gamut have a little less chroma in sixteen bits, which clip nothing.
    assert sixteen.dtype == np.uint16 and np.quantile(difference, 0.9) < 0.56 and difference.max() < 4
    assert np.array_equal(coloured([photo.astype(np.uint16) * 257], 512, chroma), eight)


def test_errors_of_the_bands_are_those_of_the_picture():
    photo = astronaut()[:120]
    bands = list(render(np.array_split(photo, 3), 120, {"gan": chroma_of(photo)}, compare=True))
    shown = picture_to_lab(np.concatenate([band.coloured["gan"] for band in bands]))[:, 1:]
    ab = picture_to_lab(photo)[:, 1:]
    loss = sum(band.errors["gan"] for band in bands) / sum(band.grey_error for band in bands)
    assert abs(loss - float((shown - ab).square().sum() / ab.square().sum())) < 0.01


def test_sixteen_bits_of_a_grey_ramp_keep_all_their_steps():
    ramp = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    chroma = Chroma(torch.linspace(-1, 1, 256).view(1, 1, 16, 16), torch.zeros(1, 2, 16, 16))
    missed = np.abs(coloured([ramp], 256, chroma, dtype=np.uint16).astype(int) - ramp[..., None])
    assert missed.mean() < 0.01 and missed.max() <= 1
