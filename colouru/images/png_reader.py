"""Reads PNG files with sixteen bits a channel, of which Pillow alone keeps only eight.

This module knows nothing of colour.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from colouru.images.errors import UnsupportedImage
from colouru.images.pixels import Pixels
from colouru.images.vips_reader import open_rows

# Pillow's raw modes of sixteen bits, and how many channels each has.
CHANNELS = {"I;16B": 1, "LA;16B": 2, "RGB;16B": 3, "RGBA;16B": 4}


def sixteen_bit_mode(picture: Image.Image) -> str:
    """Pillow's raw mode of a 16-bit PNG that was opened but not yet loaded; "" for any other picture."""
    mode = picture.tile[0].args if picture.format == "PNG" and picture.tile else ""
    return mode if mode in CHANNELS else ""


def read_sixteen_bits(picture: Image.Image, path: Path, max_bytes_in_memory: int) -> Pixels:
    """All sixteen bits, (H,W,channels) uint16, of a PNG for which `sixteen_bit_mode` is not "".

    They are an array if they take at most `max_bytes_in_memory`, else rows that are decoded when they are asked for.
    An alpha channel, or the one that a transparent colour stands for, comes last.

    Raises:
        UnsupportedImage: if it is too large for memory and cannot be decoded row by row.
        OSError, SyntaxError, ValueError: if it is damaged.
    """
    mode = sixteen_bit_mode(picture)
    if picture.width * picture.height * CHANNELS[mode] * 2 > max_bytes_in_memory:
        return _open_large(picture, path)
    if mode == "LA;16B":
        # Pillow cannot read this mode. A pixel has as many bytes as one of 8-bit RGBA, so its bytes are read as those.
        picture.tile = [picture.tile[0]._replace(args="RGBA")]
        return np.ascontiguousarray(picture).view(">u2").astype(np.uint16)
    if mode == "I;16B":
        samples = np.asarray(picture).astype(np.uint16)[..., None]
    else:
        # Pillow keeps the first byte of each sample. Read as little-endian, it keeps the other one.
        samples = np.asarray(picture).astype(np.uint16) << 8
        with Image.open(path, formats=["PNG"]) as again:
            again.tile = [again.tile[0]._replace(args=mode.replace("16B", "16L"))]
            samples |= np.asarray(again)
    transparent_colour = picture.info.get("transparency")
    if transparent_colour is None or mode == "RGBA;16B":
        return samples
    opaque = (samples != np.asarray(transparent_colour, np.uint16)).any(axis=2, keepdims=True)
    return np.concatenate([samples, opaque * np.uint16(65_535)], axis=2)


def _open_large(picture: Image.Image, path: Path) -> Pixels:
    if picture.info.get("interlace"):
        raise UnsupportedImage(
            f"{path.name} is interlaced and too large to be held in memory; save it without, or as TIFF"
        )
    rows = open_rows(path, "PNG")
    if rows is None:
        raise UnsupportedImage(
            f"{path.name} is too large to be held in memory; to read it in strips, install what archives need: "
            'pip install "colouru[archive]", or save it as TIFF'
        )
    return rows
