"""Handlers of the page's events for one photo: open it, edit its hints, outline an area, send a crop.

Errors that a person can make become a message on the page that says what to do next, and leave the page as it was.
"""

import contextlib
import dataclasses
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from colouru.hints import hints_from_json
from colouru.images.photo import open_photo
from colouru.ui import i18n, views
from colouru.ui.examples import examples
from colouru.ui.messages import parse_hints, parse_request, parse_stamp, uploaded_path
from colouru.ui.references import load_references
from colouru.ui.session import PREVIEW_SIDE, Session, colourizer

# Seconds between the two parts of an answer. Where browser and server share a few cores, the browser draws the first
# part in this time.
FLUSH_DELAY_S = 0.04


@contextlib.contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn a ValueError of the package, whose text is for people, into a message on the page."""
    try:
        yield
    except ValueError as error:
        # Gradio keeps the exception for a while. Its traceback would keep local variables alive: a photo of 150 MB.
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__context__
        raise gr.Error(str(error), print_exception=False) from None


def start_session(value: Any) -> tuple:
    """Open a photo; returns the session and the "opened" message.

    Args:
        value: the fields of `messages.EditRequest`, where hints are None for those saved in the photo; either the
            `path` of an upload or the index of an `example`; and as `references` the photos whose hints it follows,
            see `references.load_references`.
    """
    try:
        path, hints = photo_and_hints(value)
        photo = open_photo(path)
        hints = photo.hints if hints is None else hints
        request = parse_request({**value, "hints": list(hints)})
        canvas = colourizer().open(photo.thumbnail(PREVIEW_SIDE))
        if references := load_references(value.get("references")):
            canvas.set_references(references)
        hints = parse_hints(canvas, request.hints)
        session = Session(str(path), (photo.width, photo.height), canvas, hints, request.view, tuple(references))
    except ValueError as error:
        gr.Warning(str(error))
        return gr.skip(), refusal(value)
    for remark in photo.remarks:
        gr.Info(remark)
    if photo.hints and value.get("hints") is None:
        gr.Info(i18n.HINTS_RESTORED.format(count=len(photo.hints)))
    colours = views.colours_view(session, selected=-1, stamp=request.stamp)
    return session, colours | {"type": "opened", "photo": views.photo_view(session)}


def photo_and_hints(value: Any) -> tuple[Path, list | None]:
    """The path of the requested photo, and its hints, None for those saved in it.

    Raises:
        ValueError: if there is no such upload or example.
    """
    number = value.get("example") if isinstance(value, Mapping) else None
    if number is None:
        return uploaded_path(value), value.get("hints")
    if type(number) is not int or not 0 <= number < len(examples()):
        raise ValueError(i18n.NO_PHOTO)
    path, hints_json = examples()[number]
    return Path(path), hints_from_json(hints_json) if value.get("hints") is None else value["hints"]


def edit(session: Session | None, value: Any) -> Iterator[tuple]:
    """Take over hints and view from the page; yields the new session with each part of the answer."""
    if session is None:
        # The server was restarted or the session expired. The browser still has the photo, and opens it again.
        yield gr.skip(), refusal(value) | {"session_lost": True}
        return
    try:
        request = parse_request(value)
        session = dataclasses.replace(session, hints=parse_hints(session.canvas, request.hints), view=request.view)
    except ValueError as error:
        gr.Warning(str(error))
        yield session, views.colours_view(session, selected=-1, stamp=parse_stamp(value))
        return
    session.touch()
    parts = views.colours_view_in_parts(
        session, selected=request.selected, stamp=request.stamp, network=request.network
    )
    yield session, next(parts)
    time.sleep(FLUSH_DELAY_S)
    yield session, next(parts)


def crop(session: Session | None, window: Any) -> dict:
    """A part of the photo at full resolution, for a person who zooms in further than the preview has pixels."""
    if session is None or not Path(session.path).exists():
        return {"type": "crop"}
    with errors_as_messages():
        return views.crop_view(open_photo(session.path), window)


def outline(session: Session | None, spot: Any) -> dict:
    """What belongs to a spot, which the person sees before they give it one colour."""
    if session is None:
        raise gr.Error(i18n.NO_PHOTO, print_exception=False)
    with errors_as_messages():
        return views.outline_view(session, spot)


def refusal(value: Any) -> dict:
    """The message that a request could not be answered."""
    return {"type": "refused", "stamp": parse_stamp(value)}
