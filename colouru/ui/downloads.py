"""Downloads of one photo: the picture in colour at full size, its colours alone, before and after, or the hints."""

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
from colouru.ui import i18n
from colouru.ui.handlers import errors_as_messages
from colouru.ui.messages import parse_hints, parse_request
from colouru.ui.session import Session, colourizer

KINDS = ("gan-png", "gan-jpg", "baseline-png", "baseline-jpg", "layer", "pair", "hints")


def download(session: Session | None, value: Any) -> Iterator[str]:
    """Yield the path of the requested file; it is deleted after Gradio has copied it.

    Args:
        value: the fields of `messages.EditRequest`, and the `kind`, one of `KINDS`.
    """
    if session is None:
        raise gr.Error(i18n.NO_PHOTO, print_exception=False)
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        raise gr.Error(i18n.UNKNOWN_DOWNLOAD, print_exception=False)
    if not Path(session.path).exists():
        raise gr.Error(i18n.PHOTO_DROPPED, print_exception=False)
    session.touch()
    with tempfile.TemporaryDirectory() as folder, errors_as_messages():
        request = parse_request(value)
        hints = parse_hints(session.canvas, request.hints)
        session = dataclasses.replace(session, hints=hints, view=request.view)
        yield str(write_file(value["kind"], session, Path(folder) / Path(session.path).stem))


def write_file(kind: str, session: Session, stem: Path) -> Path:
    """Write the file and return its path: `stem` with a suffix for the kind.

    Raises:
        ValueError: if the photo can no longer be read, or the picture cannot be written in that format.
    """
    hints, view = session.hints, session.view
    if kind == "hints":
        path = stem.with_name(f"{stem.name}-hints.json")
        path.write_text(hints_to_json(hints), encoding="utf-8")
        return path
    role, _, suffix = kind.partition("-")
    if not suffix:
        role, suffix = "gan", {"layer": "png", "pair": "jpg"}[kind]
    canvas = colourizer().open(session.path)
    if session.references:
        canvas.set_references(session.references)
    picture, _ = canvas.colour(hints, [role], view.saturation)[role]
    path = stem.with_name(f"{stem.name}-{kind if kind in ('layer', 'pair') else role}.{suffix}")
    if kind == "layer":
        colour_layer(np.asarray(picture)).save(path, compress_level=3)
        return path
    if kind == "pair":
        # Coordinates in the pair differ from those in the photo, so the file must not contain hints.
        picture, hints = before_and_after(canvas.grey(), picture), ()
    save_picture(picture, path, canvas.provenance(hints, role, view.saturation), canvas.photo.exif)
    return path


def before_and_after(before: Image.Image, after: Image.Image) -> Image.Image:
    """Both pictures in one, side by side; wide pictures one above the other."""
    width, height = before.size
    offset = (0, height) if width > height else (width, 0)
    pair = Image.new("RGB", (width + offset[0], height + offset[1]))
    pair.paste(before, (0, 0))
    pair.paste(after, offset)
    return pair
