"""Results: a photo in colour, a file that was written, suggested colours, and advice where to put the next hint."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from colouru.hints import Hint
from colouru.images.photo import Photo
from colouru.images.provenance import Provenance
from colouru.images.saving import save_picture, save_strips, saved_bits
from colouru.model import check_network


@dataclasses.dataclass(frozen=True)
class Colourization:
    """One photo in colour.

    Attributes:
        baseline, gan: the photo coloured by each network, PIL RGB of eight bits at the photo's own size.
        normalized_loss: for each of "baseline" and "gan" MSE(ab_pred, ab) / MSE(grey, ab) in CIELAB at the photo's own
            size, or None where the original has no colour to compare with.
        no_loss_because: a sentence that gives the reason for None, or "".
        hints: those that were used.
        clipped: the numbers, from 0, of the hints whose colour sRGB does not have at the lightness of the photo there.
            The nearest colour was taken for them.
        remarks: sentences about what was done to the photo when it was opened, for the person to know.
        provenance: for each of "baseline" and "gan" what its picture is saved with.
        photo: as it was opened.
        render: for "baseline" or "gan", yields the rows of its picture with sixteen bits, as they are made.
    """

    baseline: Image.Image
    gan: Image.Image
    normalized_loss: dict[str, float | None]
    no_loss_because: str
    hints: tuple[Hint, ...]
    clipped: tuple[int, ...]
    remarks: tuple[str, ...]
    provenance: dict[str, Provenance] = dataclasses.field(repr=False)
    photo: Photo = dataclasses.field(repr=False)
    render: Callable[[str], Iterator[np.ndarray]] = dataclasses.field(repr=False)

    def save(self, path: str | Path, network: str = "gan", *, keep_location: bool = False) -> None:
        """Write the picture of a network, with the photo's EXIF and with its provenance.

        Args:
            path: ends in .tif, .png, .jpg or .webp. TIFF gets sixteen bits a channel, PNG as many as the photo.
            network: "baseline" or "gan".
            keep_location: whether the EXIF keeps the place where the photo was taken.

        Raises:
            ValueError: if the network is neither of these, or the format cannot hold the picture; see `save_strips`.
        """
        check_network(network)
        picture, provenance = getattr(self, network), self.provenance[network]
        bits = saved_bits(path, self.photo.bits)
        options = {"keep_location": keep_location, "resolution": self.photo.resolution}
        if bits == 8:
            save_picture(picture, path, provenance, self.photo.exif, **options)
        else:
            strips, height, width = self.render(network), self.photo.height, self.photo.width
            save_strips(strips, height, width, path, provenance, self.photo.exif, bits=bits, **options)


@dataclasses.dataclass(frozen=True)
class ColouredFile:
    """What was written for one photo that was coloured from file to file.

    Attributes:
        width, height: of the picture, in pixels.
        bits: per channel of the file, 8 or 16.
        normalized_loss: of the network whose picture it is; None where the original has no colour to compare with.
        no_loss_because: a sentence that gives the reason for None, or "".
        remarks: sentences about what was done to the photo, for the person to know.
        provenance: what the picture was saved with, including the hints.
    """

    width: int
    height: int
    bits: int
    normalized_loss: float | None
    no_loss_because: str
    remarks: tuple[str, ...]
    provenance: Provenance = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A likely colour for a spot.

    Attributes:
        colour: `#rrggbb`, at the lightness of the spot.
        likelihood: in [0, 1], that the true colour is this one or near it.
    """

    colour: str
    likelihood: float


@dataclasses.dataclass(frozen=True)
class Advice:
    """Where the next hint would help.

    Attributes:
        x, y: the spot where it would help most, in [0, 1] of the photo's width and height.
        gain: (h,w) float, the expected fall of the mean squared error of the whole picture, in squared ab units, if a
            hint gave the true colour of each place.
        deviation: (h,w) float, the expected error at each place now, in ab units.
    """

    x: float
    y: float
    gain: np.ndarray
    deviation: np.ndarray
