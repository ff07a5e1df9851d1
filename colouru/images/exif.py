"""Copies the EXIF of a photo to the picture made from it: when, by whom and with what the photo was taken.

Values are copied byte for byte, because Pillow replaces every character beyond ASCII with a question mark. What
describes only the original file is left out: its thumbnail, its layout, its MakerNote. This module knows nothing of
colour.

The structure is that of a TIFF file, as section 4.6 of the EXIF specification (CIPA DC-008) describes it.
"""

import contextlib
import io
import struct
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from colouru.images.tiff_ifd import LONG, SHORT, Entry, Layout, Tag, read_header, read_ifd, write_header, write_ifd

PREFIX = b"Exif\0\0"

# The most that each of the three IFDs may take, so that all of them fit into the 65,533 bytes that JPEG has for EXIF.
MAX_IFD_BYTES = 20_000

# IFDs are named by the tag that points to them. The first one has none.
MAIN_IFD = 0

COLOUR_SPACE, WIDTH, HEIGHT = 0xA001, 0xA002, 0xA003
SRGB = 1
UPRIGHT = 1

INCH, CENTIMETRE = 2, 3
PER_INCH = {INCH: 1.0, CENTIMETRE: 2.54}

# Types up to this one exist in EXIF; the others are BigTIFF's.
LAST_EXIF_TYPE = 12

# The tags of the main IFD that are copied: names, dates and texts. The others describe the layout or are private.
COPIED_TAGS = {
    0x010D,  # document name
    0x010E,  # description
    0x010F,  # make
    0x0110,  # model
    Tag.ORIENTATION,
    Tag.X_RESOLUTION,
    Tag.Y_RESOLUTION,
    Tag.RESOLUTION_UNIT,
    0x0131,  # software
    0x0132,  # date and time
    0x013B,  # artist
    0x013C,  # host computer
    0x4746,  # rating
    0x4749,  # rating in per cent
    0x8298,  # copyright
    *range(0x9C9B, 0x9CA0),  # title, comment, author, keywords and subject, as Windows writes them
}

# The tags of the other IFDs that are not copied: MakerNote, which may hide other pictures and places, and
# interoperability and gamma, which describe the original pixels.
DROPPED_TAGS = {0x927C, 0xA005, 0xA500}

# All IFDs, by the tag that points to them.
Ifds = dict[int, dict[int, Entry]]


def exif_from_pillow(picture: Image.Image) -> bytes:
    """The EXIF of a picture, as `clean_exif` returns it.

    Pillow has the EXIF of a TIFF only until the picture is loaded, and that of some PNGs only afterwards.
    """
    if picture.format == "TIFF" and getattr(picture, "fp", None):
        place = picture.fp.tell()
        try:
            return _rebuild(picture.fp, keep_location=True)
        finally:
            picture.fp.seek(place)
    exif = picture.info.get("exif")
    return clean_exif(exif) if isinstance(exif, bytes) else b""


def exif_from_tiff(path: Path) -> bytes:
    """The EXIF of a TIFF file, as `clean_exif` returns it."""
    with open(path, "rb") as file:
        return _rebuild(file, keep_location=True)


def clean_exif(exif: bytes) -> bytes:
    """The tags of EXIF that are copied, with the location, and upright; b"" if there are none or it is damaged."""
    return _rebuild(_without_prefix(exif), keep_location=True)


def exif_for_output(exif: bytes, width: int, height: int, *, keep_location: bool) -> bytes:
    """The EXIF for an upright sRGB picture of that size in pixels; b"" if there is none or it is damaged."""
    return _rebuild(_without_prefix(exif), keep_location=keep_location, size=(width, height))


