"""The rows of a picture: upright sRGB, made from what a file holds as they are asked for.

A picture in memory is an array; one too large for that gives its rows as an array does, `pixels[top:bottom]`, and
decodes them then. Knows nothing of formats.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from PIL import Image

# Rows are worked on in bands of about this many pixels.
BAND_PIXELS = 1 << 20

# A picture of at most so many bytes is decoded once and held in memory.
HELD_BYTES = 256 << 20


class Pixels(Protocol):
    """Upright sRGB, (H,W) grey or (H,W,3), uint8 or uint16, that is cut into rows as an array is."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def __getitem__(self, rows: slice) -> np.ndarray: ...


class Made:
    """Pixels made from a source, band by band.

    Args:
        source: gives whatever `steps` takes for `source[top:bottom]`, as the file has its rows; for one that lies on
            its side, an orientation above 4, for `source[:, left:right]`.
        height, width: of the source.
        steps: makes (h,w) or (h,w,3) sRGB of such a part.
        orientation: of EXIF, 1 to 8.
    """

    def __init__(self, source: Any, height: int, width: int, steps: Callable[[Any], np.ndarray], orientation: int = 1):
        self.source, self.steps, self.orientation = source, steps, orientation
        sample = steps(source[:1] if orientation <= 4 else source[:, :1])
        self.dtype = sample.dtype
        self.shape = ((height, width) if orientation <= 4 else (width, height)) + sample.shape[2:]

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.shape[0])
        from_the_end = self.orientation in (3, 4, 7, 8)
        part = slice(self.shape[0] - bottom, self.shape[0] - top) if from_the_end else slice(top, bottom)
        return _turned(
            self.steps(self.source[part if self.orientation <= 4 else (slice(None), part)]), self.orientation
        )


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


class Cut:
    """A picture of Pillow as the source of `Made`: its parts are pictures too."""

    def __init__(self, picture: Image.Image):
        self.picture = picture

    def __getitem__(self, part: slice | tuple[slice, slice]) -> Image.Image:
        rows, columns = part if isinstance(part, tuple) else (part, slice(None))
        left, right, _ = columns.indices(self.picture.width)
        top, bottom, _ = rows.indices(self.picture.height)
        if (right - left, bottom - top) == self.picture.size:
            return self.picture
        return self.picture.crop((left, top, right, bottom))


def bands(pixels: Pixels) -> Iterator[np.ndarray]:
    """All rows in order, in bands of about `BAND_PIXELS`."""
    height, width = pixels.shape[:2]
    step = max(1, BAND_PIXELS // width)
    for top in range(0, height, step):
        yield pixels[top : top + step]


def is_held(pixels: Pixels) -> bool:
    return isinstance(pixels, np.ndarray)


def held(pixels: Pixels) -> Pixels:
    """The same in memory, if it fits into `HELD_BYTES`."""
    if is_held(pixels) or np.prod(pixels.shape, dtype=np.int64) * pixels.dtype.itemsize > HELD_BYTES:
        return pixels
    return in_memory(pixels)


def in_memory(pixels: Pixels) -> np.ndarray:
    """The same as an array, whatever its size."""
    whole, top = np.empty(pixels.shape, pixels.dtype), 0
    for band in bands(pixels):
        whole[top : top + len(band)] = band
        top += len(band)
    return whole


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    """The nearest uint8 of uint8 or uint16."""
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def three_channels(pixels: np.ndarray) -> np.ndarray:
    """(H,W,3) of (H,W) or (H,W,3)."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def reduced(pixels: Pixels, by: int) -> np.ndarray:
    """A copy in which each pixel is the mean of `by` x `by`, of fewer at the right and the bottom; same type."""
    height, width = pixels.shape[:2]
    step = by * max(1, BAND_PIXELS // (width * by))
    parts = []
    for top in range(0, height, step):
        band = pixels[top : top + step]
        if band.dtype == np.uint8:
            parts.append(np.asarray(Image.fromarray(band).reduce(by)))
        else:
            parts.append(_means(band, by))
    return np.concatenate(parts)


def _means(band: np.ndarray, by: int) -> np.ndarray:
    whole = len(band) // by * by
    sums = band[:whole].reshape(-1, by, *band.shape[1:]).sum(axis=1, dtype=np.uint32)
    if whole < len(band):
        sums = np.concatenate([sums, band[whole:].sum(axis=0, dtype=np.uint32, keepdims=True)])
    columns = np.arange(0, band.shape[1], by)
    sums = np.add.reduceat(sums, columns, axis=1, dtype=np.uint64)
    heights = np.minimum(by, len(band) - np.arange(0, len(band), by))
    areas = np.outer(heights, np.minimum(by, band.shape[1] - columns)).reshape(sums.shape[:2] + (1,) * (sums.ndim - 2))
    return ((sums + areas // 2) // areas).astype(band.dtype)


def shrunk(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A smaller copy of that size, by Lanczos' filter; same type."""
    if pixels.dtype == np.uint8:
        picture = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.asarray(picture)
    by = max(1, int(min(pixels.shape[0] / height, pixels.shape[1] / width) / 3))
    pixels = reduced(pixels, by) if by > 1 else pixels
    # Pillow has no sixteen bits to resize in; 24 bits of floating point hold them.
    channels = [pixels] if pixels.ndim == 2 else list(np.moveaxis(pixels, 2, 0))
    resized = [
        np.asarray(Image.fromarray(each.astype(np.float32)).resize((width, height), Image.Resampling.LANCZOS))
        for each in channels
    ]
    whole = np.stack(resized, axis=-1).clip(0, 65_535).round().astype(np.uint16)
    return whole[..., 0] if pixels.ndim == 2 else whole
