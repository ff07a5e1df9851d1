"""The colours of a picture without its lightness: a layer that an image editor lays over the original.

Knows nothing of networks or files.
"""

import numpy as np
import torch
from PIL import Image

from colouru.colour import from_network, into_gamut, picture_to_lab, to_bytes, to_network

# L* of the whole layer. Halfway from black to white most hues have as much chroma as photographs show.
NEUTRAL = 50.0

# Under this chroma, in ab units, the layer is gradually transparent: what has no colour leaves the original alone.
FULL_CHROMA = 2.0

BAND_PIXELS = 1 << 20


def colour_layer(rgb: np.ndarray) -> Image.Image:
    """The colours of `rgb` (H,W,3) uint8 at one constant lightness, PIL RGBA of the same size.

    Laid over the greyscale original in the blend mode "LCh Color" (GIMP, Krita) or "Color" (Photoshop), which takes
    chroma and hue from the layer and lightness from below, it gives the coloured picture. Colours too strong for sRGB
    at the layer's lightness, such as a bright yellow, are as strong there as they can be.
    """
    height, width = rgb.shape[:2]
    layer = np.empty((height, width, 4), np.uint8)
    band = max(1, BAND_PIXELS // width)
    for top in range(0, height, band):
        rows = slice(top, min(top + band, height))
        L, ab = to_network(picture_to_lab(rgb[rows]))
        chroma = from_network(L, ab)[0, 1:].norm(dim=0)  # (rows,W)
        flat = into_gamut(from_network(torch.full_like(L, NEUTRAL / 50 - 1), ab))[1]
        layer[rows, :, :3] = to_bytes(flat[0]).movedim(0, -1).numpy()
        layer[rows, :, 3] = to_bytes((chroma / FULL_CHROMA).clamp(0, 1)).numpy()
    return Image.fromarray(layer)