def exif_resolution(exif: bytes) -> tuple[float, float] | None:
    """Pixels an inch, across and down; None if the EXIF does not say."""
    try:
        byte_order, ifds = _read_ifds(_without_prefix(exif))
    except (struct.error, OSError, ValueError, OverflowError):
        return None
    main = ifds[MAIN_IFD]
    across, down, unit = (
        main[tag].numbers(byte_order) if tag in main else ()
        for tag in (Tag.X_RESOLUTION, Tag.Y_RESOLUTION, Tag.RESOLUTION_UNIT)
    )
    unit = unit or (INCH,)
    if not across or not down or unit[0] not in PER_INCH:
        return None
    return across[0] * PER_INCH[unit[0]], down[0] * PER_INCH[unit[0]]


def exif_ifds(exif: bytes) -> tuple[str, Ifds]:
    """The byte order and the IFDs of EXIF that `exif_for_output` returned, to be written into a TIFF file."""
    if not exif:
        return "<", {}
    byte_order, ifds = _read_ifds(_without_prefix(exif))
    return byte_order, {pointer: entries for pointer, entries in ifds.items() if entries}


def _without_prefix(exif: bytes) -> BinaryIO:
    return io.BytesIO(exif.removeprefix(PREFIX))


def _rebuild(file: BinaryIO, *, keep_location: bool, size: tuple[int, int] | None = None) -> bytes:
    """New EXIF with the copied tags; with `size`, it describes an sRGB picture of that width and height."""
    try:
        byte_order, ifds = _read_ifds(file)
    except (struct.error, OSError, ValueError, OverflowError):
        return b""
    if not keep_location:
        ifds[Tag.GPS_IFD] = {}
    if not any(ifds.values()):
        return b""
    if Tag.ORIENTATION in ifds[MAIN_IFD]:
        ifds[MAIN_IFD][Tag.ORIENTATION] = Entry(SHORT, 1, struct.pack(byte_order + "H", UPRIGHT))
    if size and (details := ifds[Tag.EXIF_IFD]):
        details[COLOUR_SPACE] = Entry(SHORT, 1, struct.pack(byte_order + "H", SRGB))
        details[WIDTH], details[HEIGHT] = (Entry(LONG, 1, struct.pack(byte_order + "I", side)) for side in size)
    return PREFIX + _write_ifds(byte_order, ifds)


def _read_ifds(file: BinaryIO) -> tuple[str, Ifds]:
    """The byte order, "<" or ">", and the copied tags of each IFD.

    Raises:
        ValueError, struct.error: if it is not EXIF, or is cut short.
    """
    layout, first = read_header(file)
    pointers = (Tag.EXIF_IFD, Tag.GPS_IFD)
    main, _ = read_ifd(file, layout, first, MAX_IFD_BYTES, lambda tag: tag in COPIED_TAGS or tag in pointers)
    ifds: Ifds = {MAIN_IFD: {tag: entry for tag, entry in main.items() if tag in COPIED_TAGS}}
    for pointer in pointers:
        ifds[pointer] = {}
        if pointer in main and len(place := main[pointer].numbers(layout.byte_order)) == 1:
            with contextlib.suppress(struct.error, OverflowError):
                found, _ = read_ifd(file, layout, place[0], MAX_IFD_BYTES, lambda tag: tag not in DROPPED_TAGS)
                ifds[pointer] = {tag: entry for tag, entry in found.items() if entry.field_type <= LAST_EXIF_TYPE}
    return layout.byte_order, ifds


def _write_ifds(byte_order: str, ifds: Ifds) -> bytes:
    """The main IFD, then the others one after the other."""
    layout = Layout(byte_order)
    header = write_header(layout, 8)
    others = {pointer: entries for pointer, entries in ifds.items() if pointer != MAIN_IFD and entries}
    # The main IFD's length does not depend on its pointers, so they are zero until the offsets are known.
    main = ifds[MAIN_IFD] | {pointer: Entry(LONG, 1, bytes(4)) for pointer in others}
    offset = len(header) + len(write_ifd(layout, main, len(header)))
    blocks = []
    for pointer, entries in others.items():
        main[pointer] = Entry(LONG, 1, struct.pack(layout.offset_format, offset))
        blocks.append(write_ifd(layout, entries, offset))
        offset += len(blocks[-1])
    return b"".join([header, write_ifd(layout, main, len(header)), *blocks])
