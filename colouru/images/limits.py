"""How large a picture may be to be decoded. Pillow's own limit is switched off where this one applies."""

import contextlib
import math
import threading
from collections.abc import Iterator

from PIL import Image

# The default for photos that are opened whole. Colouring from file to file, in strips, allows larger ones.
MAX_MEGAPIXELS = 50

# The longest side that JPEG allows. One row of such a picture is still small beside one band of rows.
MAX_SIDE = 65_535

# One byte of deflate holds at most 1,032 bytes of pixels. A file with more pixels a byte than this is a decompression
# bomb.
MAX_PIXELS_PER_BYTE = 1100

# Pillow's limit is a global variable, so only one thread at a time may change it.
PILLOW_LIMIT_LOCK = threading.Lock()


@contextlib.contextmanager
def without_pillow_limit() -> Iterator[None]:
    """Switches off Pillow's limit of pixels, which refuses large files or warns of them.

    Use it only around `Image.open`, which reads the header, and check the size before any pixels are decoded.
    """
    with PILLOW_LIMIT_LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def check_dimensions(name: str, width: int, height: int, max_megapixels: float, file_bytes: int | None = None) -> None:
    """Raises ValueError if a picture of that size is too large to be decoded.

    Args:
        name: of the picture, for the message.
        width, height: in pixels.
        max_megapixels: the most that are accepted.
        file_bytes: the size of its file, or None if it comes from memory.
    """
    # Rounded up: a picture just above the limit must not be reported as having exactly as many megapixels as allowed.
    megapixels = math.ceil(width * height / 1e5) / 10
    if width * height > max_megapixels * 1_000_000:
        raise ValueError(
            f"{name} is {width} x {height}, {megapixels:g} megapixels; at most {max_megapixels:g} megapixels are "
            "taken, so save a smaller copy"
        )
    if max(width, height) > MAX_SIDE:
        raise ValueError(f"{name} is {width} x {height}; at most {MAX_SIDE} pixels a side are taken")
    if file_bytes and width * height > max(MAX_MEGAPIXELS * 1_000_000, MAX_PIXELS_PER_BYTE * file_bytes):
        raise ValueError(f"{name} has {file_bytes:,} bytes and claims {megapixels:g} megapixels, which no scan does")
