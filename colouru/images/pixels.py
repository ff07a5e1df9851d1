"""The pixels of a picture, as an array or as rows that are decoded when they are asked for.

A picture that fits into memory is an array. A larger one is cut into rows in the same way, `pixels[top:bottom]`, and
decodes them then. This module knows nothing of file formats.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeGuard

import numpy as np
from PIL import Image

# Pictures are processed in bands of rows of about this many pixels.
BAND_PIXELS = 1 << 20

# A picture of at most this many bytes is decoded once and kept in memory.
MAX_BYTES_IN_MEMORY = 256 << 20


class Pixels(Protocol):
    """Upright sRGB, (H,W) grey or (H,W,3), uint8 or uint16. `pixels[top:bottom]` gives rows as an array."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def __getitem__(self, rows: slice) -> np.ndarray: ...


class LazyPixels:
    """Pixels that are computed from a source when they are asked for.

    Args:
        source: `source[top:bottom]` gives what `convert` takes, in the file's own orientation. For orientations 5 to 8,
            which swap rows and columns, it must also give `source[:, left:right]`.
        height, width: of the source, before the orientation is applied.
        convert: takes such a part and returns sRGB, (h,w) or (h,w,3).
        orientation: EXIF orientation, 1 to 8.
    """

    def __init__(
        self, source: Any, height: int, width: int, convert: Callable[[Any], np.ndarray], orientation: int = 1
    ):
        self.source, self.convert, self.orientation = source, convert, orientation
        sample = convert(source[:1] if orientation <= 4 else source[:, :1])
        self.dtype = sample.dtype
        self.shape = ((height, width) if orientation <= 4 else (width, height)) + sample.shape[2:]

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.shape[0])
        starts_at_end = self.orientation in (3, 4, 7, 8)
        part = slice(self.shape[0] - bottom, self.shape[0] - top) if starts_at_end else slice(top, bottom)
        source_part = self.source[part if self.orientation <= 4 else (slice(None), part)]
        return apply_orientation(self.convert(source_part), self.orientation)


def apply_orientation(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels turned and mirrored upright, as the EXIF orientation 1 to 8 says."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


class PillowPixels:
    """A Pillow picture as the source of `LazyPixels`. Its parts are Pillow pictures too."""

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
    """All rows from top to bottom, in bands of about `BAND_PIXELS`."""
    height, width = pixels.shape[:2]
    step = max(1, BAND_PIXELS // width)
    for top in range(0, height, step):
        yield pixels[top : top + step]


def regroup(strips: Iterable[np.ndarray], rows: int, width: int, dtype: np.dtype) -> Iterator[np.ndarray]:
    """The rows of strips (h,W,3), in groups of exactly `rows`; the last group may have fewer.

    Every group is a view of one buffer, so it must be used before the next one is taken.
    """
    buffer, filled = np.empty((rows, width, 3), dtype), 0
    for strip in strips:
        while len(strip):
            part = strip[: rows - filled]
            buffer[filled : filled + len(part)] = part
            filled, strip = filled + len(part), strip[len(part) :]
            if filled == rows:
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]


def is_array(pixels: Pixels) -> TypeGuard[np.ndarray]:
    """Whether the pixels are in memory."""
    return isinstance(pixels, np.ndarray)


def materialize(pixels: Pixels) -> np.ndarray:
    """The pixels as an array, whatever their size."""
    whole, top = np.empty(pixels.shape, pixels.dtype), 0
    for band in bands(pixels):
        whole[top : top + len(band)] = band
        top += len(band)
    return whole


def materialize_if_small(pixels: Pixels, max_bytes: int) -> Pixels:
    """The pixels as an array if they take at most `max_bytes`, else unchanged."""
    if is_array(pixels) or np.prod(pixels.shape, dtype=np.int64) * pixels.dtype.itemsize > max_bytes:
        return pixels
    return materialize(pixels)


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """uint8 of uint8 or uint16, rounded to the nearest."""
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def three_channels(pixels: np.ndarray) -> np.ndarray:
    """(H,W,3) of (H,W) or (H,W,3)."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def box_reduce(pixels: Pixels, factor: int) -> np.ndarray:
    """A smaller copy, each pixel the mean of a square of `factor` x `factor`. The type stays.

    Squares at the right and lower edge may be smaller. Sixteen bits are supported, which Pillow's `reduce` lacks.
    """
    height, width = pixels.shape[:2]
    step = factor * max(1, BAND_PIXELS // (width * factor))
    parts = []
    for top in range(0, height, step):
        band = pixels[top : top + step]
        if band.dtype == np.uint8:
            parts.append(np.asarray(Image.fromarray(band).reduce(factor)))
        else:
            parts.append(_box_means(band, factor))
    return np.concatenate(parts)


def _box_means(band: np.ndarray, factor: int) -> np.ndarray:
    full_rows = len(band) // factor * factor
    sums = band[:full_rows].reshape(-1, factor, *band.shape[1:]).sum(axis=1, dtype=np.uint32)
    if full_rows < len(band):
        sums = np.concatenate([sums, band[full_rows:].sum(axis=0, dtype=np.uint32, keepdims=True)])
    columns = np.arange(0, band.shape[1], factor)
    sums = np.add.reduceat(sums, columns, axis=1, dtype=np.uint64)
    heights = np.minimum(factor, len(band) - np.arange(0, len(band), factor))
    areas = np.outer(heights, np.minimum(factor, band.shape[1] - columns))
    areas = areas.reshape(sums.shape[:2] + (1,) * (sums.ndim - 2))
    return ((sums + areas // 2) // areas).astype(band.dtype)


def resize_lanczos(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A smaller copy of that size, by Lanczos resampling. The type stays."""
    if pixels.dtype == np.uint8:
        picture = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.asarray(picture)
    factor = max(1, int(min(pixels.shape[0] / height, pixels.shape[1] / width) / 3))
    pixels = box_reduce(pixels, factor) if factor > 1 else pixels
    # Pillow cannot resize colour of sixteen bits. Floating point has 24 bits of precision, which is enough.
    channels = [pixels] if pixels.ndim == 2 else list(np.moveaxis(pixels, 2, 0))
    resized = [
        np.asarray(Image.fromarray(each.astype(np.float32)).resize((width, height), Image.Resampling.LANCZOS))
        for each in channels
    ]
    whole = np.stack(resized, axis=-1).clip(0, 65_535).round().astype(np.uint16)
    return whole[..., 0] if pixels.ndim == 2 else whole
