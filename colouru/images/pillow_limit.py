"""Pillow's own limit of pixels, put aside where ColourU has its own."""

import contextlib
import threading
from collections.abc import Iterator

from PIL import Image

# It is one for all of a program.
LOCK = threading.Lock()


@contextlib.contextmanager
def without_pillows_limit() -> Iterator[None]:
    """While files are opened that were looked at before; Pillow would refuse large ones, or warn of them."""
    with LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
