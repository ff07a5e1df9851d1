"""Writes TIFF files whose rows come in strips: tiled, deflated, with a predictor, as BigTIFF if they are large.

The pixels are sRGB. Otherwise this module knows nothing of colour.
"""

import functools
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import numpy as np
from PIL import ImageCms

from colouru.images.parallel import map_ahead
from colouru.images.pixels import regroup
from colouru.images.tiff_ifd import BYTE, LONG, LONG8, SHORT, UNDEFINED, Entry, Layout, Tag, write_header, write_ifd

TILE_SIDE = 256

# Above this many bytes of pixels BigTIFF is used. Offsets of four bytes end at 4 GiB, and deflate may enlarge noise.
MAX_CLASSIC_BYTES = (1 << 32) - (64 << 20)

DEFLATE, RGB, CHUNKY, HORIZONTAL_PREDICTOR, UNSIGNED = 8, 2, 1, 2, 1


def srgb_profile() -> bytes:
    """The ICC profile of sRGB, with the date removed so that the bytes are always equal."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)
    return bytes(profile)


def write_tiff(
    file: BinaryIO,
    strips: Iterable[np.ndarray],
    height: int,
    width: int,
    dtype: np.dtype,
    *,
    byte_order: str = "<",
    entries: Mapping[int, Entry] | None = None,
    sub_ifds: Mapping[int, dict[int, Entry]] | None = None,
    xmp: bytes = b"",
) -> None:
    """Write a picture whose rows come in strips (h,W,3) of uint8 or uint16, from top to bottom.

    Args:
        file: empty and seekable.
        byte_order: "<" or ">", of the given entries and of everything that is written.
        entries: further tags of the picture.
        sub_ifds: further IFDs, such as EXIF's, by the tags that point to them.
    """
    layout = Layout(byte_order, bigtiff=height * width * 3 * dtype.itemsize > MAX_CLASSIC_BYTES)
    file.write(write_header(layout, 0))
    offsets, byte_counts = [], []
    for tile in _compressed_tiles(strips, width, dtype.newbyteorder(byte_order)):
        offsets.append(file.tell())
        byte_counts.append(len(tile))
        file.write(tile)
    tags = dict(entries or {}) | _picture_tags(layout, height, width, dtype, offsets, byte_counts)
    if xmp:
        tags[Tag.XMP] = Entry(BYTE, len(xmp), xmp)
    for pointer, sub_ifd in (sub_ifds or {}).items():
        offset = _even_position(file)
        tags[pointer] = _integers(layout, LONG8 if layout.bigtiff else LONG, offset)
        file.write(write_ifd(layout, sub_ifd, offset))
    first_ifd = _even_position(file)
    file.write(write_ifd(layout, tags, first_ifd))
    file.seek(0)
    file.write(write_header(layout, first_ifd))


def _picture_tags(
    layout: Layout, height: int, width: int, dtype: np.dtype, offsets: list[int], byte_counts: list[int]
) -> dict[int, Entry]:
    integers = functools.partial(_integers, layout)
    offset_type = LONG8 if layout.bigtiff else LONG
    profile = srgb_profile()
    return {
        Tag.IMAGE_WIDTH: integers(LONG, width),
        Tag.IMAGE_LENGTH: integers(LONG, height),
        Tag.BITS_PER_SAMPLE: integers(SHORT, *[8 * dtype.itemsize] * 3),
        Tag.COMPRESSION: integers(SHORT, DEFLATE),
        Tag.PHOTOMETRIC: integers(SHORT, RGB),
        Tag.SAMPLES_PER_PIXEL: integers(SHORT, 3),
        # Without it a dark picture could be taken for one of fewer bits.
        Tag.MAX_SAMPLE_VALUE: integers(SHORT, *[np.iinfo(dtype).max] * 3),
        Tag.PLANAR_CONFIGURATION: integers(SHORT, CHUNKY),
        Tag.PREDICTOR: integers(SHORT, HORIZONTAL_PREDICTOR),
        Tag.TILE_WIDTH: integers(SHORT, TILE_SIDE),
        Tag.TILE_LENGTH: integers(SHORT, TILE_SIDE),
        Tag.TILE_OFFSETS: integers(offset_type, *offsets),
        Tag.TILE_BYTE_COUNTS: integers(offset_type, *byte_counts),
        Tag.SAMPLE_FORMAT: integers(SHORT, *[UNSIGNED] * 3),
        Tag.ICC_PROFILE: Entry(UNDEFINED, len(profile), profile),
    }


def _integers(layout: Layout, field_type: int, *values: int) -> Entry:
    form = {SHORT: "H", LONG: "I", LONG8: "Q"}[field_type]
    return Entry(field_type, len(values), struct.pack(f"{layout.byte_order}{len(values)}{form}", *values))


def _even_position(file: BinaryIO) -> int:
    """The position in the file, after padding it to an even one, at which an IFD must begin."""
    file.write(b"\0" * (file.tell() % 2))
    return file.tell()


def _compressed_tiles(strips: Iterable[np.ndarray], width: int, dtype: np.dtype) -> Iterator[bytes]:
    """The compressed tiles, from left to right and top to bottom."""
    across = -(-width // TILE_SIDE)

    def tiles() -> Iterator[np.ndarray]:
        for rows in regroup(strips, TILE_SIDE, width, dtype.newbyteorder("=")):
            # Tiles at the right and lower edge are padded with black.
            padded = np.zeros((TILE_SIDE, across * TILE_SIDE, 3), rows.dtype)
            padded[: len(rows), :width] = rows
            for left in range(0, across * TILE_SIDE, TILE_SIDE):
                yield padded[:, left : left + TILE_SIDE]

    # A row of tiles is compressed while the next rows are coloured.
    yield from map_ahead(functools.partial(_compress, dtype=dtype), tiles(), ahead=across)


def _compress(tile: np.ndarray, dtype: np.dtype) -> bytes:
    differences = tile.copy()
    differences[:, 1:] -= tile[:, :-1]
    # Z_RLE, because searching for matches takes twice as long and photographs have none: the files are no smaller.
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return packer.compress(differences.astype(dtype, copy=False).tobytes()) + packer.flush()
