"""What a person takes home: the photo in colour at its own size, its colours alone, the pair, or the hints."""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from colouru.hints import hints_to_json
from colouru.images.colour_layer import colour_layer
from colouru.images.saving import save_picture
from colouru.ui import board, words
from colouru.ui.handlers import plain_errors
from colouru.ui.work import Work, colourizer

KINDS = ("gan-png", "gan-jpg", "baseline-png", "baseline-jpg", "layer", "pair", "hints")


def download(work: Work | None, value: Any) -> Iterator[str]:
    """The file that is asked for, of hints and view as the page has them; it is gone once Gradio has taken its copy.

    Args:
        value: what `board.told` takes, and the `kind`, one of `KINDS`.
    """
    if work is None:
        raise gr.Error(words.NO_PHOTO, print_exception=False)
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        raise gr.Error(words.UNKNOWN_DOWNLOAD, print_exception=False)
    if not Path(work.path).exists():
        raise gr.Error(words.PHOTO_DROPPED, print_exception=False)
    work.keep()
    with tempfile.TemporaryDirectory() as folder, plain_errors():
        said = board.told(value)
        hints = board.coloured_hints(work.canvas, said.hints)
        work = dataclasses.replace(work, hints=hints, view=said.view)
        yield str(write(value["kind"], work, Path(folder) / Path(work.path).stem))


def write(kind: str, work: Work, stem: Path) -> Path:
    """Write the file and return its path, `stem` with an ending that says what it is.

    Raises:
        ValueError: if the photo can no longer be read, or the picture cannot be written in that format.
    """
    hints, view = work.hints, work.view
    if kind == "hints":
        path = stem.with_name(f"{stem.name}-hints.json")
        path.write_text(hints_to_json(hints), encoding="utf-8")
        return path
    role, _, suffix = kind.partition("-")
    if not suffix:
        role, suffix = "gan", {"layer": "png", "pair": "jpg"}[kind]
    canvas = colourizer().open(work.path)
    if work.album:
        canvas.set_references(work.album)
    picture, _ = canvas.colour(hints, [role], view.saturation)[role]
    path = stem.with_name(f"{stem.name}-{kind if kind in ('layer', 'pair') else role}.{suffix}")
    if kind == "layer":
        colour_layer(np.asarray(picture)).save(path, compress_level=3)
        return path
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
