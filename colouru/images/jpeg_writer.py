"""JPEG files written as rows come: bands that Pillow encodes, joined where a decoder starts afresh anyway.

A row of blocks may end with a restart marker, after which nothing depends on what was before. So bands of such rows
that were encoded apart, with the same tables, are one picture. The structure is that of ITU-T T.81, annex B.
"""

import io
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image

# Blocks are eight pixels high, and restart markers are numbered from 0 to 7: a band of this many rows, or a multiple,
# ends before the last of the eight.
BAND = 64
BAND_PIXELS = 1 << 20

LAST_RESTART = b"\xff\xd7"
START_OF_FRAME, START_OF_SCAN = 0xC0, 0xDA
END = b"\xff\xd9"


def write_jpeg(
    file: BinaryIO,
    strips: Iterable[np.ndarray],
    height: int,
    width: int,
    *,
    quality: int,
    exif: bytes,
    segments: bytes,
    resolution: tuple[float, float] | None = None,
) -> None:
    """Write a picture whose rows come in strips (h,W,3) of uint8, from top to bottom, without halving its colours.

    Args:
        exif: as `carried_over` has it.
        segments: further ones, whole, behind it.
        resolution: pixels an inch, across and down.
    """
    options = {"exif": exif, "extra": segments} | ({"dpi": resolution} if resolution else {})
    top = 0
    for band in _bands(strips, width):
        buffer = io.BytesIO()
        # The tables of the standard, not such as are made for one band.
        fixed = {"quality": quality, "subsampling": 0, "restart_marker_rows": 1, "optimize": False}
        Image.fromarray(band).save(buffer, "JPEG", **fixed, **options)
        head, scan = _parts(buffer.getvalue(), height)
        file.write(head + scan if top == 0 else LAST_RESTART + scan)
        top, options = top + len(band), {}
    if top != height:
        raise ValueError(f"expected {height} rows, got {top}")
    file.write(END)


def _bands(strips: Iterable[np.ndarray], width: int) -> Iterator[np.ndarray]:
    """The same rows in bands that can be joined; only the last may have fewer."""
    rows = BAND * -(-BAND_PIXELS // (BAND * width))
    band, filled = np.empty((rows, width, 3), np.uint8), 0
    for strip in strips:
        while len(strip):
            part = strip[: rows - filled]
            band[filled : filled + len(part)] = part
            filled, strip = filled + len(part), strip[len(part) :]
            if filled == rows:
                yield band
                filled = 0
    if filled:
        yield band[:filled]


def _parts(jpeg: bytes, height: int) -> tuple[bytes, bytes]:
    """Everything before the pixels, with that height, and the pixels."""
    place = 2
    whole = bytearray(jpeg)
    while jpeg[place + 1] != START_OF_SCAN:
        if jpeg[place + 1] == START_OF_FRAME:
            struct.pack_into(">H", whole, place + 5, height)
        place += 2 + struct.unpack_from(">H", jpeg, place + 2)[0]
    place += 2 + struct.unpack_from(">H", jpeg, place + 2)[0]
    return bytes(whole[:place]), jpeg[place : -len(END)]
