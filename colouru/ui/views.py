"""What the server sends to the page: JSON messages, each with a `type`, and pictures as data URLs.

Types: "opened" a photo with its first colours; "picture" and "colours" the two parts of an answer to an edit; "refused"
an edit or photo that could not be used; "outline" and "crop" answers to these events; "preview" and "progress" see
batch.py.
"""

import base64
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from colouru.canvas import Canvas
from colouru.colour import grey_bytes
from colouru.hints import Hint
from colouru.images.photo import Photo
from colouru.model import ROLES
from colouru.ui.messages import parse_spot, parse_window
from colouru.ui.session import Session

# The share of the photo that is tinted as uncertain, and the colour.
UNCERTAIN_SHARE = 0.2
UNCERTAIN_RGB = (214, 51, 108)

# Pixels of a crop that the page may ask for.
MAX_CROP_PIXELS = 8_000_000

# Longer side of the copy on which losses are measured while a person works; it changes them by less than 0.01.
LOSS_SIDE = 384


def colours_view(session: Session, *, selected: int, stamp: float) -> dict[str, Any]:
    """The complete "colours" message for the session's hints."""
    *_, complete = colours_view_in_parts(session, selected=selected, stamp=stamp, network="gan")
    return complete


def colours_view_in_parts(session: Session, *, selected: int, stamp: float, network: str) -> Iterator[dict[str, Any]]:
    """Yield the picture of one network first, which the person waits for, then the complete "colours" message."""
    canvas, view, hints = session.canvas, session.view, session.hints
    chroma = canvas.chroma(hints, [network])
    picture = {
        "type": "picture",
        "stamp": stamp,
        "hints": [hint.to_dict() for hint in hints],
        "clipped": list(canvas.clipped(hints)),
        "selected": selected,
        "chroma": {network: chroma_url(chroma[network])},
    }
    yield picture
    others = [role for role in ROLES if role != network]
    chroma |= canvas.chroma(hints, others)
    advice = canvas.where_next(hints) if (view.advice or view.uncertainty) and canvas.supports_guidance else None
    likely = []
    if selected >= 0:
        elsewhere = [other for number, other in enumerate(hints) if number != selected]
        likely = likely_colours(canvas, hints[selected].x, hints[selected].y, elsewhere)
    yield picture | {
        "type": "colours",
        "likely": likely,
        "chroma": picture["chroma"] | {role: chroma_url(chroma[role]) for role in others},
        "losses": canvas.losses(chroma, hints, view.saturation, LOSS_SIDE),
        "advice": {"x": advice.x, "y": advice.y} if advice and view.advice else None,
        "uncertainty": uncertainty_overlay(advice.deviation) if advice and view.uncertainty else None,
    }


def photo_view(session: Session) -> dict[str, Any]:
    """What depends on the photo alone: its size, lightness and original colours. It is sent once, with "opened"."""
    canvas = session.canvas
    original = "" if canvas.no_loss_because else data_url(Image.fromarray(canvas.photo.rgb), "JPEG")
    return {
        "width": session.size[0],
        "height": session.size[1],
        "lightness": data_url(Image.fromarray(grey_bytes(canvas.photo.rgb)), "JPEG"),
        "coarse": {role: lightness_url(L) for role, L in canvas.L.items()},
        "original": original,
        "no_loss_because": canvas.no_loss_because,
        "guidance": canvas.supports_guidance,
    }


def crop_view(photo: Photo, window: Any) -> dict[str, Any]:
    """A part of the photo at full resolution, without colour.

    Args:
        window: left, top, right and bottom in [0, 1]; the crop is enlarged to whole pixels.

    Raises:
        ValueError: if it is no part of the photo, or has more than `MAX_CROP_PIXELS`.
    """
    left, top, right, bottom = parse_window(window)
    columns = slice(int(left * photo.width), math.ceil(right * photo.width))
    rows = slice(int(top * photo.height), math.ceil(bottom * photo.height))
    part = photo.rgb[rows, columns]
    if part.shape[0] * part.shape[1] > MAX_CROP_PIXELS:
        raise ValueError("that is too large a part of the photo to be sent as it is")
    edges = (columns.start, rows.start, columns.stop, rows.stop)
    window = [edge / side for edge, side in zip(edges, (photo.width, photo.height) * 2, strict=True)]
    return {"type": "crop", "window": window, "lightness": data_url(Image.fromarray(grey_bytes(part)), "JPEG")}


def outline_view(session: Session, spot: Any) -> dict[str, Any]:
    """A map of how similar every place is to a spot, and the spot's likely colours.

    Args:
        spot: an object with x and y in [0, 1] and the stamp of the request.

    Raises:
        ValueError: if it is anything else.
    """
    x, y, stamp = parse_spot(spot)
    return {
        "type": "outline",
        "stamp": stamp,
        "similarity": data_url(Image.fromarray(session.canvas.similarity_mask(x, y)), "PNG"),
        "likely": likely_colours(session.canvas, x, y, session.hints),
    }


def likely_colours(canvas: Canvas, x: float, y: float, others: Sequence[Hint]) -> list[tuple[str, float]]:
    """Colours for a spot with their likelihoods, given the other hints; none where the model cannot list them."""
    if not canvas.supports_guidance:
        return []
    return [(each.colour, round(each.likelihood, 3)) for each in canvas.suggest(x, y, others)]


def chroma_url(ab: Tensor) -> str:
    """Encode `ab` (1,2,h,w) in [-1, 1] as a PNG: red is a, green is b, 128 is zero, a step is 110/127 CIELAB units."""
    levels = (ab[0].clamp(-1, 1) * 127).round() + 128
    blue = np.zeros((1, *levels.shape[1:]), np.uint8)
    return data_url(Image.fromarray(np.concatenate([levels.byte().numpy(), blue]).transpose(1, 2, 0).copy()), "PNG")


def lightness_url(L: Tensor) -> str:
    """Encode `L` (1,1,h,w) in [-1, 1] as a PNG, 255 for white."""
    return data_url(Image.fromarray(((L[0, 0] + 1) * 127.5).round().clamp(0, 255).byte().numpy()), "PNG")


def uncertainty_overlay(deviation: np.ndarray) -> str:
    """A translucent tint on the fifth of the photo with the largest expected error (h,w), as a PNG."""
    least = np.quantile(deviation, 1 - UNCERTAIN_SHARE)
    layer = np.empty((*deviation.shape, 4), np.uint8)
    layer[..., :3] = UNCERTAIN_RGB
    strength = (deviation - least) / max(float(deviation.max() - least), 1e-6)
    layer[..., 3] = np.where(deviation > least, 60 + 130 * strength.clip(0, 1), 0)
    return data_url(Image.fromarray(layer), "PNG")


def data_url(picture: Image.Image, format: str) -> str:
    """Encode a picture as the data URL of a "JPEG" or "PNG"."""
    buffer = io.BytesIO()
    picture.save(buffer, format, **({"quality": 92, "subsampling": 0} if format == "JPEG" else {"compress_level": 1}))
    return f"data:image/{format.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
