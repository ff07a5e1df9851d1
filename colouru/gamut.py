"""The gamut of sRGB as a lookup table, so that bringing a colour inside costs the same for every colour.

Colours are given by the quantities that CIELAB is computed from: f of the lightness, p = a/500 and q = b/200, so that
X, Y and Z are the inverse of f at f + p, f and f - q. Knows nothing of pictures.
"""

import functools

import torch
from torch import Tensor

from colouru.colour import BRIGHTEST, DARKEST, LAB_OFFSET, RGB_FROM_NORMALIZED_XYZ, inverse_lab_f

# Steps of lightness from black to white, and of hue in a quarter turn.
LIGHTNESS_STEPS, QUARTER_STEPS = 250, 128

# Entries of the table for half a turn of hue, both ends included, and for a whole one.
HALF_TURN = 2 * QUARTER_STEPS + 1
TURN = 2 * HALF_TURN

# How much larger f of white is than f of black, which is LAB_OFFSET.
F_RANGE = 100 / 116

HALVINGS = 12

# The gamut's corners may stand out a little between the corners of a cell.
MARGIN = 1.02


@functools.cache
def inverse_chroma_limit() -> Tensor:
    """One over the largest |p| + |q| that sRGB has at each lightness and hue, ((LIGHTNESS_STEPS+1)*TURN,).

    The row is L* * LIGHTNESS_STEPS / 100, rounded down. The column is (1 + q / (|p| + |q|)) * QUARTER_STEPS, rounded
    down, plus HALF_TURN where p is negative. The limit of a cell is that of the most vivid colour in it, so no colour
    that exists is taken for one outside.
    """
    f = LAB_OFFSET + F_RANGE * torch.arange(LIGHTNESS_STEPS + 1).view(-1, 1, 1) / LIGHTNESS_STEPS
    q = torch.arange(HALF_TURN) / QUARTER_STEPS - 1
    p = torch.stack([1 - q.abs(), q.abs() - 1])  # (2,HALF_TURN)
    y = inverse_lab_f(f)
    shape = (LIGHTNESS_STEPS + 1, 2, HALF_TURN)
    low, high = torch.zeros(shape), torch.ones(shape)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        x, z = inverse_lab_f(f + p * middle) - y, inverse_lab_f(f - q * middle) - y
        channels = torch.stack([of_x * x + of_z * z + y for of_x, _, of_z in RGB_FROM_NORMALIZED_XYZ.tolist()])
        fits = ((channels >= DARKEST) & (channels <= BRIGHTEST)).all(0)
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    # The largest of the four corners of a cell: first of two neighbours in a row, then of two rows.
    high[..., :-1] = torch.maximum(high[..., :-1], high[..., 1:])
    high[:-1] = torch.maximum(high[:-1], high[1:])
    return (1 / (MARGIN * high)).flatten()
