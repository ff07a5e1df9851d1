"""TIFF files written as rows come: tiled, deflated, with a predictor, as BigTIFF where they need it.

Knows nothing of colours, but that they are sRGB.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np
from PIL import ImageCms

from colouru.images.directory import LONG, LONG8, SHORT, UNDEFINED, Entry, Layout, write_directory

TILE = 256

# Offsets of four bytes end here; deflate makes noise a little larger than it was.
CLASSIC_BYTES = (1 << 32) - (64 << 20)

DEFLATE, RGB, CHUNKY, HORIZONTAL, UNSIGNED = 8, 2, 1, 2, 1

BYTE = 1


def srgb_profile() -> bytes:
    """The ICC profile of sRGB, the same bytes on every day."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # When it was made.
    profile[24:36] = bytes(12)
    return bytes(profile)


def write_tiff(
    file: BinaryIO,
    strips: Iterable[np.ndarray],
    height: int,
    width: int,
    dtype: np.dtype,
    *,
    order: str = "<",
    entries: Mapping[int, Entry] | None = None,
    inner: Mapping[int, dict[int, Entry]] | None = None,
    xmp: bytes = b"",
) -> None:
    """Write a picture whose rows come in strips (h,W,3) of uint8 or uint16, from top to bottom.

    Args:
        file: empty, and one that can be sought in.
        order: "<" or ">", in which the entries are, and everything is written.
        entries: further tags of the picture.
        inner: further directories, such as EXIF's, by the tags that point to them.
    """
    layout = Layout(order, big=height * width * 3 * dtype.itemsize > CLASSIC_BYTES)
    file.write(_head(layout, 0))
    offsets, counts = [], []
    for tile in _compressed(strips, height, width, dtype.newbyteorder(order)):
        offsets.append(file.tell())
        counts.append(len(tile))
        file.write(tile)

    def numbers(kind: int, *values: int) -> Entry:
        form = {SHORT: "H", LONG: "I", LONG8: "Q"}[kind]
        return Entry(kind, len(values), struct.pack(f"{order}{len(values)}{form}", *values))

    place = LONG8 if layout.big else LONG
    profile = srgb_profile()
    tags = dict(entries or {}) | {
        256: numbers(LONG, width),
        257: numbers(LONG, height),
        258: numbers(SHORT, *[8 * dtype.itemsize] * 3),
        259: numbers(SHORT, DEFLATE),
        262: numbers(SHORT, RGB),
        277: numbers(SHORT, 3),
        # Or a dark picture might be taken for one of fewer bits.
        281: numbers(SHORT, *[np.iinfo(dtype).max] * 3),
        284: numbers(SHORT, CHUNKY),
        317: numbers(SHORT, HORIZONTAL),
        322: numbers(SHORT, TILE),
        323: numbers(SHORT, TILE),
        324: numbers(place, *offsets),
        325: numbers(place, *counts),
        339: numbers(SHORT, *[UNSIGNED] * 3),
        34_675: Entry(UNDEFINED, len(profile), profile),
    }
    if xmp:
        tags[700] = Entry(BYTE, len(xmp), xmp)
    for pointer, directory in (inner or {}).items():
        # Directories begin at even bytes.
        file.write(b"\0" * (file.tell() % 2))
        tags[pointer] = numbers(place, file.tell())
        file.write(write_directory(layout, directory, file.tell()))
    file.write(b"\0" * (file.tell() % 2))
    first = file.tell()
    file.write(write_directory(layout, tags, first))
    file.seek(0)
    file.write(_head(layout, first))


def _head(layout: Layout, first: int) -> bytes:
    mark = b"II" if layout.order == "<" else b"MM"
    version = struct.pack(layout.order + "HHH", 43, 8, 0) if layout.big else struct.pack(layout.order + "H", 42)
    return mark + version + struct.pack(layout.offset, first)


def _compressed(strips: Iterable[np.ndarray], height: int, width: int, dtype: np.dtype) -> Iterable[bytes]:
    """The tiles, row by row of them, compressed while the next rows are made."""
    across = -(-width // TILE)
    # What lies beyond the picture is black.
    rows = np.zeros((TILE, across * TILE, 3), dtype.newbyteorder("="))
    filled = top = 0
    waiting: list[Future[bytes]] = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for strip in strips:
            while len(strip):
                part = strip[: TILE - filled]
                rows[filled : filled + len(part), :width] = part
                filled, top, strip = filled + len(part), top + len(part), strip[len(part) :]
                if filled == TILE or top == height:
                    rows[filled:] = 0
                    tiles = [np.array(rows[:, at : at + TILE]) for at in range(0, across * TILE, TILE)]
                    started = [pool.submit(_compress, tile, dtype) for tile in tiles]
                    for tile in waiting:
                        yield tile.result()
                    waiting, filled = started, 0
        for tile in waiting:
            yield tile.result()
    if top != height:
        raise ValueError(f"expected {height} rows, got {top}")


def _compress(tile: np.ndarray, dtype: np.dtype) -> bytes:
    differences = tile.copy()
    differences[:, 1:] -= tile[:, :-1]
    # Between neighbours of a photograph there is nothing to be found again: to look for it takes twice as long, and
    # makes the file no smaller.
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return packer.compress(differences.astype(dtype, copy=False).tobytes()) + packer.flush()
