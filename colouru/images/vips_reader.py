"""JPEG and PNG files that are too large for memory, decoded row by row with pyvips if it is installed.

This module knows nothing of colour.
"""

from pathlib import Path

import numpy as np

# pyvips' loaders by Pillow's names of the formats. No other decoder of pyvips is ever used.
LOADERS = {"JPEG": "jpegload", "PNG": "pngload"}


def open_rows(path: Path, format: str) -> "VipsRows | None":
    """The samples of a file of one of `LOADERS`; None if pyvips is not installed."""
    try:
        import pyvips
    except ImportError:
        return None
    return VipsRows(pyvips, path, LOADERS[format])


class VipsRows:
    """`rows[top:bottom]` is (h,W,channels), uint8 or uint16.

    Rows should be asked for from top to bottom. Going back decodes the file again from the top.
    """

    def __init__(self, vips, path: Path, loader: str):
        self.vips, self.path, self.loader = vips, path, loader
        self._restart()
        self.shape = (self.picture.height, self.picture.width, self.picture.bands)
        self.dtype = np.dtype({"uchar": np.uint8, "ushort": np.uint16}[self.picture.format])

    def _restart(self) -> None:
        load = getattr(self.vips.Image, self.loader)
        self.picture = load(str(self.path), access="sequential", fail_on="truncated")
        self.region, self.next_row = self.vips.Region.new(self.picture), 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        top, bottom, _ = rows.indices(self.shape[0])
        if top < self.next_row:
            self._restart()
        self.next_row = bottom
        try:
            data = self.region.fetch(0, top, self.shape[1], bottom - top)
        except self.vips.Error as error:
            raise ValueError(f"it is cut short: {error}") from None
        return np.frombuffer(data, self.dtype).reshape(bottom - top, *self.shape[1:])
