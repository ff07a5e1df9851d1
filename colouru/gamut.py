"""The gamut of sRGB as a table, so that to bring a colour inside costs the same whatever it is.

CIELAB is taken here as it is made: f of the lightness, and p = a/500 and q = b/200, so that X, Y, Z follow from f + p,
f and f - q. Knows nothing of pictures.
"""

import functools

import torch
from torch import Tensor

from colouru.colour import BRIGHTEST, DARKEST, RGB_FROM_NORMALIZED_XYZ

# Steps of lightness from black to white, and of hue to a quarter turn.
STEPS, QUARTER = 250, 64

# Places for half a turn, both ends included, and for a whole one.
HALF = 2 * QUARTER + 1
TURN = 2 * HALF

# f of black, and by how much that of white is more.
BLACK, RANGE = 16 / 116, 100 / 116

# Up to here f is no cube root but a straight line of this slope.
TOE, SLOPE = 0.2068966, 7.787

HALVINGS = 12
MARGIN = 1.06


@functools.cache
def nearness() -> Tensor:
    """One over the largest |p| + |q| that sRGB has at each lightness and hue, (STEPS+1)*TURN of them.

    At row L* * STEPS / 100, rounded down, and in it at (1 + q / (|p| + |q|)) * QUARTER, rounded down, HALF more where p
    is negative. It is never too large for any colour of that cell, so no colour that exists is taken for one outside.
    """
    f = BLACK + RANGE * torch.arange(STEPS + 1).view(-1, 1, 1) / STEPS
    q = torch.arange(HALF) / QUARTER - 1
    p = torch.stack([1 - q.abs(), q.abs() - 1])  # (2,HALF)
    y = _cube(f)
    low, high = torch.zeros(STEPS + 1, 2, HALF), torch.ones(STEPS + 1, 2, HALF)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        x, z = _cube(f + p * middle) - y, _cube(f - q * middle) - y
        channels = torch.stack([of_x * x + of_z * z + y for of_x, _, of_z in RGB_FROM_NORMALIZED_XYZ.tolist()])
        fits = ((channels >= DARKEST) & (channels <= BRIGHTEST)).all(0)
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    # Of the four corners of a cell the farthest: the two of a row, then of a row and the next. The gamut's own corners
    # may stand out a little further between them.
    high[..., :-1] = torch.maximum(high[..., :-1], high[..., 1:])
    high[:-1] = torch.maximum(high[:-1], high[1:])
    return (1 / (MARGIN * high)).flatten()


def _cube(f: Tensor) -> Tensor:
    return torch.where(f > TOE, f**3, (f - BLACK) / SLOPE)
