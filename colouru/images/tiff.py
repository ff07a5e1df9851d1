"""TIFF files of archives: the page that is the scan, and its rows, decoded strip by strip or tile by tile.

Samples come as they are in the file; what they mean is said beside them. What a photograph seldom is in (palettes, fax,
JPEG inside) is left to Pillow. Knows nothing of colour.
"""

import dataclasses
import io
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from colouru.images.directory import LONG, Entry, Layout, read_directory, read_layout, write_directory
from colouru.images.pillow_limit import without_pillows_limit

MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
RAW_CAMERA = (32_803, 34_892)

# Uncompressed, deflate under two numbers; then what libtiff decodes for us: LZW, PackBits, LZMA, Zstandard.
UNCOMPRESSED, DEFLATE, BY_LIBTIFF = 1, (8, 32_946), (5, 32_773, 34_925, 50_000)

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
REDUCED, MASKING = 1, 4
ASSOCIATED_ALPHA, ALPHA = 1, 2

# What tells pages apart: the kind, the older kind, width, height, and where further ones are.
SUB_PAGES = 330
OUTLINE = (254, 255, 256, 257, SUB_PAGES)
MAX_PAGES, MAX_SUB_PAGES, MAX_OUTLINE_BYTES = 1000, 16, 10_000

# What the tags of a page may take, the offsets of its tiles and its metadata included.
MAX_DIRECTORY_BYTES = 32 << 20
MAX_SAMPLES = 64

# Of a row of tiles or a strip, decoded. A larger strip is taken in parts where its compression allows it.
MAX_BLOCK_BYTES = 160 << 20
PART_BYTES = 4 << 20


class TagsLie(ValueError):
    """The tags of a TIFF contradict each other or the file."""


