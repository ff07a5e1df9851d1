"""Pictures from outside, opened safely: whatever a person may bring becomes upright sRGB, or a clear sentence.

Of colourization it knows only what a picture that ColourU saved says of itself.
"""

import dataclasses
import functools
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, UnidentifiedImageError

from colouru.hints import Hint
from colouru.images import psd, scan, tiff
from colouru.images.decoded import read_picture
from colouru.images.exif import exif_in, exif_of, exif_of_tiff, resolution_in
from colouru.images.levels import WHITE, Refused
from colouru.images.pillow_limit import without_pillows_limit
from colouru.images.pixels import (
    Pixels,
    bands,
    eight_bits,
    held,
    is_held,
    reduced,
    shrunk,
    three_channels,
)
from colouru.images.provenance import Provenance, provenance_in, read_provenance

# What is opened as a whole. From file to file, in strips, larger ones go.
MAX_MEGAPIXELS = 50

# JPEG ends here too; one row of such a picture is still small beside what is worked on at a time.
MAX_SIDE = 65_535

# A byte of deflate holds at most 1,032 bytes of pixels. A large file of fewer is made to fill memory, not to be seen.
MAX_PIXELS_PER_BYTE = 1100

# Of a picture that is not held in memory a copy is, at least this long: the networks see no more.
OVERVIEW_SIDE = 2048

# Decoders that photographs need, as far as Pillow has them. Every further one is code that hostile files may reach.
Image.init()
# Phones photograph prints in it, and Pillow alone cannot read it.
pillow_heif.register_heif_opener(thumbnails=False)
KNOWN = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF", "HEIF", "JPEG2000")
FORMATS = [name for name in KNOWN if name in Image.OPEN]

# How files of other formats begin, from the fifth byte on where they are boxes, so that they can be named.
NOT_TAKEN = {
    b"8BPS": "Photoshop file of the large kind (PSB)",
    b"DDS ": "DDS texture",
    b"%PDF": "PDF",
    b"%!PS": "PostScript file (EPS)",
    b"\0\0\1\0": "Windows icon (ICO)",
    b"icns": "Mac icon (ICNS)",
    b"qoif": "QOI picture",
    b"\xff\x0a": "JPEG XL picture",
    b"JXL ": "JPEG XL picture",
    b"ftypheic": "HEIC picture",
    b"ftypheix": "HEIC picture",
    b"ftypmif1": "HEIC picture",
    b"ftypavif": "AVIF picture",
}

PHOTOSHOP = b"8BPS\0\1"

# TGA has no such beginning, and an ending only since its second version.
TGA_END = b"TRUEVISION-XFILE.\0"

# What decoders raise on damaged files, seen by cutting files of every format short.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    RuntimeError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclasses.dataclass(frozen=True)
class Photo:
    """A picture ready to be coloured.

    Attributes:
        pixels: (H,W) grey or (H,W,3), uint8 or uint16, sRGB, upright. An array, or, where that would be large, what
            gives its rows as one does: `pixels[top:bottom]`.
        remarks: sentences about what was done to get there that the person should know of.
        exif: its EXIF as bytes, b"" where it has none, see `colouru.images.exif`.
        provenance: where its colours come from, if ColourU gave it them.
        resolution: pixels an inch, across and down, or None where it says nothing of it.
    """

    pixels: Pixels
    remarks: tuple[str, ...] = ()
    exif: bytes = dataclasses.field(default=b"", repr=False)
    provenance: Provenance | None = dataclasses.field(default=None, repr=False)
    resolution: tuple[float, float] | None = None

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Those that ColourU coloured and saved it with; none in any other photo."""
        return self.provenance.hints if self.provenance else ()

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def bits(self) -> int:
        """A channel has, 8 or 16."""
        return 8 * self.pixels.dtype.itemsize

    @functools.cached_property
    def rgb(self) -> np.ndarray:
        """(H,W,3) uint8, whatever the photo has, in memory."""
        if is_held(self.pixels):
            return three_channels(eight_bits(self.pixels))
        return np.concatenate([three_channels(eight_bits(band)) for band in bands(self.pixels)])

    @functools.cached_property
    def overview(self) -> "Photo":
        """The photo itself, if it is held in memory, else a copy that is, at least `OVERVIEW_SIDE` long."""
        if is_held(self.pixels):
            return self
        by = max(1, max(self.height, self.width) // OVERVIEW_SIDE)
        return dataclasses.replace(self, pixels=reduced(self.pixels, by))

    def reduced(self, longer_side: int) -> "Photo":
        """The photo, shrunk by a whole number to the smallest size whose longer side has that many pixels or more.

        It is quick, and as good as the photo itself for whoever wants thumbnails of a third of that or less.
        """
        photo = self.overview
        by = max(photo.height, photo.width) // longer_side
        return photo if by < 2 else dataclasses.replace(photo, pixels=reduced(photo.pixels, by))

    def thumbnail(self, longer_side: int) -> "Photo":
        """The photo, shrunk until its longer side is at most that many pixels; each side stays at least 1."""
        if max(self.height, self.width) <= longer_side:
            return self.overview
        scale = longer_side / max(self.height, self.width)
        height, width = (max(1, round(side * scale)) for side in (self.height, self.width))
        return dataclasses.replace(self, pixels=shrunk(self.overview.pixels, height, width))


def open_photo(source: Any, *, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """A photo from a path, a PIL image, or an array (H,W), (H,W,1), (H,W,3) or (H,W,4) of uint8 or uint16.

    EXIF rotation is applied, colour profiles are converted to sRGB, transparency is laid on white, and of an animation
    the first frame is taken. Sixteen bits stay sixteen.

    Raises:
        ValueError: if it is not a picture, is damaged, or has more than `max_megapixels`; the message can be shown.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, (str, Path)):
        return _open_file(Path(source), max_megapixels)
    if isinstance(source, np.ndarray):
        return _from_array(source, max_megapixels)
    if isinstance(source, Image.Image):
        _check_size("the picture", *source.size, max_megapixels)
        return _from_pillow(source, "the picture")
    raise ValueError(f"expected a path, a PIL image or an array, got {type(source).__name__}")


