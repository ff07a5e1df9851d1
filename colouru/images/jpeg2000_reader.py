"""Reads from a JPEG 2000 header what Pillow does not report: the bits a sample and the embedded ICC profile.

The structure is described in ISO/IEC 15444-1, annex I (boxes) and A.5.1 (the SIZ marker segment).
"""

import struct
from pathlib import Path

# The boxes before the pixels are small. No more of the file than this is searched.
MAX_HEADER_BYTES = 4 << 20

# The markers SOC and SIZ, which begin a codestream.
CODESTREAM = b"\xff\x4f\xff\x51"

# From those markers to the bit depth of the first component in SIZ.
BIT_DEPTH_OFFSET = 42
SIGNED_BIT = 0x80

# Boxes whose contents are boxes.
SUPERBOXES = (b"jp2h",)

# Methods of a colour specification box that embed an ICC profile: restricted and any.
ICC_METHODS = (b"\2", b"\3")


def read_bits_and_profile(path: Path) -> tuple[int, bytes]:
    """The bits a sample, 8 if they cannot be found, and the ICC profile, b"" if there is none."""
    with open(path, "rb") as file:
        start = file.read(MAX_HEADER_BYTES)
    place = start.find(CODESTREAM)
    found = 0 <= place < len(start) - BIT_DEPTH_OFFSET
    bits = (start[place + BIT_DEPTH_OFFSET] & ~SIGNED_BIT) + 1 if found else 8
    return bits, _find_profile(start[:place] if place > 0 else b"")


def _find_profile(boxes: bytes) -> bytes:
    place = 0
    while place + 8 <= len(boxes):
        size, kind = struct.unpack_from(">I4s", boxes, place)
        if kind in SUPERBOXES:
            return _find_profile(boxes[place + 8 : place + size])
        if kind == b"colr" and boxes[place + 8 : place + 9] in ICC_METHODS:
            return boxes[place + 11 : place + size]
        if size < 8:
            break
        place += size
    return b""
