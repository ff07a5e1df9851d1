"""Decodes a page of a TIFF file strip by strip or tile by tile, and gives it as upright sRGB.

This decodes the kinds of TIFF that archives scan to: integers of 8 to 32 bits, floating point, planes, predictors.
Pillow decodes the kinds that photographs are seldom stored in: palettes, fax, JPEG inside TIFF.
"""

import io
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from colouru.images.errors import InvalidTiff
from colouru.images.limits import without_pillow_limit
from colouru.images.pixels import Pixels
from colouru.images.samples import CHANNELS, SampleInfo, samples_to_srgb
from colouru.images.tiff_ifd import LONG, Entry, Layout, Tag, read_header, write_header, write_ifd
from colouru.images.tiff_page import (
    ASSOCIATED_ALPHA,
    DEFLATE,
    FLOAT,
    UNASSOCIATED_ALPHA,
    UNCOMPRESSED,
    Photometric,
    TiffPage,
)

# The most that one row of tiles or one strip may take when it is decoded.
MAX_BLOCK_BYTES = 160 << 20

# A single strip that holds the whole page is decoded in parts of this size, if its compression allows it.
PART_BYTES = 4 << 20

NO_PREDICTOR, HORIZONTAL, FLOATING_POINT = 1, 2, 3


def read_pixels(path: Path, page: TiffPage, name: str, max_bytes_in_memory: int) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a page that is `decodable`, and remarks about what was done to them.

    Raises:
        UnsupportedImage: if its values are ambiguous.
        InvalidTiff: if the file does not contain what the tags say.
    """
    channels = CHANNELS.get(page.photometric, 1)
    if page.samples_per_pixel < channels:
        raise InvalidTiff(f"it has {page.samples_per_pixel} samples a pixel; its colours need {channels}")
    number = page.samples_per_pixel - channels
    # The tag ExtraSamples may describe fewer samples than there are. It then describes the last ones.
    extra = ((0,) * number + page.extra_samples)[len(page.extra_samples) :][:number]
    alpha = next((index for index, kind in enumerate(extra) if kind in (UNASSOCIATED_ALPHA, ASSOCIATED_ALPHA)), None)
    remarks: tuple[str, ...] = ()
    if unused := len(extra) - (alpha is not None):
        remarks += (f"{name} has {unused} further channel{'s' * (unused > 1)}, such as infrared; not used.",)
    info = SampleInfo(
        page.photometric,
        page.bits,
        alpha=None if alpha is None else channels + alpha,
        alpha_kind=UNASSOCIATED_ALPHA if alpha is None else extra[alpha],
        declared_white=page.max_sample_value,
        icc_profile=page.icc_profile,
        orientation=page.orientation if page.orientation in range(1, 9) else 1,
    )
    pixels, more = samples_to_srgb(TiffRows(path, page), info, name, max_bytes_in_memory)
    return pixels, remarks + more


class TiffRows:
    """The samples of a page: `rows[top:bottom]` is (h,W,samples) in the page's dtype.

    Strips and tiles are decoded when they are asked for. The last row of them is kept, so that going from top to bottom
    decodes each once.

    Raises:
        InvalidTiff: if the file does not contain what the tags say.
    """

    def __init__(self, path: Path, page: TiffPage):
        self.path, self.page = path, page
        self.shape, self.dtype = (page.height, page.width, page.samples_per_pixel), page.dtype
        with open(path, "rb") as file:
            self.byte_order = read_header(file)[0].byte_order
        self.planes = page.samples_per_pixel if page.planar else 1
        self.blocks_across = math.ceil(page.width / page.block_shape[1])
        self.blocks_down = math.ceil(page.height / page.block_shape[0])
        # Bytes of one row of a strip or tile, decompressed.
        self.row_bytes = math.ceil(page.block_shape[1] * page.bits * (page.samples_per_pixel // self.planes) / 8)
        self.byte_counts = self._checked_byte_counts()
        supported = {
            NO_PREDICTOR: True,
            HORIZONTAL: page.bits % 8 == 0 and page.sample_format != FLOAT,
            FLOATING_POINT: page.sample_format == FLOAT,
        }
        if not supported.get(page.predictor):
            raise InvalidTiff(f"its predictor is {page.predictor}")
        # How many rows are decoded at a time.
        self.step = page.block_shape[0]
        one_strip = not page.tiled and self.blocks_down == 1
        if one_strip and page.compression in (UNCOMPRESSED, *DEFLATE) and self.row_bytes * page.height > PART_BYTES:
            self.step = max(1, PART_BYTES // self.row_bytes)
        if self.step * self.row_bytes * self.blocks_across * self.planes > MAX_BLOCK_BYTES:
            raise InvalidTiff(
                "it is in one piece, which is too large to be decoded at once; save it in strips or tiles"
            )
        self.streams: dict[int, InflateStream] = {}
        self.cached: tuple[int, np.ndarray] | None = None

    def _checked_byte_counts(self) -> np.ndarray:
        page, byte_counts = self.page, self.page.byte_counts
        needed = self.planes * self.blocks_across * self.blocks_down
        if not len(byte_counts) and page.compression == UNCOMPRESSED:
            byte_counts = np.full(needed, self.row_bytes * page.block_shape[0])
        if len(page.offsets) < needed or len(byte_counts) < needed:
            raise InvalidTiff(f"it has {len(page.offsets)} strips or tiles; its size needs {needed}")
        return byte_counts

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.page.height)
        parts = []
        with open(self.path, "rb") as file:
            for index in range(top // self.step, math.ceil(bottom / self.step)):
                start = index * self.step
                parts.append(self._decode_rows(file, index)[max(0, top - start) : bottom - start])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _decode_rows(self, file: BinaryIO, index: int) -> np.ndarray:
        """The samples (h,W,samples) of the rows that begin at `index * self.step`."""
        if self.cached and self.cached[0] == index:
            return self.cached[1]
        in_parts = self.step != self.page.block_shape[0]
        planes = self._decode_part(file, index) if in_parts else self._decode_blocks(file, index)
        samples = np.concatenate([np.concatenate(blocks, axis=1) for blocks in planes], axis=2)[:, : self.page.width]
        self.cached = (index, samples)
        return samples

    def _decode_blocks(self, file: BinaryIO, index: int) -> list[list[np.ndarray]]:
        """For each plane the strip or the tiles of one row of them."""
        page = self.page
        # The last strip is shorter, the last tile is padded.
        rows = page.block_shape[0]
        rows = rows if page.tiled else min(rows, page.height - index * rows)
        return [
            [
                self._to_samples(self._decompress(file, first + column, rows), rows)
                for column in range(self.blocks_across)
            ]
            for first in ((plane * self.blocks_down + index) * self.blocks_across for plane in range(self.planes))
        ]

    def _decompress(self, file: BinaryIO, number: int, rows: int) -> bytes:
        """The bytes of one strip or tile of so many rows."""
        compression, size = self.page.compression, rows * self.row_bytes
        # No compression makes data much larger. A larger byte count is wrong, and is not believed.
        count = min(int(self.byte_counts[number]), 2 * size + 65_536)
        data = _read_at(file, self.page.offsets[number], count)
        if compression in DEFLATE:
            data = zlib.decompressobj().decompress(data, size)
        elif compression != UNCOMPRESSED:
            data = _decompress_with_libtiff(data, compression, self.row_bytes, rows)
        if len(data) < size:
            raise InvalidTiff(f"one of its strips or tiles has {len(data):,} bytes; its size needs {size:,}")
        return data

    def _decode_part(self, file: BinaryIO, index: int) -> list[list[np.ndarray]]:
        """For each plane some rows of its one strip."""
        rows = min(self.step, self.page.height - index * self.step)
        start, size = index * self.step * self.row_bytes, rows * self.row_bytes
        planes = []
        for plane in range(self.planes):
            if self.page.compression == UNCOMPRESSED:
                data = _read_at(file, self.page.offsets[plane] + start, size)
            else:
                data = self._inflate_part(file, plane, start, size)
            if len(data) < size:
                raise InvalidTiff("its strip is shorter than its size needs")
            planes.append([self._to_samples(data, rows)])
        return planes

    def _inflate_part(self, file: BinaryIO, plane: int, start: int, size: int) -> bytes:
        """The bytes from `start` of a plane in deflate, which can only be decoded from its beginning on."""
        stream = self.streams.get(plane)
        if stream is None or stream.position > start:
            stream = InflateStream(int(self.page.offsets[plane]), int(self.byte_counts[plane]))
            self.streams[plane] = stream
        while stream.position < start:
            if not stream.read(file, min(PART_BYTES, start - stream.position)):
                return b""
        return stream.read(file, size)

    def _to_samples(self, data: bytes, rows: int) -> np.ndarray:
        """(rows, width of the strip or tile, samples), in native byte order, with the predictor undone."""
        page = self.page
        shape = (rows, page.block_shape[1], page.samples_per_pixel // self.planes)
        if page.bits % 8:
            return _unpack_bits(data, rows, shape[1] * shape[2], page.bits).reshape(shape)
        if page.predictor == FLOATING_POINT:
            return _undo_float_predictor(data, shape, page.bits // 8)
        samples = np.frombuffer(data, page.dtype.newbyteorder(self.byte_order), math.prod(shape)).reshape(shape)
        samples = samples.astype(page.dtype, copy=False)
        if page.predictor == HORIZONTAL:
            # The sums must overflow as the differences did, so they have the type of the samples.
            samples = np.cumsum(samples, axis=1, dtype=page.dtype)
        return samples


class InflateStream:
    """A deflate stream in a file, read piece by piece; `position` is how many decoded bytes were read."""

    def __init__(self, offset: int, byte_count: int):
        self.offset, self.bytes_left, self.position = offset, byte_count, 0
        self.decompressor = zlib.decompressobj()

    def read(self, file: BinaryIO, size: int) -> bytes:
        """The next `size` decoded bytes, fewer at the end."""
        found = bytearray()
        while len(found) < size and not self.decompressor.eof:
            data = self.decompressor.unconsumed_tail
            if not data:
                data = _read_at(file, self.offset, min(self.bytes_left, 1 << 18))
                self.offset, self.bytes_left = self.offset + len(data), self.bytes_left - len(data)
            piece = self.decompressor.decompress(data, size - len(found))
            if not piece and not data:
                break
            found += piece
        self.position += len(found)
        return bytes(found)


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset < 0 or size < 0:
        raise InvalidTiff("it has strips or tiles that are nowhere")
    file.seek(offset)
    return file.read(size)


def _decompress_with_libtiff(data: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Decompresses a strip by Pillow's libtiff, as the only strip of an 8-bit greyscale file made for it.

    A byte of the strip is a pixel of that file, so strips of every kind of samples can be decompressed.
    """
    layout = Layout("<")
    tags = {
        Tag.IMAGE_WIDTH: row_bytes,
        Tag.IMAGE_LENGTH: rows,
        Tag.BITS_PER_SAMPLE: 8,
        Tag.COMPRESSION: compression,
        Tag.PHOTOMETRIC: Photometric.MIN_IS_BLACK,
        Tag.STRIP_OFFSETS: 0,
        Tag.SAMPLES_PER_PIXEL: 1,
        Tag.ROWS_PER_STRIP: rows,
        Tag.STRIP_BYTE_COUNTS: len(data),
    }
    header = write_header(layout, 8)

    def ifd(strip_offset: int) -> bytes:
        values = tags | {Tag.STRIP_OFFSETS: strip_offset}
        entries = {tag: Entry(LONG, 1, struct.pack("<I", value)) for tag, value in values.items()}
        return write_ifd(layout, entries, len(header))

    strip_offset = len(header) + len(ifd(0))
    with without_pillow_limit():
        strip = Image.open(io.BytesIO(header + ifd(strip_offset) + data), formats=["TIFF"])
    return strip.tobytes()


