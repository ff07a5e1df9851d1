"""Photos to try that come with scikit-image, so none is downloaded and every licence is known, and hints for them."""

import functools
import os

import numpy as np
import skimage
from PIL import Image

from colouru.hints import Hint, hints_from_json, hints_to_json
from colouru.images.photo import open_photo
from colouru.ui.board import data_url
from colouru.ui.work import colourizer

# Longer side in pixels of the pairs on the first screen.
PAIR_SIDE = 320

HINTS = {
    "astronaut.png": [
        Hint(x=0.42, y=0.24, colour="#d9a184"),
        Hint(x=0.24, y=0.62, colour="#c8591f"),
        Hint(x=0.80, y=0.20, colour="#7a4c3a"),
    ],
    "chelsea.png": [
        Hint(x=0.50, y=0.75, colour="#b77f58"),
        Hint(x=0.10, y=0.50, colour="#8d7a6a"),
    ],
    "coffee.png": [
        Hint(x=0.57, y=0.42, colour="#5a2508"),
        Hint(x=0.15, y=0.50, colour="#a4531c"),
        Hint(x=0.90, y=0.12, colour="#5a6a72"),
    ],
    "rocket.jpg": [
        Hint(x=0.80, y=0.15, colour="#274a7e"),
        Hint(x=0.50, y=0.75, colour="#e8a04a"),
    ],
    "camera.png": [
        Hint(x=0.75, y=0.15, colour="#8fb8dd"),
        Hint(x=0.75, y=0.80, colour="#6f8a3a"),
        Hint(x=0.38, y=0.55, colour="#2f3a55"),
    ],
}


def examples() -> list[list[str]]:
    """A path and the JSON of its hints, for each photo."""
    folder = os.path.join(os.path.dirname(skimage.__file__), "data")
    return [[os.path.join(folder, name), hints_to_json(hints)] for name, hints in HINTS.items()]


def pairs(_: list) -> list[dict[str, str]]:
    """What the first screen shows of the examples; the page asks with nothing, which arrives as an empty list."""
    return made_pairs()


@functools.cache
def made_pairs() -> list[dict[str, str]]:
    """Name and picture of each example, grey on the left and in ColourU's colours on the right, as URLs of JPEGs."""
    found = []
    for path, hints_json in examples():
        canvas = colourizer().open(open_photo(path).thumbnail(PAIR_SIDE))
        picture = np.array(canvas(hints_from_json(hints_json)).gan)
        half = picture.shape[1] // 2
        picture[:, :half] = np.asarray(canvas.grey())[:, :half]
        name = os.path.splitext(os.path.basename(path))[0]
        found.append({"name": name, "picture": data_url(Image.fromarray(picture), "JPEG")})
    return found
