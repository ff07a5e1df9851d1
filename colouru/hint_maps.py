"""Hints as pixels: where each lies in a picture of some size, and the maps that networks take.

The maps are `hint_ab` (N,2,H,W), in the networks' units and zero where there is no hint, and `hint_mask` (N,1,H,W),
exactly 0 or 1. Knows nothing of networks.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from colouru.colour import hex_bytes, rgb_to_lab, to_network
from colouru.hints import Hint


def hint_colours(hints: Sequence[Hint]) -> Tensor:
    """The ab of each hint's colour, (K,2) in the networks' units."""
    rgb = torch.tensor([hex_bytes(hint.colour) for hint in hints]).view(-1, 3, 1, 1) / 255
    return to_network(rgb_to_lab(rgb))[1][..., 0, 0]


def hint_regions(hints: Iterable[Hint], height: int, width: int) -> list[tuple[slice, slice]]:
    """The rows and columns of each hint in a picture of that size."""
    return [_square(hint, height, width) for hint in hints]


def hint_squares(hints: Sequence[Hint], height: int, width: int) -> list[tuple[slice, slice, Tensor]]:
    """The rows, columns and ab (2,), in the networks' units, of each hint in a picture of that size."""
    regions = hint_regions(hints, height, width)
    return [(*region, ab) for region, ab in zip(regions, hint_colours(hints), strict=True)]


def rasterize(hints: Iterable[Hint], height: int, width: int) -> tuple[Tensor, Tensor]:
    """`hint_ab` (1,2,height,width) and `hint_mask` (1,1,height,width) of hints; the later one lies on top."""
    hint_ab = torch.zeros(1, 2, height, width)
    hint_mask = torch.zeros(1, 1, height, width)
    for rows, columns, ab in hint_squares(list(hints), height, width):
        hint_ab[0, :, rows, columns] = ab[:, None, None]
        hint_mask[0, :, rows, columns] = 1
    return hint_ab, hint_mask


def pixel_at(place: float, length: int) -> int:
    """The number of the pixel, of `length`, that contains the position `place` in [0, 1]; 1 lies in the last pixel."""
    return min(int(place * length), length - 1)


def _square(hint: Hint, height: int, width: int) -> tuple[slice, slice]:
    """The rows and columns of a hint, cut at the border; the pixel of its centre is always among them."""
    side = max(1, round(hint.size * max(height, width)))
    top, left = pixel_at(hint.y, height) - side // 2, pixel_at(hint.x, width) - side // 2
    return slice(max(top, 0), top + side), slice(max(left, 0), left + side)
