"""The ab plane in squares of 10 units: the colours between which the generator's palette chooses."""

import torch
from torch import Tensor

from colouru.colour import AB_SCALE, rgb_to_lab

BIN_SIDE = 10.0


def _bins_of_srgb() -> Tensor:
    """(B,2): the centres of all squares in which sRGB has a colour, in CIELAB units, in a fixed order."""
    # In double precision no colour comes near enough to a square's border to change sides from machine to machine.
    level = torch.linspace(0, 1, 33, dtype=torch.float64)
    rgb = torch.cartesian_prod(level, level, level).T[None]  # (1,3,M)
    squares = (rgb_to_lab(rgb)[0, 1:] / BIN_SIDE).round()  # (2,M)
    return torch.unique(squares, dim=1).T.float() * BIN_SIDE


AB_BINS = _bins_of_srgb()


def nearest_bin(ab: Tensor) -> Tensor:
    """Numbers in `AB_BINS` (N,H,W) of the bins nearest to `ab` (N,2,H,W) in the network's units."""
    N, _, height, width = ab.shape
    points = ab.movedim(1, -1).reshape(-1, 2) * AB_SCALE
    return torch.cdist(points, AB_BINS.to(points)).argmin(1).view(N, height, width)
