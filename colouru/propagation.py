"""From the working copy to the photo's own size: chroma brought up along the edges of the photo's own lightness.

Knows nothing of networks or files.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

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


def upsampled_rows(x: Tensor, height: int, width: int, rows: slice) -> Tensor:
    """Those rows, and no others, of `x` (N,C,h,w) brought bilinearly to `height` x `width`: (N,C,rows,width)."""
    h = x.shape[2]
    place = ((torch.arange(rows.start, rows.stop) + 0.5) * h / height - 0.5).clamp(0, h - 1)
    above = place.floor().long()
    below = (above + 1).clamp_max(h - 1)
    share = (place - above)[:, None]
    band = x[:, :, above] * (1 - share) + x[:, :, below] * share  # (N,C,rows,w)
    return F.interpolate(band, size=(len(place), width), mode="bilinear", align_corners=False)


def guided_rows(ab: Tensor, slope: Tensor, L: Tensor, L_rows: Tensor, height: int, rows: slice) -> Tensor:
    """Those rows of `ab` at the photo's size, (N,2,rows,W): bilinear, plus what the photo's finer lightness says.

    Where a fine edge crosses a coarse pixel, the pixel's own lightness differs from the coarse one, and ab moves along
    `slope` accordingly, though never beyond the colours around it: no colour comes up that the working copy does not
    have there. At the same size nothing changes.

    Args:
        ab, slope, L: (N,2,h,w), (N,2,h,w), (N,1,h,w) of the working copy.
        L_rows: (N,1,rows,W), those rows of the photo's own L.
        height: the photo's.
    """
    highest = F.max_pool2d(ab, 3, stride=1, padding=1)
    lowest = -F.max_pool2d(-ab, 3, stride=1, padding=1)
    coarse = upsampled_rows(torch.cat([ab, slope, lowest, highest, L], dim=1), height, L_rows.shape[3], rows)
    ab_rows, slope_rows, lowest_rows, highest_rows, coarse_L = coarse.split([2, 2, 2, 2, 1], dim=1)
    return (ab_rows + slope_rows * (L_rows - coarse_L)).clamp(lowest_rows, highest_rows)


def keep_hints(ab_rows: Tensor, painted: Sequence[tuple[slice, slice, Tensor]], rows: slice) -> None:
    """Put the hints' own colours, in place, wherever they are painted: a hint is a fact.

    Args:
        ab_rows: (N,2,rows,W), those rows of the picture.
        painted: rows, columns and ab (2,) of each hint, the later one on top.
    """
    for hint_rows, columns, ab in painted:
        top, bottom = max(hint_rows.start, rows.start), min(hint_rows.stop, rows.stop)
        if top < bottom:
            ab_rows[:, :, top - rows.start : bottom - rows.start, columns] = ab[:, None, None]