def _open_file(path: Path, max_megapixels: float) -> Photo:
    name = path.name
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty (0 bytes); try copying it again from where it came")
    with open(path, "rb") as file:
        start = file.read(16)
    if start.startswith(PHOTOSHOP):
        return _open_photoshop(path, max_megapixels)
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return _open_tiff(path, max_megapixels)
    return _open_by_pillow(path, max_megapixels)


def _open_by_pillow(path: Path, max_megapixels: float, page: int = 0) -> Photo:
    name = path.name
    try:
        with without_pillows_limit():
            picture = Image.open(path, formats=FORMATS)
            if page:
                picture.seek(page)
    except UnidentifiedImageError:
        raise ValueError(f"{name} is {_kind(path)}; save it as JPEG, PNG, TIFF or WebP") from None
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    with picture:
        _check_size(name, *picture.size, max_megapixels, path.stat().st_size)
        return _from_pillow(picture, name, path)


def _open_tiff(path: Path, max_megapixels: float) -> Photo:
    name = path.name
    try:
        page, pages, largest = tiff.find_page(path)
    except tiff.TagsLie as error:
        raise ValueError(_lying(name, error)) from None
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    _check_size(name, page.width, page.height, max_megapixels, path.stat().st_size)
    remarks = (f"{name} has {pages} pages; the first is used.",) if pages > 1 else ()
    if largest[0] * largest[1] > page.width * page.height:
        remarks += (f"{name} has a larger page, {largest[0]} x {largest[1]}, which is not used.",)
    if page.photometric in tiff.RAW_CAMERA:
        raise ValueError(f"{name} is the raw file of a camera, a format that is not taken; develop it to TIFF or JPEG")
    if not page.simple:
        if page.bits > 8 or page.number is None:
            raise ValueError(
                f"{name} is a TIFF of a kind that is not taken ({page.bits} bits, photometric {page.photometric}, "
                f"compression {page.compression}); save it uncompressed, with 8 or 16 bits, in greyscale or RGB"
            )
        opened = _open_by_pillow(path, max_megapixels, page.number)
        return dataclasses.replace(opened, remarks=remarks + opened.remarks)
    try:
        exif = exif_of_tiff(path)
        pixels, more = scan.read_page(path, page, name)
        pixels = _kept(pixels, name)
    except Refused:
        raise
    except tiff.TagsLie as error:
        raise ValueError(_lying(name, error)) from None
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    provenance, problem = _provenance(name, lambda: provenance_in(page.xmp))
    return Photo(pixels, remarks + more + problem, exif, provenance, resolution_in(exif))


def _open_photoshop(path: Path, max_megapixels: float) -> Photo:
    name = path.name
    try:
        composite = psd.read_composite(path)
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    if composite.mode not in psd.CHANNELS or composite.bits not in (8, 16):
        raise ValueError(f"{name} is a Photoshop file in a mode that is not taken; save it in RGB with 8 or 16 bits")
    if not composite.whole:
        raise ValueError(f"{name} holds only its layers; save it again with maximal compatibility, or as TIFF")
    _check_size(name, composite.width, composite.height, max_megapixels, path.stat().st_size)
    photometric = {psd.RGB: tiff.RGB, psd.CMYK: tiff.CMYK, psd.LAB: tiff.ICCLAB}.get(composite.mode, tiff.MIN_IS_BLACK)
    try:
        found = psd.samples(path, composite)
        number = psd.CHANNELS[composite.mode]
        meaning = scan.Samples(
            photometric,
            composite.bits,
            number if found.shape[2] > number else None,
            declared=WHITE,
            profile=composite.resources.get(psd.PROFILE, b""),
        )
        pixels, remarks = scan.from_samples(found, meaning, name)
        pixels = _kept(pixels, name)
    except Refused:
        raise
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    exif = exif_in(composite.resources.get(psd.EXIF, b""))
    provenance, problem = _provenance(name, lambda: provenance_in(composite.resources.get(psd.XMP, b"")))
    return Photo(pixels, remarks + problem, exif, provenance, psd.resolution(composite) or resolution_in(exif))


