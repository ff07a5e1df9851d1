"""Files of pictures for tests, written without ColourU's own code."""

import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile

from colouru.images.photo import open_photo
from colouru.images.pixels import materialize

HEIGHT, WIDTH = 40, 56

# Grey from black to white, and three channels of it, of sixteen bits.
RAMP = np.linspace(0, 65_535, HEIGHT * WIDTH).round().astype(np.uint16).reshape(HEIGHT, WIDTH)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def write_tiff(path: Path, samples: np.ndarray, **options) -> Path:
    """A TIFF file written by tifffile, which shares no code with ColourU."""
    options.setdefault("photometric", "rgb" if samples.ndim == 3 and samples.shape[-1] in (3, 4) else "minisblack")
    tifffile.imwrite(path, samples, metadata=None, software=None, **options)
    return path


def read_pixels(path: Path) -> np.ndarray:
    """The pixels of a photo as an array."""
    return materialize(open_photo(path).pixels)


def mean_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found.astype(float) - expected).mean())


def pack_bits(samples: np.ndarray, bits: int) -> bytes:
    """The rows of samples (H,W) with so many bits each, without gaps; each row begins at a new byte."""
    rows = []
    for row in samples:
        text = "".join(f"{value:0{bits}b}" for value in row.ravel())
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def write_tiff_with_tags(path: Path, data: bytes, order: str = "<", **tags: int | tuple[int, ...]) -> Path:
    """A TIFF file of one strip with default tags and the given ones, such as `t262=2`, valid or not."""
    values = {256: WIDTH, 257: HEIGHT, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: HEIGHT, 279: len(data)}
    values |= {int(name[1:]): value for name, value in tags.items()}
    place = 8 + len(data) + len(data) % 2
    table, extra = b"", b""
    for tag, value in sorted(values.items()):
        each = value if isinstance(value, tuple) else (value,)
        inline = struct.pack(f"{order}{len(each)}I", *each)
        if len(each) > 1:
            at = place + 2 + 12 * len(values) + 4 + len(extra)
            extra, inline = extra + inline, struct.pack(order + "I", at)
        table += struct.pack(order + "HHI", tag, 4, len(each)) + inline
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", place)
    directory = struct.pack(order + "H", len(values)) + table + bytes(4) + extra
    path.write_bytes(head + data + bytes(len(data) % 2) + directory)
    return path


def icc_profile(colours: bytes, connection: bytes, parts: list[tuple[bytes, bytes]]) -> bytes:
    """An ICC profile of version 2 with those colour spaces and tags."""
    place, table, data = 128 + 4 + 12 * len(parts), struct.pack(">I", len(parts)), b""
    for name, content in parts:
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, place + len(data), len(content))
        data += content
    head = struct.pack(">I4sI4s4s4s", place + len(data), b"\0\0\0\0", 0x02400000, b"scnr", colours, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63_190, 65_536, 54_061)
    return head.ljust(128, b"\0") + table + data


def grey_profile(curve: bytes, connection: bytes = b"XYZ ") -> bytes:
    """A greyscale ICC profile with that curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061)
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    parts = [(b"desc", description), (b"wtpt", white), (b"kTRC", curve)]
    return icc_profile(b"GRAY", connection, parts)


def gamma_curve(value: float) -> bytes:
    """A gamma curve as a tag of an ICC profile."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear values in [0, 1], encoded as sRGB in [0, 65535]."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055) * 65_535


def png_file(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of these chunks, by name and content."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def png_header(width: int, height: int, bits: int, colour_type: int) -> tuple[bytes, bytes]:
    """The chunk IHDR."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)


def write_png16(path: Path, samples: np.ndarray, colour_type: int, transparency: bytes = b"") -> Path:
    """A PNG file of sixteen bits, unfiltered, of samples (H,W) or (H,W,channels)."""
    height, width = samples.shape[:2]
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [(b"tRNS", transparency)] if transparency else []
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    path.write_bytes(png_file(png_header(width, height, 16, colour_type), *chunks))
    return path


def write_psd(
    path: Path, samples: np.ndarray, *, packed: bool = False, mode: int = 3, complete: int = 1, layers: int = 0
) -> Path:
    """A Photoshop file that contains only the composite, samples (H,W,channels)."""
    height, width, channels = samples.shape
    bits = 8 * samples.dtype.itemsize
    version = b"8BIM" + struct.pack(">HHI", 1057, 0, 6) + bytes(4) + bytes([complete, 0])
    resolution = b"8BIM" + struct.pack(">HHI", 1005, 0, 16) + struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1)
    resources = version + resolution
    layer_section = struct.pack(">Ih", 2, layers) if layers else b""
    planes = [samples[..., c].astype(samples.dtype.newbyteorder(">")) for c in range(channels)]
    if packed:
        # PackBits, with every row as literal runs of up to 128 bytes.
        rows = [
            b"".join(bytes([len(row[i : i + 128]) - 1]) + row[i : i + 128] for i in range(0, len(row), 128))
            for plane in planes for row in (line.tobytes() for line in plane)
        ]  # fmt: skip
        data = struct.pack(">H", 1) + struct.pack(f">{len(rows)}H", *map(len, rows)) + b"".join(rows)
    else:
        data = struct.pack(">H", 0) + b"".join(plane.tobytes() for plane in planes)
    path.write_bytes(
        struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, bits, mode)
        + struct.pack(">I", 0)
        + struct.pack(">I", len(resources)) + resources
        + struct.pack(">I", len(layer_section)) + layer_section
        + data
    )  # fmt: skip
    return path
