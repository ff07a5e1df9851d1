"""Writes pictures to files, whole or strip by strip, with their EXIF and provenance."""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from colouru.atomic_file import atomic_write
from colouru.images.exif import INCH, MAIN_IFD, exif_for_output, exif_ifds
from colouru.images.jpeg_writer import write_jpeg
from colouru.images.pixels import to_uint8
from colouru.images.png_writer import write_png
from colouru.images.provenance import PNG_KEYWORD, Provenance, hints_text, xmp_jpeg_segments, xmp_packet
from colouru.images.tiff_ifd import RATIONAL, SHORT, Entry, Tag
from colouru.images.tiff_writer import write_tiff

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
MAX_SIDES = {"JPEG": 65_500, "WEBP": 16_383}

# WebP is encoded from the whole picture in memory.
MAX_WEBP_MEGAPIXELS = 64

# The quality of JPEG and WebP files, on Pillow's scale up to 100.
QUALITY = 95


def picture_format(path: str | Path) -> str:
    """The format, by Pillow's name, of a file with that suffix.

    Raises:
        ValueError: if pictures cannot be saved with that suffix.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.name} cannot be saved: its name must end in .png, .jpg, .webp or .tif")
    return FORMATS[path.suffix.lower()]


def saved_bits(path: str | Path, bits: int) -> int:
    """The bits a channel in which a photo of `bits` is saved: 16 in TIFF, its own in PNG, 8 in JPEG and WebP.

    Raises:
        ValueError: if pictures cannot be saved with that suffix.
    """
    return {"TIFF": 16, "PNG": bits}.get(picture_format(path), 8)


def check_size(path: str | Path, height: int, width: int) -> None:
    """Raises ValueError if the format of a file with that suffix cannot hold a picture of that size in pixels."""
    path = Path(path)
    format = picture_format(path)
    if max(height, width) > (most := MAX_SIDES.get(format, max(height, width))):
        raise ValueError(
            f"{path.name} cannot be saved: the picture is {width} x {height}, and {format} has at most "
            f"{most:,} pixels a side; save it as .png or .tif"
        )
    if format == "WEBP" and height * width > MAX_WEBP_MEGAPIXELS * 1_000_000:
        raise ValueError(
            f"{path.name} cannot be saved: the picture is {width} x {height}, and WebP is written up to "
            f"{MAX_WEBP_MEGAPIXELS} megapixels; save it as .png or .tif"
        )


def save_picture(
    picture: Image.Image,
    path: str | Path,
    provenance: Provenance,
    exif: bytes = b"",
    *,
    keep_location: bool = False,
    resolution: tuple[float, float] | None = None,
) -> None:
    """Write a Pillow picture, upright and sRGB. The arguments and errors are those of `save_strips`."""
    strips = [np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))]
    options = {"keep_location": keep_location, "resolution": resolution}
    save_strips(strips, picture.height, picture.width, path, provenance, exif, **options)


def save_strips(
    strips: Iterable[np.ndarray],
    height: int,
    width: int,
    path: str | Path,
    provenance: Provenance,
    exif: bytes = b"",
    *,
    bits: int = 8,
    keep_location: bool = False,
    resolution: tuple[float, float] | None = None,
) -> None:
    """Write a picture with its EXIF and provenance. An existing file is replaced only when the new one is complete.

    TIFF and PNG keep every pixel exactly, JPEG and WebP approximately. TIFF contains the colour profile of sRGB; in the
    other formats a picture without a profile is sRGB.

    Args:
        strips: all rows in order, (h,W,3) sRGB, uint8 or, with 16 `bits`, uint16. Each strip is used up before the next
            is taken.
        path: ends in .png, .jpg, .jpeg, .webp, .tif or .tiff.
        exif: of the photo, as `Photo.exif` has it. Its location is left out unless `keep_location` is set.
        bits: a channel of TIFF and PNG, 8 or 16.
        resolution: pixels an inch, across and down, as `Photo.resolution` has it.

    Raises:
        ValueError: if pictures cannot be saved with that suffix, the format cannot hold a picture of that size, the
            hints' notes are too long, or the strips do not have `height` rows.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    check_size(path, height, width)
    format = picture_format(path)
    resolution = resolution if resolution and all(1 <= side < 1e6 for side in resolution) else None
    dtype = np.dtype(f"u{bits // 8}")
    exif = exif_for_output(exif, width, height, keep_location=keep_location)
    xmp = xmp_packet(provenance)
    strips = _checked_rows(strips, height)
    with atomic_write(path) as partial, open(partial, "xb") as file:
        if format == "TIFF":
            byte_order, ifds = exif_ifds(exif)
            entries = ifds.pop(MAIN_IFD, {}) | (_resolution_tags(byte_order, *resolution) if resolution else {})
            tags = {"byte_order": byte_order, "entries": entries, "sub_ifds": ifds, "xmp": xmp}
            write_tiff(file, strips, height, width, dtype, **tags)
        elif format == "PNG":
            # The hints stand in a text chunk too, for people who look at it in an image viewer.
            texts = [("XML:com.adobe.xmp", xmp.decode()), (PNG_KEYWORD, hints_text(provenance))]
            write_png(file, strips, height, width, dtype, texts=texts, exif=exif, resolution=resolution)
        elif format == "JPEG":
            metadata = {"exif": exif, "segments": xmp_jpeg_segments(provenance), "resolution": resolution}
            write_jpeg(file, (to_uint8(strip) for strip in strips), height, width, quality=QUALITY, **metadata)
        else:
            # WebP cannot store a resolution outside EXIF.
            whole = np.concatenate([to_uint8(strip) for strip in strips])
            Image.fromarray(whole).save(file, "WEBP", exif=exif, xmp=xmp, quality=QUALITY)


def _checked_rows(strips: Iterable[np.ndarray], height: int) -> Iterator[np.ndarray]:
    """The strips; raises ValueError at the end if they do not have `height` rows together."""
    rows = 0
    for strip in strips:
        rows += len(strip)
        yield strip
    if rows != height:
        raise ValueError(f"expected {height} rows, got {rows}")


def _resolution_tags(byte_order: str, across: float, down: float) -> dict[int, Entry]:
    def rational(value: float) -> Entry:
        return Entry(RATIONAL, 1, struct.pack(byte_order + "II", round(value * 1000), 1000))

    return {
        Tag.X_RESOLUTION: rational(across),
        Tag.Y_RESOLUTION: rational(down),
        Tag.RESOLUTION_UNIT: Entry(SHORT, 1, struct.pack(byte_order + "H", INCH)),
    }
