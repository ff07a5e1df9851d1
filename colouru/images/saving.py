"""Pictures written to files, as a whole or as their rows come, together with where their colours come from."""

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from colouru.images.directory import RATIONAL, SHORT, Entry
from colouru.images.exif import ACROSS, DOWN, INCH, MAIN, UNIT, carried_over, directories_of
from colouru.images.jpeg_writer import write_jpeg
from colouru.images.pixels import eight_bits
from colouru.images.png_writer import write_png
from colouru.images.provenance import PNG_KEYWORD, Provenance, hints_text, jpeg_segments, packet
from colouru.images.tiff_writer import write_tiff

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
MAX_SIDES = {"JPEG": 65_500, "WEBP": 16_383}

# WebP is encoded from the whole picture in memory.
MAX_WEBP_MEGAPIXELS = 64


def picture_format(path: str | Path) -> str:
    """The format, as Pillow calls it, that a file of that name is saved in.

    Raises:
        ValueError: if it is none that can tell where its colours come from.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.name} cannot be saved: its name must end in .png, .jpg, .webp or .tif")
    return FORMATS[path.suffix.lower()]


def saved_bits(path: str | Path, bits: int) -> int:
    """How many bits a channel a photo of `bits` has in a file of that name: 16 in TIFF, its own in PNG, 8 elsewhere.

    Raises:
        ValueError: if it is none that can tell where its colours come from.
    """
    return {"TIFF": 16, "PNG": bits}.get(picture_format(path), 8)


def check_size(path: str | Path, height: int, width: int) -> None:
    """Raises ValueError if the format that a file of that name is saved in has no room for such a picture."""
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
    quality: int = 95,
) -> None:
    """Write a picture of Pillow, which is sRGB and upright, as `save_strips` does."""
    strips = [np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))]
    options = {"keep_location": keep_location, "resolution": resolution, "quality": quality}
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
    quality: int = 95,
) -> None:
    """Write a picture together with where its colours come from; a file of that name is replaced only by a whole one.

    TIFF and PNG keep every pixel as it is, JPEG and WebP nearly. TIFF has the colour profile of sRGB; for the others a
    picture without one is sRGB.

    Args:
        strips: all rows in order, (h,W,3) sRGB, uint8 or, with 16 `bits`, uint16; each is used up before the next is
            taken.
        path: ends in .png, .jpg, .jpeg, .webp, .tif or .tiff.
        exif: of the photo, as `Photo.exif` has it. Its location stays out unless `keep_location`.
        bits: 8 or 16, a channel of TIFF and PNG.
        resolution: pixels an inch, across and down, as `Photo.resolution` has it.
        quality: of JPEG and WebP, up to 100.

    Raises:
        ValueError: if the name ends otherwise, the format has no room for such a picture, or the notes of the hints are
            too long.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    check_size(path, height, width)
    format = picture_format(path)
    resolution = resolution if resolution and all(1 <= side < 1e6 for side in resolution) else None
    dtype = np.dtype(f"u{bits // 8}")
    kept = carried_over(exif, width, height, keep_location=keep_location)
    xmp = packet(provenance)
    with _replacing(path) as file:
        if format == "TIFF":
            order, directories = directories_of(kept)
            main = directories.pop(MAIN, {}) | (_resolution_tags(order, *resolution) if resolution else {})
            write_tiff(file, strips, height, width, dtype, order=order, entries=main, inner=directories, xmp=xmp)
        elif format == "PNG":
            # The hints once more for people, in whatever shows a PNG's text.
            texts = [("XML:com.adobe.xmp", xmp.decode()), (PNG_KEYWORD, hints_text(provenance))]
            write_png(file, strips, height, width, dtype, texts=texts, exif=kept, resolution=resolution)
        elif format == "JPEG":
            segments = jpeg_segments(provenance)
            options = {"quality": quality, "exif": kept, "segments": segments, "resolution": resolution}
            write_jpeg(file, (eight_bits(strip) for strip in strips), height, width, **options)
        else:
            # WebP has no place for a resolution but EXIF.
            whole = np.concatenate([eight_bits(strip) for strip in strips])
            Image.fromarray(whole).save(file, "WEBP", exif=kept, xmp=xmp, quality=quality)


def _resolution_tags(order: str, across: float, down: float) -> dict[int, Entry]:
    def rational(value: float) -> Entry:
        return Entry(RATIONAL, 1, struct.pack(order + "II", round(value * 1000), 1000))

    return {ACROSS: rational(across), DOWN: rational(down), UNIT: Entry(SHORT, 1, struct.pack(order + "H", INCH))}


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once it is complete."""
    partial = path.with_name(f".colouru-{os.getpid()}-{os.urandom(4).hex()}.partial")
    try:
        with open(partial, "xb") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
