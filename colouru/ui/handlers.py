"""What the page does: open a photo, and colour it anew after every click, stroke, key and switch.

Handlers take and give what Gradio's components do. Whatever a person may do wrong becomes a sentence on the page that
says what to do next, and leaves the page, and so their work, as it was.
"""

import base64
import contextlib
import dataclasses
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from PIL import Image

from colouru.hints import Hint, hints_from_json, layer_from_hints, packed_paint
from colouru.photo import DAMAGE, open_photo
from colouru.ui import board, words
from colouru.ui.examples import examples
from colouru.ui.painting import hints_after_painting
from colouru.ui.palette import SWATCHES
from colouru.ui.work import PREVIEW_SIDE, Work, colourizer

# Longer side in pixels of the grey copy that is painted on: browsers hang on an editor with twelve megapixels.
SKETCH_SIDE = 512

# A strip of paper is painted on at least this many pixels wide.
SKETCH_LEAST_SIDE = 32

# Radius of the brush in pixels of the sketch; the square in a dot of it is as large as a hint's default size.
BRUSH_RADIUS = 10

MAX_LAYER_BYTES = 8 << 20
PNG_PREFIX = "data:image/png;base64,"


class View(NamedTuple):
    """How the person wants to see it: the values of the page's switches.

    Attributes:
        saturation: 0 to 2.
        versus: whether each network is compared with the other instead of with grey.
        advise: whether the spot is marked where a dot would help most.
        doubt: whether what is least sure is tinted.
    """

    saturation: float = 1.0
    versus: bool = False
    advise: bool = False
    doubt: bool = False


def uploaded_path(payload: Any) -> str | None:
    """The file as it was uploaded; stands in for `gr.Image.preprocess`, which would open it and fail without a word.

    Gradio has by then seen that the path is one of its own uploads.
    """
    return payload.path if payload else None


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the ValueErrors of the package, whose messages are for people, into messages on the page."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


# Photos. Each gives the photo box, the sketch, then what `outputs` does.


def start(path: str | None, before: Work | None, *view: Any) -> tuple:
    """Open a photo, with the hints in it if ColourU saved it; None is a person who keeps the one that was there."""
    if path is None:
        return (before.path if before else None, gr.skip(), *unchanged())
    with plain_errors():
        photo = open_photo(path)
    for remark in photo.remarks:
        gr.Info(remark)
    if photo.hints:
        gr.Info(words.HINTS_RESTORED.format(count=len(photo.hints)))
    return gr.skip(), *begin(path, photo, photo.hints, before, View(*view))


def start_example(number: int, kept: bool, before: Work | None, *view: Any) -> tuple:
    """Open one of the examples with its hints, unless the person keeps the photo that was there."""
    if kept:
        return gr.skip(), gr.skip(), *unchanged()
    path, hints_json = examples()[number]
    return path, *begin(path, open_photo(path), hints_from_json(hints_json), before, View(*view))


def begin(path: str, photo: Any, hints: Iterable[Hint], before: Work | None, view: View) -> tuple:
    preview = photo.thumbnail(PREVIEW_SIDE)
    canvas = colourizer().open(preview)
    work = Work(
        path,
        canvas,
        canvas.grey(),
        shrunk=preview is not photo,
        folder=tempfile.TemporaryDirectory(prefix="colouru-"),
        painting=before.painting if before else False,
        stamp=before.stamp if before else 0.0,
    )
    work = dataclasses.replace(work, history=work.history.then(hints))
    work, sketch = with_sketch(work) if work.painting else (work, gr.skip())
    return sketch, *outputs(work, view, selected=-1, photo=True)


# Hints. Each gives what `outputs` does; those that change the sketch give it first.


def edit(work: Work | None, value: Any, *view: Any) -> tuple:
    """Take the hints that the board or the list sent. What is no list of hints is refused, and the page set right."""
    if work is None:
        gr.Warning(words.PHOTO_DROPPED)
        return unchanged()
    try:
        hints, selected, stamp = board.told(value)
    except ValueError as error:
        gr.Warning(str(error))
        return outputs(work, View(*view))
    asked_only = tuple(hints) == work.hints
    work = dataclasses.replace(work, history=work.history.then(hints), stamp=stamp)
    return outputs(work, View(*view), selected=selected, pictures=not asked_only)


def paint(work: Work | None, layer_url: str, *view: Any) -> tuple:
    """Take what is painted now; `layer_url` is the painted layer as a data URL, "" where there is none."""
    if work is None:
        raise gr.Error(words.PHOTO_DROPPED if layer_url else words.NO_PHOTO, print_exception=False)
    width, height = sketch_size(work)
    with plain_errors():
        layer = read_layer(layer_url) if layer_url else np.zeros((height, width, 4), np.uint8)
        if layer.shape[:2] != (height, width):
            raise ValueError(words.UNREADABLE_SKETCH)
        # A sketch that is given a new layer may tell of its old one once more.
        if work.stale is not None and (packed_paint(layer) == packed_paint(work.stale)).all():
            return unchanged()
        hints = hints_after_painting(work.hints, work.sketch, layer)
    work = dataclasses.replace(work, sketch=layer, stale=None)
    if tuple(hints) == work.hints:
        return work, *unchanged()[1:]
    return outputs(dataclasses.replace(work, history=work.history.then(hints)), View(*view), selected=-1)


