"""The sketch: strokes and areas that a person paints in the browser, as hints.

The server writes nothing into the sketch and remembers nothing of it: every stroke comes once, on an empty layer.
"""

import base64
import io

import numpy as np
from PIL import Image

from colouru.hint_layer import hints_from_layer
from colouru.images.errors import DECODE_ERRORS
from colouru.ui import words

# Longer side in pixels of the sheet that is painted on, as the page lays it: on twelve megapixels browsers hang.
SKETCH_SIDE = 512

# Of the brush, in pixels of the sheet, until the page has set it.
BRUSH_RADIUS = 8

MAX_LAYER_BYTES = 8 << 20
PNG_PREFIX = "data:image/png;base64,"


def squares(layer_url: str) -> dict:
    """The hints that a painted layer stands for, `{"hints": [...]}`, or `{"problem": sentence}`.

    Args:
        layer_url: a PNG as a data URL, of the photo's proportions, painted where it is opaque.
    """
    try:
        return {"hints": [hint.to_dict() for hint in hints_from_layer(read_layer(layer_url))]}
    except ValueError as error:
        return {"problem": str(error)}


def read_layer(layer_url: str) -> np.ndarray:
    """The painted layer (H,W,4) uint8 in a data URL of a PNG.

    Raises:
        ValueError: if it is anything else, or larger than a sketch can be.
    """
    if not isinstance(layer_url, str) or not layer_url.startswith(PNG_PREFIX) or len(layer_url) > MAX_LAYER_BYTES:
        raise ValueError(words.UNREADABLE_SKETCH)
    try:
        content = base64.b64decode(layer_url[len(PNG_PREFIX) :], validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as layer:
            if max(layer.size) <= 2 * SKETCH_SIDE:
                return np.asarray(layer.convert("RGBA"))
    except DECODE_ERRORS:
        pass
    raise ValueError(words.UNREADABLE_SKETCH)
