"""Hints: facts about colour that a person supplies, and their JSON.

Knows nothing of tensors, networks, image files or Gradio.
"""

import dataclasses
import json
import numbers
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DEFAULT_SIZE = 0.03

# Limits against input that would take too long or too much memory. The lengths are in characters.
MAX_HINTS = 10_000
MAX_NOTE = 2_000
MAX_AREA = 40
MAX_JSON_LENGTH = 16 << 20


@dataclasses.dataclass(frozen=True)
class Hint:
    """A filled square of one colour, placed relative to the picture, so that it survives resizing.

    Attributes:
        x, y: the centre, in [0, 1] of the picture's width and height, from the top left.
        colour: `#rrggbb`, sRGB. Only its ab is used; the lightness is the photo's.
        size: the side, as a fraction of the picture's longer side, above 0 and at most 1; one pixel is the least.
        note: the reason for this colour, for later readers ("uniform, from the regimental museum").
        area: a short text shared by all hints of one painted area and no others; empty for a single dot.

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
            # The number is compared before it is converted, for it may be too large for a float. NaN is refused.
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
        """The hint of a dictionary like that of `to_dict`; `x`, `y` and `colour` are required.

        Raises:
            ValueError: if a key is missing or unknown, or a value is not valid; the message names it.
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
        """A plain dictionary for JSON, without an empty note or area."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value != ""}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def hints_from_json(text: str) -> list[Hint]:
    """The hints in a JSON list of objects, as `hints_to_json` writes it.

    Raises:
        ValueError: if it is not JSON or not a list, or a hint is not valid (the message says which).
    """
    if len(text) > MAX_JSON_LENGTH:
        raise ValueError(f"the hints are {len(text):,} characters of JSON; at most {MAX_JSON_LENGTH:,} are read")
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
    """Hints in any of several forms, as a list.

    Args:
        hints: None; a list of `Hint`s and dictionaries; the path of a JSON file; or JSON text. For painted layers see
            `colouru.hint_layer`.

    Raises:
        ValueError: if it is none of these, a hint is not valid (the message says which), or there are too many.
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
