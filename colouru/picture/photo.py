"""Pictures from outside, opened safely: whatever a person may bring becomes upright 8-bit sRGB, or a clear sentence.

Of colourization it knows only what a picture that ColourU saved says of itself.
"""

import dataclasses
import io
import math
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colouru.hints import Hint
from colouru.picture.exif import exif_of
from colouru.picture.provenance import Provenance, read_provenance

MAX_MEGAPIXELS = 50

# JPEG ends here too; one row of such a picture is still small beside what is worked on at a time.
MAX_SIDE = 65_535

# Decoders that photographs need, as far as Pillow has them. Every further one is code that hostile files may reach.
Image.init()
# Phones photograph prints in it, and Pillow alone cannot read it.
pillow_heif.register_heif_opener(thumbnails=False)
FORMATS = [name for name in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF", "HEIF") if name in Image.OPEN]

# How files of other formats begin, from the fifth byte on where they are boxes, so that they can be named.
NOT_TAKEN = {
    b"8BPS": "Photoshop file (PSD)",
    b"DDS ": "DDS texture",
    b"%PDF": "PDF",
    b"%!PS": "PostScript file (EPS)",
    b"\0\0\1\0": "Windows icon (ICO)",
    b"icns": "Mac icon (ICNS)",
    b"qoif": "QOI picture",
    b"\xff\x4f\xff\x51": "JPEG 2000 picture",
    b"jP  ": "JPEG 2000 picture",
    b"\xff\x0a": "JPEG XL picture",
    b"JXL ": "JPEG XL picture",
    b"ftypheic": "HEIC picture",
    b"ftypheix": "HEIC picture",
    b"ftypmif1": "HEIC picture",
    b"ftypavif": "AVIF picture",
}

# TGA has no such beginning, and an ending only since its second version.
TGA_END = b"TRUEVISION-XFILE.\0"

# What Pillow's decoders raise on damaged files, seen by cutting files of every format short.
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
    Image.DecompressionBombError,
)

# EXIF's tag for how a picture is turned, 1 for upright.
ORIENTATION = 0x0112

# Rows that are made at a time, of the photo and of a reduced one.
BAND_ROWS = 64

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@dataclasses.dataclass(frozen=True)
class Photo:
    """A picture ready to be coloured.

    Attributes:
        rgb: (H,W,3) uint8, sRGB, upright.
        remarks: sentences about what was done to get there that the person should know of.
        exif: its EXIF as bytes, b"" where it has none, see `colouru.picture.exif`.
        provenance: where its colours come from, if ColourU gave it them.
    """

    rgb: np.ndarray
    remarks: tuple[str, ...] = ()
    exif: bytes = dataclasses.field(default=b"", repr=False)
    provenance: Provenance | None = dataclasses.field(default=None, repr=False)

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Those that ColourU coloured and saved it with; none in any other photo."""
        return self.provenance.hints if self.provenance else ()

    @property
    def height(self) -> int:
        return self.rgb.shape[0]

    @property
    def width(self) -> int:
        return self.rgb.shape[1]

    def reduced(self, longer_side: int) -> "Photo":
        """The photo, shrunk by a whole number to the smallest size whose longer side has that many pixels or more.

        It is quick, and as good as the photo itself for whoever wants thumbnails of a third of that or less.
        """
        by = max(self.height, self.width) // longer_side
        if by < 2:
            return self
        # In bands, for a picture of Pillow's is larger than the photo.
        bands = [self.rgb[top : top + BAND_ROWS * by] for top in range(0, self.height, BAND_ROWS * by)]
        rgb = np.concatenate([np.asarray(Image.fromarray(band).reduce(by)) for band in bands])
        return dataclasses.replace(self, rgb=rgb)

    def thumbnail(self, longer_side: int) -> "Photo":
        """The photo, shrunk until its longer side is at most that many pixels; each side stays at least 1."""
        if max(self.height, self.width) <= longer_side:
            return self
        scale = longer_side / max(self.height, self.width)
        size = (max(1, round(self.width * scale)), max(1, round(self.height * scale)))
        shrunk = Image.fromarray(self.rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
        return dataclasses.replace(self, rgb=np.asarray(shrunk))


def open_photo(source: Any) -> Photo:
    """A photo from a path, a PIL image, or an array (H,W), (H,W,1), (H,W,3) or (H,W,4) of uint8 or uint16.

    EXIF rotation is applied, colour profiles are converted to sRGB, sixteen bits become eight, transparency is laid on
    white, and of an animation the first frame is taken.

    Raises:
        ValueError: if it is not a picture, is damaged, or has more than `MAX_MEGAPIXELS`; the message can be shown.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, (str, Path)):
        return _open_file(Path(source))
    if isinstance(source, np.ndarray):
        return _upright(_from_array(source), "the array")
    if isinstance(source, Image.Image):
        return _upright(source, "the picture")
    raise ValueError(f"expected a path, a PIL image or an array, got {type(source).__name__}")


