"""The state of one photo while a person works on it, and the networks that all sessions share."""

import contextlib
import dataclasses
import functools
import os
import sys

from colouru.canvas import Canvas
from colouru.hints import Hint
from colouru.model import WeightsError
from colouru.networks.album import Precedents
from colouru.pipeline import Colourizer, pipeline

# Longer side in pixels of the copy that is coloured and shown. Where a person zooms in, the page asks for a crop.
PREVIEW_SIDE = 1600


@dataclasses.dataclass(frozen=True)
class ViewSettings:
    """How the person wants to see the photo.

    Attributes:
        saturation: factor of the chroma, 0 to 2.
        advice: whether to mark the spot where a dot would help most.
        uncertainty: whether to tint the least certain part.
    """

    saturation: float = 1.0
    advice: bool = False
    uncertainty: bool = False


@dataclasses.dataclass(frozen=True)
class Session:
    """One photo being worked on by one person.

    Attributes:
        path: the photo's file, an upload that is deleted an hour after it was last touched.
        size: width and height of the photo in pixels.
        canvas: the photo at preview size.
        hints: the current hints. The browser keeps the history, so that it outlives this server.
        view: see `ViewSettings`.
        references: hints of other photos of the series, which the canvas follows.
    """

    path: str
    size: tuple[int, int]
    canvas: Canvas
    hints: tuple[Hint, ...] = ()
    view: ViewSettings = ViewSettings()
    references: tuple[Precedents, ...] = ()

    def touch(self) -> None:
        """Restart the hour after which the upload is deleted; the deletion goes by the time of the last change."""
        with contextlib.suppress(OSError):
            os.utime(self.path)


@functools.cache
def colourizer() -> Colourizer:
    """The networks, loaded once: from the folder or Hub id in COLOURU_MODEL, otherwise the embedded ones.

    Ends the program with a sentence if the weights cannot be loaded.
    """
    try:
        return pipeline(os.environ.get("COLOURU_MODEL") or None)
    except WeightsError as error:
        sys.exit(f"colouru: {error}")
