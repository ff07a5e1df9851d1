"""The colour layer, laid over the original, gives the coloured picture."""

import numpy as np
import torch

from colouru.colour import lab_to_rgb, picture_to_lab, to_bytes
from colouru.images.colour_layer import NEUTRAL, colour_layer


def pastel() -> np.ndarray:
    """(32,32,3) uint8: all hues, from dark to light, with a chroma that sRGB has at the layer's lightness."""
    y, x = torch.meshgrid(torch.linspace(40, 80, 32), torch.linspace(0, 6.28, 32), indexing="ij")
    return to_bytes(lab_to_rgb(torch.stack([y, 25 * x.cos(), 25 * x.sin()])[None]))[0].movedim(0, -1).numpy()


def test_blending_it_over_the_grey_picture_gives_the_colours_back():
    layer = np.asarray(colour_layer(pastel()))
    opacity = torch.from_numpy(layer[..., 3] / 255).float()
    given = picture_to_lab(layer[..., :3])[0, 1:] * opacity
    assert (given - picture_to_lab(pastel())[0, 1:]).norm(dim=0).max() < 1.5


def test_its_lightness_is_the_same_everywhere():
    assert (picture_to_lab(np.asarray(colour_layer(pastel()))[..., :3])[0, 0] - NEUTRAL).abs().max() < 0.5


def test_it_is_transparent_where_there_is_no_colour():
    assert np.asarray(colour_layer(np.full((8, 8, 3), 90, np.uint8)))[..., 3].max() <= 5