def _unpack_bits(data: bytes, rows: int, count: int, bits: int) -> np.ndarray:
    """(rows,count) uint16 of samples of 9 to 15 bits without gaps; each row begins at a new byte."""
    row_bytes = math.ceil(count * bits / 8)
    each = np.unpackbits(np.frombuffer(data, np.uint8, rows * row_bytes).reshape(rows, row_bytes), axis=1)
    each = each[:, : count * bits].reshape(rows, count, bits)
    whole = np.zeros((rows, count, 16), np.uint8)
    whole[..., 16 - bits :] = each
    return np.packbits(whole, axis=2).view(">u2")[..., 0].astype(np.uint16)


def _undo_float_predictor(data: bytes, shape: tuple[int, int, int], size: int) -> np.ndarray:
    """Undoes the floating-point predictor of TIFF Technical Note 3; (rows,columns,samples) of `size` bytes each.

    It stores differences of bytes, all most significant bytes of a row first.
    """
    rows, columns, samples = shape
    sums = np.frombuffer(data, np.uint8, math.prod(shape) * size).reshape(rows, columns * size, samples)
    sums = np.cumsum(sums, axis=1, dtype=np.uint8).reshape(rows, size, columns * samples)
    return np.ascontiguousarray(sums.transpose(0, 2, 1)).view(f">f{size}").reshape(shape).astype(f"f{size}")
