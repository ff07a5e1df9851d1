"""The sketch: strokes and areas that a person paints in the browser become hints.

The server keeps nothing of the sketch. The page sends each stroke once, on an empty layer.
"""

import base64
import io

import numpy as np
from PIL import Image

from colouru.hint_layer import hints_from_layer
from colouru.images.errors import DECODE_ERRORS
from colouru.ui import i18n

# Longer side in pixels of the layer that is painted on: browsers hang on one of twelve megapixels.
SKETCH_SIDE = 512

# Initial radius of the brush in pixels of the layer; the page sets it to the size of a dot.
BRUSH_RADIUS = 8

MAX_LAYER_BYTES = 8 << 20
PNG_PREFIX = "data:image/png;base64,"


def hints_from_sketch(layer_url: str) -> dict:
    """Convert a painted layer to hints: `{"hints": [...]}`, or `{"problem": sentence}`. The page calls this.

    Args:
        layer_url: data URL of a PNG with the photo's proportions, opaque where it is painted.
    """
    try:
        return {"hints": [hint.to_dict() for hint in hints_from_layer(decode_layer(layer_url))]}
    except ValueError as error:
        return {"problem": str(error)}


def decode_layer(layer_url: str) -> np.ndarray:
    """Decode the data URL of a PNG to (H,W,4) uint8.

    Raises:
        ValueError: if it is anything else, or larger than a sketch can be.
    """
    if not isinstance(layer_url, str) or not layer_url.startswith(PNG_PREFIX) or len(layer_url) > MAX_LAYER_BYTES:
        raise ValueError(i18n.UNREADABLE_SKETCH)
    try:
        content = base64.b64decode(layer_url[len(PNG_PREFIX) :], validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as layer:
            if max(layer.size) <= 2 * SKETCH_SIDE:
                return np.asarray(layer.convert("RGBA"))
    except DECODE_ERRORS:
        pass
    raise ValueError(i18n.UNREADABLE_SKETCH)
