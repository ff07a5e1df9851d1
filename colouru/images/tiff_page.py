"""The pages of a TIFF file: which one is the scan, and what its tags say of its pixels.

This module reads tags only. `colouru.images.tiff_reader` decodes the pixels.
"""

import dataclasses
import enum
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from colouru.images.errors import InvalidTiff
from colouru.images.tiff_ifd import Entry, Layout, Tag, read_header, read_ifd


class Photometric(enum.IntEnum):
    """What the samples of a pixel mean (TIFF 6.0, PhotometricInterpretation)."""

    MIN_IS_WHITE = 0
    MIN_IS_BLACK = 1
    RGB = 2
    CMYK = 5
    CIELAB = 8
    ICCLAB = 9


DECODABLE_PHOTOMETRICS = tuple(Photometric)
RAW_CAMERA_PHOTOMETRICS = (32_803, 34_892)  # colour filter array, linear raw

# Deflate has two numbers. LIBTIFF lists what Pillow's libtiff decodes for us: LZW, PackBits, LZMA, Zstandard.
UNCOMPRESSED, DEFLATE, LIBTIFF = 1, (8, 32_946), (5, 32_773, 34_925, 50_000)

# Sample formats. Files that say "undefined" mean unsigned integers.
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4

# Kinds of extra samples: alpha that the colours were multiplied with, and alpha that they were not.
ASSOCIATED_ALPHA, UNASSOCIATED_ALPHA = 1, 2

# Bits of NEW_SUBFILE_TYPE, and the value of the older SUBFILE_TYPE, that mark thumbnails and masks.
REDUCED_IMAGE, MASK = 1, 4
OLD_REDUCED_IMAGE = 2

# The only tags that are read of pages that are not used.
SUMMARY_TAGS = (Tag.NEW_SUBFILE_TYPE, Tag.SUBFILE_TYPE, Tag.IMAGE_WIDTH, Tag.IMAGE_LENGTH, Tag.SUB_IFDS)
MAX_PAGES, MAX_SUB_IFDS, MAX_SUMMARY_BYTES = 1000, 16, 10_000

# What the tags of the used page may take, with the offsets of its tiles and its metadata.
MAX_IFD_BYTES = 32 << 20
MAX_SAMPLES = 64


