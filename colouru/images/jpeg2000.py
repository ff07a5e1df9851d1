"""What a JPEG 2000 file says that Pillow does not tell: its bits, and the colour profile inside.

The structure is that of ISO/IEC 15444-1, annex I (boxes) and A.5.1 (the size of a codestream).
"""

import struct
from pathlib import Path

# Boxes before the pixels are small; a file that says otherwise is not believed.
MAX_HEADER_BYTES = 4 << 20
CODESTREAM = b"\xff\x4f\xff\x51"
OPENED = (b"jp2h",)
SIGNED_BIT = 0x80


def bits_and_profile(path: Path) -> tuple[int, bytes]:
    """How many bits a sample has, 8 where that cannot be told, and the ICC profile, b"" where there is none."""
    with open(path, "rb") as file:
        start = file.read(MAX_HEADER_BYTES)
    place = start.find(CODESTREAM)
    # Of the first component; behind the marker lie a length, a capability, eight numbers and how many there are.
    bits = (start[place + 42] & ~SIGNED_BIT) + 1 if 0 <= place < len(start) - 42 else 8
    return bits, _profile(start[:place] if place > 0 else b"")


def _profile(boxes: bytes) -> bytes:
    place = 0
    while place + 8 <= len(boxes):
        size, kind = struct.unpack_from(">I4s", boxes, place)
        if kind in OPENED:
            return _profile(boxes[place + 8 : place + size])
        # A colour specification by a restricted or any other ICC profile.
        if kind == b"colr" and boxes[place + 8 : place + 9] in (b"\2", b"\3"):
            return boxes[place + 11 : place + size]
        if size < 8:
            break
        place += size
    return b""
