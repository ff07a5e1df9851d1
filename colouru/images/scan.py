"""A page of a TIFF file as upright sRGB: levels, transparency and colour profile, sixteen bits kept.

Knows how samples become colours; that they come from strips or tiles only `colouru.images.tiff` knows.
"""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from colouru.images.levels import Levels, Refused, find_levels
from colouru.images.pixels import HELD_BYTES, Made, Pixels, bands, eight_bits, in_memory, is_held
from colouru.images.profile import Transform, lab_to_srgb, to_srgb
from colouru.images.streamed import Streamed
from colouru.images.tiff import (
    ALPHA,
    ASSOCIATED_ALPHA,
    CIELAB,
    CMYK,
    ICCLAB,
    MIN_IS_WHITE,
    RGB,
    Page,
    Rows,
    TagsLie,
)

CHANNELS = {RGB: 3, CMYK: 4, CIELAB: 3, ICCLAB: 3}

ON_WHITE = "is transparent in places; they are laid on white."


class Samples(NamedTuple):
    """What is known of samples (h,w,samples) besides the numbers.

    Attributes:
        photometric: as TIFF counts them.
        bits: of each, in the file.
        alpha: which of them is transparency, or None; `ASSOCIATED_ALPHA` or `ALPHA` is its `alpha_kind`.
        declared: white, as the file or its format says, or None.
        profile: ICC, or b"".
        orientation: of EXIF, 1 to 8.
    """

    photometric: int
    bits: int
    alpha: int | None = None
    alpha_kind: int = ALPHA
    declared: float | None = None
    profile: bytes = b""
    orientation: int = 1