def paint_from_editor(work: Work | None, value: dict | None, *view: Any) -> tuple:
    """The same from the editor's own value, for a browser in which the layer cannot be read directly."""
    layers = (value or {}).get("layers") or []
    return paint(work, to_data_url(layers[0]) if layers else "", *view)


def undo(work: Work | None, *view: Any) -> tuple:
    return revised(work, work.history.undone() if work else None, view)


def redo(work: Work | None, *view: Any) -> tuple:
    return revised(work, work.history.redone() if work else None, view)


def clear(work: Work | None, *view: Any) -> tuple:
    return revised(work, work.history.then([]) if work else None, view)


def open_hints(work: Work | None, path: str, *view: Any) -> tuple:
    """Put the hints of a JSON file in the place of those there are."""
    if work is None:
        raise gr.Error(words.NO_PHOTO, print_exception=False)
    with plain_errors():
        try:
            hints = hints_from_json(Path(path).read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{Path(path).name} is not a JSON file: {error}") from None
    gr.Info(words.HINTS_OPENED.format(count=len(hints)))
    return revised(work, work.history.then(hints), view)


def revised(work: Work | None, history: Any, view: tuple) -> tuple:
    if work is None or history == work.history:
        return gr.skip(), *unchanged()
    work = dataclasses.replace(work, history=history)
    work, sketch = with_sketch(work) if work.painting else (work, gr.skip())
    return sketch, *outputs(work, View(*view), selected=-1)


# Switches.


def look(work: Work | None, *view: Any) -> tuple:
    """The same hints, seen otherwise."""
    return outputs(work, View(*view)) if work else unchanged()


def to_paint(work: Work | None) -> tuple:
    """The Paint tab came to the front: its sketch shows the hints as they are. Gives the work and the sketch."""
    return with_sketch(dataclasses.replace(work, painting=True)) if work else (work, gr.skip())


def to_click(work: Work | None, *view: Any) -> tuple:
    """The Click tab came to the front, and may never have been shown before."""
    if work is None:
        return unchanged()
    return outputs(dataclasses.replace(work, painting=False), View(*view), selected=-1, photo=True)


# What they share.


def outputs(
    work: Work, view: View, *, selected: int | None = None, photo: bool = False, pictures: bool = True
) -> tuple:
    """The work, both pictures, their losses, what these mean, the board, the list, and which buttons can be pressed.

    Args:
        selected, photo: see `board.shown`.
        pictures: whether they change; the rest of the page may without them.
    """
    work.keep()
    seen: tuple = (gr.skip(),) * 5
    if pictures:
        with plain_errors():
            seen = picture_outputs(work, view)
    value = board.shown(work, advise=view.advise, doubt=view.doubt, selected=selected, photo=photo)
    history = work.history
    can = [gr.Button(interactive=bool(these)) for these in (history.past, history.future, history.now)]
    return work, *seen, value, value, *can


def unchanged() -> tuple:
    """As many values as `outputs` gives, that leave the page as it is."""
    return (gr.skip(),) * 11


def picture_outputs(work: Work, view: View) -> tuple:
    coloured = work.canvas.colour(work.hints, saturation=view.saturation)
    gan, baseline = (work.picture_file(role, coloured[role][0]) for role in ("gan", "baseline"))
    grey = work.grey_file()
    return (
        (baseline if view.versus else grey, gan),
        (gan if view.versus else grey, baseline),
        *loss_sentences(work, coloured["gan"][1], coloured["baseline"][1]),
    )


def loss_sentences(work: Work, gan: float | None, baseline: float | None) -> tuple[str, str, str]:
    """The losses of both networks, and what that means, or why there are none."""
    if work.canvas.no_loss_because:
        return "", "", words.NO_LOSS.format(reason=work.canvas.no_loss_because)
    sentence = words.LOSS_ON_PREVIEW if work.shrunk else words.LOSS
    return sentence.format(loss=gan), sentence.format(loss=baseline), words.LOSS_MEANING


def sketch_size(work: Work) -> tuple[int, int]:
    """Width and height of the grey copy that is painted on."""
    scale = SKETCH_SIDE / max(work.grey.size)
    width, height = (max(SKETCH_LEAST_SIDE, round(side * scale)) for side in work.grey.size)
    return width, height


def with_sketch(work: Work) -> tuple[Work, dict]:
    """The work, and its grey copy with the hints painted on it, as `gr.ImageEditor` takes it."""
    width, height = sketch_size(work)
    painted = layer_from_hints(work.hints, height, width)
    # The editor centres a layer on its first, square canvas, whatever the shape of the photo: only one of just that
    # size stays where it is.
    layer = np.zeros((SKETCH_SIDE, SKETCH_SIDE, 4), np.uint8)
    layer[:height, :width] = painted
    background = work.grey.resize((width, height), Image.Resampling.LANCZOS)
    # The composite must be missing, or the editor takes it for the background.
    value = {"background": background, "layers": [layer] if work.hints else [], "composite": None}
    return dataclasses.replace(work, sketch=painted, stale=work.sketch), value


def to_data_url(layer: np.ndarray) -> str:
    """A painted layer (H,W,4) uint8 as the browser would send it."""
    return board.data_url(Image.fromarray(layer), "PNG")


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


def brush() -> gr.Brush:
    colours = list(SWATCHES.values())
    return gr.Brush(colors=colours, default_color=colours[1], default_size=BRUSH_RADIUS, color_mode="defaults")
