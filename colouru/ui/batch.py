"""Several photos: each seen small in colour, one after the other, and all of them at their own size in a zip."""

import contextlib
import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from colouru.hints import as_hints
from colouru.images.photo import open_photo
from colouru.images.saving import save_picture
from colouru.model import ROLES
from colouru.networks.album import Precedents
from colouru.ui import board, words
from colouru.ui.handlers import told_by, uploaded, what_tells
from colouru.ui.series import MAX_PHOTOS
from colouru.ui.work import colourizer

JPEG_SUFFIXES = (".jpg", ".jpeg")


def glance(value: Any) -> dict[str, Any]:
    """One photo as it is seen among several: small, in colour, with its losses and the hints that were used.

    Args:
        value: the `path` of an upload, its `hints`, None for those in the photo itself, its `saturation`, the `album`
            that it follows, see `handlers.told_by`, and a `stamp`.
    """
    stamp = value.get("stamp") if isinstance(value, Mapping) else None
    try:
        photo = open_photo(uploaded(value))
        canvas = colourizer().open(photo.thumbnail(board.LOSS_SIDE))
        if album := told_by(value.get("album")):
            canvas.set_references(album)
        hints = board.coloured_hints(canvas, photo.hints if value.get("hints") is None else value["hints"])
        coloured = canvas.colour(hints, saturation=value.get("saturation", 1.0))
    except ValueError as error:
        return {"glance": stamp, "problem": str(error)}
    return {
        "glance": stamp,
        "picture": board.data_url(coloured["gan"][0], "JPEG"),
        "hints": [hint.to_dict() for hint in hints],
        "losses": {role: loss for role, (_, loss) in coloured.items()},
    }


def kept(paths: Any) -> list[bool]:
    """Which of these uploads are still here; those that are stay for another hour."""
    found = []
    for path in paths[:MAX_PHOTOS] if isinstance(paths, list) else []:
        with contextlib.suppress(ValueError, OSError):
            os.utime(uploaded({"path": path}))
            found.append(True)
            continue
        found.append(False)
    return found


def colour_all(value: Any) -> Iterator[tuple]:
    """How far it is, and in the end the zip of all photos in colour, gone once Gradio has taken its copy.

    Args:
        value: `photos`, each as `glance` takes it; whether they are an `album`, in which hints of each tell the others
            what the same things look like; whether the `baseline`'s pictures shall be in it too, and the `losses` as a
            table.
    """
    asked = value.get("photos") if isinstance(value, Mapping) else None
    if not isinstance(asked, list) or not asked:
        raise gr.Error(words.NO_PHOTOS, print_exception=False)
    if len(asked) > MAX_PHOTOS:
        raise gr.Error(words.TOO_MANY_PHOTOS.format(count=len(asked), most=MAX_PHOTOS), print_exception=False)
    roles = ROLES if value.get("baseline") is True else ("gan",)
    problems: list[str] = []
    table = [["photo", "dots", *ROLES]]
    yield {"done": 0, "of": len(asked)}, gr.skip()
    told = [what_tells(each) for each in asked] if value.get("album") is True else []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "coloured.zip"
        # Pictures are compressed already.
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
            for number, each in enumerate(asked):
                yield {"done": number, "of": len(asked)}, gr.skip()
                others = [precedents for other, precedents in enumerate(told) if precedents and other != number]
                try:
                    row = put_photo(bundle, each, roles, others, measured=value.get("losses") is True)
                except ValueError as error:
                    problems.append(str(error))
                    continue
                table.append(row)
            if value.get("losses") is True:
                text = io.StringIO()
                csv.writer(text).writerows(table)
                bundle.writestr("losses.csv", text.getvalue())
            if problems:
                bundle.writestr("problems.txt", "\n".join(problems) + "\n")
        if len(problems) == len(asked):
            raise gr.Error(words.NONE_COLOURED.format(problem=problems[0]), print_exception=False)
        if problems:
            gr.Warning(words.PROBLEMS.format(count=len(problems)))
        yield {"done": len(asked), "of": len(asked)}, str(archive)


def put_photo(
    bundle: zipfile.ZipFile, value: Any, roles: tuple[str, ...], album: Sequence[Precedents], *, measured: bool
) -> list:
    """Put one photo in colour into the zip as each of `roles` sees it; returns its row of the table of losses.

    Args:
        album: what other photos tell it.

    Raises:
        ValueError: if the photo or its hints cannot be used.
    """
    path = uploaded(value)
    photo = open_photo(path)
    hints = photo.hints if value.get("hints") is None else as_hints(value["hints"])
    saturation = value.get("saturation", 1.0)
    canvas = colourizer().open(photo)
    if album:
        canvas.set_references(album)
    coloured = canvas.colour(hints, ROLES if measured else roles, saturation)
    # A JPEG for a JPEG, otherwise a PNG.
    suffix = path.suffix.lower() if path.suffix.lower() in JPEG_SUFFIXES else ".png"
    names = set(bundle.namelist())
    for role in roles:
        name = unused(f"{path.stem}-{role}{suffix}", names)
        with tempfile.TemporaryDirectory() as folder:
            save_picture(coloured[role][0], Path(folder) / name, canvas.provenance(hints, role, saturation), photo.exif)
            bundle.write(Path(folder) / name, name)
    return [path.name, len(hints), *(coloured[role][1] if measured else None for role in ROLES)]


def unused(name: str, taken: set[str]) -> str:
    """The name, with a number if another photo of that name is in the archive already."""
    path, number = Path(name), 2
    while name in taken:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name
