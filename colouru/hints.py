"""Hints: facts about colour that a person supplies.

A `Hint` is a filled square of one colour, placed relative to the picture so that it survives resizing. For the networks
hints become two tensors, `hint_ab` (N,2,H,W), zero where there is no hint, and `hint_mask` (N,1,H,W), exactly 0 or 1.
Only a hint's ab counts; the lightness is the photo's. Knows nothing of networks, files of pictures or Gradio.
"""

import dataclasses
import json
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colouru.colour import hex_bytes, rgb_to_lab, to_network

DEFAULT_SIZE = 0.03
MAX_HINTS = 10_000
MAX_NOTE = 2_000
MAX_AREA = 40
MAX_JSON_BYTES = 16 << 20


@dataclasses.dataclass(frozen=True)
class Hint:
    """A filled square of one colour.

    Attributes:
        x, y: the centre, in [0, 1] of the picture's width and height, from the top left.
        colour: `#rrggbb`, sRGB.
        size: the side, as a fraction of the picture's longer side, above 0 and at most 1; never less than one pixel.
        note: why this colour, for whoever meets the picture later ("uniform, from the regimental museum").
        area: any short text that the hints of one area have in common, and no others; empty for a dot of its own.

    Raises:
        ValueError: if a value is not of this kind or lies outside its range.
    """

    x: float
    y: float
    colour: str
    size: float = DEFAULT_SIZE
    note: str = ""
    area: str = ""

    def __post_init__(self) -> None:
        for name, lowest in (("x", 0.0), ("y", 0.0), ("size", 1e-6)):
            value = getattr(self, name)
            # Compared as it is: a number may be too large for a float. NaN lies nowhere.
            if isinstance(value, bool) or not isinstance(value, numbers.Real) or value != value:
                raise ValueError(f"a hint's {name} must be a number, got {_short(value)}")
            if not lowest <= value <= 1:
                place = "inside the picture, from 0 to 1" if name != "size" else "above 0 and at most 1"
                raise ValueError(f"a hint's {name} must lie {place}, got {_short(value)}")
            object.__setattr__(self, name, float(value))
        if not isinstance(self.colour, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise ValueError(f"a hint's colour must look like #c68642, got {_short(self.colour)}")
        for name, most in (("note", MAX_NOTE), ("area", MAX_AREA)):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > most:
                raise ValueError(f"a hint's {name} must be text of at most {most} characters, got {_short(value)}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Hint":
        """The hint that `to_dict` made; `x`, `y` and `colour` are required.

        Raises:
            ValueError: naming the key that is missing or unknown, or the value that does not fit.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"a hint must be an object with x, y and colour, got {_short(values)}")
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := [str(key) for key in values if key not in names]:
            raise ValueError(f"a hint has {', '.join(names)}; got the unknown key {_short(unknown[0])}")
        if missing := [name for name in names[:3] if name not in values]:
            raise ValueError(f"a hint needs x, y and colour; {' and '.join(missing)} is missing in {_short(values)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary for JSON; a note and an area that are empty are left out."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value != ""}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def hints_from_json(text: str) -> list[Hint]:
    """The hints in a JSON list of objects, as `hints_to_json` writes it.

    Raises:
        ValueError: if it is not JSON, not a list, or one of its hints is not a hint (the message says which).
    """
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"the hints are {len(text):,} characters of JSON; at most {MAX_JSON_BYTES:,} are read")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the hints are not valid JSON: {error}") from None
    if not isinstance(values, list):
        raise ValueError(f"the hints must be a JSON list of objects, got {_short(values)}")
    return as_hints(values)


def hints_to_json(hints: Iterable[Hint]) -> str:
    """The hints as a JSON list, one hint a line."""
    return "[" + ",\n ".join(json.dumps(hint.to_dict(), ensure_ascii=False) for hint in hints) + "]"


def as_hints(hints: Any) -> list[Hint]:
    """Hints in any form that a caller may have them in, as a list.

    Args:
        hints: None; a list of `Hint`s and dictionaries; the path of a JSON file; or JSON text. `colouru.painted` reads
            painted layers.

    Raises:
        ValueError: if it is none of these, a hint does not fit (the message says which), or there are too many.
    """
    if hints is None:
        return []
    if isinstance(hints, str) and hints.lstrip()[:1] in ("[", "{"):
        return hints_from_json(hints)
    if isinstance(hints, (str, Path)):
        try:
            return hints_from_json(Path(hints).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"no hints could be read from {_short(str(hints))}: {error}") from None
    if isinstance(hints, Mapping) or not isinstance(hints, Iterable):
        raise ValueError(f"expected a list of hints or a JSON file, got {_short(hints)}")
    found: list[Hint] = []
    for number, hint in enumerate(hints, start=1):
        if number > MAX_HINTS:
            raise ValueError(f"there are more than {MAX_HINTS:,} hints; no more are taken")
        try:
            found.append(hint if isinstance(hint, Hint) else Hint.from_dict(hint))
        except ValueError as error:
            raise ValueError(f"hint {number}: {error}") from None
    return found


def hint_colours(hints: Sequence[Hint]) -> Tensor:
    """The ab of each hint's colour, (K,2) in the network's units."""
    rgb = torch.tensor([hex_bytes(hint.colour) for hint in hints]).view(-1, 3, 1, 1) / 255
    return to_network(rgb_to_lab(rgb))[1][..., 0, 0]


def hint_regions(hints: Iterable[Hint], height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each hint in a picture of that size."""
    return [_square(hint, height, width) for hint in hints]


def hint_squares(hints: Sequence[Hint], height: int, width: int) -> list[tuple[slice, slice, Tensor]]:
    """Rows, columns and ab (2,) of each hint in a picture of that size."""
    regions = hint_regions(hints, height, width)
    return [(*region, ab) for region, ab in zip(regions, hint_colours(hints), strict=True)]


def rasterize(hints: Iterable[Hint], height: int, width: int) -> tuple[Tensor, Tensor]:
    """`hint_ab` (1,2,height,width) and `hint_mask` (1,1,height,width) of a list of hints; the later one lies on top."""
    hint_ab = torch.zeros(1, 2, height, width)
    hint_mask = torch.zeros(1, 1, height, width)
    for rows, columns, ab in hint_squares(list(hints), height, width):
        hint_ab[0, :, rows, columns] = ab[:, None, None]
        hint_mask[0, :, rows, columns] = 1
    return hint_ab, hint_mask


def pixel_at(place: float, length: int) -> int:
    """The pixel, out of `length`, that holds `place` in [0, 1] of them; the end belongs to the last."""
    return min(int(place * length), length - 1)


def _square(hint: Hint, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a hint; the pixel that holds its centre is among them, on the border too."""
    side = max(1, round(hint.size * max(height, width)))
    top, left = pixel_at(hint.y, height) - side // 2, pixel_at(hint.x, width) - side // 2
    return slice(max(top, 0), top + side), slice(max(left, 0), left + side)
