"""What photos of one series tell another one: what the same things look like, as far as their hints say.

Of a photo nothing is kept here but what the generator holds for the places of its hints.
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from colouru.hints import Hint
from colouru.images.photo import open_photo
from colouru.networks.album import Precedents
from colouru.ui.board import LOSS_SIDE
from colouru.ui.work import colourizer

MAX_PHOTOS = 500


def precedents(path: Path, hints: Sequence[Hint]) -> Precedents:
    """What that upload tells with these hints.

    Raises:
        ValueError: if the photo cannot be read, or the model's generator knows no albums.
    """
    return _precedents(path, tuple(dataclasses.replace(hint, note="", area="") for hint in hints))


# Gradio's name for an upload is made of what is in it, so it is the same photo as long as it is there at all.
@functools.lru_cache(MAX_PHOTOS)
def _precedents(path: Path, hints: tuple[Hint, ...]) -> Precedents:
    return colourizer().open(open_photo(path).thumbnail(LOSS_SIDE)).reference_hints(hints)
