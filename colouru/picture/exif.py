"""EXIF of a photo, carried over to the picture made from it: what was photographed when, by whom and with what.

Values are copied byte for byte, for Pillow would turn every letter beyond ASCII into a question mark. What concerns
only the file that the photo came in is left behind: its thumbnail, its layout, its MakerNote. Knows nothing of colour.

The structure is that of TIFF 6.0, as section 4.6 of the EXIF specification (CIPA DC-008) uses it.
"""

import contextlib
import dataclasses
import io
import struct
from collections.abc import Container
from typing import BinaryIO

from PIL import Image

PREFIX = b"Exif\0\0"

# What each of the three directories may take, so that all of them fit into the 65,533 bytes that JPEG has for EXIF.
MAX_BYTES = 20_000

# How many bytes one value of each of TIFF's types has.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
SHORT, LONG = 3, 4

# The directories are called by the tag that points to them; that of the file itself has none.
MAIN, DETAILS, LOCATION = 0, 0x8769, 0x8825

ORIENTATION, COLOUR_SPACE, WIDTH, HEIGHT = 0x0112, 0xA001, 0xA002, 0xA003

# Of the main directory the names, dates and texts; the rest says how a file is laid out, or is private to some program.
KEPT = {
    0x010D,  # document name
    0x010E,  # description
    0x010F,  # make
    0x0110,  # model
    ORIENTATION,
    0x011A,  # horizontal resolution
    0x011B,  # vertical resolution
    0x0128,  # unit of the resolution
    0x0131,  # software
    0x0132,  # date and time
    0x013B,  # artist
    0x013C,  # host computer
    0x4746,  # rating
    0x4749,  # rating in per cent
    0x8298,  # copyright
    *range(0x9C9B, 0x9CA0),  # title, comment, author, keywords and subject, as Windows writes them
}

# MakerNote, interoperability and gamma: other pictures and places hide in the first, the others tell of old pixels.
DROPPED = {0x927C, 0xA005, 0xA500}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One value, as it is in the file: the number of its type, how many there are, and their bytes."""

    kind: int
    count: int
    value: bytes


def exif_of(picture: Image.Image) -> bytes:
    """The EXIF of a picture with its location and an orientation of 1; b"" where there is none or it is damaged.

    A TIFF has it only as long as it is not loaded, some PNGs only once they are.
    """
    if picture.format == "TIFF" and getattr(picture, "fp", None):
        place = picture.fp.tell()
        try:
            return _copied(picture.fp, keep_location=True)
        finally:
            picture.fp.seek(place)
    exif = picture.info.get("exif")
    return _copied(_without_prefix(exif), keep_location=True) if isinstance(exif, bytes) else b""


def carried_over(exif: bytes, width: int, height: int, *, keep_location: bool) -> bytes:
    """The EXIF for an upright sRGB picture of that size in pixels, b"" where there is none or it is damaged."""
    return _copied(_without_prefix(exif), keep_location=keep_location, size=(width, height))


def _without_prefix(exif: bytes) -> BinaryIO:
    return io.BytesIO(exif.removeprefix(PREFIX))


def _copied(file: BinaryIO, *, keep_location: bool, size: tuple[int, int] | None = None) -> bytes:
    try:
        order, directories = _read(file)
    except (struct.error, OSError, ValueError, OverflowError):
        return b""
    if not keep_location:
        directories[LOCATION] = {}
    if not any(directories.values()):
        return b""
    if ORIENTATION in directories[MAIN]:
        directories[MAIN][ORIENTATION] = Entry(SHORT, 1, struct.pack(order + "H", 1))
    if size and (details := directories[DETAILS]):
        details[COLOUR_SPACE] = Entry(SHORT, 1, struct.pack(order + "H", 1))
        details[WIDTH], details[HEIGHT] = (Entry(LONG, 1, struct.pack(order + "I", side)) for side in size)
    return PREFIX + _written(order, directories)


def _read(file: BinaryIO) -> tuple[str, dict[int, dict[int, Entry]]]:
    """The byte order, "<" or ">", and what is kept of each directory.

    Raises:
        ValueError, struct.error: if it is no EXIF, or one that is cut short.
    """
    file.seek(0)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(file.read(4))
    if order is None:
        raise ValueError("no EXIF")
    (first,) = struct.unpack(order + "I", file.read(4))
    main = _read_directory(file, order, first, KEPT | {DETAILS, LOCATION})
    directories = {MAIN: {tag: entry for tag, entry in main.items() if tag in KEPT}}
    for pointer in (DETAILS, LOCATION):
        directories[pointer] = {}
        if pointer in main and main[pointer].kind == LONG and main[pointer].count == 1:
            with contextlib.suppress(struct.error):
                offset = struct.unpack(order + "I", main[pointer].value)
                directories[pointer] = _read_directory(file, order, *offset)
    return order, directories


def _read_directory(file: BinaryIO, order: str, offset: int, wanted: Container[int] | None = None) -> dict[int, Entry]:
    """The entries of a directory by their tags, less those that lie outside the file or do not fit any more."""
    file.seek(offset)
    (number,) = struct.unpack(order + "H", file.read(2))
    table = file.read(12 * number)
    entries, room = {}, MAX_BYTES
    for tag, kind, count, inline in struct.iter_unpack(order + "HHI4s", table[: len(table) // 12 * 12]):
        length = SIZES.get(kind, 0) * count
        if tag in DROPPED or (wanted is not None and tag not in wanted) or not 0 < length <= room - 12:
            continue
        value = inline[:length]
        if length > 4:
            file.seek(*struct.unpack(order + "I", inline))
            value = file.read(length)
        if len(value) == length:
            entries[tag] = Entry(kind, count, value)
            room -= 12 + length
    return entries


def _written(order: str, directories: dict[int, dict[int, Entry]]) -> bytes:
    """The directories one after the other, those that the first points to behind it."""
    others = {pointer: entries for pointer, entries in directories.items() if pointer != MAIN and entries}
    main = directories[MAIN] | {pointer: Entry(LONG, 1, bytes(4)) for pointer in others}
    offset = 8 + len(_directory(order, main, 8))
    blocks = []
    for pointer, entries in others.items():
        main[pointer] = Entry(LONG, 1, struct.pack(order + "I", offset))
        blocks.append(_directory(order, entries, offset))
        offset += len(blocks[-1])
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return b"".join([head, _directory(order, main, 8), *blocks])


def _directory(order: str, entries: dict[int, Entry], offset: int) -> bytes:
    """A directory that begins at `offset`, followed by its values."""
    values_at = offset + 2 + 12 * len(entries) + 4
    table, values = [struct.pack(order + "H", len(entries))], b""
    for tag, entry in sorted(entries.items()):
        inline = entry.value.ljust(4, b"\0")
        if len(entry.value) > 4:
            inline = struct.pack(order + "I", values_at + len(values))
            values += entry.value + b"\0" * (len(entry.value) % 2)
        table.append(struct.pack(order + "HHI", tag, entry.kind, entry.count) + inline)
    return b"".join([*table, bytes(4), values])