def read_page(path: Path, page: Page, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a page that `Page.simple` holds for, and sentences about what was done to them.

    Raises:
        Refused: if its numbers mean nothing certain.
        TagsLie: if what the tags say is not in the file.
    """
    channels = CHANNELS.get(page.photometric, 1)
    if page.samples < channels:
        raise TagsLie(f"it has {page.samples} samples a pixel; its colours need {channels}")
    number = page.samples - channels
    further = ((0,) * number + page.extra)[len(page.extra) :][:number]
    alpha = next((number for number, kind in enumerate(further) if kind in (ALPHA, ASSOCIATED_ALPHA)), None)
    remarks: tuple[str, ...] = ()
    if unused := len(further) - (alpha is not None):
        remarks += (f"{name} has {unused} further channel{'s' * (unused > 1)}, such as infrared; not used.",)
    samples = Samples(
        page.photometric,
        page.bits,
        None if alpha is None else channels + alpha,
        ALPHA if alpha is None else further[alpha],
        page.declared,
        page.profile,
        page.orientation if page.orientation in range(1, 9) else 1,
    )
    pixels, more = from_samples(Rows(path, page), samples, name)
    return pixels, remarks + more


def from_samples(source: Pixels, samples: Samples, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """sRGB of samples (H,W,samples) that are an array or cut into rows like one, and sentences about what was done.

    Raises:
        Refused: if the numbers mean nothing certain; the message can be shown.
    """
    height, width = source.shape[:2]
    remarks: list[str] = []
    # From top to bottom everything goes, from bottom to top strips and tiles.
    if samples.orientation > (2 if isinstance(source, Streamed) else 4) and not is_held(source):
        if source[:1].nbytes * height > 2 * HELD_BYTES:
            raise Refused(f"{name} is to be turned and too large for that; turn it before, and open it again")
        source = in_memory(source)
    eight = source.dtype == np.uint8
    colours = CHANNELS.get(samples.photometric, 1)
    is_lab = samples.photometric in (CIELAB, ICCLAB)
    levels = Levels()
    if not eight and (is_lab or samples.photometric == CMYK):
        # The one is exact about what its numbers mean, the other's are amounts of ink.
        if source.dtype.kind == "f" or samples.bits != 16:
            raise Refused(f"{name} has {samples.bits} bits a channel in CIELAB or CMYK; save it with 8 or 16 bits")
    elif not eight:
        looked_at = (band[..., :colours] for band in bands(source))
        levels, found = find_levels(looked_at, name, bits=samples.bits, declared=samples.declared)
        levels = dataclasses.replace(levels, inverted=samples.photometric == MIN_IS_WHITE)
        remarks += found
        if source.dtype.kind == "f" and not samples.profile:
            remarks.append(f"{name} does not say how bright its values are; they are taken for sRGB.")
    profile, problem = _profile(samples, np.dtype(np.uint8) if eight else np.dtype(np.uint16))
    remarks += [f"{name}: {problem}"] if problem else []
    alpha = samples.alpha
    if alpha is not None:
        if _transparent(source, alpha):
            remarks.append(f"{name} {ON_WHITE}")
        else:
            alpha = None

    def steps(raw: np.ndarray) -> np.ndarray:
        colour = raw[..., :colours]
        if is_lab:
            return lab_to_srgb(_lab(colour, samples.photometric))
        if eight:
            colour = 255 - colour if samples.photometric == MIN_IS_WHITE else colour
        else:
            colour = levels.of(colour)
        if samples.photometric == CMYK:
            return profile(np.ascontiguousarray(eight_bits(colour)))
        if alpha is not None:
            share = _share(raw[..., alpha : alpha + 1])
            colour = _on_white(colour, share, samples.alpha_kind)
        colour = colour[..., 0] if colours == 1 else colour
        return profile(colour) if profile else colour

    return Made(source, height, width, steps, samples.orientation), tuple(remarks)


def _profile(samples: Samples, dtype: np.dtype) -> tuple[Transform | None, str]:
    if samples.photometric in (CIELAB, ICCLAB):
        return None, ""
    if samples.photometric != CMYK:
        return to_srgb(samples.profile, dtype, CHANNELS.get(samples.photometric, 1)) if samples.profile else (None, "")
    found, problem = to_srgb(samples.profile, np.dtype(np.uint8), 4) if samples.profile else (None, "")
    if found is None:
        problem = "it is in CMYK without a colour profile that can be used, so its colours are only nearly right."
    elif dtype != np.uint8:
        problem = "it is in CMYK, of which 8 bits a channel are used."
    return found or (lambda inks: np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))), problem


def _transparent(source: Pixels, alpha: int) -> bool:
    most = 1 if source.dtype.kind == "f" else np.iinfo(source.dtype).max
    return any((band[..., alpha] < most).any() for band in bands(source))


def _share(alpha: np.ndarray) -> np.ndarray:
    """How much of the colour is there, in [0, 1], of samples of transparency."""
    most = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
    return (alpha.astype(np.float64) / most).clip(0, 1)


def _on_white(colour: np.ndarray, share: np.ndarray, kind: int) -> np.ndarray:
    most = np.iinfo(colour.dtype).max
    shown = colour if kind == ASSOCIATED_ALPHA else colour * share
    return (shown + most * (1 - share)).clip(0, most).round().astype(colour.dtype)


def _lab(samples: np.ndarray, photometric: int) -> np.ndarray:
    """CIELAB of the samples of a TIFF file: a and b signed, or with an offset in those of ICC profiles."""
    deep = samples.dtype != np.uint8
    unsigned = samples.view(np.uint16) if deep else samples
    lightness = unsigned[..., :1] * (100 / (65_535 if deep else 255))
    chroma = unsigned[..., 1:]
    if photometric == ICCLAB:
        lightness = unsigned[..., :1] * (100 / 65_280) if deep else lightness
        chroma = chroma / (256 if deep else 1) - 128.0
    else:
        chroma = chroma.view(np.int16) / 256 if deep else chroma.view(np.int8).astype(np.float64)
    return np.concatenate([lightness, chroma], axis=-1)
