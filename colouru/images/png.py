"""PNG files of sixteen bits, of which Pillow alone gives only eight. Knows nothing of colour."""

from pathlib import Path

import numpy as np
from PIL import Image

from colouru.images.levels import Refused
from colouru.images.pixels import HELD_BYTES, Pixels
from colouru.images.streamed import streamed

CHANNELS = {"I;16B": 1, "LA;16B": 2, "RGB;16B": 3, "RGBA;16B": 4}


def deep_mode(picture: Image.Image) -> str:
    """How Pillow calls the sixteen bits of a PNG that was opened and not yet loaded; "" if it has fewer."""
    mode = picture.tile[0].args if picture.format == "PNG" and picture.tile else ""
    return mode if mode in CHANNELS else ""


def deep_samples(picture: Image.Image, path: Path) -> Pixels:
    """All sixteen bits, (H,W,channels) uint16, of a PNG that `deep_mode` knows, in memory or cut into rows like it.

    Transparency, also where a colour stands for it, is the last channel.

    Raises:
        Refused: if it is too large for memory, and what reads it in strips is not installed.
        OSError, SyntaxError, ValueError: if it is damaged, as Pillow does.
    """
    mode = deep_mode(picture)
    if picture.width * picture.height * CHANNELS[mode] * 2 > HELD_BYTES:
        if picture.info.get("interlace"):
            raise Refused(f"{path.name} is interlaced and too large to be held in memory; save it without, or as TIFF")
        rows = streamed(path, "PNG")
        if rows is None:
            raise Refused(
                f"{path.name} is too large to be held in memory; to read it in strips, install what archives need: "
                'pip install "colouru[archive]", or save it as TIFF'
            )
        return rows
    if mode == "LA;16B":
        # A pixel has as many bytes as one of RGBA, which are given as they are.
        picture.tile = [picture.tile[0]._replace(args="RGBA")]
        return np.ascontiguousarray(picture).view(">u2").astype(np.uint16)
    if mode == "I;16B":
        samples = np.asarray(picture).astype(np.uint16)[..., None]
    else:
        # Pillow takes the upper byte of each pair; told that the lower comes first, it takes the other one.
        samples = np.asarray(picture).astype(np.uint16) << 8
        with Image.open(path, formats=["PNG"]) as again:
            again.tile = [again.tile[0]._replace(args=mode.replace("16B", "16L"))]
            samples |= np.asarray(again)
    key = picture.info.get("transparency")
    if key is None or mode == "RGBA;16B":
        return samples
    opaque = (samples != np.asarray(key, np.uint16)).any(axis=2, keepdims=True)
    return np.concatenate([samples, opaque * np.uint16(65_535)], axis=2)
