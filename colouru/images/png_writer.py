"""Writes PNG files whose rows come in strips, with eight or sixteen bits a channel.

The structure is described in the PNG specification, third edition. This module knows nothing of colour.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from colouru.images.parallel import map_ahead

SUB, UP = 1, 2
TRUECOLOUR = 2
METRE = 1
INCHES_PER_METRE = 1 / 0.0254


def write_png(
    file: BinaryIO,
    strips: Iterable[np.ndarray],
    height: int,
    width: int,
    dtype: np.dtype,
    *,
    texts: Sequence[tuple[str, str]] = (),
    exif: bytes = b"",
    resolution: tuple[float, float] | None = None,
) -> None:
    """Write a picture whose rows come in strips (h,W,3) of uint8 or uint16, from top to bottom.

    Args:
        texts: pairs of keyword and text.
        exif: as `exif_for_output` returns it.
        resolution: pixels an inch, across and down.
    """

    def chunk(name: bytes, content: bytes) -> None:
        file.write(struct.pack(">I", len(content)) + name + content)
        file.write(struct.pack(">I", zlib.crc32(name + content)))

    file.write(b"\x89PNG\r\n\x1a\n")
    chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * dtype.itemsize, TRUECOLOUR, 0, 0, 0))
    if resolution:
        chunk(b"pHYs", struct.pack(">IIB", *(round(side * INCHES_PER_METRE) for side in resolution), METRE))
    for keyword, text in texts:
        chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode())
    if exif:
        chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    for part in _compress(_filter(strips, dtype)):
        chunk(b"IDAT", part)
    chunk(b"IEND", b"")


def _filter(strips: Iterable[np.ndarray], dtype: np.dtype) -> Iterator[bytes]:
    """The filtered bytes of each strip. Each row has the filter, Sub or Up, whose differences are smaller."""
    above = None
    pixel_bytes = 3 * dtype.itemsize
    for strip in strips:
        rows = np.ascontiguousarray(strip.astype(dtype.newbyteorder(">"), copy=False)).view(np.uint8)
        rows = rows.reshape(len(strip), -1)
        above = np.zeros_like(rows[0]) if above is None else above
        both = np.empty((2, *rows.shape), np.uint8)
        both[0, :, :pixel_bytes] = rows[:, :pixel_bytes]
        np.subtract(rows[:, pixel_bytes:], rows[:, :-pixel_bytes], out=both[0, :, pixel_bytes:])
        np.subtract(rows[0], above, out=both[1, 0])
        np.subtract(rows[1:], rows[:-1], out=both[1, 1:])
        # About 512 columns are enough to tell which filter is better.
        cost = np.abs(both[:, :, :: 1 + rows.shape[1] // 512].view(np.int8).astype(np.int32)).sum(axis=2)
        filters = np.where(cost[0] <= cost[1], SUB, UP).astype(np.uint8)
        out = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        out[:, 0] = filters
        out[:, 1:] = np.where((filters == SUB)[:, None], both[0], both[1])
        above = rows[-1].copy()
        yield out.tobytes()


def _compress(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """One zlib stream, in parts, whose blocks are compressed in parallel and independently of each other."""
    checksum = zlib.adler32(b"")

    def counted() -> Iterator[bytes]:
        nonlocal checksum
        for block in blocks:
            checksum = zlib.adler32(block, checksum)
            yield block

    yield b"\x78\x01"
    yield from map_ahead(_deflate, counted())
    # An empty last block, then the checksum of the whole.
    yield b"\x03\x00" + struct.pack(">I", checksum)


def _deflate(block: bytes) -> bytes:
    packer = zlib.compressobj(3, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
