"""Finds which values of a scan are black and white.

Eight and sixteen bits use their whole range. Twelve bits stored in sixteen, signed integers, 32-bit integers and
floating point do not say what white is. If the values allow only one answer it is used and a remark says so; otherwise
the scan is refused.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable

import numpy as np

from colouru.images.errors import UnsupportedImage

MAX_UINT16 = 65_535

# What white can be if the file does not say: the largest value of 8, 12 and 16 bits. The first that no value exceeds is
# taken.
WHITE_CANDIDATES = (255, 4095, MAX_UINT16)

# A 16-bit scan whose values all lie below this is too dark for a photograph: it may really have fewer bits.
DARK = MAX_UINT16 // 4

# Resampling overshoots at edges, so floating-point values up to this still count as those of a range from 0 to 1.
MAX_OVERSHOOT = 1.5


@dataclasses.dataclass(frozen=True)
class Levels:
    """The values of black and white; `inverted` exchanges them."""

    black: float = 0
    white: float = MAX_UINT16
    inverted: bool = False

    def to_uint16(self, samples: np.ndarray) -> np.ndarray:
        """Samples of any type as uint16 of that shape: black is 0, white 65535, values beyond are clipped."""
        black, white = (self.white, self.black) if self.inverted else (self.black, self.white)
        if samples.dtype == np.uint16:
            if (black, white) == (0, MAX_UINT16):
                return samples
            return _scale(np.arange(MAX_UINT16 + 1), black, white)[samples]
        return _scale(np.nan_to_num(samples, nan=self.black, posinf=self.white, neginf=self.black), black, white)


def _scale(samples: np.ndarray, black: float, white: float) -> np.ndarray:
    scaled = (samples.astype(np.float64) - black) * (MAX_UINT16 / (white - black))
    return scaled.clip(0, MAX_UINT16).round().astype(np.uint16)


def find_levels(
    bands: Iterable[np.ndarray], name: str, *, bits: int, declared_white: float | None = None
) -> tuple[Levels, tuple[str, ...]]:
    """The levels of a scan, and remarks about what was assumed.

    Args:
        bands: all its samples, as arrays of one type. Only as many are read as are needed.
        name: of the scan, for the remarks.
        bits: how many a sample has in the file.
        declared_white: the value of white, if the file or its format says so.

    Raises:
        UnsupportedImage: if nothing tells what white is; the message can be shown.
    """
    if (bits, declared_white) == (16, MAX_UINT16):
        return Levels(), ()
    bands = iter(bands)
    first = next(bands)
    kind = first.dtype.kind
    enough = DARK if kind == "u" and bits == 16 and declared_white is None else math.inf
    low, high, all_finite = _range(first, bands, enough)
    if kind == "f":
        levels, remarks = _levels_of_floats(low, high, name)
        if not all_finite:
            remarks += (f"{name} has places that are no numbers; they are black or white now.",)
        return levels, remarks
    if kind == "i":
        return _levels_of_signed(low, high, name, bits)
    return _levels_of_unsigned(high, name, bits, declared_white)


def _range(first: np.ndarray, others: Iterable[np.ndarray], enough: float) -> tuple[float, float, bool]:
    """The lowest and highest finite value, and whether all are finite. Stops at a band with a value above `enough`."""
    low, high, all_finite = math.inf, -math.inf, True
    for band in itertools.chain([first], others):
        if band.dtype.kind == "f":
            finite = np.isfinite(band)
            if not finite.all():
                all_finite, band = False, band[finite]
        if band.size:
            low, high = min(low, band.min().item()), max(high, band.max().item())
        if high > enough:
            break
    return (low, high, all_finite) if low <= high else (0, 0, all_finite)


def _levels_of_unsigned(
    high: float, name: str, bits: int, declared_white: float | None
) -> tuple[Levels, tuple[str, ...]]:
    if bits < 16:
        return Levels(white=(1 << bits) - 1), ()
    if bits == 16:
        # Only the largest value of 9 to 15 bits is believed.
        if declared_white and high <= declared_white and math.log2(declared_white + 1) in range(9, 16):
            return Levels(white=declared_white), ()
        if 2047 < high <= 4095:
            return Levels(white=4095), (
                f"{name} has 16 bits, but its values end at {high:,}: it is taken for a 12-bit scan.",
            )
        if high <= DARK:
            return Levels(), (f"{name} is very dark: its values end at {high:,} of {MAX_UINT16:,}.",)
        return Levels(), ()
    if high > (1 << (bits - 1)):
        return Levels(white=(1 << bits) - 1), ()
    return _guess_white(high, name, f"{bits}-bit values")


def _levels_of_signed(low: float, high: float, name: str, bits: int) -> tuple[Levels, tuple[str, ...]]:
    if bits == 16 or (bits == 32 and -32_768 <= low < 0 and high <= 32_767):
        if low < 0:
            return Levels(-32_768, 32_767), (
                f"{name} has signed values: -32,768 is taken for black, 32,767 for white.",
            )
        return Levels(0, 32_767), (f"{name} has signed values, none of them negative: 32,767 is taken for white.",)
    if low < 0:
        raise UnsupportedImage(_ambiguous(name, f"{bits}-bit values", low, high))
    return _guess_white(high, name, f"signed {bits}-bit values")


def _levels_of_floats(low: float, high: float, name: str) -> tuple[Levels, tuple[str, ...]]:
    if low < -0.1 * max(high, 1):
        raise UnsupportedImage(_ambiguous(name, "floating-point values", low, high))
    if high > MAX_OVERSHOOT:
        return _guess_white(high, name, "floating-point values")
    beyond = f", and what is beyond, from {low:.4g} to {high:.4g}, is clipped" if low < 0 or high > 1 else ""
    return Levels(0, 1), (f"{name} has floating-point values: 1 is taken for white{beyond}.",)


def _guess_white(high: float, name: str, what: str) -> tuple[Levels, tuple[str, ...]]:
    if high == 0:
        return Levels(), (f"{name} is all black.",)
    for white in WHITE_CANDIDATES:
        # The values must fill at least a tenth of the range, or it is a wild guess. They may exceed it by rounding.
        if white / 10 < high <= white + 0.5:
            ends = f"{name} has {what} that end at {_format_number(high)}"
            return Levels(white=white), (f"{ends}: {white:,} is taken for white.",)
    raise UnsupportedImage(_ambiguous(name, what, 0, high))


def _ambiguous(name: str, what: str, low: float, high: float) -> str:
    return (
        f"{name} has {what} from {_format_number(low)} to {_format_number(high)}, and nothing says which of them is "
        "white; save it with 8 or 16 bits"
    )


def _format_number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
