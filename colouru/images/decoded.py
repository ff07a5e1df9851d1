"""A picture that Pillow has decoded, as upright sRGB: modes, transparency and colour profile, eight bits or sixteen."""

from pathlib import Path

import numpy as np
from PIL import Image

from colouru.images import jpeg2000, scan, tiff
from colouru.images.levels import WHITE
from colouru.images.pixels import HELD_BYTES, Cut, Made, Pixels, bands, is_held
from colouru.images.png import deep_mode, deep_samples
from colouru.images.profile import to_srgb
from colouru.images.streamed import LOADERS, Streamed, streamed

ORIENTATION = 0x0112
MIRRORED = 2


def read_picture(picture: Image.Image, name: str, path: Path | None = None) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a picture, which is loaded by this, and sentences about what was done to them.

    Args:
        path: of the file that it was opened from, if it was; without it PNG and JPEG 2000 have eight bits.

    Raises:
        ValueError, and whatever Pillow's decoders raise on damaged files.
    """
    deep = deep_samples(picture, path) if path and deep_mode(picture) else None
    # Of what is decoded in strips Pillow would decode everything, to look for EXIF behind the pixels, too.
    exif = Image.Exif()
    exif.load(picture.info.get("exif", b""))
    rows = _in_strips(picture, path, exif) if path and deep is None else None
    if rows is None and (deep is None or is_held(deep)):
        picture.load()
        exif = picture.getexif()
    orientation = exif.get(ORIENTATION, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    profile = picture.info.get("icc_profile") or b""
    remarks: tuple[str, ...] = ()
    if path and picture.format == "JPEG2000":
        bits, inner = jpeg2000.bits_and_profile(path)
        profile = profile or inner
        if bits > 8 and not picture.mode.startswith("I"):
            remarks = (f"{name} has {bits} bits a channel, of which 8 are used; save it as TIFF to keep them.",)
    if deep is None and (picture.mode.startswith("I") or picture.mode == "F"):
        deep = _greys(picture)
    if deep is None:
        pixels, more = _eight_bits(picture, rows or Cut(picture), profile, orientation, name)
        return pixels, remarks + more
    colours = 1 if deep.shape[2] <= 2 else 3
    photometric = tiff.RGB if colours == 3 else tiff.MIN_IS_BLACK
    bits = 8 * deep.dtype.itemsize
    if picture.format == "TIFF":
        photometric, bits = picture.tag_v2.get(262, photometric), picture.tag_v2.get(258, (bits,))[0]
    alpha = colours if deep.shape[2] > colours else None
    # TIFF alone leaves open where white is, and what was not opened from a file.
    declared = WHITE if bits == 16 and picture.format not in ("TIFF", None) else None
    samples = scan.Samples(photometric, bits, alpha, declared=declared, profile=profile, orientation=orientation)
    pixels, more = scan.from_samples(deep, samples, name)
    return pixels, remarks + more


def _greys(picture: Image.Image) -> np.ndarray:
    """(H,W,1) of more than eight bits."""
    greys = np.asarray(picture)[..., None]
    if picture.mode == "F":
        return greys
    # Pillow keeps the sixteen bits of PPM in 32-bit integers.
    return greys.astype(np.uint16) if picture.mode != "I" or picture.format == "PPM" else greys


class _InStrips:
    """Rows that are decoded as they are asked for, a source of `Made` whose parts are pictures, as those of `Cut`."""

    def __init__(self, rows: Streamed):
        self.rows = rows

    def __getitem__(self, part: slice) -> Image.Image:
        samples = self.rows[part]
        return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _in_strips(picture: Image.Image, path: Path, exif: Image.Exif) -> _InStrips | None:
    """The rows of a picture that would take too much memory; None if it is small, or cannot be decoded that way."""
    plain = picture.mode in ("L", "RGB") and not _may_be_transparent(picture)
    # What comes coarse first, or has its top elsewhere, has to be in memory all the same.
    whole = picture.info.get("interlace") or picture.info.get("progressive") or exif.get(ORIENTATION, 1) > MIRRORED
    few = picture.width * picture.height * len(picture.getbands()) <= HELD_BYTES
    if few or whole or not plain or picture.format not in LOADERS:
        return None
    rows = streamed(path, picture.format)
    fits = rows is not None and rows.dtype == np.uint8 and rows.shape[2] == len(picture.getbands())
    return _InStrips(rows) if fits else None


def _eight_bits(
    picture: Image.Image, source: Cut | _InStrips, profile: bytes, orientation: int, name: str
) -> tuple[Pixels, tuple[str, ...]]:
    mode = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}.get(picture.mode, "RGB")
    transform, problem = None, ""
    if profile:
        transform, problem = to_srgb(profile, np.dtype(np.uint8), {"L": 1, "RGB": 3, "CMYK": 4}[mode])
    remarks = (f"{name}: {problem}",) if problem else ()
    transparent = _may_be_transparent(picture) and _is_transparent(picture)
    if transparent:
        remarks += (f"{name} {scan.ON_WHITE}",)

    def steps(part: Image.Image) -> np.ndarray:
        alpha = part.convert("RGBA").getchannel("A") if transparent else None
        # By way of RGBA where a colour stands for transparency, for Pillow would else keep it aside.
        opaque = part.convert("RGBA").convert("RGB") if transparent and mode == "RGB" else part
        wanted = "RGB" if mode == "CMYK" and transform is None else mode
        pixels = np.asarray(opaque if opaque.mode == wanted else opaque.convert(wanted))
        pixels = transform(pixels) if transform else pixels
        if alpha is None:
            return pixels
        shown = Image.fromarray(pixels)
        white = Image.new(shown.mode, shown.size, "white")
        return np.asarray(Image.composite(shown, white, alpha))

    return Made(source, picture.height, picture.width, steps, orientation), remarks


def _may_be_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _is_transparent(picture: Image.Image) -> bool:
    whole = Made(
        Cut(picture), picture.height, picture.width, lambda part: np.asarray(part.convert("RGBA").getchannel("A"))
    )
    return any((band < 255).any() for band in bands(whole))
