"""Directories of a TIFF file, classic or BigTIFF: what each tag says, as long as a stranger's file lets it be read.

The structure is that of TIFF 6.0, section 2, and of BigTIFF, which has wider numbers. Knows nothing of pixels.
"""

import dataclasses
import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

# How many bytes one value of each type has, and how `struct` calls it; a rational is two numbers.
FORMATS = {
    1: "B", 2: "c", 3: "H", 4: "I", 5: "II", 6: "b", 7: "c", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
    16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
SIZES = {kind: struct.calcsize("=" + form) for kind, form in FORMATS.items()}

# No file is longer, and none can be looked for beyond it.
MAX_OFFSET = (1 << 63) - 1

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 2, 3, 4, 5, 7, 16


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the numbers of a file are written: the byte order "<" or ">", and whether offsets have eight bytes."""

    order: str
    big: bool = False

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        """Of the entries of a directory."""
        return self.order + ("Q" if self.big else "H")

    @property
    def entry(self) -> str:
        """Tag, type, count, and either the value or where it is."""
        return self.order + ("HHQ8s" if self.big else "HHI4s")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One value, as it is in the file: the number of its type, how many there are, and their bytes."""

    kind: int
    count: int
    value: bytes

    def numbers(self, order: str) -> tuple[float, ...]:
        """The numbers that it holds, a rational as one; none if it is text."""
        form = FORMATS[self.kind]
        if form == "c":
            return ()
        found = struct.unpack(f"{order}{len(form) * self.count}{form[0]}", self.value)
        if len(form) == 1:
            return found
        return tuple(over / under if under else 0.0 for over, under in zip(found[::2], found[1::2], strict=True))

    def array(self, order: str) -> np.ndarray:
        """The whole numbers that it holds, of which there may be millions, (N,) int64; none if it holds others."""
        width = {1: 1, 3: 2, 4: 4, 16: 8}.get(self.kind)
        found = np.frombuffer(self.value, f"{order}u{width}") if width else np.empty(0)
        return found.astype(np.int64)


def read_layout(file: BinaryIO) -> tuple[Layout, int]:
    """How a TIFF file is laid out, and where its first directory is.

    Raises:
        ValueError, struct.error: if it is no TIFF.
    """
    file.seek(0)
    start = file.read(8)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 8:
        raise ValueError("no TIFF")
    version, size, zero = struct.unpack(order + "HHH", start[2:])
    if version == 42:
        return Layout(order), *struct.unpack(order + "I", start[4:])
    if (version, size, zero) == (43, 8, 0):
        return Layout(order, big=True), *struct.unpack(order + "Q", file.read(8))
    raise ValueError("no TIFF")


def read_directory(
    file: BinaryIO, layout: Layout, offset: int, room: int, wanted: Callable[[int], bool] = lambda tag: True
) -> tuple[dict[int, Entry], int]:
    """The entries of a directory by their tags, and where the next directory is, 0 for nowhere.

    Left out are the tags that are not wanted, and those whose values lie outside the file or do not fit any more into
    `room` bytes.

    Raises:
        struct.error, OSError, ValueError, OverflowError: if there is no directory.
    """
    file.seek(offset)
    (number,) = struct.unpack(layout.count, file.read(struct.calcsize(layout.count)))
    size = struct.calcsize(layout.entry)
    table = file.read(size * min(number, 65_535))
    following = file.read(struct.calcsize(layout.offset))
    entries: dict[int, Entry] = {}
    inline_room = 8 if layout.big else 4
    for tag, kind, count, inline in struct.iter_unpack(layout.entry, table[: len(table) // size * size]):
        length = SIZES.get(kind, 0) * count
        if not wanted(tag) or not 0 < length <= room - size:
            continue
        value = inline[:length]
        if length > inline_room:
            (place,) = struct.unpack(layout.offset, inline)
            if place > MAX_OFFSET:
                continue
            file.seek(place)
            value = file.read(length)
        if len(value) == length:
            entries[tag] = Entry(kind, count, value)
            room -= size + length
    return entries, struct.unpack(layout.offset, following)[0] if len(following) == inline_room else 0


def write_directory(layout: Layout, entries: dict[int, Entry], offset: int, following: int = 0) -> bytes:
    """A directory that begins at `offset`, followed by its values."""
    size, inline_room = struct.calcsize(layout.entry), 8 if layout.big else 4
    values_at = offset + struct.calcsize(layout.count) + size * len(entries) + inline_room
    table, values = [struct.pack(layout.count, len(entries))], bytearray()
    for tag, entry in sorted(entries.items()):
        inline = entry.value.ljust(inline_room, b"\0")
        if len(entry.value) > inline_room:
            inline = struct.pack(layout.offset, values_at + len(values))
            values += entry.value + b"\0" * (len(entry.value) % 2)
        table.append(struct.pack(layout.entry, tag, entry.kind, entry.count, inline))
    return b"".join([*table, struct.pack(layout.offset, following), values])
