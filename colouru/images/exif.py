"""EXIF of a photo, carried over to the picture made from it: what was photographed when, by whom and with what.

Values are copied byte for byte, for Pillow would turn every letter beyond ASCII into a question mark. What concerns
only the file that the photo came in is left behind: its thumbnail, its layout, its MakerNote. Knows nothing of colour.

The structure is that of a TIFF file, as section 4.6 of the EXIF specification (CIPA DC-008) uses it.
"""

import contextlib
import io
import struct
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from colouru.images.directory import LONG, SHORT, Entry, Layout, read_directory, read_layout, write_directory

PREFIX = b"Exif\0\0"

# What each of the three directories may take, so that all of them fit into the 65,533 bytes that JPEG has for EXIF.
MAX_BYTES = 20_000

# The directories are called by the tag that points to them; that of the file itself has none.
MAIN, DETAILS, LOCATION = 0, 0x8769, 0x8825

ORIENTATION, COLOUR_SPACE, WIDTH, HEIGHT = 0x0112, 0xA001, 0xA002, 0xA003

ACROSS, DOWN, UNIT = 0x011A, 0x011B, 0x0128
INCH, CENTIMETRE = 2, 3
PER_INCH = {INCH: 1.0, CENTIMETRE: 2.54}

# Of the main directory the names, dates and texts; the rest says how a file is laid out, or is private to some program.
KEPT = {
    0x010D,  # document name
    0x010E,  # description
    0x010F,  # make
    0x0110,  # model
    ORIENTATION,
    ACROSS,
    DOWN,
    UNIT,
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
    return exif_in(exif) if isinstance(exif, bytes) else b""


def exif_in(block: bytes) -> bytes:
    """The same of EXIF as a file has it."""
    return _copied(_without_prefix(block), keep_location=True)


def exif_of_tiff(path: Path) -> bytes:
    """The same of a TIFF file."""
    with open(path, "rb") as file:
        return _copied(file, keep_location=True)


def resolution_in(exif: bytes) -> tuple[float, float] | None:
    """Pixels an inch, across and down, or None where it says nothing of it."""
    try:
        order, directories = _read(_without_prefix(exif))
    except (struct.error, OSError, ValueError, OverflowError):
        return None
    main = directories[MAIN]
    across, down = ((main[tag].numbers(order) if tag in main else ()) for tag in (ACROSS, DOWN))
    unit = (main[UNIT].numbers(order) if UNIT in main else ()) or (INCH,)
    if not across or not down or unit[0] not in PER_INCH:
        return None
    return across[0] * PER_INCH[unit[0]], down[0] * PER_INCH[unit[0]]


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


def directories_of(carried: bytes) -> tuple[str, dict[int, dict[int, Entry]]]:
    """The byte order of the values that `carried_over` gave, and its directories, for a TIFF to hold them."""
    if not carried:
        return "<", {}
    order, directories = _read(_without_prefix(carried))
    return order, {pointer: entries for pointer, entries in directories.items() if entries}


def _read(file: BinaryIO) -> tuple[str, dict[int, dict[int, Entry]]]:
    """The byte order, "<" or ">", and what is kept of each directory.

    Raises:
        ValueError, struct.error: if it is no EXIF, or one that is cut short.
    """
    layout, first = read_layout(file)
    main, _ = read_directory(file, layout, first, MAX_BYTES, lambda tag: tag in KEPT | {DETAILS, LOCATION})
    directories = {MAIN: {tag: entry for tag, entry in main.items() if tag in KEPT}}
    for pointer in (DETAILS, LOCATION):
        directories[pointer] = {}
        if pointer in main and len(place := main[pointer].numbers(layout.order)) == 1:
            with contextlib.suppress(struct.error, OverflowError):
                found, _ = read_directory(file, layout, place[0], MAX_BYTES, lambda tag: tag not in DROPPED)
                # The types that only BigTIFF has are not EXIF's.
                directories[pointer] = {tag: entry for tag, entry in found.items() if entry.kind <= 12}
    return layout.order, directories


def _written(order: str, directories: dict[int, dict[int, Entry]]) -> bytes:
    """The directories one after the other, those that the first points to behind it."""
    layout = Layout(order)
    others = {pointer: entries for pointer, entries in directories.items() if pointer != MAIN and entries}
    main = directories[MAIN] | {pointer: Entry(LONG, 1, bytes(4)) for pointer in others}
    offset = 8 + len(write_directory(layout, main, 8))
    blocks = []
    for pointer, entries in others.items():
        main[pointer] = Entry(LONG, 1, struct.pack(layout.offset, offset))
        blocks.append(write_directory(layout, entries, offset))
        offset += len(blocks[-1])
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(layout.offset, 8)
    return b"".join([head, write_directory(layout, main, 8), *blocks])
