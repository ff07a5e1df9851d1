"""What the page in the browser shows, and what it may send: plain values for JSON."""

import base64
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from torch import Tensor

from colouru.canvas import Canvas
from colouru.colour import check_saturation, grey_bytes, hex_colour
from colouru.hints import Hint, as_hints
from colouru.images.photo import Photo
from colouru.model import ROLES, check_network
from colouru.ui.palette import SWATCHES
from colouru.ui.words import PAGE
from colouru.ui.work import View, Work

# Of all places these are the least sure that are tinted: the strongest fifth.
TINTED_SHARE = 0.2
TINT = (214, 51, 108)

# Pixels of a part of the photo that is looked at closely.
MAX_DETAIL = 8_000_000

# The losses that are shown while one works are measured on a copy this long, which leaves them the same to two digits.
LOSS_SIDE = 384


class Told(NamedTuple):
    """What a browser says.

    Attributes:
        hints: as dictionaries; one that has no colour yet asks for the likeliest there.
        selected: the number of the hint whose likely colours are to be offered, -1 for none.
        view: how to see it.
        stamp: when it was said, for the browser to tell which answer is to what.
        network: the role of the one whose picture is on the canvas.
    """

    hints: list[dict]
    selected: int
    view: View
    stamp: float
    network: str


def told(value: Any) -> Told:
    """What `value` says.

    Raises:
        ValueError: if it is anything else, whoever sent it.
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
    view = View(float(saturation), value.get("advise") is True, value.get("doubt") is True)
    return Told(hints, selected, view, stamp, network)


def coloured_hints(canvas: Canvas, hints: Sequence[Any]) -> tuple[Hint, ...]:
    """The hints, and where one has no colour yet the likeliest for its place, given those before it.

    Raises:
        ValueError: if one of them is no hint, or there are too many.
    """
    bare = [isinstance(hint, Mapping) and "colour" not in hint for hint in hints]
    found = as_hints([{**hint, "colour": "#808080"} if each else hint for hint, each in zip(hints, bare, strict=True)])
    for number, each in enumerate(bare):
        if each:
            others = [hint for other, hint in enumerate(found) if other < number or not bare[other]]
            values = {**found[number].to_dict(), "colour": likeliest(canvas, found[number], others)}
            found[number] = Hint.from_dict(values)
    return tuple(found)


def likeliest(canvas: Canvas, spot: Hint, others: Sequence[Hint]) -> str:
    """The likeliest colour for that place, or what the generator gives it where it has no palette."""
    if canvas.supports_guidance:
        return canvas.suggest(spot.x, spot.y, others)[0].colour
    picture, _ = canvas.colour(others, ["gan"])["gan"]
    at = (min(int(part * side), side - 1) for part, side in zip((spot.x, spot.y), picture.size, strict=True))
    return hex_colour(picture.getpixel(tuple(at)))


def shown(work: Work, *, selected: int, stamp: float) -> dict[str, Any]:
    """What is to be seen of the hints: the answer to every change."""
    *_, all_of_it = shown_in_two(work, selected=selected, stamp=stamp, network="gan")
    return all_of_it


def shown_in_two(work: Work, *, selected: int, stamp: float, network: str) -> Iterator[dict[str, Any]]:
    """The same twice: first what a person waits for, the picture that is on the canvas, and then all of it."""
    canvas, view, hints = work.canvas, work.view, work.hints
    chroma = canvas.chroma(hints, [network])
    first = {
        "stamp": stamp,
        "hints": [hint.to_dict() for hint in hints],
        "clipped": list(canvas.clipped(hints)),
        "selected": selected,
        "chroma": {network: chroma_url(chroma[network])},
    }
    yield first
    others = [role for role in ROLES if role != network]
    chroma |= canvas.chroma(hints, others)
    advice = canvas.where_next(hints) if (view.advise or view.doubt) and canvas.supports_guidance else None
    likely = []
    if selected >= 0:
        elsewhere = [other for number, other in enumerate(hints) if number != selected]
        likely = likely_colours(canvas, hints[selected].x, hints[selected].y, elsewhere)
    yield first | {
        "likely": likely,
        "chroma": first["chroma"] | {role: chroma_url(chroma[role]) for role in others},
        "losses": canvas.losses(chroma, hints, view.saturation, LOSS_SIDE),
        "marker": {"x": advice.x, "y": advice.y} if advice and view.advise else None,
        "doubt": tint(advice.deviation) if advice and view.doubt else None,
    }


def shown_photo(work: Work) -> dict[str, Any]:
    """What depends on the photo alone, and is sent once."""
    canvas = work.canvas
    original = "" if canvas.no_loss_because else data_url(Image.fromarray(canvas.photo.rgb), "JPEG")
    return {
        "width": work.size[0],
        "height": work.size[1],
        "lightness": data_url(Image.fromarray(grey_bytes(canvas.photo.rgb)), "JPEG"),
        "coarse": {role: lightness_url(L) for role, L in canvas.L.items()},
        "original": original,
        "no_loss_because": canvas.no_loss_because,
        "advises": canvas.supports_guidance,
    }


def shown_detail(photo: Photo, window: Any) -> dict[str, Any]:
    """A part of the photo in its own pixels, without colour.

    Args:
        window: left, top, right and bottom in [0, 1]; whole pixels around them are taken.

    Raises:
        ValueError: if it is no part of the photo, or has more than `MAX_DETAIL` pixels.
    """
    if not isinstance(window, list) or len(window) != 4 or any(type(part) not in (int, float) for part in window):
        raise ValueError("a part of the photo is given by four numbers")
    left, top, right, bottom = window
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError("a part of the photo must lie inside it")
    columns = slice(int(left * photo.width), math.ceil(right * photo.width))
    rows = slice(int(top * photo.height), math.ceil(bottom * photo.height))
    part = photo.rgb[rows, columns]
    if part.shape[0] * part.shape[1] > MAX_DETAIL:
        raise ValueError("that is too large a part of the photo to be sent as it is")
    edges = (columns.start, rows.start, columns.stop, rows.stop)
    window = [edge / side for edge, side in zip(edges, (photo.width, photo.height) * 2, strict=True)]
    return {"window": window, "lightness": data_url(Image.fromarray(grey_bytes(part)), "JPEG")}


def shown_area(work: Work, spot: Any) -> dict[str, Any]:
    """What belongs to a spot, and its likely colours.

    Args:
        spot: an object with x and y in [0, 1], and the stamp of the question.

    Raises:
        ValueError: if it is anything else.
    """
    x, y, stamp = (spot.get(name) for name in ("x", "y", "stamp")) if isinstance(spot, Mapping) else (None,) * 3
    if any(type(value) not in (int, float) or not math.isfinite(value) for value in (x, y, stamp)):
        raise ValueError("a spot is given by two numbers")
    return {
        "area": stamp,
        "belonging": data_url(Image.fromarray(work.canvas.similarity_mask(x, y)), "PNG"),
        "likely": likely_colours(work.canvas, x, y, work.hints),
    }


def likely_colours(canvas: Canvas, x: float, y: float, others: Sequence[Hint]) -> list[tuple[str, float]]:
    """Colours for a spot, given the hints elsewhere, with their likelihoods; none where the model has no palette."""
    if not canvas.supports_guidance:
        return []
    return [(each.colour, round(each.likelihood, 3)) for each in canvas.suggest(x, y, others)]


def chroma_url(ab: Tensor) -> str:
    """`ab_pred` (1,2,h,w) as the URL of a PNG: red is a, green is b, 128 is none, a step is 110/127 CIELAB units."""
    levels = (ab[0].clamp(-1, 1) * 127).round() + 128
    blue = np.zeros((1, *levels.shape[1:]), np.uint8)
    return data_url(Image.fromarray(np.concatenate([levels.byte().numpy(), blue]).transpose(1, 2, 0).copy()), "PNG")


def lightness_url(L: Tensor) -> str:
    """`L` (1,1,h,w) of a working copy as the URL of a PNG, 255 for white."""
    return data_url(Image.fromarray(((L[0, 0] + 1) * 127.5).round().clamp(0, 255).byte().numpy()), "PNG")


def tint(deviation: np.ndarray) -> str:
    """The strongest fifth of the error (h,w) to be expected, as a tint to lay over the picture: the URL of a PNG."""
    least = np.quantile(deviation, 1 - TINTED_SHARE)
    layer = np.empty((*deviation.shape, 4), np.uint8)
    layer[..., :3] = TINT
    strength = (deviation - least) / max(float(deviation.max() - least), 1e-6)
    layer[..., 3] = np.where(deviation > least, 60 + 130 * strength.clip(0, 1), 0)
    return data_url(Image.fromarray(layer), "PNG")


def data_url(picture: Image.Image, format: str) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format, **({"quality": 92, "subsampling": 0} if format == "JPEG" else {"compress_level": 1}))
    return f"data:image/{format.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


# A colour is called what it is called, unless the page has that word already.
ENGLISH = {name: name for name in SWATCHES} | PAGE

# Besides English, each in a file of its own, with the same keys and the same {names}.
LANGUAGES = ("de", "fr", "es")

# In this order: what a script uses on its way in must be there.
SCRIPTS = (
    "colour",
    "compose",
    "state",
    "keep",
    "canvas",
    "area",
    "pointer",
    "palette",
    "results",
    "sketch",
    "gallery",
    "page",
)


def parts(source: str, *, albums: bool = True) -> dict[str, Any]:
    """The arguments of the `gr.HTML` that is the page, with weights from `source`, and whether they know albums."""
    return {
        "html_template": _read("page.html"),
        "js_on_load": script(*SCRIPTS),
        "apply_default_css": False,
        "words": {"en": ENGLISH} | {name: json.loads(_read(f"{name}.json")) for name in LANGUAGES},
        "source": source,
        "albums": albums,
        "swatches": [[colour, name] for name, colour in SWATCHES.items()],
    }


def script(*names: str) -> str:
    """Those scripts of the page, one after the other."""
    return "\n".join(_read(f"{name}.js") for name in names)


def style() -> str:
    """The page's style sheet."""
    return _read("page.css")


def _read(name: str) -> str:
    return (resources.files("colouru.ui") / "page" / name).read_text(encoding="utf-8")
