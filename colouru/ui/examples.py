"""Example photos with hints. They come with scikit-image: nothing is downloaded, and every licence is known."""

import functools
import os

import numpy as np
import skimage
from PIL import Image

from colouru.hints import Hint, hints_from_json, hints_to_json
from colouru.images.photo import open_photo
from colouru.ui.session import colourizer
from colouru.ui.views import data_url

# Longer side in pixels of the pictures on the first screen.
PICTURE_SIDE = 320

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
    """Path and JSON of the hints of each example."""
    folder = os.path.join(os.path.dirname(skimage.__file__), "data")
    return [[os.path.join(folder, name), hints_to_json(hints)] for name, hints in HINTS.items()]


def example_pictures(_: list) -> list[dict[str, str]]:
    """Name and picture of each example for the first screen, as data URLs of JPEGs. The page calls this.

    The left half of each picture is grey, the right half in ColourU's colours.
    """
    return _example_pictures()


@functools.cache
def _example_pictures() -> list[dict[str, str]]:
    pictures = []
    for path, hints_json in examples():
        canvas = colourizer().open(open_photo(path).thumbnail(PICTURE_SIDE))
        picture = np.array(canvas(hints_from_json(hints_json)).gan)
        half = picture.shape[1] // 2
        picture[:, :half] = np.asarray(canvas.grey())[:, :half]
        name = os.path.splitext(os.path.basename(path))[0]
        pictures.append({"name": name, "picture": data_url(Image.fromarray(picture), "JPEG")})
    return pictures
