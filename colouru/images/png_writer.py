"""PNG files written as rows come, of eight bits a channel or sixteen. Knows nothing of colours.

The structure is that of the PNG specification, third edition.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

SUB, UP = 1, 2
TRUECOLOUR = 2
PER_METRE = 1 / 0.0254


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
        texts: keywords, and what each says.
        exif: as `carried_over` has it.
        resolution: pixels an inch, across and down.
    """

    def chunk(name: bytes, content: bytes) -> None:
        file.write(struct.pack(">I", len(content)) + name + content)
        file.write(struct.pack(">I", zlib.crc32(name + content)))

    file.write(b"\x89PNG\r\n\x1a\n")
    chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * dtype.itemsize, TRUECOLOUR, 0, 0, 0))
    if resolution:
        chunk(b"pHYs", struct.pack(">IIB", *(round(side * PER_METRE) for side in resolution), 1))
    for keyword, text in texts:
        chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode())
    if exif:
        chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    for part in _compressed(_filtered(strips, height, dtype)):
        chunk(b"IDAT", part)
    chunk(b"IEND", b"")


def _filtered(strips: Iterable[np.ndarray], height: int, dtype: np.dtype) -> Iterator[bytes]:
    """The bytes of the rows, each as what it differs by from its left or from the row above, whichever is less."""
    above, top = None, 0
    for strip in strips:
        rows = np.ascontiguousarray(strip.astype(dtype.newbyteorder(">"), copy=False)).view(np.uint8)
        rows = rows.reshape(len(strip), -1)
        step = 3 * dtype.itemsize
        above = np.zeros_like(rows[0]) if above is None else above
        both = np.empty((2, *rows.shape), np.uint8)
        both[0, :, :step] = rows[:, :step]
        np.subtract(rows[:, step:], rows[:, :-step], out=both[0, :, step:])
        np.subtract(rows[0], above, out=both[1, 0])
        np.subtract(rows[1:], rows[:-1], out=both[1, 1:])
        # Of a few columns, for it is only which is less.
        cost = np.abs(both[:, :, :: 1 + rows.shape[1] // 512].view(np.int8).astype(np.int32)).sum(axis=2)
        kinds = np.where(cost[0] <= cost[1], SUB, UP).astype(np.uint8)
        out = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        out[:, 0] = kinds
        out[:, 1:] = np.where((kinds == SUB)[:, None], both[0], both[1])
        above, top = rows[-1].copy(), top + len(rows)
        yield out.tobytes()
    if top != height:
        raise ValueError(f"expected {height} rows, got {top}")


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """One zlib stream of blocks that are compressed beside each other, each without knowing those before."""
    checksum = zlib.adler32(b"")
    waiting: list[Future[bytes]] = []
    workers = min(4, os.cpu_count() or 1)
    yield b"\x78\x01"
    with ThreadPoolExecutor(workers) as pool:
        for block in blocks:
            checksum = zlib.adler32(block, checksum)
            waiting.append(pool.submit(_deflated, block))
            if len(waiting) > workers:
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()
    # An empty last block, then the checksum of everything.
    yield b"\x03\x00" + struct.pack(">I", checksum)


def _deflated(block: bytes) -> bytes:
    packer = zlib.compressobj(3, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
