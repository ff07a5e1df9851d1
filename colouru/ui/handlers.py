"""What the page does: open a photo, colour it from what was painted, hand it out at full size.

Handlers take and give what Gradio's components do. Whatever a person may do wrong becomes a `gr.Error` that says what
to do next, and leaves the page, and so their work, as it was.
"""

import base64
import contextlib
import dataclasses
import functools
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from colouru.hints import Hint, hints_from_json, hints_from_layer, hints_to_json, layer_from_hints
from colouru.hub import WeightsError
from colouru.photo import DAMAGE, open_photo
from colouru.pipeline import Canvas, Colourization, Colourizer, pipeline
from colouru.ui import words
from colouru.ui.palette import SWATCHES

# Longer sides in pixels: of the pictures shown, and of the grey copy that is painted on. Browsers hang on an editor
# with a photo of twelve megapixels.
PREVIEW_SIDE = 640
SKETCH_SIDE = 512

# A strip of paper is painted on at least this many pixels wide.
SKETCH_LEAST_SIDE = 32

# Radius of the brush in pixels of the sketch; the square in a dot of it is as large as a hint's default size.
BRUSH_RADIUS = 10

MAX_LAYER_BYTES = 8 << 20
PNG_PREFIX = "data:image/png;base64,"


def uploaded_path(payload: Any) -> str | None:
    """The file as it was uploaded; stands in for `gr.Image.preprocess`, which would open it and fail without a word.

    Gradio has by then seen that the path is one of its own uploads.
    """
    return payload.path if payload else None


@dataclasses.dataclass(frozen=True)
class Work:
    """What is kept of a photo while a person works on it.

    Attributes:
        path: the photo itself, an upload that Gradio deletes in time.
        canvas: the photo at the size in which it is shown.
        grey: the same without colour.
        shrunk: whether the photo itself is larger.
    """

    path: str
    canvas: Canvas
    grey: Image.Image
    shrunk: bool


@functools.cache
def colourizer() -> Colourizer:
    """The networks, loaded once: those of the folder or Hub id in COLOURU_MODEL, else the embedded ones."""
    try:
        return pipeline(os.environ.get("COLOURU_MODEL") or None)
    except WeightsError as error:
        # The page is not served without them, and who started it is told in one sentence.
        sys.exit(f"colouru: {error}")


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the ValueErrors of the package, whose messages are for people, into messages on the page."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def start(path: str, hints_json: str = "[]") -> tuple:
    """Open a photo, with the hints that an example has: the sketch, then what `outputs` gives."""
    with plain_errors():
        hints = hints_from_json(hints_json)
        photo = open_photo(path)
        preview = photo.thumbnail(PREVIEW_SIDE)
        canvas = colourizer().open(preview)
    for remark in photo.remarks:
        gr.Info(remark)
    work = Work(path, canvas, canvas.grey(), shrunk=preview is not photo)
    return sketch(work.grey, hints), *outputs(work, hints)


def sketch(grey: Image.Image, hints: list[Hint]) -> dict:
    """The grey copy to paint on and a layer with the hints, as `gr.ImageEditor` takes them."""
    scale = SKETCH_SIDE / max(grey.size)
    width, height = (max(SKETCH_LEAST_SIDE, round(side * scale)) for side in grey.size)
    # The editor centres a layer on its first, square canvas, whatever the shape of the photo: only one of just that
    # size stays where it is.
    layer = np.zeros((SKETCH_SIDE, SKETCH_SIDE, 4), np.uint8)
    layer[:height, :width] = layer_from_hints(hints, height, width)
    background = grey.resize((width, height), Image.Resampling.LANCZOS)
    # The composite must be missing, or the editor takes it for the background.
    return {"background": background, "layers": [layer] if hints else [], "composite": None}


def recolour(work: Work | None, layer_url: str) -> tuple:
    """The outputs for what is painted now; `layer_url` is the painted layer as a data URL, "" where there is none."""
    if work is None:
        raise gr.Error(words.PHOTO_DROPPED if layer_url else words.NO_PHOTO, print_exception=False)
    with plain_errors():
        hints = hints_from_layer(read_layer(layer_url)) if layer_url else []
    keep(work)
    return outputs(work, hints)


def recolour_from_editor(work: Work | None, value: dict | None) -> tuple:
    """The same from the editor's own value, for a browser in which the layer cannot be read directly."""
    layers = (value or {}).get("layers") or []
    return recolour(work, to_data_url(layers[0]) if layers else "")


def to_data_url(layer: np.ndarray) -> str:
    """A painted layer (H,W,4) uint8 as the browser would send it."""
    buffer = io.BytesIO()
    Image.fromarray(layer).save(buffer, "PNG")
    return PNG_PREFIX + base64.b64encode(buffer.getvalue()).decode()


def keep(work: Work) -> None:
    """Let the hour after which Gradio deletes an upload begin anew; it goes by the time of the last change."""
    with contextlib.suppress(OSError):
        os.utime(work.path)


def read_layer(layer_url: str) -> np.ndarray:
    """The painted layer (H,W,4) uint8 in a data URL of a PNG.

    Raises:
        ValueError: if it is anything else, or larger than a sketch can be.
    """
    if not layer_url.startswith(PNG_PREFIX) or len(layer_url) > MAX_LAYER_BYTES:
        raise ValueError(words.UNREADABLE_SKETCH)
    try:
        content = base64.b64decode(layer_url[len(PNG_PREFIX) :], validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as layer:
            if max(layer.size) <= 2 * SKETCH_SIDE:
                return np.asarray(layer.convert("RGBA"))
    except DAMAGE:
        pass
    raise ValueError(words.UNREADABLE_SKETCH)


def outputs(work: Work, hints: list[Hint]) -> tuple:
    """The work anew, both pictures beside the greyscale, what is said of their loss, the hints as JSON, and the hints.

    The work is given back unchanged so that Gradio's hour for it begins anew too.
    """
    result = work.canvas(hints)
    return (
        work,
        (work.grey, result.baseline),
        (work.grey, result.gan),
        loss_sentence(work, result, "baseline"),
        loss_sentence(work, result, "gan") + clipped_sentence(result),
        hints_to_json(hints),
        hints,
    )


def loss_sentence(work: Work, result: Colourization, role: str) -> str:
    loss = result.normalized_loss[role]
    if loss is None:
        return words.NO_LOSS.format(reason=result.no_loss_because)
    return (words.LOSS_ON_PREVIEW if work.shrunk else words.LOSS).format(loss=loss)


def clipped_sentence(result: Colourization) -> str:
    """Which dots ask for a colour that is not to be had, as the list of hints numbers them, from 1; "" if none does."""
    numbers = ", ".join(str(number + 1) for number in result.clipped)
    return "\n\n" + words.CLIPPED.format(numbers=numbers) if numbers else ""


def full_size(role: str, work: Work | None, hints: list[Hint]) -> Iterator[str]:
    """The photo in colour at its own size, as a file that is gone once Gradio has taken its copy."""
    if work is None:
        raise gr.Error(words.NO_PHOTO, print_exception=False)
    if not Path(work.path).exists():
        raise gr.Error(words.PHOTO_DROPPED, print_exception=False)
    with plain_errors():
        picture, _ = colourizer().open(work.path).colour(hints, [role])[role]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{Path(work.path).stem}-{role}.png"
        picture.save(file, compress_level=3)
        yield str(file)


def brush() -> gr.Brush:
    colours = list(SWATCHES.values())
    return gr.Brush(colors=colours, default_color=colours[1], default_size=BRUSH_RADIUS, color_mode="defaults")
