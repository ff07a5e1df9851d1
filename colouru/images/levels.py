"""What the numbers in a scan mean: which is black, which is white, and how sure that is.

Eight and sixteen bits mean what they hold. Twelve bits in sixteen, signed numbers, 32 bits and floating point do not
say where white is; where it can be told from the numbers it is taken, and said; where it cannot, nothing is.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable

import numpy as np

WHITE = 65_535

# What white may be where the file does not say: that of 8, 12 or 16 bits, the first that no number is beyond.
WHITES = (255, 4095, WHITE)

# Sixteen bits whose numbers end before this are darker than a photograph is scanned.
DARK = WHITE // 4

# Resampling makes edges overshoot: floating point up to this is still that from 0 to 1.
OVERSHOOT = 1.5


class Refused(ValueError):
    """A picture that is not damaged, but of which it is uncertain what it looks like. The message can be shown."""


@dataclasses.dataclass(frozen=True)
class Levels:
    """Which number is black and which is white."""

    black: float = 0
    white: float = WHITE
    inverted: bool = False

    def of(self, samples: np.ndarray) -> np.ndarray:
        """Numbers of any type as uint16, of the same shape: black at 0, white at 65535, what is beyond clipped."""
        black, white = (self.white, self.black) if self.inverted else (self.black, self.white)
        if samples.dtype == np.uint16:
            if (black, white) == (0, WHITE):
                return samples
            return _scaled(np.arange(WHITE + 1), black, white)[samples]
        return _scaled(np.nan_to_num(samples, nan=self.black, posinf=self.white, neginf=self.black), black, white)


def _scaled(samples: np.ndarray, black: float, white: float) -> np.ndarray:
    scaled = (samples.astype(np.float64) - black) * (WHITE / (white - black))
    return scaled.clip(0, WHITE).round().astype(np.uint16)


def find_levels(
    bands: Iterable[np.ndarray], name: str, *, bits: int, declared: float | None = None
) -> tuple[Levels, tuple[str, ...]]:
    """The levels of a scan, and sentences about what was taken for white without the file saying so.

    Args:
        bands: all its numbers, in arrays of one type; no more of them are looked at than it takes.
        name: of the scan, for the sentences.
        bits: a sample has in the file.
        declared: white, as the file or its format says.

    Raises:
        Refused: if nothing tells where white is; the message can be shown.
    """
    if (bits, declared) == (16, WHITE):
        return Levels(), ()
    bands = iter(bands)
    first = next(bands)
    kind = first.dtype.kind
    enough = DARK if kind == "u" and bits == 16 and declared is None else math.inf
    low, high, whole = _extent(first, bands, enough)
    if kind == "f":
        levels, remarks = _of_floats(low, high, name)
        if not whole:
            remarks += (f"{name} has places that are no numbers; they are black or white now.",)
        return levels, remarks
    if kind == "i":
        return _of_signed(low, high, name, bits)
    return _of_unsigned(high, name, bits, declared)


def _extent(first: np.ndarray, others: Iterable[np.ndarray], enough: float) -> tuple[float, float, bool]:
    """The least and the greatest number, the latter as soon as it is beyond `enough`; and whether all are numbers."""
    low, high, whole = math.inf, -math.inf, True
    for band in itertools.chain([first], others):
        if band.dtype.kind == "f":
            finite = np.isfinite(band)
            if not finite.all():
                whole, band = False, band[finite]
        if band.size:
            low, high = min(low, band.min().item()), max(high, band.max().item())
        if high > enough:
            break
    return (low, high, whole) if low <= high else (0, 0, whole)


def _of_unsigned(high: float, name: str, bits: int, declared: float | None) -> tuple[Levels, tuple[str, ...]]:
    if bits < 16:
        return Levels(white=(1 << bits) - 1), ()
    if bits == 16:
        if declared and high <= declared and math.log2(declared + 1) in range(9, 16):
            return Levels(white=declared), ()
        if 2047 < high <= 4095:
            return Levels(white=4095), (
                f"{name} has 16 bits, but its values end at {high:,}: it is taken for a 12-bit scan.",
            )
        if high <= DARK:
            return Levels(), (f"{name} is very dark: its values end at {high:,} of {WHITE:,}.",)
        return Levels(), ()
    if high > (1 << (bits - 1)):
        return Levels(white=(1 << bits) - 1), ()
    return _guessed(high, name, f"{bits}-bit values")


def _of_signed(low: float, high: float, name: str, bits: int) -> tuple[Levels, tuple[str, ...]]:
    if bits == 16 or (bits == 32 and -32_768 <= low < 0 and high <= 32_767):
        if low < 0:
            return Levels(-32_768, 32_767), (
                f"{name} has signed values: -32,768 is taken for black, 32,767 for white.",
            )
        return Levels(0, 32_767), (f"{name} has signed values, none of them negative: 32,767 is taken for white.",)
    if low < 0:
        raise Refused(_undecided(name, f"{bits}-bit values", low, high))
    return _guessed(high, name, f"signed {bits}-bit values")


def _of_floats(low: float, high: float, name: str) -> tuple[Levels, tuple[str, ...]]:
    if low < -0.1 * max(high, 1):
        raise Refused(_undecided(name, "floating-point values", low, high))
    if high > OVERSHOOT:
        return _guessed(high, name, "floating-point values")
    beyond = f", and what is beyond, from {low:.4g} to {high:.4g}, is clipped" if low < 0 or high > 1 else ""
    return Levels(0, 1), (f"{name} has floating-point values: 1 is taken for white{beyond}.",)


def _guessed(high: float, name: str, what: str) -> tuple[Levels, tuple[str, ...]]:
    if high == 0:
        return Levels(), (f"{name} is all black.",)
    # A tenth of the range at least, or it is anybody's guess; and a little more than it, for rounding.
    for white in WHITES:
        if white / 10 < high <= white + 0.5:
            ends = f"{name} has {what} that end at {_number(high)}"
            return Levels(white=white), (f"{ends}: {white:,} is taken for white.",)
    raise Refused(_undecided(name, what, 0, high))


def _undecided(name: str, what: str, low: float, high: float) -> str:
    return (
        f"{name} has {what} from {_number(low)} to {_number(high)}, and nothing says which of them is white; "
        "save it with 8 or 16 bits"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
