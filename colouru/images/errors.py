"""Errors of reading a picture, and the sentences that tell a person of them."""

import contextlib
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

# What decoders raise on damaged files. Found by truncating files of every format.
DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    RuntimeError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class UnsupportedImage(ValueError):
    """The picture is not damaged, but it cannot be read, or its values are ambiguous. The message can be shown."""


class InvalidTiff(ValueError):
    """The tags of a TIFF file contradict each other or the file."""


def damaged_message(name: str) -> str:
    return f"{name} is damaged or cut short; try copying it again from where it came"


@contextlib.contextmanager
def readable_errors(name: str) -> Iterator[None]:
    """Turns whatever decoders raise into a ValueError whose message names the file and can be shown.

    `UnsupportedImage` passes unchanged, because its message can already be shown.
    """
    try:
        yield
    except UnsupportedImage:
        raise
    except InvalidTiff as error:
        raise ValueError(
            f"{name} contradicts itself ({error}); try copying it again from where it came, or save it anew"
        ) from None
    except DECODE_ERRORS:
        raise ValueError(damaged_message(name)) from None
