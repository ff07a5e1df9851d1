"""Reads Photoshop files: the composite of all layers, which most of them contain.

The structure is described in Adobe's Photoshop File Formats Specification.
"""

import dataclasses
import enum
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from colouru.images.levels import MAX_UINT16
from colouru.images.pixels import Pixels
from colouru.images.samples import SampleInfo, samples_to_srgb
from colouru.images.tiff_page import Photometric

SIGNATURE = b"8BPS"
VERSION = 1


class ColourMode(enum.IntEnum):
    """The colour modes that are read."""

    GREY = 1
    RGB = 3
    CMYK = 4
    DUOTONE = 8
    LAB = 9


CHANNELS = {
    ColourMode.GREY: 1,
    ColourMode.RGB: 3,
    ColourMode.CMYK: 4,
    ColourMode.DUOTONE: 1,
    ColourMode.LAB: 3,
}
PHOTOMETRICS = {
    ColourMode.RGB: Photometric.RGB,
    ColourMode.CMYK: Photometric.CMYK,
    ColourMode.LAB: Photometric.ICCLAB,
}

UNCOMPRESSED, PACKBITS = 0, 1


class Resource(enum.IntEnum):
    """The image resources that are used."""

    RESOLUTION = 1005
    ICC_PROFILE = 1039
    VERSION_INFO = 1057
    EXIF = 1058
    XMP = 1060


MAX_RESOURCES_BYTES = 64 << 20


@dataclasses.dataclass(frozen=True)
class Composite:
    """The header of a Photoshop file, and where the composite of its layers is.

    Attributes:
        colour_mode: of `ColourMode`, or another that is not supported.
        complete: whether the composite was saved. Otherwise there is a white picture in its place.
        has_alpha: whether the channel behind the colours is transparency. It may also be a saved selection.
        resources: the contents of the image resources, by number.
        offset: of the composite's pixels in the file.
    """

    width: int
    height: int
    channels: int
    bits: int
    colour_mode: int
    complete: bool
    has_alpha: bool
    resources: dict[int, bytes]
    offset: int

    @property
    def supported(self) -> bool:
        return self.colour_mode in CHANNELS and self.bits in (8, 16)


def read_composite(path: Path) -> Composite:
    """What a file contains. `read_pixels` reads its pixels.

    Raises:
        struct.error, OSError, ValueError: if it is damaged.
    """
    with open(path, "rb") as file:
        signature, version, channels, height, width, bits, mode = struct.unpack(">4sH6xHIIHH", file.read(26))
        if (signature, version) != (SIGNATURE, VERSION):
            raise ValueError("no Photoshop file")
        # The colour mode data, which are not needed.
        file.seek(_read_length(file), 1)
        end = (size := _read_length(file)) + file.tell()
        resources = _parse_resources(file.read(min(size, MAX_RESOURCES_BYTES)))
        file.seek(end)
        end = (size := _read_length(file)) + file.tell()
        # If the number of layers is negative, the first extra channel is the transparency of the composite.
        layers = struct.unpack(">Ih", file.read(6))[1] if size >= 6 else 0
        version_info = resources.get(Resource.VERSION_INFO, b"")
        return Composite(
            width,
            height,
            channels,
            bits,
            mode,
            complete=not (len(version_info) >= 5 and version_info[4] == 0),
            has_alpha=layers < 0,
            resources=resources,
            offset=end,
        )


def _read_length(file: BinaryIO) -> int:
    return struct.unpack(">I", file.read(4))[0]


def _parse_resources(data: bytes) -> dict[int, bytes]:
    found, place = {}, 0
    while place + 12 <= len(data) and data[place : place + 4] == b"8BIM":
        number, name_length = struct.unpack_from(">HB", data, place + 4)
        # Name and content are padded to even lengths.
        place += 6 + (name_length + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", data, place)
        found[number] = data[place + 4 : place + 4 + size]
        place += 4 + (size + 1) // 2 * 2
    return found


def read_pixels(
    path: Path, composite: Composite, name: str, max_bytes_in_memory: int
) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a composite that is `supported`, and remarks about what was done to them.

    Raises:
        UnsupportedImage: if its values are ambiguous.
        ValueError, OSError, struct.error: if the file is cut short, or its compression is not supported.
    """
    samples = _read_samples(path, composite)
    channels = CHANNELS[composite.colour_mode]
    info = SampleInfo(
        PHOTOMETRICS.get(composite.colour_mode, Photometric.MIN_IS_BLACK),
        composite.bits,
        alpha=channels if samples.shape[2] > channels else None,
        declared_white=MAX_UINT16,
        icc_profile=composite.resources.get(Resource.ICC_PROFILE, b""),
    )
    return samples_to_srgb(samples, info, name, max_bytes_in_memory)


def _read_samples(path: Path, composite: Composite) -> np.ndarray:
    """(H,W,channels), uint8 or uint16: the colours and, if there is one, the alpha channel."""
    height, width = composite.height, composite.width
    number = CHANNELS[composite.colour_mode]
    number += composite.has_alpha and composite.channels > number
    row_bytes = width * composite.bits // 8
    samples = np.empty((height, width, number), f"u{composite.bits // 8}")
    with open(path, "rb") as file:
        file.seek(composite.offset)
        (compression,) = struct.unpack(">H", file.read(2))
        if compression not in (UNCOMPRESSED, PACKBITS):
            raise ValueError(f"expected pixels as they are or in runs, got {compression}")
        if compression == PACKBITS:
            # The packed length of every row of every channel comes first.
            count = composite.channels * height
            sizes = np.frombuffer(file.read(2 * count), ">u2", count).reshape(composite.channels, height).sum(axis=1)
        for channel in range(number):
            if compression == PACKBITS:
                packed = file.read(int(sizes[channel]))
                plane = Image.frombytes("L", (row_bytes, height), packed, "packbits", "L").tobytes()
            else:
                plane = file.read(row_bytes * height)
            found = np.frombuffer(plane, f">u{composite.bits // 8}", height * width)
            samples[..., channel] = found.reshape(height, width)
    # CMYK is stored inverted.
    return np.invert(samples) if composite.colour_mode == ColourMode.CMYK else samples


def resolution(composite: Composite) -> tuple[float, float] | None:
    """Pixels an inch, across and down; None if the file does not say."""
    found = composite.resources.get(Resource.RESOLUTION, b"")
    if len(found) < 12:
        return None
    across, down = struct.unpack_from(">I4xI", found)
    return across / 65_536, down / 65_536