@dataclasses.dataclass(frozen=True)
class Page:
    """One picture of a TIFF file, as its tags describe it.

    Attributes:
        number: which of the file's own chain it is, from 0; None if one of the chain points to it.
        bits, kind: of a sample; `UNSIGNED`, `SIGNED` or `FLOAT`.
        samples: a pixel has, those in `extra` included, which say what each of the last ones is.
        tile: rows and columns of a strip or a tile.
        declared: the greatest sample, as the file says, or None.
    """

    number: int | None
    width: int
    height: int
    bits: int
    kind: int
    samples: int
    extra: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    planar: bool
    lsb_first: bool
    tile: tuple[int, int]
    tiled: bool
    offsets: np.ndarray
    counts: np.ndarray
    declared: float | None
    orientation: int
    profile: bytes
    xmp: bytes

    @property
    def simple(self) -> bool:
        """Whether `Rows` can decode it; Pillow may be able to, where it cannot."""
        taken = (UNCOMPRESSED, *DEFLATE, *BY_LIBTIFF)
        return (
            self.photometric in (MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK, CIELAB, ICCLAB)
            and self.compression in taken
            and not self.lsb_first
            and self.dtype is not None
        )

    @property
    def dtype(self) -> np.dtype | None:
        """Of the samples that `Rows` gives, None where there is none."""
        if self.kind == UNSIGNED and 8 < self.bits < 16:
            return np.dtype(np.uint16)
        name = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}.get(self.kind, "") + str(self.bits // 8)
        known = ("u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8")
        return np.dtype(name) if self.bits % 8 == 0 and name in known else None


def find_page(path: Path) -> tuple[Page, int, tuple[int, int]]:
    """The page that is the scan, how many whole pages there are, and the width and height of the largest.

    It is the first that is not a reduced image or a mask, among those of the file's chain and those they point to.

    Raises:
        TagsLie: if the tags contradict each other.
        ValueError, struct.error, OSError: if the file is damaged.
    """
    with open(path, "rb") as file:
        layout, first = read_layout(file)
        found = list(_outlines(file, layout, first))
        whole = [outline for outline in found if not outline.reduced] or found[:1]
        if not whole:
            raise ValueError("it has no page")
        chosen = whole[0]
        tags, _ = read_directory(file, layout, chosen.offset, MAX_DIRECTORY_BYTES)
    largest = max(whole, key=lambda outline: outline.size[0] * outline.size[1])
    pages = sum(outline.number is not None for outline in whole) or 1
    return _page(tags, layout.order, chosen), pages, largest.size


class Outline(NamedTuple):
    """What tells pages apart: where the directory is, which of the file's own chain it is, and what it says of itself.

    Attributes:
        number: from 0; None if it is not of the chain, but one of it points to it.
        size: width and height.
    """

    offset: int
    number: int | None
    size: tuple[int, int]
    reduced: bool


def _outlines(file: BinaryIO, layout: Layout, offset: int) -> Iterator[Outline]:
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < MAX_PAGES:
        seen.add(offset)
        try:
            tags, following = read_directory(file, layout, offset, MAX_OUTLINE_BYTES, OUTLINE.__contains__)
            yield _outline(tags, layout.order, offset, len(seen) - 1)
            for place in tags[SUB_PAGES].array(layout.order)[:MAX_SUB_PAGES] if SUB_PAGES in tags else ():
                inner, _ = read_directory(file, layout, int(place), MAX_OUTLINE_BYTES, OUTLINE.__contains__)
                yield _outline(inner, layout.order, int(place), None)
        except (struct.error, ValueError, OverflowError, OSError):
            # What lies behind a page that can be read is not needed.
            return
        offset = following


def _outline(tags: dict[int, Entry], order: str, offset: int, number: int | None) -> Outline:
    kind, old_kind, width, height = (int((tags[tag].array(order) if tag in tags else [0])[0]) for tag in OUTLINE[:4])
    return Outline(offset, number, (width, height), bool(kind & (REDUCED | MASKING)) or old_kind == 2)


def _page(tags: dict[int, Entry], order: str, outline: Outline) -> Page:
    def numbers(tag: int, standard: tuple[int, ...] = ()) -> tuple[int, ...]:
        return tuple(int(each) for each in tags[tag].array(order)[:MAX_SAMPLES]) if tag in tags else standard

    def one(tag: int, standard: int) -> int:
        return (numbers(tag) or (standard,))[0]

    def either(tag: int, other: int) -> np.ndarray:
        return tags[tag].array(order) if tag in tags else tags[other].array(order) if other in tags else np.empty(0)

    width, height = outline.size
    samples = one(277, 1)
    bits, kinds = set(numbers(258, (1,))), set(numbers(339, (UNSIGNED,)))
    tiled = 322 in tags
    tile = (one(323, 0), one(322, 0)) if tiled else (min(one(278, height), height), width)
    extra = numbers(338)
    if not (width > 0 and height > 0 and min(tile) > 0):
        raise TagsLie(f"it is {width} x {height}")
    if len(bits) != 1 or len(kinds) != 1 or not 0 < samples <= MAX_SAMPLES or len(extra) >= samples:
        raise TagsLie("its samples differ")
    return Page(
        number=outline.number,
        width=width,
        height=height,
        bits=bits.pop(),
        # A kind that is void is unsigned, as TIFF 6.0 has it.
        kind=UNSIGNED if kinds == {4} else kinds.pop(),
        samples=samples,
        extra=extra,
        photometric=one(262, MIN_IS_BLACK),
        compression=one(259, UNCOMPRESSED),
        predictor=one(317, 1),
        planar=one(284, 1) == 2 and samples > 1,
        lsb_first=one(266, 1) == 2,
        tile=tile,
        tiled=tiled,
        offsets=either(324, 273),
        counts=either(325, 279),
        declared=max(numbers(281), default=None),
        orientation=one(274, 1),
        profile=tags[34_675].value if 34_675 in tags else b"",
        xmp=tags[700].value if 700 in tags else b"",
    )


class Rows:
    """The samples of a page: `rows[top:bottom]` is (h,W,samples) in the page's type.

    Strips and tiles are decoded when they are asked for, and those that were decoded last are kept, so that going from
    top to bottom decodes each once.

    Raises:
        TagsLie: if the file has not what the tags promise.
    """

    def __init__(self, path: Path, page: Page):
        self.path, self.page = path, page
        self.shape, self.dtype = (page.height, page.width, page.samples), page.dtype
        with open(path, "rb") as file:
            self.order = read_layout(file)[0].order
        self.planes = page.samples if page.planar else 1
        self.across = math.ceil(page.width / page.tile[1])
        self.down = math.ceil(page.height / page.tile[0])
        needed = self.planes * self.across * self.down
        counts = page.counts
        row_bytes = self._row_bytes
        if not len(counts) and page.compression == UNCOMPRESSED:
            counts = np.full(needed, row_bytes * page.tile[0])
        if len(page.offsets) < needed or len(counts) < needed:
            raise TagsLie(f"it has {len(page.offsets)} strips or tiles; its size needs {needed}")
        fits = {1: True, 2: page.bits % 8 == 0 and page.kind != FLOAT, 3: page.kind == FLOAT}
        if not fits.get(page.predictor):
            raise TagsLie(f"its predictor is {page.predictor}")
        self.counts = counts
        # One strip that holds the whole page is decoded in parts, as far as that goes.
        self.step, self.streams = page.tile[0], {}
        in_parts = page.compression in (UNCOMPRESSED, *DEFLATE) and not page.tiled and self.down == 1
        if in_parts and row_bytes * page.height > PART_BYTES:
            self.step = max(1, PART_BYTES // row_bytes)
        if self.step * row_bytes * self.across * self.planes > MAX_BLOCK_BYTES:
            raise TagsLie("it is in one piece, which is too large to be decoded at once; save it in strips or tiles")
        self.kept: tuple[int, np.ndarray] | None = None

    @property
    def _row_bytes(self) -> int:
        """Of one row of a strip or tile, in the file."""
        page = self.page
        return math.ceil(page.tile[1] * page.bits * (1 if page.planar else page.samples) / 8)

    def _block_rows(self, index: int) -> int:
        """How many rows a strip or tile of that row of them has; those at the bottom are cut, if they are strips."""
        page = self.page
        return page.tile[0] if page.tiled else min(page.tile[0], page.height - index * page.tile[0])

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.page.height)
        parts = []
        with open(self.path, "rb") as file:
            for index in range(top // self.step, math.ceil(bottom / self.step)):
                start = index * self.step
                parts.append(self._block(file, index)[max(0, top - start) : bottom - start])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _block(self, file: BinaryIO, index: int) -> np.ndarray:
        """All samples (h,W,samples) of the rows that begin at `index * self.step`."""
        if self.kept and self.kept[0] == index:
            return self.kept[1]
        page = self.page
        pieces = self._part(file, index) if self.step != page.tile[0] else self._strips_or_tiles(file, index)
        block = np.concatenate([np.concatenate(plane, axis=1) for plane in pieces], axis=2)[:, : page.width]
        self.kept = (index, block)
        return block

    def _strips_or_tiles(self, file: BinaryIO, index: int) -> list[list[np.ndarray]]:
        rows = self._block_rows(index)
        return [
            [
                self._samples(self._decoded(file, (plane * self.down + index) * self.across + place, rows), rows)
                for place in range(self.across)
            ]
            for plane in range(self.planes)
        ]

    def _decoded(self, file: BinaryIO, number: int, rows: int) -> bytes:
        compression, size = self.page.compression, rows * self._row_bytes
        # Nothing that is packed is much larger than what is in it.
        data = _read(file, self.page.offsets[number], min(int(self.counts[number]), 2 * size + 65_536))
        if compression in DEFLATE:
            data = zlib.decompressobj().decompress(data, size)
        elif compression != UNCOMPRESSED:
            data = _by_libtiff(data, compression, self._row_bytes, rows)
        if len(data) < size:
            raise TagsLie(f"one of its strips or tiles has {len(data):,} bytes; its size needs {size:,}")
        return data

    def _part(self, file: BinaryIO, index: int) -> list[list[np.ndarray]]:
        """Some rows of the one strip that each plane has."""
        rows = min(self.step, self.page.height - index * self.step)
        start, size = index * self.step * self._row_bytes, rows * self._row_bytes
        pieces = []
        for plane in range(self.planes):
            if self.page.compression == UNCOMPRESSED:
                data = _read(file, self.page.offsets[plane] + start, size)
            else:
                data = self._inflated(file, plane, start, size)
            if len(data) < size:
                raise TagsLie("its strip is shorter than its size needs")
            pieces.append([self._samples(data, rows)])
        return pieces

    def _inflated(self, file: BinaryIO, plane: int, start: int, size: int) -> bytes:
        """Those bytes of a plane in deflate, which has to be read from its beginning on."""
        stream = self.streams.get(plane)
        if stream is None or stream.place > start:
            stream = self.streams[plane] = Inflating(int(self.page.offsets[plane]), int(self.counts[plane]))
        while stream.place < start:
            if not stream.read(file, min(PART_BYTES, start - stream.place)):
                return b""
        return stream.read(file, size)

    def _samples(self, data: bytes, rows: int) -> np.ndarray:
        """(rows, width of the strip or tile, samples), in the byte order of this machine, without the predictor."""
        page = self.page
        samples = 1 if page.planar else page.samples
        columns = page.tile[1]
        shape = (rows, columns, samples)
        if page.bits % 8:
            return _unpacked(data, rows, columns * samples, page.bits).reshape(shape)
        if page.predictor == 3:
            return _floats(data, shape, page.bits // 8)
        found = np.frombuffer(data, page.dtype.newbyteorder(self.order), math.prod(shape)).reshape(shape)
        found = found.astype(page.dtype, copy=False)
        if page.predictor == 2:
            # In the type of the samples, for the sums run over.
            found = np.cumsum(found, axis=1, dtype=page.dtype)
        return found


class Inflating:
    """A deflate stream in a file that is read piece by piece; `place` is how much of it was."""

    def __init__(self, offset: int, count: int):
        self.offset, self.left, self.place = offset, count, 0
        self.stream = zlib.decompressobj()

    def read(self, file: BinaryIO, size: int) -> bytes:
        """The next `size` bytes, fewer at its end."""
        found = bytearray()
        while len(found) < size and not self.stream.eof:
            data = self.stream.unconsumed_tail
            if not data:
                data = _read(file, self.offset, min(self.left, 1 << 18))
                self.offset, self.left = self.offset + len(data), self.left - len(data)
            piece = self.stream.decompress(data, size - len(found))
            if not piece and not data:
                break
            found += piece
        self.place += len(found)
        return bytes(found)


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset < 0 or size < 0:
        raise TagsLie("it has strips or tiles that are nowhere")
    file.seek(offset)
    return file.read(size)


def _by_libtiff(data: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """A strip of any samples, decoded by Pillow's libtiff as the greys of a file of its own."""
    layout = Layout("<")
    tags = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: 1, 273: 0, 277: 1}
    tags |= {278: rows, 279: len(data)}

    def directory(offset: int) -> bytes:
        values = tags | {273: offset}
        return write_directory(layout, {tag: Entry(LONG, 1, struct.pack("<I", v)) for tag, v in values.items()}, 8)

    head = b"II*\0" + struct.pack("<I", 8)
    place = len(head) + len(directory(0))
    with without_pillows_limit():
        strip = Image.open(io.BytesIO(head + directory(place) + data), formats=["TIFF"])
    return strip.tobytes()


def _unpacked(data: bytes, rows: int, count: int, bits: int) -> np.ndarray:
    """`count` samples of 9 to 15 bits a row, each row from a byte of its own: (rows,count) uint16."""
    row_bytes = math.ceil(count * bits / 8)
    each = np.unpackbits(np.frombuffer(data, np.uint8, rows * row_bytes).reshape(rows, row_bytes), axis=1)
    each = each[:, : count * bits].reshape(rows, count, bits)
    whole = np.zeros((rows, count, 16), np.uint8)
    whole[..., 16 - bits :] = each
    return np.packbits(whole, axis=2).view(">u2")[..., 0].astype(np.uint16)


def _floats(data: bytes, shape: tuple[int, int, int], size: int) -> np.ndarray:
    """Without the predictor of floating point, which sorts a row's bytes by their weight (TIFF Technical Note 3)."""
    rows, columns, samples = shape
    sums = np.frombuffer(data, np.uint8, math.prod(shape) * size).reshape(rows, columns * size, samples)
    sums = np.cumsum(sums, axis=1, dtype=np.uint8).reshape(rows, size, columns * samples)
    return np.ascontiguousarray(sums.transpose(0, 2, 1)).view(f">f{size}").reshape(shape).astype(f"f{size}")
