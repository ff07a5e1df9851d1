"""What is kept of a photo while a person works on it."""

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

# Longer side in pixels of the copy that is worked on and shown; finer detail is sent where a person looks for it.
PREVIEW_SIDE = 1600


@dataclasses.dataclass(frozen=True)
class View:
    """How the person wants to see it.

    Attributes:
        saturation: what the chroma is multiplied by, 0 to 2.
        advise: whether the spot is marked where a dot would help most.
        doubt: whether what is least sure is tinted.
    """

    saturation: float = 1.0
    advise: bool = False
    doubt: bool = False


@dataclasses.dataclass(frozen=True)
class Work:
    """One photo being worked on by one person.

    Attributes:
        path: the photo itself, an upload that Gradio deletes in time.
        size: its width and height.
        canvas: the photo at the size in which it is shown.
        hints: those there are now. What was before is the browser's to know, and so outlives this server.
        view: see there.
        album: what other photos of its series tell, which the canvas follows.
    """

    path: str
    size: tuple[int, int]
    canvas: Canvas
    hints: tuple[Hint, ...] = ()
    view: View = View()
    album: tuple[Precedents, ...] = ()

    def keep(self) -> None:
        """Let the hour after which Gradio deletes an upload begin anew; it goes by the time of the last change."""
        with contextlib.suppress(OSError):
            os.utime(self.path)


@functools.cache
def colourizer() -> Colourizer:
    """The networks, loaded once: those of the folder or Hub id in COLOURU_MODEL, else the embedded ones."""
    try:
        return pipeline(os.environ.get("COLOURU_MODEL") or None)
    except WeightsError as error:
        # The page is not served without them, and who started it is told in one sentence.
        sys.exit(f"colouru: {error}")
