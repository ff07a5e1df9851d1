"""Turns the samples of a file into sRGB: levels, transparency and colour profile, with sixteen bits kept.

This module knows nothing of where samples come from. TIFF's terms describe what they mean, in files of other formats
too.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from colouru.images.errors import UnsupportedImage
from colouru.images.levels import Levels, find_levels
from colouru.images.pixels import LazyPixels, Pixels, bands, is_array, materialize, to_uint8
from colouru.images.profile import Transform, lab_to_srgb, to_srgb
from colouru.images.tiff_page import ASSOCIATED_ALPHA, UNASSOCIATED_ALPHA, Photometric
from colouru.images.vips_reader import VipsRows

# How many samples of a pixel are colour; 1 for those not listed.
CHANNELS = {Photometric.RGB: 3, Photometric.CMYK: 4, Photometric.CIELAB: 3, Photometric.ICCLAB: 3}
LAB = (Photometric.CIELAB, Photometric.ICCLAB)

ON_WHITE = "is transparent in places; they are laid on white."


class SampleInfo(NamedTuple):
    """What a file says of its samples.

    Attributes:
        photometric: a value of `Photometric`.
        bits: how many a sample has in the file.
        alpha: the index of the alpha channel, or None.
        alpha_kind: `ASSOCIATED_ALPHA` or `UNASSOCIATED_ALPHA`.
        declared_white: the value of white, as the file or its format says, or None.
        icc_profile: b"" if there is none.
        orientation: EXIF orientation, 1 to 8.
    """

    photometric: int
    bits: int
    alpha: int | None = None
    alpha_kind: int = UNASSOCIATED_ALPHA
    declared_white: float | None = None
    icc_profile: bytes = b""
    orientation: int = 1


def samples_to_srgb(
    source: Pixels, info: SampleInfo, name: str, max_bytes_in_memory: int
) -> tuple[Pixels, tuple[str, ...]]:
    """Upright sRGB of samples (H,W,samples), and remarks about what was done to them.

    Args:
        source: an array, or rows that are decoded when they are asked for.
        name: of the file, for remarks and errors.
        max_bytes_in_memory: a source that has to be turned is decoded as a whole, if it takes at most twice this.

    Raises:
        UnsupportedImage: if the values are ambiguous, or the source is too large to be turned.
    """
    height, width = source.shape[:2]
    source = _turnable(source, info.orientation, name, max_bytes_in_memory)
    remarks: list[str] = []
    levels = Levels()
    if source.dtype != np.uint8:
        levels, found = _find_levels(source, info, name)
        remarks += found
    profile, problem = _find_profile(info, np.dtype(np.uint8) if source.dtype == np.uint8 else np.dtype(np.uint16))
    remarks += [f"{name}: {problem}"] if problem else []
    transparent = info.alpha is not None and _is_transparent(source, info.alpha)
    remarks += [f"{name} {ON_WHITE}"] if transparent else []
    convert = _converter(info if transparent else info._replace(alpha=None), levels, profile)
    return LazyPixels(source, height, width, convert, info.orientation), tuple(remarks)


def _turnable(source: Pixels, orientation: int, name: str, max_bytes_in_memory: int) -> Pixels:
    """The source, in memory if it has to be for this orientation.

    Strips and tiles can be read from the bottom up, but not column by column. pyvips reads only from the top down.
    """
    if is_array(source) or orientation <= (2 if isinstance(source, VipsRows) else 4):
        return source
    if source[:1].nbytes * source.shape[0] > 2 * max_bytes_in_memory:
        raise UnsupportedImage(f"{name} is to be turned and too large for that; turn it before, and open it again")
    return materialize(source)


def _find_levels(source: Pixels, info: SampleInfo, name: str) -> tuple[Levels, tuple[str, ...]]:
    """The levels of samples that are not uint8, and remarks about them."""
    is_float = source.dtype.kind == "f"
    if info.photometric in (*LAB, Photometric.CMYK):
        # The range of their values is defined, so it is never guessed from the values.
        if is_float or info.bits != 16:
            raise UnsupportedImage(
                f"{name} has {info.bits} bits a channel in CIELAB or CMYK; save it with 8 or 16 bits"
            )
        return Levels(), ()
    channels = CHANNELS.get(info.photometric, 1)
    colours = (band[..., :channels] for band in bands(source))
    levels, remarks = find_levels(colours, name, bits=info.bits, declared_white=info.declared_white)
    if is_float and not info.icc_profile:
        remarks += (f"{name} does not say how bright its values are; they are taken for sRGB.",)
    return dataclasses.replace(levels, inverted=info.photometric == Photometric.MIN_IS_WHITE), remarks


def _find_profile(info: SampleInfo, dtype: np.dtype) -> tuple[Transform | None, str]:
    """What takes the colours to sRGB, None if they are sRGB, and a sentence if the result is not exact."""
    if info.photometric in LAB:
        return None, ""
    if info.photometric != Photometric.CMYK:
        channels = CHANNELS.get(info.photometric, 1)
        return to_srgb(info.icc_profile, dtype, channels) if info.icc_profile else (None, "")
    transform, problem = to_srgb(info.icc_profile, np.dtype(np.uint8), 4) if info.icc_profile else (None, "")
    if transform is None:
        problem = "it is in CMYK without a colour profile that can be used, so its colours are only nearly right."
    elif dtype != np.uint8:
        problem = "it is in CMYK, of which 8 bits a channel are used."
    return transform or (lambda inks: np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))), problem


def _converter(info: SampleInfo, levels: Levels, profile: Transform | None) -> Callable[[np.ndarray], np.ndarray]:
    """The function from samples (h,w,samples) to sRGB, (h,w) or (h,w,3)."""
    channels = CHANNELS.get(info.photometric, 1)

    def convert(samples: np.ndarray) -> np.ndarray:
        colours = samples[..., :channels]
        if info.photometric in LAB:
            return lab_to_srgb(_to_lab(colours, info.photometric))
        if samples.dtype != np.uint8:
            colours = levels.to_uint16(colours)
        elif info.photometric == Photometric.MIN_IS_WHITE:
            colours = 255 - colours
        if info.photometric == Photometric.CMYK:
            return profile(np.ascontiguousarray(to_uint8(colours)))
        if info.alpha is not None:
            opacity = _opacity(samples[..., info.alpha : info.alpha + 1])
            colours = _over_white(colours, opacity, info.alpha_kind)
        colours = colours[..., 0] if channels == 1 else colours
        return profile(colours) if profile else colours

    return convert


def _max_value(dtype: np.dtype) -> int:
    return 1 if dtype.kind == "f" else np.iinfo(dtype).max


def _is_transparent(source: Pixels, alpha: int) -> bool:
    return any((band[..., alpha] < _max_value(source.dtype)).any() for band in bands(source))


def _opacity(alpha: np.ndarray) -> np.ndarray:
    """The samples of the alpha channel as float64 in [0, 1]."""
    return (alpha.astype(np.float64) / _max_value(alpha.dtype)).clip(0, 1)


def _over_white(colours: np.ndarray, opacity: np.ndarray, alpha_kind: int) -> np.ndarray:
    white = np.iinfo(colours.dtype).max
    premultiplied = colours if alpha_kind == ASSOCIATED_ALPHA else colours * opacity
    return (premultiplied + white * (1 - opacity)).clip(0, white).round().astype(colours.dtype)


def _to_lab(samples: np.ndarray, photometric: int) -> np.ndarray:
    """CIELAB (h,w,3) float of the samples of a TIFF: a and b are signed, or in ICCLAB unsigned with an offset."""
    deep = samples.dtype != np.uint8
    unsigned = samples.view(np.uint16) if deep else samples
    lightness = unsigned[..., :1] * (100 / (65_535 if deep else 255))
    chroma = unsigned[..., 1:]
    if photometric == Photometric.ICCLAB:
        lightness = unsigned[..., :1] * (100 / 65_280) if deep else lightness
        chroma = chroma / (256 if deep else 1) - 128.0
    else:
        chroma = chroma.view(np.int16) / 256 if deep else chroma.view(np.int8).astype(np.float64)
    return np.concatenate([lightness, chroma], axis=-1)
