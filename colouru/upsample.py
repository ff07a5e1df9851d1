"""Chroma of a working copy, upsampled to the photo's own size along the edges of the photo's own lightness.

This is a guided filter (He, Sun and Tang 2010) that is applied in bands of rows. Knows nothing of networks or files.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colouru.buffer_pool import BufferPool

# Half the side, in pixels of the working copy, of the window in which chroma is fitted as linear in lightness.
RADIUS = 1

# Variance of L above which chroma is taken to follow lightness: a step of twenty units of L*, far above grain.
EDGE = 0.2**2


def chroma_slope(L: Tensor, ab: Tensor) -> Tensor:
    """How ab changes with L around each pixel, (N,2,H,W): the slope of the guided filter.

    Args:
        L, ab: (N,1,H,W) and (N,2,H,W) of the working copy.
    """
    mean_L, mean_ab = _window_mean(L), _window_mean(ab)
    covariance = _window_mean(L * ab) - mean_L * mean_ab
    variance = (_window_mean(L * L) - mean_L * mean_L).clamp_min(0)
    return _window_mean(covariance / (variance + EDGE))


def _window_mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2 * RADIUS + 1, stride=1, padding=RADIUS, count_include_pad=False)


def guides(L: Tensor, ab: Tensor) -> Tensor:
    """All maps that upsampling needs, (1,9,h,w).

    In this order: a and b, their slopes, their minima in the window, their maxima there, and the lightness.

    Args:
        L, ab: (1,1,h,w) and (1,2,h,w) of the working copy.
    """
    highest = F.max_pool2d(ab, 3, stride=1, padding=1)
    lowest = -F.max_pool2d(-ab, 3, stride=1, padding=1)
    return torch.cat([ab, chroma_slope(L, ab), lowest, highest, L], dim=1)


class UpsampledColumns(NamedTuple):
    """Guides for some rows of the photo, already as wide as the photo but not yet as high.

    Attributes:
        planes: (9,k,W) float32, rows of the working copy.
        positions: (n,), for each of the photo's rows its position among those k, in [0, k-1].
    """

    planes: np.ndarray
    positions: np.ndarray


def upsample_columns(guides: Tensor, height: int, width: int, rows: slice) -> UpsampledColumns:
    """Those `guides` (1,9,h,w) that `rows` of a photo of `height` x `width` need, upsampled to its width."""
    h = guides.shape[2]
    positions = ((np.arange(rows.start, rows.stop) + 0.5) * h / height - 0.5).clip(0, h - 1)
    first, last = int(positions[0]), min(int(positions[-1]) + 2, h)
    near = guides[:, :, first:last]
    wide = F.interpolate(near, size=(last - first, width), mode="bilinear", align_corners=False)
    return UpsampledColumns(wide[0].numpy(), positions - first)


def upsample_rows(
    columns: UpsampledColumns, L: np.ndarray, start: int = 0, buffers: BufferPool | None = None
) -> np.ndarray:
    """The ab (2,n,W) of n rows of the photo: bilinear, plus what the photo's finer lightness adds.

    Where a fine edge crosses a coarse pixel, the lightness of the photo differs from the coarse one, and ab follows the
    difference along its slope. It stays within the minimum and maximum around it, so no colour appears that the working
    copy does not have there. At the size of the working copy nothing changes.

    Args:
        L: (n,W) float32, the photo's own lightness, in the unit of the guides' lightness.
        start: the number of the first of these rows among those that `columns` is for.
        buffers: the result lies in one of them.
    """
    mixed = _interpolate_rows(columns, start, len(L), buffers or BufferPool())
    ab, slopes, lowest, highest, finer = mixed[:2], mixed[2:4], mixed[4:6], mixed[6:8], mixed[8]
    np.subtract(L, finer, out=finer)
    for each, slope, least, most in zip(ab, slopes, lowest, highest, strict=True):
        np.multiply(slope, finer, out=slope)
        np.add(each, slope, out=each)
        np.maximum(each, least, out=each)
        np.minimum(each, most, out=each)
    return ab


def _interpolate_rows(columns: UpsampledColumns, start: int, count: int, buffers: BufferPool) -> np.ndarray:
    """All guides of `count` rows of the photo from number `start` on, (9,count,W)."""
    positions = columns.positions[start : start + count]
    first, last = int(positions[0]), min(int(positions[-1]) + 2, columns.planes.shape[1])
    # The linear weight of each row of the working copy in each row of the photo.
    weights = np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(first, last))).astype(np.float32)
    mixed = buffers("mixed", (len(columns.planes), count, columns.planes.shape[2]))
    return np.matmul(weights, columns.planes[:, first:last], out=mixed)


def apply_hints(ab_rows: np.ndarray, squares: Sequence[tuple[slice, slice, np.ndarray]], rows: slice) -> None:
    """Overwrite ab under each hint, in place, with the hint's own.

    Args:
        ab_rows: (2,n,W), those n `rows` of the picture.
        squares: rows, columns and ab (2,) of each hint, the later one on top.
    """
    for hint_rows, columns, ab in squares:
        top, bottom = max(hint_rows.start, rows.start), min(hint_rows.stop, rows.stop)
        if top < bottom:
            ab_rows[:, top - rows.start : bottom - rows.start, columns] = ab[:, None, None]
