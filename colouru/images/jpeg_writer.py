"""Writes JPEG files whose rows come in strips: bands that Pillow encodes one by one are joined into one file.

At a restart marker the decoder starts anew, so nothing after it depends on what was before. Bands that were encoded
separately with the same tables can therefore be joined at restart markers. The structure is described in ITU-T T.81,
annex B.
"""

import io
import struct
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from PIL import Image

from colouru.images.pixels import BAND_PIXELS, regroup

# A restart marker follows every row of blocks, which are eight pixels high. Markers are numbered from 0 to 7, so a band
# must have a multiple of eight rows of blocks for the numbers to go on correctly.
BAND_ROWS = 64

LAST_RESTART = b"\xff\xd7"
START_OF_FRAME, START_OF_SCAN = 0xC0, 0xDA
END_OF_IMAGE = b"\xff\xd9"


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
    """Write a picture whose rows come in strips (h,W,3) of uint8, from top to bottom, without chroma subsampling.

    Args:
        exif: as `exif_for_output` returns it.
        segments: further marker segments, complete, to be written behind it.
        resolution: pixels an inch, across and down.
    """
    # Optimized tables would differ from band to band.
    encoding = {"quality": quality, "subsampling": 0, "restart_marker_rows": 1, "optimize": False}
    metadata = {"exif": exif, "extra": segments} | ({"dpi": resolution} if resolution else {})
    rows = BAND_ROWS * -(-BAND_PIXELS // (BAND_ROWS * width))
    for number, band in enumerate(regroup(strips, rows, width, np.dtype(np.uint8))):
        buffer = io.BytesIO()
        Image.fromarray(band).save(buffer, "JPEG", **encoding, **({} if number else metadata))
        header, scan = _split(buffer.getvalue(), height)
        file.write(LAST_RESTART + scan if number else header + scan)
    file.write(END_OF_IMAGE)


def _split(jpeg: bytes, height: int) -> tuple[bytes, bytes]:
    """The header, with the height replaced, and the compressed pixels."""
    place = 2
    whole = bytearray(jpeg)
    while jpeg[place + 1] != START_OF_SCAN:
        if jpeg[place + 1] == START_OF_FRAME:
            struct.pack_into(">H", whole, place + 5, height)
        place += 2 + struct.unpack_from(">H", jpeg, place + 2)[0]
    place += 2 + struct.unpack_from(">H", jpeg, place + 2)[0]
    return bytes(whole[:place]), jpeg[place : -len(END_OF_IMAGE)]
