"""Several photos: a small coloured preview of each, and a zip of all at full size."""

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
from colouru.ui import i18n, views
from colouru.ui.messages import parse_hints, uploaded_path
from colouru.ui.references import MAX_PHOTOS, load_reference, load_references
from colouru.ui.session import colourizer

JPEG_SUFFIXES = (".jpg", ".jpeg")


def preview(value: Any) -> dict[str, Any]:
    """Colour a small copy of one photo; returns a "preview" message with picture, hints and losses, or a `problem`.

    Args:
        value: the `path` of an upload, its `hints`, None for those saved in the photo, its `saturation`, the
            `references` that it follows, see `references.load_references`, and a `stamp`, which is returned.
    """
    message = {"type": "preview", "stamp": value.get("stamp") if isinstance(value, Mapping) else None}
    try:
        photo = open_photo(uploaded_path(value))
        canvas = colourizer().open(photo.thumbnail(views.LOSS_SIDE))
        if references := load_references(value.get("references")):
            canvas.set_references(references)
        hints = parse_hints(canvas, photo.hints if value.get("hints") is None else value["hints"])
        coloured = canvas.colour(hints, saturation=value.get("saturation", 1.0))
    except ValueError as error:
        return message | {"problem": str(error)}
    return message | {
        "picture": views.data_url(coloured["gan"][0], "JPEG"),
        "hints": [hint.to_dict() for hint in hints],
        "losses": {role: loss for role, (_, loss) in coloured.items()},
    }


def uploads_present(paths: Any) -> list[bool]:
    """Whether each of these uploads still exists; those that do are kept for another hour. The page calls this."""
    present = []
    for path in paths[:MAX_PHOTOS] if isinstance(paths, list) else []:
        with contextlib.suppress(ValueError, OSError):
            os.utime(uploaded_path({"path": path}))
            present.append(True)
            continue
        present.append(False)
    return present


def colour_all(value: Any) -> Iterator[tuple]:
    """Yield "progress" messages, and with the last one the path of a zip of all photos in colour.

    The zip is deleted after Gradio has copied it.

    Args:
        value: `photos`, each as for `preview`; `series`, whether hints of each photo are references for the others;
            `baseline`, whether the zip has the baseline's pictures too; `losses`, whether it has a table of losses.
    """
    photos = value.get("photos") if isinstance(value, Mapping) else None
    if not isinstance(photos, list) or not photos:
        raise gr.Error(i18n.NO_PHOTOS, print_exception=False)
    if len(photos) > MAX_PHOTOS:
        raise gr.Error(i18n.TOO_MANY_PHOTOS.format(count=len(photos), most=MAX_PHOTOS), print_exception=False)
    roles = ROLES if value.get("baseline") is True else ("gan",)
    with_losses = value.get("losses") is True
    problems: list[str] = []
    table = [["photo", "dots", *ROLES]]
    yield progress(0, len(photos)), gr.skip()
    references = [load_reference(photo) for photo in photos] if value.get("series") is True else []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "coloured.zip"
        # Stored, because pictures are compressed already.
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
            for number, photo in enumerate(photos):
                yield progress(number, len(photos)), gr.skip()
                others = [reference for other, reference in enumerate(references) if reference and other != number]
                try:
                    table.append(add_photo(bundle, photo, roles, others, with_losses=with_losses))
                except ValueError as error:
                    problems.append(str(error))
            if with_losses:
                text = io.StringIO()
                csv.writer(text).writerows(table)
                bundle.writestr("losses.csv", text.getvalue())
            if problems:
                bundle.writestr("problems.txt", "\n".join(problems) + "\n")
        if len(problems) == len(photos):
            raise gr.Error(i18n.NONE_COLOURED.format(problem=problems[0]), print_exception=False)
        if problems:
            gr.Warning(i18n.PROBLEMS.format(count=len(problems)))
        yield progress(len(photos), len(photos)), str(archive)


def progress(done: int, total: int) -> dict[str, Any]:
    return {"type": "progress", "done": done, "total": total}


def add_photo(
    bundle: zipfile.ZipFile,
    value: Any,
    roles: tuple[str, ...],
    references: Sequence[Precedents],
    *,
    with_losses: bool,
) -> list:
    """Add one photo in the colours of each role to the zip; returns its row of the table of losses.

    Raises:
        ValueError: if the photo or its hints cannot be used.
    """
    path = uploaded_path(value)
    photo = open_photo(path)
    hints = photo.hints if value.get("hints") is None else as_hints(value["hints"])
    saturation = value.get("saturation", 1.0)
    canvas = colourizer().open(photo)
    if references:
        canvas.set_references(references)
    coloured = canvas.colour(hints, ROLES if with_losses else roles, saturation)
    # A JPEG stays a JPEG, everything else becomes a PNG.
    suffix = path.suffix.lower() if path.suffix.lower() in JPEG_SUFFIXES else ".png"
    names = set(bundle.namelist())
    for role in roles:
        name = unique_name(f"{path.stem}-{role}{suffix}", names)
        with tempfile.TemporaryDirectory() as folder:
            save_picture(coloured[role][0], Path(folder) / name, canvas.provenance(hints, role, saturation), photo.exif)
            bundle.write(Path(folder) / name, name)
    return [path.name, len(hints), *(coloured[role][1] if with_losses else None for role in ROLES)]


def unique_name(name: str, taken: set[str]) -> str:
    """The name, with a number if it is taken already."""
    path, number = Path(name), 2
    while name in taken:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name
