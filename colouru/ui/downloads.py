"""What a person takes home: the photo in colour at its own size, its colours alone, the pair, or the hints."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from colouru.colour_layer import colour_layer
from colouru.hints import hints_to_json
from colouru.provenance import save_picture
from colouru.ui import words
from colouru.ui.handlers import View, plain_errors
from colouru.ui.work import Work, colourizer


def download(kind: str, work: Work | None, *view: Any) -> Iterator[str]:
    """The file of a `kind` of `words.DOWNLOADS`, which is gone once Gradio has taken its copy."""
    if work is None:
        raise gr.Error(words.NO_PHOTO, print_exception=False)
    if kind not in words.DOWNLOADS:
        raise gr.Error(words.WHAT, print_exception=False)
    if not Path(work.path).exists():
        raise gr.Error(words.PHOTO_DROPPED, print_exception=False)
    with tempfile.TemporaryDirectory() as folder, plain_errors():
        yield str(write(kind, work, View(*view), Path(folder) / Path(work.path).stem))


def write(kind: str, work: Work, view: View, stem: Path) -> Path:
    """Write the file and return its path, `stem` with an ending that says what it is.

    Raises:
        ValueError: if the photo can no longer be read, or the picture cannot be written in that format.
    """
    if kind == "hints":
        path = stem.with_name(f"{stem.name}-hints.json")
        path.write_text(hints_to_json(work.hints), encoding="utf-8")
        return path
    role, _, suffix = kind.partition("-")
    if not suffix:
        role, suffix = "gan", {"layer": "png", "pair": "jpg"}[kind]
    canvas = colourizer().open(work.path)
    picture, _ = canvas.colour(work.hints, [role], view.saturation)[role]
    path = stem.with_name(f"{stem.name}-{kind if kind in ('layer', 'pair') else role}.{suffix}")
    if kind == "layer":
        colour_layer(np.asarray(picture)).save(path, compress_level=3)
        return path
    hints = work.hints
    if kind == "pair":
        # No place in the pair is where it is in the photo, so it must not open with hints.
        picture, hints = side_by_side(canvas.grey(), picture), ()
    save_picture(picture, path, canvas.provenance(hints, role, view.saturation), canvas.photo.exif)
    return path


def side_by_side(before: Image.Image, after: Image.Image) -> Image.Image:
    """Both in one picture, beside each other; one above the other where they are wider than high."""
    width, height = before.size
    offset = (0, height) if width > height else (width, 0)
    pair = Image.new("RGB", (width + offset[0], height + offset[1]))
    pair.paste(before, (0, 0))
    pair.paste(after, offset)
    return pair
