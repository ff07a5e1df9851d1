"""Opens any picture safely and gives it as upright sRGB, or raises an error whose message can be shown.

Of colourization this module knows only the provenance that ColourU writes into the pictures it saves.
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from colouru.hints import Hint
from colouru.images import pillow_reader, psd_reader, tiff_reader
from colouru.images.errors import DECODE_ERRORS, UnsupportedImage, damaged_message, readable_errors
from colouru.images.exif import clean_exif, exif_from_pillow, exif_from_tiff, exif_resolution
from colouru.images.formats import READABLE_FORMATS, describe_unreadable
from colouru.images.limits import MAX_MEGAPIXELS, check_dimensions, without_pillow_limit
from colouru.images.pixels import (
    MAX_BYTES_IN_MEMORY,
    Pixels,
    bands,
    box_reduce,
    is_array,
    materialize_if_small,
    resize_lanczos,
    three_channels,
    to_uint8,
)
from colouru.images.provenance import Provenance, provenance_from_xmp, read_provenance
from colouru.images.samples import SampleInfo, samples_to_srgb
from colouru.images.tiff_page import RAW_CAMERA_PHOTOMETRICS, Photometric, TiffPage, find_page

# The least length of a downscaled copy. The networks see smaller ones.
DOWNSCALED_SIDE = 2048

PHOTOSHOP_START = b"8BPS\0\1"
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclasses.dataclass(frozen=True)
class Photo:
    """A picture ready to be coloured.

    Attributes:
        pixels: (H,W) grey or (H,W,3), uint8 or uint16, sRGB, upright. An array, or, if it is too large for memory,
            rows that are decoded when they are asked for: `pixels[top:bottom]`.
        remarks: sentences for the person about what was done to the picture when it was opened.
        exif: its EXIF as bytes, see `colouru.images.exif`; b"" if it has none.
        provenance: where its colours come from, if ColourU coloured it.
        resolution: pixels an inch, across and down, or None if it does not say.
    """

    pixels: Pixels
    remarks: tuple[str, ...] = ()
    exif: bytes = dataclasses.field(default=b"", repr=False)
    provenance: Provenance | None = dataclasses.field(default=None, repr=False)
    resolution: tuple[float, float] | None = None

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hints that ColourU coloured and saved it with; () for any other photo."""
        return self.provenance.hints if self.provenance else ()

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def bits(self) -> int:
        """Bits a channel, 8 or 16."""
        return 8 * self.pixels.dtype.itemsize

    @functools.cached_property
    def rgb(self) -> np.ndarray:
        """(H,W,3) uint8, in memory, whatever type and size the pixels have."""
        if is_array(self.pixels):
            return three_channels(to_uint8(self.pixels))
        return np.concatenate([three_channels(to_uint8(band)) for band in bands(self.pixels)])

    @functools.cached_property
    def downscaled(self) -> "Photo":
        """The photo itself if it is in memory, else a copy in memory that is at least `DOWNSCALED_SIDE` long."""
        if is_array(self.pixels):
            return self
        factor = max(1, max(self.height, self.width) // DOWNSCALED_SIDE)
        return dataclasses.replace(self, pixels=box_reduce(self.pixels, factor))

    def reduced(self, longer_side: int) -> "Photo":
        """A copy, reduced by the largest whole factor that leaves the longer side at least that many pixels.

        This is fast, and precise enough for thumbnails of at most a third of that size.
        """
        photo = self.downscaled
        factor = max(photo.height, photo.width) // longer_side
        return photo if factor < 2 else dataclasses.replace(photo, pixels=box_reduce(photo.pixels, factor))

    def thumbnail(self, longer_side: int) -> "Photo":
        """A copy whose longer side has at most that many pixels. Each side has at least 1."""
        if max(self.height, self.width) <= longer_side:
            return self.downscaled
        scale = longer_side / max(self.height, self.width)
        height, width = (max(1, round(side * scale)) for side in (self.height, self.width))
        return dataclasses.replace(self, pixels=resize_lanczos(self.downscaled.pixels, height, width))


def open_photo(
    source: Any, *, max_megapixels: float = MAX_MEGAPIXELS, max_bytes_in_memory: int = MAX_BYTES_IN_MEMORY
) -> Photo:
    """A photo from a path, a PIL image, or an array (H,W), (H,W,1), (H,W,3) or (H,W,4) of uint8 or uint16.

    The EXIF orientation is applied, colour profiles are converted to sRGB, transparent places become white, and of an
    animation the first frame is taken. Sixteen bits are kept.

    Args:
        source: see above. A `Photo` is returned as it is.
        max_megapixels: larger pictures are refused.
        max_bytes_in_memory: if the pixels take more bytes, they are decoded as their rows are asked for.

    Raises:
        ValueError: if it is not a picture, is damaged, or is too large; the message can be shown.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, (str, Path)):
        return _open_file(Path(source), max_megapixels, max_bytes_in_memory)
    if isinstance(source, np.ndarray):
        return _from_array(source, max_megapixels)
    if isinstance(source, Image.Image):
        check_dimensions("the picture", *source.size, max_megapixels)
        return _from_pillow(source, "the picture", None, max_bytes_in_memory)
    raise ValueError(f"expected a path, a PIL image or an array, got {type(source).__name__}")


def provenance_of(path: str | Path) -> Provenance | None:
    """The provenance in a picture that ColourU saved, None for any other picture. The pixels are not read.

    Raises:
        ValueError: if the picture or its provenance is damaged.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            return provenance_from_xmp(find_page(path)[0].xmp)
        with without_pillow_limit():
            with Image.open(path, formats=READABLE_FORMATS) as picture:
                return read_provenance(picture)
    except ValueError:
        raise
    except DECODE_ERRORS:
        raise ValueError(damaged_message(path.name)) from None


def _open_file(path: Path, max_megapixels: float, max_bytes_in_memory: int) -> Photo:
    name = path.name
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty (0 bytes); try copying it again from where it came")
    with open(path, "rb") as file:
        start = file.read(16)
    if start.startswith(PHOTOSHOP_START):
        return _open_photoshop(path, max_megapixels, max_bytes_in_memory)
    if start.startswith(TIFF_STARTS):
        return _open_tiff(path, max_megapixels, max_bytes_in_memory)
    return _open_with_pillow(path, max_megapixels, max_bytes_in_memory)


def _open_with_pillow(path: Path, max_megapixels: float, max_bytes_in_memory: int, page: int = 0) -> Photo:
    name = path.name
    with readable_errors(name), without_pillow_limit():
        try:
            picture = Image.open(path, formats=READABLE_FORMATS)
        except UnidentifiedImageError:
            message = f"{name} is {describe_unreadable(path)}; save it as JPEG, PNG, TIFF or WebP"
            raise UnsupportedImage(message) from None
        if page:
            picture.seek(page)
    with picture:
        check_dimensions(name, *picture.size, max_megapixels, path.stat().st_size)
        return _from_pillow(picture, name, path, max_bytes_in_memory)


def _open_tiff(path: Path, max_megapixels: float, max_bytes_in_memory: int) -> Photo:
    name = path.name
    with readable_errors(name):
        page, pages, largest = find_page(path)
    check_dimensions(name, page.width, page.height, max_megapixels, path.stat().st_size)
    remarks = (f"{name} has {pages} pages; the first is used.",) if pages > 1 else ()
    if largest[0] * largest[1] > page.width * page.height:
        remarks += (f"{name} has a larger page, {largest[0]} x {largest[1]}, which is not used.",)
    if not page.decodable:
        _check_pillow_can_read(page, name)
        opened = _open_with_pillow(path, max_megapixels, max_bytes_in_memory, page.index)
        return dataclasses.replace(opened, remarks=remarks + opened.remarks)
    with readable_errors(name):
        exif = exif_from_tiff(path)
        pixels, more = tiff_reader.read_pixels(path, page, name, max_bytes_in_memory)
        pixels = _in_memory_or_checked(pixels, name, max_bytes_in_memory)
    provenance, problem = _try_provenance(name, lambda: provenance_from_xmp(page.xmp))
    return Photo(pixels, remarks + more + problem, exif, provenance, exif_resolution(exif))


def _check_pillow_can_read(page: TiffPage, name: str) -> None:
    """Raises ValueError if a page that is not `decodable` is a raw file, or if Pillow would read it wrongly."""
    if page.photometric in RAW_CAMERA_PHOTOMETRICS:
        raise ValueError(f"{name} is the raw file of a camera, a format that is not taken; develop it to TIFF or JPEG")
    if page.bits > 8 or page.index is None:
        raise ValueError(
            f"{name} is a TIFF of a kind that is not taken ({page.bits} bits, photometric {page.photometric}, "
            f"compression {page.compression}); save it uncompressed, with 8 or 16 bits, in greyscale or RGB"
        )


def _open_photoshop(path: Path, max_megapixels: float, max_bytes_in_memory: int) -> Photo:
    name = path.name
    with readable_errors(name):
        composite = psd_reader.read_composite(path)
    if not composite.supported:
        raise ValueError(f"{name} is a Photoshop file in a mode that is not taken; save it in RGB with 8 or 16 bits")
    if not composite.complete:
        raise ValueError(f"{name} holds only its layers; save it again with maximal compatibility, or as TIFF")
    check_dimensions(name, composite.width, composite.height, max_megapixels, path.stat().st_size)
    with readable_errors(name):
        pixels, remarks = psd_reader.read_pixels(path, composite, name, max_bytes_in_memory)
        pixels = _in_memory_or_checked(pixels, name, max_bytes_in_memory)
    exif = clean_exif(composite.resources.get(psd_reader.Resource.EXIF, b""))
    xmp = composite.resources.get(psd_reader.Resource.XMP, b"")
    provenance, problem = _try_provenance(name, lambda: provenance_from_xmp(xmp))
    resolution = psd_reader.resolution(composite) or exif_resolution(exif)
    return Photo(pixels, remarks + problem, exif, provenance, resolution)


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
    check_dimensions(name, array.shape[1], array.shape[0], max_megapixels)
    if channels == 4:
        info = SampleInfo(Photometric.RGB, 8 * array.dtype.itemsize, alpha=3)
        pixels, remarks = samples_to_srgb(array, info, name, MAX_BYTES_IN_MEMORY)
        return Photo(pixels[:], remarks)
    return Photo(array[..., 0] if array.ndim == 3 and channels == 1 else array)


def _from_pillow(picture: Image.Image, name: str, path: Path | None, max_bytes_in_memory: int) -> Photo:
    remarks: tuple[str, ...] = ()
    with readable_errors(name):
        frames = getattr(picture, "n_frames", 1) if picture.format not in ("MPO", "TIFF") else 1
        if frames > 1:
            remarks += (f"{name} has {frames} frames; the first is used.",)
        # A TIFF's EXIF can be read only before its pixels are, that of some PNGs only afterwards.
        exif = exif_from_pillow(picture)
        pixels, more = pillow_reader.read_pixels(picture, name, path, max_bytes_in_memory)
        exif = exif or exif_from_pillow(picture)
        pixels = _in_memory_or_checked(pixels, name, max_bytes_in_memory)
    provenance, problem = _try_provenance(name, lambda: read_provenance(picture))
    return Photo(pixels, remarks + more + problem, exif, provenance, _resolution(picture, exif))


def _in_memory_or_checked(pixels: Pixels, name: str, max_bytes_in_memory: int) -> Pixels:
    pixels = materialize_if_small(pixels, max_bytes_in_memory)
    return pixels if is_array(pixels) else CheckedPixels(pixels, name)


class CheckedPixels:
    """Pixels that are decoded when they are asked for, and whose errors are then ValueErrors that can be shown."""

    def __init__(self, pixels: Pixels, name: str):
        self.pixels, self.name = pixels, name
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        with readable_errors(self.name):
            return self.pixels[rows]


def _resolution(picture: Image.Image, exif: bytes) -> tuple[float, float] | None:
    try:
        across, down = (float(side) for side in picture.info["dpi"])
    except (LookupError, TypeError, ValueError):
        return exif_resolution(exif)
    return across, down


def _try_provenance(name: str, read: Callable[[], Provenance | None]) -> tuple[Provenance | None, tuple[str, ...]]:
    """The provenance, or None and a remark if it is damaged: the picture can be used without it."""
    try:
        return read(), ()
    except ValueError as error:
        why = f"what ColourU once wrote into it cannot be used, so its hints are not restored ({error})."
        return None, (f"{name}: {why}",)
