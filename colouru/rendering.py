"""Pictures at the photo's own size from what the networks answered of their working copies, band by band.

Rows of pixels go in and rows in colour come out, so memory does not grow with the photo, and a photo in memory and a
scan that is read strip by strip go the same way. Knows nothing of networks or files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from colouru.colour import AB_SCALE, from_network, into_gamut, picture_to_lab, to_bytes, to_network, to_words
from colouru.hints import Hint, hint_squares
from colouru.propagation import chroma_slope, guided_rows, keep_hints

# Rows are worked on in bands of about this many pixels.
BAND_PIXELS = 1 << 20


class Chroma(NamedTuple):
    """What a network made of its working copy.

    Attributes:
        L: (1,1,h,w) of the working copy.
        ab: (1,2,h,w), `ab_pred`.
        kept: the hints whose own colours are put where they are, the later on top; none if the network only hears them.
    """

    L: Tensor
    ab: Tensor
    kept: Sequence[Hint] = ()


class Band(NamedTuple):
    """Some rows of a photo in colour.

    Attributes:
        rows: which.
        coloured: (h,W,3) for each network, sRGB.
        errors: for each network the sum over these rows of its squared error in ab, in the networks' units; 0 unless
            the photo was to be compared with.
        grey_error: that sum for no colour at all.
    """

    rows: slice
    coloured: dict[str, np.ndarray]
    errors: dict[str, float]
    grey_error: float


def render(
    strips: Iterable[np.ndarray],
    height: int,
    chroma: Mapping[str, Chroma],
    *,
    saturation: float = 1.0,
    dtype: type = np.uint8,
    compare: bool = False,
) -> Iterator[Band]:
    """The photo in colour as each network sees it, from top to bottom, in its own lightness.

    Args:
        strips: all rows of the photo in order, in strips (h,W,3) or, of a grey one, (h,W), of uint8 or uint16 sRGB; the
            next is taken when the one before has been used up.
        height: the photo's.
        chroma: of each network.
        saturation: what the chroma is multiplied by; only at 1 hints are exact.
        dtype: np.uint8 or np.uint16, of what comes out, whatever goes in.
        compare: whether the photo has colours to compare with, so that errors are told.
    """
    slopes = {role: chroma_slope(each.L, each.ab) for role, each in chroma.items()}
    painted: dict[str, list] = {}
    for rows, pixels in in_bands(strips):
        painted = painted or {role: hint_squares(each.kept, height, pixels.shape[1]) for role, each in chroma.items()}
        L, ab = to_network(picture_to_lab(pixels))
        coloured, errors = {}, dict.fromkeys(chroma, 0.0)
        for role, each in chroma.items():
            guided = guided_rows(each.ab, slopes[role], each.L, L, height, rows)
            keep_hints(guided, painted[role], rows)
            lab, rgb = into_gamut(from_network(L, guided * saturation))
            coloured[role] = (to_bytes if dtype is np.uint8 else to_words)(rgb[0]).movedim(0, -1).numpy()
            if compare:
                errors[role] = float((lab[:, 1:] / AB_SCALE - ab).double().square().sum())
        yield Band(rows, coloured, errors, float(ab.double().square().sum()) if compare else 0.0)


def in_bands(strips: Iterable[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """The strips in bands of at most about `BAND_PIXELS`, each with its rows of the photo."""
    top = 0
    for strip in strips:
        step = max(1, BAND_PIXELS // strip.shape[1])
        for start in range(0, len(strip), step):
            pixels = strip[start : start + step]
            yield slice(top, top + len(pixels)), pixels
            top += len(pixels)
