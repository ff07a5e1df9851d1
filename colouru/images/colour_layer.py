"""The colours of a picture without its lightness, as a layer for an image editor.

This module knows nothing of networks or files.
"""

import numpy as np
import torch
from PIL import Image

from colouru.colour import from_network, into_gamut, picture_to_lab, to_bytes, to_network
from colouru.images.pixels import bands

# L* of the whole layer. At medium lightness sRGB has room for as much chroma as most hues have in photographs.
NEUTRAL = 50.0

# Below this chroma, in ab units, the layer fades to transparent, so that grey leaves the original unchanged.
FULL_CHROMA = 2.0


def colour_layer(rgb: np.ndarray) -> Image.Image:
    """The colours of `rgb` (H,W,3) uint8 at one constant lightness, as a PIL RGBA picture of that size.

    Lay it over the greyscale original with the blend mode "LCh Color" (GIMP, Krita) or "Color" (Photoshop). The mode
    takes chroma and hue from the layer and lightness from below, which gives the coloured picture. Colours outside sRGB
    at the layer's lightness, such as a bright yellow, are reduced to the strongest that sRGB has there.
    """
    return Image.fromarray(np.concatenate([_layer_rows(band) for band in bands(rgb)]))


def _layer_rows(rgb: np.ndarray) -> np.ndarray:
    """(h,W,4) uint8 of the layer for rows (h,W,3) uint8 of the picture."""
    L, ab = to_network(picture_to_lab(rgb))
    chroma = from_network(L, ab)[0, 1:].norm(dim=0)  # (h,W)
    flat = into_gamut(from_network(torch.full_like(L, NEUTRAL / 50 - 1), ab))[1]
    layer = np.empty((*rgb.shape[:2], 4), np.uint8)
    layer[..., :3] = to_bytes(flat[0]).movedim(0, -1).numpy()
    layer[..., 3] = to_bytes((chroma / FULL_CHROMA).clamp(0, 1)).numpy()
    return layer
