"""Painted layers: RGBA pictures of the photo's proportions whose opaque pixels are hints."""

from collections.abc import Iterable

import numpy as np
from scipy import ndimage
from skimage.measure import label

from colouru.colour import hex_bytes, hex_colour
from colouru.hint_maps import hint_regions
from colouru.hints import MAX_HINTS, Hint

# A larger layer is subsampled to at most this longer side, in pixels; its shapes stay.
MAX_LAYER_SIDE = 512

# Squares of paint of at least this side, as a fraction of the layer's longer side, are never left out.
MIN_DETAIL = 1 / 64

# Where one colour is painted over another, browsers blend the two along the rim, into colours that nobody chose.
# Patches up to this width, as a fraction of the layer's longer side, are such a rim if they touch other paint.
RIM = 1 / 200

# A pixel counts as painted from this alpha on, since browsers blend the rim of paint with the transparent ground.
OPAQUE = 250


def packed_paint(layer: np.ndarray) -> np.ndarray:
    """The colour of each pixel of a painted layer (H,W,4) uint8 as one number, (H,W) int64; 0 where it has no paint."""
    return np.where(layer[..., 3] >= OPAQUE, layer[..., :3].astype(np.int64) @ np.array([1 << 16, 1 << 8, 1]) + 1, 0)


def hints_from_layer(layer: np.ndarray, among: np.ndarray | None = None) -> list[Hint]:
    """Hints for the dots, strokes and areas of a painted layer: a few squares that cover the shape of each.

    A dot becomes one hint and a stroke several along it. In every connected patch of one colour the largest inscribed
    square is taken, then the largest one in what remains, until the next would be too small to matter.

    Args:
        layer: (H,W,4) uint8 RGBA, painted where it is opaque.
        among: (H,W) bool, where to look; None for everywhere.

    Raises:
        ValueError: if it is not such an array, or has more than `MAX_HINTS` patches of paint.
    """
    if layer.ndim != 3 or layer.shape[2] != 4 or layer.dtype != np.uint8 or not layer.size:
        raise ValueError(f"expected a painted layer of shape (H,W,4), uint8, got {layer.shape}, {layer.dtype}")
    stride = -(-max(layer.shape) // MAX_LAYER_SIDE)
    layer = layer[::stride, ::stride]
    height, width = layer.shape[:2]
    paint = packed_paint(layer)
    painted = paint > 0
    sought = paint if among is None else np.where(among[::stride, ::stride], paint, 0)
    patches = label(sought, background=0, connectivity=2)
    if patches.max() > MAX_HINTS:
        raise ValueError(f"the layer has more than {MAX_HINTS:,} separate patches of paint; no more are taken")
    hints: list[Hint] = []
    for number, box in enumerate(ndimage.find_objects(patches), start=1):
        window = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        patch = patches[window] == number
        if _is_rim(patch, painted[window], least=RIM * max(height, width)):
            continue
        first = int(np.flatnonzero(patch)[0])
        colour = hex_colour(layer[window][np.unravel_index(first, patch.shape)][:3])
        for row, column, side in inscribed_squares(patch, least=MIN_DETAIL * max(height, width)):
            hints.append(
                Hint(
                    x=round((window[1].start + column + side / 2) / width, 6),
                    y=round((window[0].start + row + side / 2) / height, 6),
                    colour=colour,
                    size=round(side / max(height, width), 6),
                )
            )
    return hints


def _is_rim(patch: np.ndarray, painted: np.ndarray, least: float) -> bool:
    """Whether `patch` (H,W) bool is narrower than `least` pixels and touches other paint, `painted` (H,W) bool."""
    widest = 2 * int(ndimage.distance_transform_cdt(np.pad(patch, 1), metric="chessboard").max()) - 1
    return widest < least and bool((ndimage.binary_dilation(patch, np.ones((3, 3))) & painted & ~patch).any())


def inscribed_squares(patch: np.ndarray, least: float, limit: int = 400) -> list[tuple[int, int, int]]:
    """Disjoint squares (row, column, side) inside `patch` (H,W) bool, the largest first, at most `limit` of them.

    Squares are taken down to half of the first one's side, so that a dot is one square whatever its size, and down to
    `least` pixels, so that a fine stroke is not lost where it meets a large area.
    """
    left = np.pad(patch, 1)
    # The chessboard distance to the nearest unpainted pixel is half the side of the largest square around a pixel.
    distance = ndimage.distance_transform_cdt(left, metric="chessboard")
    reach = int(distance.max())
    squares: list[tuple[int, int, int]] = []
    while len(squares) < limit:
        half = int(distance.max())
        if half == 0 or (squares and 2 * half - 1 < min(squares[0][2] / 2, least)):
            break
        # Of equally large squares the one nearest to their mean is taken: for a round dot that is its centre.
        candidates = np.argwhere(distance == half)
        row, column = candidates[np.abs(candidates - candidates.mean(0)).sum(1).argmin()]
        top, start, side = int(row) - half + 1, int(column) - half + 1, 2 * half - 1
        # These squares have odd sides. Where the patch is even, the square can grow by one.
        if left[top : top + side + 1, start : start + side + 1].all():
            side += 1
        left[top : top + side, start : start + side] = False
        squares.append((top - 1, start - 1, side))
        # Distances change only within the largest of them around the square, and depend on pixels within twice that.
        near, around = (_window(top, start, side, margin, left.shape) for margin in (reach, 2 * reach))
        again = ndimage.distance_transform_cdt(np.pad(left[around], 1, mode="edge"), metric="chessboard")[1:-1, 1:-1]
        offset = around[0].start, around[1].start
        distance[near] = again[tuple(slice(s.start - o, s.stop - o) for s, o in zip(near, offset, strict=True))]
    return squares


def _window(top: int, start: int, side: int, margin: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """A square grown by `margin` on every side, cut at the border of an array of `shape`."""
    return (
        slice(max(top - margin, 0), min(top + side + margin, shape[0])),
        slice(max(start - margin, 0), min(start + side + margin, shape[1])),
    )


def layer_from_hints(hints: Iterable[Hint], height: int, width: int) -> np.ndarray:
    """A painted layer (H,W,4) uint8 RGBA of hints; the inverse of `hints_from_layer`, but for rounding."""
    layer = np.zeros((height, width, 4), np.uint8)
    hints = list(hints)
    for hint, (rows, columns) in zip(hints, hint_regions(hints, height, width), strict=True):
        layer[rows, columns] = [*hex_bytes(hint.colour), 255]
    return layer
