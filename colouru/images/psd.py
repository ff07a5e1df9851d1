"""Photoshop files: the picture that all layers together give, which a file keeps if it was asked to.

The structure is that of Adobe's Photoshop File Formats Specification. Knows nothing of colour.
"""

import dataclasses
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

GREY, RGB, CMYK, DUOTONE, LAB = 1, 3, 4, 8, 9
CHANNELS = {GREY: 1, RGB: 3, CMYK: 4, DUOTONE: 1, LAB: 3}
RAW, RUNS = 0, 1

RESOLUTION, PROFILE, VERSION, EXIF, XMP = 1005, 1039, 1057, 1058, 1060
MAX_RESOURCES_BYTES = 64 << 20


@dataclasses.dataclass(frozen=True)
class Composite:
    """The picture of all layers of a Photoshop file.

    Attributes:
        mode: of `CHANNELS`, or another that is not taken.
        whole: whether the file has such a picture, rather than a white sheet in its place.
        transparent: whether the channel behind the colours is transparency, rather than a selection that was kept.
        resources: what the file says besides, by number.
        place: of the pixels in the file.
    """

    width: int
    height: int
    channels: int
    bits: int
    mode: int
    whole: bool
    transparent: bool
    resources: dict[int, bytes]
    place: int


def read_composite(path: Path) -> Composite:
    """What there is in the file; its pixels come with `samples`.

    Raises:
        struct.error, OSError, ValueError: if it is damaged.
    """
    with open(path, "rb") as file:
        signature, version, channels, height, width, bits, mode = struct.unpack(">4sH6xHIIHH", file.read(26))
        if (signature, version) != (b"8BPS", 1):
            raise ValueError("no Photoshop file")
        file.seek(_length(file), 1)
        end = (size := _length(file)) + file.tell()
        resources = _resources(file.read(min(size, MAX_RESOURCES_BYTES)))
        file.seek(end)
        end = (size := _length(file)) + file.tell()
        # A negative number of layers says that the first further channel is the transparency of the whole.
        layers = struct.unpack(">Ih", file.read(6))[1] if size >= 6 else 0
        version_info = resources.get(VERSION, b"")
        return Composite(
            width,
            height,
            channels,
            bits,
            mode,
            whole=not (len(version_info) >= 5 and version_info[4] == 0),
            transparent=layers < 0,
            resources=resources,
            place=end,
        )


def _length(file: BinaryIO) -> int:
    return struct.unpack(">I", file.read(4))[0]


def _resources(data: bytes) -> dict[int, bytes]:
    found, place = {}, 0
    while place + 12 <= len(data) and data[place : place + 4] == b"8BIM":
        number, name = struct.unpack_from(">HB", data, place + 4)
        place += 6 + (name + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", data, place)
        found[number] = data[place + 4 : place + 4 + size]
        place += 4 + (size + 1) // 2 * 2
    return found


def samples(path: Path, composite: Composite) -> np.ndarray:
    """The pixels (H,W,channels), uint8 or uint16, of the colours and, where it has one, of transparency.

    Raises:
        ValueError, OSError, struct.error: if the file is cut short, or packed in a way that is not taken.
    """
    height, width = composite.height, composite.width
    number = CHANNELS[composite.mode] + (composite.transparent and composite.channels > CHANNELS[composite.mode])
    row_bytes = width * composite.bits // 8
    whole = np.empty((height, width, number), f"u{composite.bits // 8}")
    with open(path, "rb") as file:
        file.seek(composite.place)
        (packing,) = struct.unpack(">H", file.read(2))
        if packing not in (RAW, RUNS):
            raise ValueError(f"expected pixels as they are or in runs, got {packing}")
        if packing == RUNS:
            count = composite.channels * height
            sizes = np.frombuffer(file.read(2 * count), ">u2", count).reshape(composite.channels, height).sum(axis=1)
        for channel in range(number):
            if packing == RUNS:
                packed = file.read(int(sizes[channel]))
                plane = Image.frombytes("L", (row_bytes, height), packed, "packbits", "L").tobytes()
            else:
                plane = file.read(row_bytes * height)
            found = np.frombuffer(plane, f">u{composite.bits // 8}", height * width)
            whole[..., channel] = found.reshape(height, width)
    # Ink is written as paper.
    return np.invert(whole) if composite.mode == CMYK else whole


def resolution(composite: Composite) -> tuple[float, float] | None:
    """Pixels an inch, across and down."""
    found = composite.resources.get(RESOLUTION, b"")
    if len(found) < 12:
        return None
    across, down = struct.unpack_from(">I4xI", found)
    return across / 65_536, down / 65_536
