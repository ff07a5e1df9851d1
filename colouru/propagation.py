"""From the working copy to the photo's own size: chroma brought up along the edges of the photo's own lightness.

Knows nothing of networks or files.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colouru.scratch import Scratch

# Half the side of the window in which chroma is taken to follow lightness, in pixels of the working copy.
RADIUS = 1

# Variance of L from which chroma is taken to follow it: a step of twenty lightness units, far above grain and texture.
EDGE = 0.2**2


def chroma_slope(L: Tensor, ab: Tensor) -> Tensor:
    """How ab changes with L around each pixel, (N,2,H,W): the slope of the guided filter of He, Sun and Tang (2010).

    Args:
        L: (N,1,H,W) of the working copy.
        ab: (N,2,H,W) of the working copy.
    """
    mean_L, mean_ab = _window_mean(L), _window_mean(ab)
    covariance = _window_mean(L * ab) - mean_L * mean_ab
    variance = (_window_mean(L * L) - mean_L * mean_L).clamp_min(0)
    return _window_mean(covariance / (variance + EDGE))


def _window_mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2 * RADIUS + 1, stride=1, padding=RADIUS, count_include_pad=False)


def guides(L: Tensor, ab: Tensor) -> Tensor:
    """What brings the chroma of a working copy to the photo's size, (1,9,h,w).

    In this order: a and b, how each changes with lightness, the least and the most of each around, and the lightness.

    Args:
        L, ab: (1,1,h,w) and (1,2,h,w) of the working copy.
    """
    highest = F.max_pool2d(ab, 3, stride=1, padding=1)
    lowest = -F.max_pool2d(-ab, 3, stride=1, padding=1)
    return torch.cat([ab, chroma_slope(L, ab), lowest, highest, L], dim=1)


class Wide(NamedTuple):
    """Guides for some rows of the photo, already as wide as it is.

    Attributes:
        planes: (9,k,W) float32, rows of the working copy.
        places: for each row of the photo where it lies among those, in [0, k-1].
    """

    planes: np.ndarray
    places: np.ndarray


def widened(guides: Tensor, height: int, width: int, rows: slice) -> Wide:
    """The guides (1,9,h,w) of those rows, and no others, of a photo of `height` x `width`."""
    h = guides.shape[2]
    places = ((np.arange(rows.start, rows.stop) + 0.5) * h / height - 0.5).clip(0, h - 1)
    first, last = int(places[0]), min(int(places[-1]) + 2, h)
    near = guides[:, :, first:last]
    wide = F.interpolate(near, size=(last - first, width), mode="bilinear", align_corners=False)
    return Wide(wide[0].numpy(), places - first)


def guided_rows(wide: Wide, L: np.ndarray, start: int = 0, scratch: Scratch | None = None) -> np.ndarray:
    """The ab (2,n,W) of n rows of the photo: bilinear, plus what the photo's finer lightness says.

    Where a fine edge crosses a coarse pixel, the pixel's own lightness differs from the coarse one, and ab moves along
    its slope accordingly, though never beyond the colours around it: no colour comes up that the working copy does not
    have there. At the same size nothing changes.

    Args:
        L: (n,W) float32, the photo's own lightness, in the unit of the guides'.
        start: the number of the first of these rows among those that `wide` is for.
    """
    scratch = scratch or Scratch()
    mixed = _upsampled(wide, start, len(L), scratch)
    ab, slopes, lowest, highest, finer = mixed[:2], mixed[2:4], mixed[4:6], mixed[6:8], mixed[8]
    np.subtract(L, finer, out=finer)
    for each, slope, least, most in zip(ab, slopes, lowest, highest, strict=True):
        np.multiply(slope, finer, out=slope)
        np.add(each, slope, out=each)
        np.maximum(each, least, out=each)
        np.minimum(each, most, out=each)
    return ab


def _upsampled(wide: Wide, start: int, count: int, scratch: Scratch) -> np.ndarray:
    """All guides of `count` rows of the photo from that one on, (9,count,W)."""
    places = wide.places[start : start + count]
    first, last = int(places[0]), min(int(places[-1]) + 2, wide.planes.shape[1])
    # How much of each row of the working copy there is in each of the photo's.
    shares = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(first, last))).astype(np.float32)
    mixed = scratch("mixed", (len(wide.planes), count, wide.planes.shape[2]))
    return np.matmul(shares, wide.planes[:, first:last], out=mixed)


def keep_hints(ab_rows: np.ndarray, painted: Sequence[tuple[slice, slice, Tensor]], rows: slice) -> None:
    """Put the hints' own colours, in place, wherever they are painted: a hint is a fact.

    Args:
        ab_rows: (2,rows,W), those rows of the picture.
        painted: rows, columns and ab (2,) of each hint, the later one on top.
    """
    for hint_rows, columns, ab in painted:
        top, bottom = max(hint_rows.start, rows.start), min(hint_rows.stop, rows.stop)
        if top < bottom:
            ab_rows[:, top - rows.start : bottom - rows.start, columns] = ab[:, None, None]
