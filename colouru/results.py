"""What comes out: a photo in colour, a file that was written, suggested colours, and advice where to hint next."""

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
    """What came out, for one photo.

    Attributes:
        baseline, gan: the photo in colour as each network sees it, PIL RGB at the photo's own size, with eight bits.
        normalized_loss: for each of "baseline" and "gan" MSE(ab_pred, ab) / MSE(grey, ab) in CIELAB at the photo's own
            size, or None where the original has no colour to compare with.
        no_loss_because: a sentence that says why there is none, or "".
        hints: those that were used.
        clipped: the numbers, from 0, of those hints whose colour sRGB does not have at the lightness of the photo
            there: the nearest was taken.
        remarks: what was done to the photo on opening that the person should know of.
        provenance: for each of "baseline" and "gan" what its picture is saved with.
        photo: as it was opened.
        render: the same as `baseline` and `gan`, for one of them, with sixteen bits: its rows, as they are made.
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
        """Write that network's picture with the photo's EXIF and with where its colours come from.

        Args:
            path: ends in .tif, .png, .jpg or .webp. TIFF has sixteen bits a channel, PNG as many as the photo.
            network: "baseline" or "gan".
            keep_location: whether where the photo was taken stays in the EXIF.

        Raises:
            ValueError: if the network is none of these or the format cannot hold the picture; see `save_strips`.
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
    """What was written, for one photo that was coloured from file to file.

    Attributes:
        width, height: of the picture, in pixels.
        bits: a channel of what was written, 8 or 16.
        normalized_loss: of the network whose picture it is, as `Colourization` has it; None where there is none.
        no_loss_because: a sentence that says why there is none, or "".
        remarks: what was done to the photo that the person should know of.
        provenance: what the picture was saved with, its hints included.
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
        likelihood: in [0, 1], of the true colour being this one or nearly so.
    """

    colour: str
    likelihood: float


@dataclasses.dataclass(frozen=True)
class Advice:
    """Where the next dot would help.

    Attributes:
        x, y: the spot that would help most, in [0, 1] of the photo's width and height.
        gain: (h,w) float, by how much a dot of the true colour at each place is expected to lower the mean squared
            error of the whole picture, in squared ab units.
        deviation: (h,w) float, the error to be expected at each place now, in ab units.
    """

    x: float
    y: float
    gain: np.ndarray
    deviation: np.ndarray
