"""Image file directories (IFDs) of TIFF files, classic and BigTIFF: the tags and their values, read and written.

The structure is described in TIFF 6.0, section 2. BigTIFF is the same with wider numbers. EXIF is a TIFF file too.
The files are not trusted: invalid entries are skipped. This module knows nothing of pixels.
"""

import dataclasses
import enum
import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np


class Tag(enum.IntEnum):
    """The tags that readers and writers of TIFF and EXIF use, by their names in TIFF 6.0."""

    NEW_SUBFILE_TYPE = 254
    SUBFILE_TYPE = 255
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    MAX_SAMPLE_VALUE = 281
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR_CONFIGURATION = 284
    RESOLUTION_UNIT = 296
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SUB_IFDS = 330
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    XMP = 700
    ICC_PROFILE = 34_675
    EXIF_IFD = 34_665
    GPS_IFD = 34_853


# The types of values, as `struct` formats. A rational is two numbers.
BYTE, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 1, 3, 4, 5, 7, 16
TYPE_FORMATS = {
    1: "B", 2: "c", 3: "H", 4: "I", 5: "II", 6: "b", 7: "c", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
    16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
TYPE_SIZES = {field_type: struct.calcsize("=" + form) for field_type, form in TYPE_FORMATS.items()}

# Seeking beyond this raises OverflowError.
MAX_OFFSET = (1 << 63) - 1


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the numbers of a TIFF file are stored, and the `struct` formats that follow from it.

    Attributes:
        byte_order: "<" or ">".
        bigtiff: whether offsets have eight bytes instead of four.
    """

    byte_order: str
    bigtiff: bool = False

    @property
    def offset_format(self) -> str:
        return self.byte_order + ("Q" if self.bigtiff else "I")

    @property
    def entry_count_format(self) -> str:
        """The format of the number of entries at the start of an IFD."""
        return self.byte_order + ("Q" if self.bigtiff else "H")

    @property
    def entry_format(self) -> str:
        """The format of one entry: tag, type, count, and the value or, if it does not fit, its offset."""
        return self.byte_order + ("HHQ8s" if self.bigtiff else "HHI4s")

    @property
    def inline_bytes(self) -> int:
        """How long a value may be that stands in the entry itself."""
        return 8 if self.bigtiff else 4


@dataclasses.dataclass(frozen=True)
class Entry:
    """The value of one tag, in the byte order of its file.

    Attributes:
        field_type: a key of `TYPE_FORMATS`.
        count: how many values of that type it has.
        data: their bytes.
    """

    field_type: int
    count: int
    data: bytes

    def numbers(self, byte_order: str) -> tuple[float, ...]:
        """The numbers, each rational as one; () if it is text."""
        form = TYPE_FORMATS[self.field_type]
        if form == "c":
            return ()
        found = struct.unpack(f"{byte_order}{len(form) * self.count}{form[0]}", self.data)
        if len(form) == 1:
            return found
        return tuple(over / under if under else 0.0 for over, under in zip(found[::2], found[1::2], strict=True))

    def array(self, byte_order: str) -> np.ndarray:
        """The unsigned integers, (N,) int64; empty if it is of another type. There may be millions."""
        width = {BYTE: 1, SHORT: 2, LONG: 4, LONG8: 8}.get(self.field_type)
        found = np.frombuffer(self.data, f"{byte_order}u{width}") if width else np.empty(0)
        return found.astype(np.int64)


def read_header(file: BinaryIO) -> tuple[Layout, int]:
    """The layout of a TIFF file and the offset of its first IFD.

    Raises:
        ValueError, struct.error: if it is no TIFF.
    """
    file.seek(0)
    start = file.read(8)
    byte_order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if byte_order is None or len(start) < 8:
        raise ValueError("no TIFF")
    version, offset_size, zero = struct.unpack(byte_order + "HHH", start[2:])
    if version == 42:
        return Layout(byte_order), *struct.unpack(byte_order + "I", start[4:])
    if (version, offset_size, zero) == (43, 8, 0):
        return Layout(byte_order, bigtiff=True), *struct.unpack(byte_order + "Q", file.read(8))
    raise ValueError("no TIFF")


def write_header(layout: Layout, first_ifd: int) -> bytes:
    """The first 8 bytes of a TIFF file, 16 of a BigTIFF, with the offset of its first IFD."""
    mark = b"II" if layout.byte_order == "<" else b"MM"
    version = (43, 8, 0) if layout.bigtiff else (42,)
    numbers = struct.pack(f"{layout.byte_order}{len(version)}H", *version)
    return mark + numbers + struct.pack(layout.offset_format, first_ifd)


def read_ifd(
    file: BinaryIO, layout: Layout, offset: int, max_bytes: int, wanted: Callable[[int], bool] = lambda tag: True
) -> tuple[dict[int, Entry], int]:
    """The entries of the IFD at `offset` by tag, and the offset of the next IFD, 0 if there is none.

    Tags that are not wanted, values outside the file and values that exceed what is left of `max_bytes` are skipped.

    Raises:
        struct.error, OSError, ValueError, OverflowError: if there is no IFD at `offset`.
    """
    file.seek(offset)
    (number,) = struct.unpack(layout.entry_count_format, file.read(struct.calcsize(layout.entry_count_format)))
    entry_size = struct.calcsize(layout.entry_format)
    table = file.read(entry_size * min(number, 65_535))
    next_offset = file.read(struct.calcsize(layout.offset_format))
    entries: dict[int, Entry] = {}
    complete = len(table) // entry_size * entry_size
    for tag, field_type, count, inline in struct.iter_unpack(layout.entry_format, table[:complete]):
        length = TYPE_SIZES.get(field_type, 0) * count
        if not wanted(tag) or not 0 < length <= max_bytes - entry_size:
            continue
        data = inline[:length]
        if length > layout.inline_bytes:
            (place,) = struct.unpack(layout.offset_format, inline)
            if place > MAX_OFFSET:
                continue
            file.seek(place)
            data = file.read(length)
        if len(data) == length:
            entries[tag] = Entry(field_type, count, data)
            max_bytes -= entry_size + length
    if len(next_offset) < layout.inline_bytes:
        return entries, 0
    return entries, struct.unpack(layout.offset_format, next_offset)[0]


def write_ifd(layout: Layout, entries: dict[int, Entry], offset: int) -> bytes:
    """An IFD that begins at `offset` and has no successor, then the values that do not fit into its entries."""
    entry_size = struct.calcsize(layout.entry_format)
    values_at = offset + struct.calcsize(layout.entry_count_format) + entry_size * len(entries) + layout.inline_bytes
    table, values = [struct.pack(layout.entry_count_format, len(entries))], bytearray()
    for tag, entry in sorted(entries.items()):
        inline = entry.data.ljust(layout.inline_bytes, b"\0")
        if len(entry.data) > layout.inline_bytes:
            inline = struct.pack(layout.offset_format, values_at + len(values))
            # Values begin at even offsets.
            values += entry.data + b"\0" * (len(entry.data) % 2)
        table.append(struct.pack(layout.entry_format, tag, entry.field_type, entry.count, inline))
    return b"".join([*table, struct.pack(layout.offset_format, 0), values])
