"""Turns a picture that Pillow has opened into upright sRGB: its mode, transparency and colour profile."""

from pathlib import Path

import numpy as np
from PIL import Image

from colouru.images import jpeg2000_reader
from colouru.images.levels import MAX_UINT16
from colouru.images.pixels import LazyPixels, PillowPixels, Pixels, bands, is_array
from colouru.images.png_reader import read_sixteen_bits, sixteen_bit_mode
from colouru.images.profile import to_srgb
from colouru.images.samples import ON_WHITE, SampleInfo, samples_to_srgb
from colouru.images.tiff_ifd import Tag
from colouru.images.tiff_page import Photometric
from colouru.images.vips_reader import LOADERS, VipsRows, open_rows

# The orientations up to this one keep the order of the rows.
MIRRORED = 2


def read_pixels(
    picture: Image.Image, name: str, path: Path | None, max_bytes_in_memory: int
) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a picture that was opened but not loaded, and remarks about what was done to them.

    Args:
        name: of the picture, for remarks and errors.
        path: of its file. With None, PNG and JPEG 2000 files of sixteen bits are read with eight.
        max_bytes_in_memory: larger JPEG and PNG files are decoded as their rows are asked for, if that is possible.

    Raises:
        ValueError: if it cannot be read.
        errors of `DECODE_ERRORS`: if it is damaged.
    """
    deep = read_sixteen_bits(picture, path, max_bytes_in_memory) if path and sixteen_bit_mode(picture) else None
    # `picture.getexif` loads all pixels to look for EXIF behind them, so it is not called for rows that are streamed.
    exif = Image.Exif()
    exif.load(picture.info.get("exif", b""))
    rows = _open_rows(picture, path, exif, max_bytes_in_memory) if path and deep is None else None
    if rows is None and (deep is None or is_array(deep)):
        picture.load()
        exif = picture.getexif()
    orientation = exif.get(Tag.ORIENTATION, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    icc_profile = picture.info.get("icc_profile") or b""
    remarks: tuple[str, ...] = ()
    if path and picture.format == "JPEG2000":
        bits, embedded = jpeg2000_reader.read_bits_and_profile(path)
        icc_profile = icc_profile or embedded
        if bits > 8 and not picture.mode.startswith("I"):
            remarks = (f"{name} has {bits} bits a channel, of which 8 are used; save it as TIFF to keep them.",)
    if deep is None and (picture.mode.startswith("I") or picture.mode == "F"):
        deep = _deep_greys(picture)
    if deep is None:
        source = rows or PillowPixels(picture)
        pixels, more = _convert_eight_bits(picture, source, icc_profile, orientation, name)
    else:
        info = _sample_info(picture, deep, icc_profile, orientation)
        pixels, more = samples_to_srgb(deep, info, name, max_bytes_in_memory)
    return pixels, remarks + more


def _deep_greys(picture: Image.Image) -> np.ndarray:
    """(H,W,1) of a picture whose mode has more than eight bits."""
    greys = np.asarray(picture)[..., None]
    if picture.mode == "F":
        return greys
    # Pillow stores the sixteen bits of PPM in 32-bit integers.
    return greys.astype(np.uint16) if picture.mode != "I" or picture.format == "PPM" else greys


def _sample_info(picture: Image.Image, deep: Pixels, icc_profile: bytes, orientation: int) -> SampleInfo:
    colours = 1 if deep.shape[2] <= 2 else 3
    photometric = Photometric.RGB if colours == 3 else Photometric.MIN_IS_BLACK
    bits = 8 * deep.dtype.itemsize
    if picture.format == "TIFF":
        photometric = picture.tag_v2.get(Tag.PHOTOMETRIC, photometric)
        bits = picture.tag_v2.get(Tag.BITS_PER_SAMPLE, (bits,))[0]
    # Every other format defines its white. TIFF and pictures from memory do not.
    white_is_defined = bits == 16 and picture.format not in ("TIFF", None)
    return SampleInfo(
        photometric,
        bits,
        alpha=colours if deep.shape[2] > colours else None,
        declared_white=MAX_UINT16 if white_is_defined else None,
        icc_profile=icc_profile,
        orientation=orientation,
    )


class PillowRows:
    """Rows that pyvips decodes, as Pillow pictures: a source of `LazyPixels` that can replace `PillowPixels`."""

    def __init__(self, rows: VipsRows):
        self.rows = rows

    def __getitem__(self, part: slice) -> Image.Image:
        samples = self.rows[part]
        return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _open_rows(picture: Image.Image, path: Path, exif: Image.Exif, max_bytes_in_memory: int) -> PillowRows | None:
    """The rows of a picture that is too large for memory; None if it is not, or cannot be decoded row by row."""
    plain = picture.mode in ("L", "RGB") and not _may_be_transparent(picture)
    # Interlaced and progressive files hold all rows coarsely first, and turned ones need all rows for their first.
    needs_all_rows = (
        picture.info.get("interlace") or picture.info.get("progressive") or exif.get(Tag.ORIENTATION, 1) > MIRRORED
    )
    small = picture.width * picture.height * len(picture.getbands()) <= max_bytes_in_memory
    if small or needs_all_rows or not plain or picture.format not in LOADERS:
        return None
    rows = open_rows(path, picture.format)
    as_expected = rows is not None and rows.dtype == np.uint8 and rows.shape[2] == len(picture.getbands())
    return PillowRows(rows) if as_expected else None


def _convert_eight_bits(
    picture: Image.Image, source: PillowPixels | PillowRows, icc_profile: bytes, orientation: int, name: str
) -> tuple[Pixels, tuple[str, ...]]:
    mode = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}.get(picture.mode, "RGB")
    transform, problem = None, ""
    if icc_profile:
        transform, problem = to_srgb(icc_profile, np.dtype(np.uint8), {"L": 1, "RGB": 3, "CMYK": 4}[mode])
    remarks = (f"{name}: {problem}",) if problem else ()
    transparent = _may_be_transparent(picture) and _is_transparent(picture)
    if transparent:
        remarks += (f"{name} {ON_WHITE}",)

    def convert(part: Image.Image) -> np.ndarray:
        alpha = part.convert("RGBA").getchannel("A") if transparent else None
        # Converted by way of RGBA, because Pillow would otherwise leave a transparent colour in place.
        opaque = part.convert("RGBA").convert("RGB") if transparent and mode == "RGB" else part
        wanted = "RGB" if mode == "CMYK" and transform is None else mode
        pixels = np.asarray(opaque if opaque.mode == wanted else opaque.convert(wanted))
        pixels = transform(pixels) if transform else pixels
        if alpha is None:
            return pixels
        shown = Image.fromarray(pixels)
        white = Image.new(shown.mode, shown.size, "white")
        return np.asarray(Image.composite(shown, white, alpha))

    return LazyPixels(source, picture.height, picture.width, convert, orientation), remarks


def _may_be_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _is_transparent(picture: Image.Image) -> bool:
    def alpha(part: Image.Image) -> np.ndarray:
        return np.asarray(part.convert("RGBA").getchannel("A"))

    return any((band < 255).any() for band in bands(LazyPixels(PillowPixels(picture), *picture.size[::-1], alpha)))