def _open_file(path: Path) -> Photo:
    name = path.name
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty (0 bytes); try copying it again from where it came")
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, where we refuse them ourselves.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError:
        raise ValueError(_too_large(name)) from None
    except UnidentifiedImageError:
        raise ValueError(f"{name} is {_kind(path)}; save it as JPEG, PNG, TIFF or WebP") from None
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    with picture:
        return _upright(picture, name)


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


def _too_large(name: str, width: int = 0, height: int = 0) -> str:
    # Rounded up, so that what is too large never reads as what is taken.
    megapixels = math.ceil(width * height / 1e5) / 10
    size = f"is {width} x {height}, {megapixels:g} megapixels" if width else "is far too large"
    return f"{name} {size}; at most {MAX_MEGAPIXELS} megapixels are taken, so save a smaller copy"


def _from_array(array: np.ndarray) -> Image.Image:
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
    if array.dtype == np.uint16:
        array = (array // 257).astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.ndim == 3 and channels == 1 else array)


def _upright(picture: Image.Image, name: str) -> Photo:
    if picture.width * picture.height > MAX_MEGAPIXELS * 1_000_000:
        raise ValueError(_too_large(name, picture.width, picture.height))
    if max(picture.size) > MAX_SIDE:
        raise ValueError(f"{name} is {picture.width} x {picture.height}; at most {MAX_SIDE} pixels a side are taken")
    remarks = []
    try:
        if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
            remarks.append(f"{name} has {picture.n_frames} frames; the first is used.")
        exif = exif_of(picture)
        picture.load()
        exif = exif or exif_of(picture)
        profile = picture.info.get("icc_profile")
        provenance, problem = _provenance(picture)
        remarks += [f"{name}: {problem}"] if problem else []
        # Asked for alone, it would copy what is upright already.
        if exif and picture.getexif().get(ORIENTATION, 1) != 1:
            picture = ImageOps.exif_transpose(picture)
    except DAMAGE:
        raise ValueError(_damaged(name)) from None
    picture = _eight_bits(picture)
    picture, alpha = _without_alpha(picture)
    if profile:
        picture, problem = _to_srgb(picture, profile)
        remarks += [f"{name}: {problem}"] if problem else []
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", picture.size, "white")
        picture = Image.composite(picture, white, alpha)
        remarks.append(f"{name} is transparent in places; they are laid on white.")
    return Photo(_pixels(picture), tuple(remarks), exif, provenance)


def _pixels(picture: Image.Image) -> np.ndarray:
    """(H,W,3) uint8 of an RGB picture, in bands: all at once Pillow would make it twice more on the way."""
    pixels = np.empty((picture.height, picture.width, 3), np.uint8)
    for top in range(0, picture.height, BAND_ROWS):
        band = pixels[top : top + BAND_ROWS]
        band[...] = picture.crop((0, top, picture.width, top + len(band)))
    return pixels


def _provenance(picture: Image.Image) -> tuple[Provenance | None, str]:
    """Where the picture's colours come from; or a sentence why that cannot be read: it is a photo all the same."""
    try:
        return read_provenance(picture), ""
    except ValueError as error:
        return None, f"what ColourU once wrote into it cannot be used, so its hints are not restored ({error})."


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Sixteen bits in all but name: Pillow keeps some 16-bit files in 32-bit integers.
        return Image.fromarray((np.asarray(picture).astype(np.int64).clip(0, 65535) // 257).astype(np.uint8))
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture), nan=0.0, posinf=255.0, neginf=0.0)
        scale = 255.0 if values.max() <= 1 else 1.0
        return Image.fromarray((values * scale).clip(0, 255).round().astype(np.uint8))
    return picture


def _without_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture without its transparency, and that, if anything is transparent at all."""
    if picture.mode in ("P", "1") or "transparency" in picture.info:
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    if picture.mode not in ("RGBA", "LA", "PA", "RGBa"):
        return picture, None
    picture = picture.convert("RGBA")
    alpha = picture.getchannel("A")
    return picture.convert("RGB"), alpha if alpha.getextrema()[0] < 255 else None


def _to_srgb(picture: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    """The picture in sRGB; or as it was and a sentence why, since a photo without its profile beats none."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB"), ""
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture, "its colour profile cannot be used, so its colours may be slightly off."