@dataclasses.dataclass(frozen=True)
class TiffPage:
    """One picture of a TIFF file, as its tags describe it.

    Attributes:
        index: its place among the file's main IFDs, from 0; None for a sub-IFD.
        bits: of each sample.
        sample_format: `UNSIGNED`, `SIGNED` or `FLOAT`.
        samples_per_pixel: with the extra samples.
        extra_samples: what each of the last samples of a pixel is.
        planar: whether each channel is stored as a plane of its own.
        lsb_first: whether the bits of a byte are in reverse order.
        block_shape: rows and columns of a strip or tile.
        offsets, byte_counts: of each strip or tile, (N,) int64.
        max_sample_value: the value of white, if the file says so, else None.
    """

    index: int | None
    width: int
    height: int
    bits: int
    sample_format: int
    samples_per_pixel: int
    extra_samples: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    planar: bool
    lsb_first: bool
    block_shape: tuple[int, int]
    tiled: bool
    offsets: np.ndarray
    byte_counts: np.ndarray
    max_sample_value: float | None
    orientation: int
    icc_profile: bytes
    xmp: bytes

    @property
    def decodable(self) -> bool:
        """Whether `TiffRows` can decode it. Pillow may be able to decode some of the others."""
        return (
            self.photometric in DECODABLE_PHOTOMETRICS
            and self.compression in (UNCOMPRESSED, *DEFLATE, *LIBTIFF)
            and not self.lsb_first
            and self.dtype is not None
        )

    @property
    def dtype(self) -> np.dtype | None:
        """Of the samples that `TiffRows` gives; None if it cannot decode them."""
        if self.sample_format == UNSIGNED and 8 < self.bits < 16:
            return np.dtype(np.uint16)
        name = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}.get(self.sample_format, "") + str(self.bits // 8)
        known = ("u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8")
        return np.dtype(name) if self.bits % 8 == 0 and name in known else None


class PageSummary(NamedTuple):
    """What is needed to choose a page.

    Attributes:
        offset: of its IFD.
        index: its place among the file's main IFDs, from 0; None for a sub-IFD.
        size: width and height.
        reduced: whether it is a thumbnail or a mask.
    """

    offset: int
    index: int | None
    size: tuple[int, int]
    reduced: bool


def find_page(path: Path) -> tuple[TiffPage, int, tuple[int, int]]:
    """The page that is the scan, the number of full pages, and the width and height of the largest one.

    The scan is the first page that is not a thumbnail or a mask. Sub-IFDs are searched too, since some scanners put a
    thumbnail first and the scan into one of them.

    Raises:
        InvalidTiff: if the tags contradict each other.
        ValueError, struct.error, OSError: if the file is damaged.
    """
    with open(path, "rb") as file:
        layout, first = read_header(file)
        found = list(_summaries(file, layout, first))
        full = [page for page in found if not page.reduced] or found[:1]
        if not full:
            raise ValueError("it has no page")
        chosen = full[0]
        tags, _ = read_ifd(file, layout, chosen.offset, MAX_IFD_BYTES)
    largest = max(full, key=lambda page: page.size[0] * page.size[1])
    number = sum(page.index is not None for page in full) or 1
    return _parse_page(tags, layout.byte_order, chosen), number, largest.size


def _summaries(file: BinaryIO, layout: Layout, offset: int) -> Iterator[PageSummary]:
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < MAX_PAGES:
        seen.add(offset)
        try:
            tags, next_offset = read_ifd(file, layout, offset, MAX_SUMMARY_BYTES, SUMMARY_TAGS.__contains__)
            yield _summary(tags, layout.byte_order, offset, len(seen) - 1)
            sub_ifds = tags[Tag.SUB_IFDS].array(layout.byte_order) if Tag.SUB_IFDS in tags else ()
            for place in sub_ifds[:MAX_SUB_IFDS]:
                inner, _ = read_ifd(file, layout, int(place), MAX_SUMMARY_BYTES, SUMMARY_TAGS.__contains__)
                yield _summary(inner, layout.byte_order, int(place), None)
        except (struct.error, ValueError, OverflowError, OSError):
            # The pages found so far can be used, even if a later one is damaged.
            return
        offset = next_offset


def _summary(tags: dict[int, Entry], byte_order: str, offset: int, index: int | None) -> PageSummary:
    subfile_type, old_subfile_type, width, height = (
        int((tags[tag].array(byte_order) if tag in tags else [0])[0]) for tag in SUMMARY_TAGS[:4]
    )
    reduced = bool(subfile_type & (REDUCED_IMAGE | MASK)) or old_subfile_type == OLD_REDUCED_IMAGE
    return PageSummary(offset, index, (width, height), reduced)


def _parse_page(tags: dict[int, Entry], byte_order: str, summary: PageSummary) -> TiffPage:
    def integers(tag: Tag, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        return tuple(int(each) for each in tags[tag].array(byte_order)[:MAX_SAMPLES]) if tag in tags else default

    def integer(tag: Tag, default: int) -> int:
        return (integers(tag) or (default,))[0]

    def array(*alternatives: Tag) -> np.ndarray:
        return next((tags[tag].array(byte_order) for tag in alternatives if tag in tags), np.empty(0))

    def content(tag: Tag) -> bytes:
        return tags[tag].data if tag in tags else b""

    width, height = summary.size
    samples_per_pixel = integer(Tag.SAMPLES_PER_PIXEL, 1)
    bits, sample_formats = set(integers(Tag.BITS_PER_SAMPLE, (1,))), set(integers(Tag.SAMPLE_FORMAT, (UNSIGNED,)))
    extra_samples = integers(Tag.EXTRA_SAMPLES)
    tiled = Tag.TILE_WIDTH in tags
    if tiled:
        block_shape = integer(Tag.TILE_LENGTH, 0), integer(Tag.TILE_WIDTH, 0)
    else:
        block_shape = min(integer(Tag.ROWS_PER_STRIP, height), height), width
    if not (width > 0 and height > 0 and min(block_shape) > 0):
        raise InvalidTiff(f"it is {width} x {height}")
    alike = len(bits) == 1 and len(sample_formats) == 1
    if not alike or not 0 < samples_per_pixel <= MAX_SAMPLES or len(extra_samples) >= samples_per_pixel:
        raise InvalidTiff("its samples differ")
    return TiffPage(
        index=summary.index,
        width=width,
        height=height,
        bits=bits.pop(),
        sample_format=UNSIGNED if sample_formats == {UNDEFINED} else sample_formats.pop(),
        samples_per_pixel=samples_per_pixel,
        extra_samples=extra_samples,
        photometric=integer(Tag.PHOTOMETRIC, Photometric.MIN_IS_BLACK),
        compression=integer(Tag.COMPRESSION, UNCOMPRESSED),
        predictor=integer(Tag.PREDICTOR, 1),
        planar=integer(Tag.PLANAR_CONFIGURATION, 1) == 2 and samples_per_pixel > 1,
        lsb_first=integer(Tag.FILL_ORDER, 1) == 2,
        block_shape=block_shape,
        tiled=tiled,
        offsets=array(Tag.TILE_OFFSETS, Tag.STRIP_OFFSETS),
        byte_counts=array(Tag.TILE_BYTE_COUNTS, Tag.STRIP_BYTE_COUNTS),
        max_sample_value=max(integers(Tag.MAX_SAMPLE_VALUE), default=None),
        orientation=integer(Tag.ORIENTATION, 1),
        icc_profile=content(Tag.ICC_PROFILE),
        xmp=content(Tag.XMP),
    )
