"""What a browser sends, checked: every value may come from anyone, so each is validated before it is used."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gradio.utils import get_upload_folder

from colouru.canvas import Canvas
from colouru.colour import check_saturation, hex_colour
from colouru.hints import Hint, as_hints
from colouru.model import check_network
from colouru.ui import i18n
from colouru.ui.session import ViewSettings


class EditRequest(NamedTuple):
    """The state of the page when the person changed something.

    Attributes:
        hints: hints as dictionaries; one without a colour gets the likeliest colour for its place.
        selected: index of the hint whose likely colours are shown, -1 for none.
        view: how the photo is shown.
        stamp: when the request was made; the browser matches answers to requests by it.
        network: role of the network whose picture is on the canvas.
    """

    hints: list[dict]
    selected: int
    view: ViewSettings
    stamp: float
    network: str


def parse_request(value: Any) -> EditRequest:
    """Check an edit request from the browser.

    Raises:
        ValueError: if a field is missing, of the wrong type or out of range.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("hints"), list):
        raise ValueError("expected an object with a list of hints")
    hints, selected, stamp = value["hints"], value.get("selected", -1), value.get("stamp", 0)
    if type(selected) is not int or not -1 <= selected < len(hints):
        raise ValueError("the selected hint must be one of the list")
    if type(stamp) not in (int, float) or not math.isfinite(stamp):
        raise ValueError("the stamp must be a time")
    network = value.get("network", "gan")
    check_network(network)
    saturation = value.get("saturation", 1.0)
    check_saturation(saturation)
    view = ViewSettings(float(saturation), value.get("advice") is True, value.get("uncertainty") is True)
    return EditRequest(hints, selected, view, stamp, network)


def parse_spot(value: Any) -> tuple[float, float, float]:
    """x, y and stamp of an outline request.

    Raises:
        ValueError: if one of them is no finite number.
    """
    x, y, stamp = (value.get(name) for name in ("x", "y", "stamp")) if isinstance(value, Mapping) else (None,) * 3
    if any(type(number) not in (int, float) or not math.isfinite(number) for number in (x, y, stamp)):
        raise ValueError("a spot is given by two numbers")
    return x, y, stamp


def parse_window(value: Any) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a part of the photo, in [0, 1].

    Raises:
        ValueError: if it is anything else, or empty.
    """
    if not isinstance(value, list) or len(value) != 4 or any(type(edge) not in (int, float) for edge in value):
        raise ValueError("a part of the photo is given by four numbers")
    left, top, right, bottom = value
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError("a part of the photo must lie inside it")
    return left, top, right, bottom


def parse_stamp(value: Any) -> float:
    """The stamp of a request that may be invalid in every other respect; 0 if it has none."""
    stamp = value.get("stamp", 0) if isinstance(value, Mapping) else 0
    return stamp if type(stamp) in (int, float) else 0


def uploaded_path(photo: Any) -> Path:
    """The path of an uploaded file. No other file of this machine is accepted.

    Args:
        photo: an object with the `path`.

    Raises:
        ValueError: if the file is not in the upload folder.
    """
    path = photo.get("path") if isinstance(photo, Mapping) else None
    if isinstance(path, str) and "\0" not in path:
        resolved = Path(path).resolve()
        if resolved.is_relative_to(Path(get_upload_folder()).resolve()) and resolved.is_file():
            return resolved
    raise ValueError(f"{i18n.NO_PHOTO} The photo must be a file that was uploaded to this app.")


def parse_hints(canvas: Canvas, hints: Sequence[Any]) -> tuple[Hint, ...]:
    """Check hints from the browser, and give each that has no colour the likeliest one for its place.

    The likeliest colour takes into account all hints with a colour and those before it.

    Raises:
        ValueError: if one of them is no hint, or there are too many.
    """
    colourless = [isinstance(hint, Mapping) and "colour" not in hint for hint in hints]
    filled = [{**hint, "colour": "#808080"} if bare else hint for hint, bare in zip(hints, colourless, strict=True)]
    parsed = as_hints(filled)
    for number, bare in enumerate(colourless):
        if bare:
            others = [hint for other, hint in enumerate(parsed) if other < number or not colourless[other]]
            values = {**parsed[number].to_dict(), "colour": likeliest_colour(canvas, parsed[number], others)}
            parsed[number] = Hint.from_dict(values)
    return tuple(parsed)


def likeliest_colour(canvas: Canvas, spot: Hint, others: Sequence[Hint]) -> str:
    """The likeliest colour at a hint's place, given the other hints, as #rrggbb.

    A model that cannot list likely colours gives the colour of its picture there.
    """
    if canvas.supports_guidance:
        return canvas.suggest(spot.x, spot.y, others)[0].colour
    picture, _ = canvas.colour(others, ["gan"])["gan"]
    place = (min(int(part * side), side - 1) for part, side in zip((spot.x, spot.y), picture.size, strict=True))
    return hex_colour(picture.getpixel(tuple(place)))
