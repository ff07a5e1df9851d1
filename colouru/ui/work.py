"""What is kept of a photo while a person works on it."""

import contextlib
import dataclasses
import functools
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from colouru.hints import Hint
from colouru.hub import WeightsError
from colouru.pipeline import Canvas, Colourizer, pipeline
from colouru.ui.history import History

# Longer side in pixels of the pictures that are shown.
PREVIEW_SIDE = 640


@dataclasses.dataclass(frozen=True)
class Work:
    """One photo being worked on by one person.

    Attributes:
        path: the photo itself, an upload that Gradio deletes in time.
        canvas: the photo at the size in which it is shown.
        grey: the same without colour.
        shrunk: whether the photo itself is larger.
        folder: where the pictures shown last lie until Gradio has taken its copy; gone with this work.
        history: the hints, and those before.
        sketch: the painted layer (H,W,4) uint8 as the sketch shows it, None before it was ever shown.
        stale: what the sketch showed before the server replaced it, until the sketch has answered with something else.
        painting: whether the sketch is what the person sees.
        stamp: the time that the browser gave its latest list of hints, so that it can tell an answer to an older one.
    """

    path: str
    canvas: Canvas
    grey: Image.Image
    shrunk: bool
    folder: tempfile.TemporaryDirectory
    history: History = History()
    sketch: np.ndarray | None = None
    stale: np.ndarray | None = None
    painting: bool = False
    stamp: float = 0.0

    @property
    def hints(self) -> tuple[Hint, ...]:
        return self.history.now

    def picture_file(self, name: str, picture: Image.Image) -> str:
        """The path of a picture to be shown. A file Gradio copies whole or not at all; a picture it writes in place.

        A JPEG, for a PNG takes longer to write than the network to answer. What is downloaded is made anew.
        """
        path = Path(self.folder.name) / f"{name}.jpg"
        # Gone after an hour in which nothing was drawn.
        path.parent.mkdir(exist_ok=True)
        picture.save(path, quality=95, subsampling=0)
        return str(path)

    def grey_file(self) -> str:
        """The same of the photo without colour, which is written once."""
        path = Path(self.folder.name) / "grey.jpg"
        return str(path) if path.exists() else self.picture_file("grey", self.grey)

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
