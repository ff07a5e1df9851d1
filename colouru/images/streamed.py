"""Pictures of JPEG and PNG too large for memory, decoded as their rows are asked for, by pyvips if it is installed.

Knows nothing of colour.
"""

from pathlib import Path

import numpy as np

# By the names that Pillow has for formats; no other decoder of pyvips is ever reached.
LOADERS = {"JPEG": "jpegload", "PNG": "pngload"}


def streamed(path: Path, format: str) -> "Streamed | None":
    """The samples of such a file from top to bottom; None where pyvips is missing."""
    try:
        import pyvips
    except ImportError:
        return None
    return Streamed(pyvips, path, LOADERS[format])


class Streamed:
    """`rows[top:bottom]` is (h,W,channels), uint8 or uint16; to go back is to decode again from the top."""

    def __init__(self, vips, path: Path, loader: str):
        self.vips, self.path, self.loader = vips, path, loader
        self._start()
        self.shape = (self.picture.height, self.picture.width, self.picture.bands)
        self.dtype = np.dtype({"uchar": np.uint8, "ushort": np.uint16}[self.picture.format])

    def _start(self) -> None:
        load = getattr(self.vips.Image, self.loader)
        self.picture = load(str(self.path), access="sequential", fail_on="truncated")
        self.region, self.place = self.vips.Region.new(self.picture), 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.shape[0])
        if top < self.place:
            self._start()
        self.place = bottom
        try:
            data = self.region.fetch(0, top, self.shape[1], bottom - top)
        except self.vips.Error as error:
            raise ValueError(f"it is cut short: {error}") from None
        return np.frombuffer(data, self.dtype).reshape(bottom - top, *self.shape[1:])
