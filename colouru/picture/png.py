"""PNG files of sixteen bits, of which Pillow alone gives only eight. Knows nothing of colour."""

from pathlib import Path

import numpy as np
from PIL import Image


def deep_mode(picture: Image.Image) -> str:
    """How Pillow calls the sixteen bits of a PNG that was opened and not yet loaded; "" if it has fewer."""
    mode = picture.tile[0].args if picture.format == "PNG" and picture.tile else ""
    return mode if mode in ("I;16B", "LA;16B", "RGB;16B", "RGBA;16B") else ""


def deep_samples(picture: Image.Image, path: Path) -> np.ndarray:
    """All sixteen bits, (H,W,channels) uint16, of a PNG that `deep_mode` knows, which is loaded by this.

    Transparency, also where a colour stands for it, is the last channel.

    Raises:
        OSError, SyntaxError, ValueError: if it is damaged, as Pillow does.
    """
    mode = deep_mode(picture)
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
