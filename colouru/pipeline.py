"""A photo and hints in, the photo in colour out: `pipeline()` loads the networks, what it returns colours photos.

The networks see a small working copy of the photo's lightness. Only the ab they answer is brought up to the photo's own
size; the lightness is always the photo's own.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colouru.colour import AB_SCALE, from_network, into_gamut, picture_to_lab, to_bytes, to_network
from colouru.hints import Hint, as_hints, rasterize
from colouru.hub import ROLES, Model, load_model
from colouru.metrics import absence_of_colour
from colouru.photo import Photo, open_photo
from colouru.propagation import chroma_slope, guided_rows

# Rows are worked on in bands of about this many pixels, so that memory does not grow with the photo.
BAND_PIXELS = 1 << 20


@dataclasses.dataclass(frozen=True)
class Colourization:
    """What came out, for one photo.

    Attributes:
        baseline, gan: the photo in colour as each network sees it, PIL RGB at the photo's own size.
        normalized_loss: for each of "baseline" and "gan" MSE(ab_pred, ab) / MSE(grey, ab) in CIELAB at the photo's own
            size, or None where the original has no colour to compare with.
        no_loss_because: a sentence that says why there is none, or "".
        hints: those that were used.
        remarks: what was done to the photo on opening that the person should know of.
    """

    baseline: Image.Image
    gan: Image.Image
    normalized_loss: dict[str, float | None]
    no_loss_because: str
    hints: tuple[Hint, ...]
    remarks: tuple[str, ...]


class Canvas:
    """One photo, opened for colouring: what depends on the photo alone is computed once."""

    def __init__(self, photo: Photo, model: Model, device: torch.device):
        self.photo, self.model, self.device = photo, model, device
        working = photo.thumbnail(model.config.working_size)
        self.L, _ = to_network(picture_to_lab(working.rgb))  # (1,1,h,w)
        self.no_loss_because = absence_of_colour(working.rgb)

    def grey(self) -> Image.Image:
        """The photo's lightness alone, PIL RGB at the photo's own size."""
        ((picture, _),) = self._render([torch.zeros(1, 2, *self.L.shape[2:])])
        return picture

    def __call__(self, hints: Any = None) -> Colourization:
        """The photo in colour, given hints in any form that `colouru.hints.as_hints` takes.

        Raises:
            ValueError: if they are no hints, or a painted layer of other proportions than the photo's.
        """
        self._check_proportions(hints)
        hints = as_hints(hints)
        coloured = self.colour(hints)
        return Colourization(
            **{role: picture for role, (picture, _) in coloured.items()},
            normalized_loss={role: loss for role, (_, loss) in coloured.items()},
            no_loss_because=self.no_loss_because,
            hints=tuple(hints),
            remarks=self.photo.remarks,
        )

    @torch.inference_mode()
    def colour(
        self, hints: Sequence[Hint], roles: Sequence[str] = ROLES
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """For each of `roles` the photo in colour as that network sees it, and its normalized loss or None."""
        inputs = [x.to(self.device) for x in (self.L, *rasterize(hints, *self.L.shape[2:]))]
        rendered = self._render([getattr(self.model, role)(*inputs).cpu() for role in roles])
        return {
            role: (picture, None if self.no_loss_because else loss)
            for role, (picture, loss) in zip(roles, rendered, strict=True)
        }

    def _check_proportions(self, hints: Any) -> None:
        """A layer has as many rows as the photo would have at the layer's width, give or take rounding."""
        if not isinstance(hints, (np.ndarray, Image.Image)):
            return
        height, width = np.asarray(hints).shape[:2]
        expected = self.photo.height * width / self.photo.width
        if abs(height - expected) > 1 + 0.02 * expected:
            raise ValueError(
                "expected a painted layer of the photo's proportions, "
                f"{self.photo.width} x {self.photo.height}, got {width} x {height}"
            )

    def _render(self, predictions: Sequence[Tensor]) -> list[tuple[Image.Image, float]]:
        """The photo with each `ab_pred` (1,2,h,w) of the working copy, and the normalized loss of each."""
        height, width = self.photo.height, self.photo.width
        slopes = [chroma_slope(self.L, ab_pred) for ab_pred in predictions]
        outputs = [np.empty_like(self.photo.rgb) for _ in predictions]
        errors, grey_error = [0.0] * len(predictions), 0.0
        band = max(1, BAND_PIXELS // width)
        for top in range(0, height, band):
            rows = slice(top, min(top + band, height))
            L, ab = to_network(picture_to_lab(self.photo.rgb[rows]))
            grey_error += float(ab.double().square().sum())
            for i, (ab_pred, slope) in enumerate(zip(predictions, slopes, strict=True)):
                guided = guided_rows(ab_pred, slope, self.L, L, height, rows)
                lab, rgb = into_gamut(from_network(L, guided))
                outputs[i][rows] = to_bytes(rgb[0]).movedim(0, -1).numpy()
                errors[i] += float((lab[:, 1:] / AB_SCALE - ab).double().square().sum())
        losses = [error / grey_error if grey_error else float("nan") for error in errors]
        return [(Image.fromarray(output), loss) for output, loss in zip(outputs, losses, strict=True)]


class Colourizer:
    """Both networks, loaded. Call it with a photo, or `open` one to try several sets of hints on it."""

    def __init__(self, model: Model, device: str | torch.device | None = None):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model = dataclasses.replace(model, baseline=model.baseline.to(self.device), gan=model.gan.to(self.device))

    @property
    def source(self) -> str:
        """Where the weights came from, and the beginning of their sha256."""
        return self.model.source

    def open(self, photo: Any) -> Canvas:
        """A photo in any form that `colouru.photo.open_photo` takes, made ready to be coloured."""
        return Canvas(open_photo(photo), self.model, self.device)

    def __call__(self, photo: Any, hints: Any = None) -> Any:
        """The photo in colour.

        Args:
            photo: a path, a PIL image or an array; or a list of them.
            hints: `Hint`s, dictionaries, JSON or a painted layer, see `colouru.hints.as_hints`; for a list of photos
                a list with one such entry a photo, or None.

        Returns:
            A `Colourization`; for a list of photos a list.

        Raises:
            ValueError: if the photo or the hints cannot be used; the message says what was wrong.
        """
        if not isinstance(photo, (list, tuple)):
            return self.open(photo)(hints)
        each = [None] * len(photo) if hints is None else hints
        if not isinstance(each, Sequence) or isinstance(each, str) or len(each) != len(photo):
            raise ValueError(f"expected one entry of hints for each of the {len(photo)} photos")
        return [self(one, its) for one, its in zip(photo, each, strict=True)]


def pipeline(model: str | Path | None = None, *, device: str | torch.device | None = None) -> Colourizer:
    """The colourizer of a model: the embedded one for None, else a folder or the weights file in it.

    Args:
        device: where the networks run; a GPU if there is one, else the processor.

    Raises:
        colouru.hub.WeightsError: if that model cannot be had. Nothing else is taken in its place.
    """
    return Colourizer(load_model(model), device)
