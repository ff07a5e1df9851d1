"""What board.js and hint_list.js show, and what they may send: plain values for JSON."""

import base64
import io
import math
import string
from importlib import resources
from typing import Any

import numpy as np
from PIL import Image

from colouru.hints import Hint, as_hints
from colouru.ui.palette import SWATCHES
from colouru.ui.work import Work

# Where the error to be expected is less than this, in ab units, nothing is in doubt enough to be tinted strongly.
DOUBTFUL = 10.0
TINT = (214, 51, 108)


def parts(name: str, words: dict[str, str]) -> dict[str, Any]:
    """The arguments of `gr.HTML` for `name`.html, .css and .js of this folder."""
    folder = resources.files("colouru.ui")
    html, css, js = (folder.joinpath(f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return {
        "html_template": string.Template(html).substitute(words),
        "css_template": css,
        "js_on_load": js,
        "apply_default_css": False,
        "words": words,
        "swatches": [[colour, name] for name, colour in SWATCHES.items()],
    }


def told(value: Any) -> tuple[list[Hint], int, float]:
    """The hints, the number of the selected one (-1 for none) and the stamp that a browser sent.

    Raises:
        ValueError: if it is anything else, whoever sent it.
    """
    if not isinstance(value, dict) or not isinstance(value.get("hints"), list):
        raise ValueError("expected an object with a list of hints")
    hints = as_hints(value["hints"])
    selected, stamp = value.get("selected", -1), value.get("stamp", 0)
    if type(selected) is not int or not -1 <= selected < len(hints):
        raise ValueError("the selected hint must be one of the list")
    if type(stamp) not in (int, float) or not math.isfinite(stamp):
        raise ValueError("the stamp must be a time")
    return hints, selected, stamp


def shown(work: Work, *, advise: bool, doubt: bool, selected: int | None, photo: bool) -> dict[str, Any]:
    """What the board is to show; the list takes the same.

    Args:
        advise: whether to mark the spot where a dot helps most.
        doubt: whether to tint what is least sure.
        selected: the hint whose likely colours are to be offered; None leaves the choice as it is in the browser.
        photo: whether the photo itself is new to the board.
    """
    advice = work.canvas.where_next(work.hints) if (advise or doubt) and work.canvas.sight is not None else None
    value: dict[str, Any] = {
        "hints": [hint.to_dict() for hint in work.hints],
        "clipped": list(work.canvas.clipped(work.hints)),
        "selected": selected,
        "likely": likely_colours(work, selected),
        "marker": {"x": advice.x, "y": advice.y} if advice and advise else None,
        "doubt": tint(advice.deviation) if advice and doubt else None,
        "stamp": work.stamp,
    }
    if photo:
        value |= {"width": work.grey.width, "height": work.grey.height, "picture": data_url(work.grey, "JPEG")}
        value["original"] = (
            "" if work.canvas.no_loss_because else data_url(Image.fromarray(work.canvas.photo.rgb), "JPEG")
        )
    return value


def likely_colours(work: Work, selected: int | None) -> list[tuple[str, float]]:
    """Colours for the place of the selected hint, given all others, with their likelihoods."""
    if selected is None or selected < 0 or work.canvas.sight is None:
        return []
    hint = work.hints[selected]
    others = [other for number, other in enumerate(work.hints) if number != selected]
    return [(each.colour, round(each.likelihood, 3)) for each in work.canvas.suggest(hint.x, hint.y, others)]


def tint(deviation: np.ndarray) -> str:
    """The error (h,w) to be expected, in ab units, as a tint to lay over the picture: the URL of a PNG.

    The strongest tint is where this picture is least sure; squares make the differences plainer.
    """
    layer = np.empty((*deviation.shape, 4), np.uint8)
    layer[..., :3] = TINT
    layer[..., 3] = (220 * (deviation / max(DOUBTFUL, deviation.max())) ** 2).astype(np.uint8)
    return data_url(Image.fromarray(layer), "PNG")


def data_url(picture: Image.Image, format: str) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format, **({"quality": 92, "subsampling": 0} if format == "JPEG" else {}))
    return f"data:image/{format.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
