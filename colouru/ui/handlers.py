"""What the page does: open a photo, and answer every change of the hints.

Handlers take and give what Gradio's components do. Whatever a person may do wrong becomes a sentence on the page that
says what to do next, and leaves the page, and so their work, as it was.
"""

import contextlib
import dataclasses
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from colouru.hints import as_hints, hints_from_json
from colouru.images.photo import open_photo
from colouru.networks.album import Precedents
from colouru.ui import board, words
from colouru.ui.examples import examples
from colouru.ui.series import MAX_PHOTOS, precedents
from colouru.ui.work import PREVIEW_SIDE, Work, colourizer

# Seconds between the picture that a person waits for and the rest: where their browser shares this machine's few cores,
# it lays that picture over the photo meanwhile.
BREATH = 0.04


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the ValueErrors of the package, whose messages are for people, into messages on the page."""
    try:
        yield
    except ValueError as error:
        # Gradio keeps what is raised for a while, and with it would keep all that was at hand where it went wrong: a
        # photo of 150 MB.
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__context__
        raise gr.Error(str(error), print_exception=False) from None


def start(value: Any) -> tuple:
    """Open a photo: the work, and what the page shows.

    Args:
        value: what `board.told` takes, its hints None for those in the photo itself, either the `path` of an upload or
            the number of an `example`, and as `album` the photos whose hints it follows, see `told_by`.
    """
    try:
        path, hints = requested(value)
        photo = open_photo(path)
        hints = photo.hints if hints is None else hints
        said = board.told({**value, "hints": list(hints)})
        preview = photo.thumbnail(PREVIEW_SIDE)
        canvas = colourizer().open(preview)
        if album := told_by(value.get("album")):
            canvas.set_references(album)
        hints = board.coloured_hints(canvas, said.hints)
        work = Work(str(path), (photo.width, photo.height), canvas, hints, said.view, tuple(album))
    except ValueError as error:
        gr.Warning(str(error))
        return gr.skip(), refusal(value)
    for remark in photo.remarks:
        gr.Info(remark)
    if photo.hints and value.get("hints") is None:
        gr.Info(words.HINTS_RESTORED.format(count=len(photo.hints)))
    seen = board.shown(work, selected=-1, stamp=said.stamp) | {"photo": board.shown_photo(work)}
    return work, seen


def requested(value: Any) -> tuple[Path, list | None]:
    """The path of the photo that is asked for, and its hints, None for those in it.

    Raises:
        ValueError: if there is no such photo.
    """
    number = value.get("example") if isinstance(value, Mapping) else None
    if number is None:
        return uploaded(value), value.get("hints")
    if type(number) is not int or not 0 <= number < len(examples()):
        raise ValueError(words.NO_PHOTO)
    path, hints_json = examples()[number]
    return Path(path), hints_from_json(hints_json) if value.get("hints") is None else value["hints"]


def uploaded(photo: Any) -> Path:
    """The path of a file that the caller has uploaded; any other file of this machine is none of their business.

    Raises:
        ValueError: if it is anything else.
    """
    path = photo.get("path") if isinstance(photo, Mapping) else None
    if isinstance(path, str) and "\0" not in path:
        resolved = Path(path).resolve()
        if resolved.is_relative_to(Path(get_upload_folder()).resolve()) and resolved.is_file():
            return resolved
    raise ValueError(f"{words.NO_PHOTO} The photo must be a file that was uploaded to this app.")


def told_by(photos: Any) -> list[Precedents]:
    """What other photos of a series tell with their hints. What cannot be read tells nothing, and fails in its turn.

    Args:
        photos: of each the `path` of the upload and its `hints`, None for those in the photo itself.
    """
    return [told for photo in (photos if isinstance(photos, list) else [])[:MAX_PHOTOS] if (told := what_tells(photo))]


def what_tells(photo: Any) -> Precedents | None:
    """What one photo tells, as `told_by` takes it; None for one without hints, or that cannot be read."""
    with contextlib.suppress(ValueError, OSError):
        path = uploaded(photo)
        hints = open_photo(path).hints if photo.get("hints") is None else as_hints(photo["hints"])
        return precedents(path, hints) if hints else None


def edit(work: Work | None, value: Any) -> Iterator[tuple]:
    """Take the hints and the view that the page sent: the work and what is seen of it, the picture before the rest."""
    if work is None:
        # The browser has the photo, and opens it anew.
        yield gr.skip(), refusal(value) | {"gone": True}
        return
    try:
        said = board.told(value)
        work = dataclasses.replace(work, hints=board.coloured_hints(work.canvas, said.hints), view=said.view)
    except ValueError as error:
        gr.Warning(str(error))
        yield work, board.shown(work, selected=-1, stamp=stamp_of(value))
        return
    work.keep()
    seen = board.shown_in_two(work, selected=said.selected, stamp=said.stamp, network=said.network)
    yield work, next(seen)
    time.sleep(BREATH)
    yield work, next(seen)


def look_closely(work: Work | None, value: Any) -> dict:
    """A part of the photo in its own pixels, for a person who has zoomed in further than the preview goes."""
    if work is None or not Path(work.path).exists():
        return {}
    with plain_errors():
        return board.shown_detail(open_photo(work.path), value)


def outline(work: Work | None, spot: Any) -> dict:
    """What belongs to a spot, for a person to see before they give all of it one colour."""
    if work is None:
        raise gr.Error(words.NO_PHOTO, print_exception=False)
    with plain_errors():
        return board.shown_area(work, spot)


def refusal(value: Any) -> dict:
    return {"stamp": stamp_of(value), "refused": True}


def stamp_of(value: Any) -> float:
    stamp = value.get("stamp", 0) if isinstance(value, Mapping) else 0
    return stamp if type(stamp) in (int, float) else 0