def _kind(path: Path) -> str:
    """What a file is that is none of `FORMATS`."""
    with open(path, "rb") as file:
        start = file.read(16)
        file.seek(-min(len(TGA_END), path.stat().st_size), 2)
        end = file.read()
    for signature, kind in NOT_TAKEN.items():
        if start.startswith(signature) or start[4:].startswith(signature):
            return f"a {kind}, a format that is not taken"
    if end == TGA_END or path.suffix.lower() == ".tga":
        return "a TGA picture, a format that is not taken"
    return "not a picture that can be read"


def _damaged(name: str) -> str:
    return f"{name} is damaged or cut short; try copying it again from where it came"


def _lying(name: str, error: Exception) -> str:
    return f"{name} contradicts itself ({error}); try copying it again from where it came, or save it anew"


def _check_size(name: str, width: int, height: int, max_megapixels: float, size: int | None = None) -> None:
    """Raises ValueError if a picture of that size, from a file of `size` bytes, is not to be decoded."""
    # Rounded up, so that what is too large never reads as what is taken.
    megapixels = math.ceil(width * height / 1e5) / 10
    if width * height > max_megapixels * 1_000_000:
        raise ValueError(
            f"{name} is {width} x {height}, {megapixels:g} megapixels; at most {max_megapixels:g} megapixels are "
            "taken, so save a smaller copy"
        )
    if max(width, height) > MAX_SIDE:
        raise ValueError(f"{name} is {width} x {height}; at most {MAX_SIDE} pixels a side are taken")
    if size and width * height > max(MAX_MEGAPIXELS * 1_000_000, MAX_PIXELS_PER_BYTE * size):
        raise ValueError(f"{name} has {size:,} bytes and claims {megapixels:g} megapixels, which no scan does")


def _from_array(array: np.ndarray, max_megapixels: float) -> Photo:
    channels = array.shape[2] if array.ndim == 3 else 1
    if (
        array.ndim not in (2, 3)
        or channels not in (1, 3, 4)
        or array.dtype not in (np.uint8, np.uint16)
        or not array.size
    ):
        raise ValueError(
            f"expected an array of shape (H,W), (H,W,3) or (H,W,4), uint8 or uint16, got {array.shape}, {array.dtype}"
        )
    name = "the array"
    _check_size(name, array.shape[1], array.shape[0], max_megapixels)
    if channels == 4:
        pixels, remarks = scan.from_samples(array, scan.Samples(tiff.RGB, 8 * array.dtype.itemsize, alpha=3), name)
        return Photo(pixels[:], remarks)
    return Photo(array[..., 0] if array.ndim == 3 and channels == 1 else array)


def _from_pillow(picture: Image.Image, name: str, path: Path | None = None) -> Photo:
    remarks: tuple[str, ...] = ()
    try:
        frames = getattr(picture, "n_frames", 1) if picture.format not in ("MPO", "TIFF") else 1
        if frames > 1:
            remarks += (f"{name} has {frames} frames; the first is used.",)
        exif = exif_of(picture)
        pixels, more = read_picture(picture, name, path)
        exif = exif or exif_of(picture)
        pixels = _kept(pixels, name)
    except Refused:
        raise
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    provenance, problem = _provenance(name, lambda: read_provenance(picture))
    return Photo(pixels, remarks + more + problem, exif, provenance, _resolution(picture, exif))


def _kept(pixels: Pixels, name: str) -> Pixels:
    """The pixels in memory, if they are not too many; else such as tell of damage in words whenever they meet it."""
    pixels = held(pixels)
    return pixels if is_held(pixels) else _Guarded(pixels, name)


class _Guarded:
    def __init__(self, pixels: Pixels, name: str):
        self.pixels, self.name = pixels, name
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        try:
            return self.pixels[rows]
        except tiff.TagsLie as error:
            raise ValueError(_lying(self.name, error)) from None
        except DAMAGE:
            raise ValueError(_damaged(self.name)) from None


def _resolution(picture: Image.Image, exif: bytes) -> tuple[float, float] | None:
    try:
        across, down = (float(side) for side in picture.info["dpi"])
    except (LookupError, TypeError, ValueError):
        return resolution_in(exif)
    return across, down


def _provenance(name: str, read: Callable[[], Provenance | None]) -> tuple[Provenance | None, tuple[str, ...]]:
    """Where the picture's colours come from; or a sentence why that cannot be read: it is a photo all the same."""
    try:
        return read(), ()
    except ValueError as error:
        why = f"what ColourU once wrote into it cannot be used, so its hints are not restored ({error})."
        return None, (f"{name}: {why}",)


def provenance_of(path: str | Path) -> Provenance | None:
    """Where the colours of a picture come from that ColourU saved, read without its pixels; None of any other picture.

    Raises:
        ValueError: if it is damaged, or what ColourU wrote is.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            return provenance_in(tiff.find_page(path)[0].xmp)
        with without_pillows_limit():
            with Image.open(path, formats=FORMATS) as picture:
                return read_provenance(picture)
    except ValueError:
        raise
    except DAMAGE:
        raise ValueError(_damaged(path.name)) from None
