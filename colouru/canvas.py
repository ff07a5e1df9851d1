"""One photo, opened for colouring.

The networks see small working copies of the photo's lightness. Only the chroma that they predict is upsampled to the
photo's own size; the lightness is always the photo's own.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colouru import __version__, guidance
from colouru.colour import (
    check_saturation,
    from_network,
    grey_bytes,
    hex_colour,
    into_gamut,
    picture_to_lab,
    to_bytes,
    to_network,
)
from colouru.hint_maps import hint_colours, hint_regions, hint_squares, pixel_at, rasterize
from colouru.hints import Hint, as_hints
from colouru.images.photo import Photo
from colouru.images.pixels import bands, three_channels
from colouru.images.provenance import Provenance
from colouru.images.saving import check_size, save_strips, saved_bits
from colouru.metrics import absence_of_colour
from colouru.model import ROLES, Model, check_network
from colouru.networks.album import Precedents
from colouru.predictor import Prediction, Predictor
from colouru.render import Band, Chroma, render
from colouru.results import Advice, Colourization, Suggestion

# Whether a photo has colours of its own is asked of a copy with this longer side, in which JPEG noise has averaged out.
COLOUR_TEST_SIDE = 64

# A hint counts as clipped if its colour must move by more than this, in ab units, to exist at the photo's lightness.
CLIP_TOLERANCE = 2.0

COLOURED_BEFORE = "ColourU gave this picture its colours, so there is no original to compare with."


class Canvas:
    """One photo, opened for colouring: what depends on the photo alone is computed once.

    Attributes:
        photo: as it was opened.
        model: whose networks the predictors wrap.
        predictors: by role, see `ROLES`.
        encodings: by role, of the working copy.
        no_loss_because: a sentence that gives the reason why there are no losses, or "".
    """

    def __init__(self, photo: Photo, model: Model, predictors: Mapping[str, Predictor]):
        self.photo, self.model, self.predictors = photo, model, predictors
        sizes = model.config.working_size
        # One pass over the photo for all copies; a copy three times as large is good enough to make them from.
        copy = photo.reduced(3 * max(sizes.values()))
        working_copies = {role: copy.thumbnail(sizes[role]).pixels for role in ROLES}
        self.encodings = {
            role: predictors[role].encode(to_network(picture_to_lab(pixels))[0])
            for role, pixels in working_copies.items()
        }
        self.no_loss_because = (
            COLOURED_BEFORE if photo.provenance else absence_of_colour(copy.thumbnail(COLOUR_TEST_SIDE).rgb)
        )
        # The losses after every change of the hints are measured on the same thumbnail.
        self._thumbnail = functools.cache(photo.thumbnail)
        # Whoever asks which colour a spot has asks next for the alternatives there.
        self._last_question: tuple = ()
        self._last_suggestions: list[Suggestion] = []
        # Suggestions need the context of the hints that were predicted with last.
        self._last_prediction: tuple[tuple[Hint, ...], Prediction] | None = None

    @property
    def L(self) -> dict[str, Tensor]:
        """By role, the working copy (1,1,h,w) that the network sees."""
        return {role: encoding.L for role, encoding in self.encodings.items()}

    @property
    def supports_guidance(self) -> bool:
        """Whether `suggest`, `where_next`, `reference_hints` and `set_references` can be used."""
        return self.predictors["gan"].supports_guidance

    def grey(self) -> Image.Image:
        """The photo's lightness alone, PIL RGB at the photo's own size."""
        greys = [grey_bytes(pixels) for pixels in bands(self.photo.rgb)]
        return Image.fromarray(np.concatenate(greys)).convert("RGB")

    def __call__(self, hints: Any = None, saturation: float = 1.0) -> Colourization:
        """The photo in colour.

        Args:
            hints: in any form that `read_hints` takes. Where two overlap the later lies on top; otherwise their order
                does not matter.
            saturation: the chroma of the whole picture is multiplied by it, 0 to 2; hints are exact only at 1.

        Raises:
            ValueError: if the hints are not valid, a painted layer has other proportions than the photo, or the
                saturation is not such a number.
        """
        hints = self.read_hints(hints)
        check_saturation(saturation)
        chroma = self.chroma(hints)
        coloured = self._pictures(chroma, hints, saturation)

        def sixteen_bits(role: str) -> Iterator[np.ndarray]:
            for band in self._render({role: chroma[role]}, hints, saturation, dtype=np.uint16):
                yield band.coloured[role]

        return Colourization(
            **{role: picture for role, (picture, _) in coloured.items()},
            normalized_loss={role: loss for role, (_, loss) in coloured.items()},
            no_loss_because=self.no_loss_because,
            hints=tuple(hints),
            clipped=self.clipped(hints),
            remarks=self.photo.remarks,
            provenance={role: self.provenance(hints, role, saturation) for role in ROLES},
            photo=self.photo,
            render=sixteen_bits,
        )

    def provenance(self, hints: Sequence[Hint], network: str, saturation: float = 1.0) -> Provenance:
        """What a picture of this photo by `network`, "baseline" or "gan", is saved with."""
        model, album = self.model, self.encodings[network].reference_count
        return Provenance(tuple(hints), network, model.name, model.config.sha256, __version__, saturation, album)

    def colour(
        self, hints: Sequence[Hint], roles: Sequence[str] = ROLES, saturation: float = 1.0
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """For each of `roles` the photo in colour by that network, and its normalized loss or None."""
        check_saturation(saturation)
        return self._pictures(self.chroma(hints, roles), hints, saturation)

    def save(
        self,
        path: str | Path,
        hints: Any = None,
        network: str = "gan",
        *,
        saturation: float = 1.0,
        keep_location: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> float | None:
        """Write the photo in colour strip by strip, as it is made, so that memory does not grow with the photo.

        Args:
            path: ends in .tif, .png, .jpg or .webp. TIFF gets sixteen bits a channel, PNG as many as the photo.
            hints: in any form that `read_hints` takes.
            network: "baseline" or "gan".
            saturation: the chroma of the whole picture is multiplied by it, 0 to 2; hints are exact only at 1.
            keep_location: whether the EXIF keeps the place where the photo was taken.
            progress: called now and then with the share that is done, in [0, 1].

        Returns:
            The normalized loss of that network, or None where the original has no colour.

        Raises:
            ValueError: if an argument is not valid, or the format has no room for the picture.
            OSError: if the file cannot be written.
        """
        check_network(network)
        check_saturation(saturation)
        photo = self.photo
        check_size(path, photo.height, photo.width)
        hints = self.read_hints(hints)
        chroma = self.chroma(hints, [network])
        bits = saved_bits(path, photo.bits)
        errors = [0.0, 0.0]

        def strips() -> Iterator[np.ndarray]:
            dtype = np.uint16 if bits == 16 else np.uint8
            for band in self._render(chroma, hints, saturation, dtype=dtype):
                errors[0] += band.errors[network]
                errors[1] += band.grey_error
                yield band.coloured[network]
                if progress:
                    progress(band.rows.stop / photo.height)

        provenance = self.provenance(hints, network, saturation)
        options = {"bits": bits, "keep_location": keep_location, "resolution": photo.resolution}
        save_strips(strips(), photo.height, photo.width, path, provenance, photo.exif, **options)
        return errors[0] / errors[1] if errors[1] else None

    def chroma(self, hints: Sequence[Hint], roles: Sequence[str] = ROLES) -> dict[str, Tensor]:
        """For each of `roles` the prediction `ab_pred` (1,2,h,w) for the working copy `L[role]`."""
        return {role: self._predict(role, hints).ab for role in roles}

    def losses(
        self, chroma: dict[str, Tensor], hints: Sequence[Hint], saturation: float = 1.0, side: int | None = None
    ) -> dict[str, float | None]:
        """The normalized loss of each network's `chroma` for these hints, None where the original has no colour.

        Args:
            side: if given, losses are measured on a copy of the photo with at most this longer side, which is faster.
        """
        if self.no_loss_because:
            return dict.fromkeys(chroma)
        photo = self._thumbnail(side) if side else self.photo
        return {role: loss for role, (_, loss) in self._pictures(chroma, hints, saturation, photo).items()}

    def suggest(self, x: float, y: float, hints: Any = None) -> list[Suggestion]:
        """Up to nine distinct colours for the spot at `x`, `y` in [0, 1], the likeliest first, given the hints so far.

        Raises:
            ValueError: if the spot lies outside the picture, or the model's generator has no palette.
        """
        _check_spot(x, y)
        hints = self.read_hints(hints)
        question = (x, y, tuple(hints))
        if question != self._last_question:
            photo = self.photo.downscaled
            row, column = pixel_at(y, photo.height), pixel_at(x, photo.width)
            lightness = float(picture_to_lab(photo.pixels[row : row + 1, column : column + 1])[0, 0])
            predictor, encoding, context = self.predictors["gan"], self.encodings["gan"], self._context(hints)
            found = predictor.likely_colours(encoding, context, x, y, lightness)
            self._last_suggestions = [Suggestion(_hex_of(lightness, ab), likelihood) for ab, likelihood in found]
            self._last_question = question
        return list(self._last_suggestions)

    def where_next(self, hints: Any = None) -> Advice:
        """Where one more dot of the true colour is expected to lower the error most.

        Raises:
            ValueError: if the model's generator cannot tell.
        """
        _, hint_mask = self._hint_maps("gan", self.read_hints(hints))
        found = self.predictors["gan"].uncertainty(self.encodings["gan"], hint_mask)
        gain = found.gain.cpu().numpy()
        row, column = np.unravel_index(gain.argmax(), gain.shape)
        return Advice(
            x=float((column + 0.5) / gain.shape[1]),
            y=float((row + 0.5) / gain.shape[0]),
            gain=gain,
            deviation=found.deviation.cpu().numpy(),
        )

    def similarity_mask(self, x: float, y: float) -> np.ndarray:
        """How similar each place is to the spot at `x`, `y` in [0, 1]: (h,w) uint8 of the working copy, 255 there.

        See `guidance.similarity_mask`.

        Raises:
            ValueError: if the spot lies outside the picture.
        """
        _check_spot(x, y)
        return guidance.similarity_mask(self.predictors["gan"].similarity_features(self.encodings["gan"]), x, y)

    def reference_hints(self, hints: Any) -> Precedents:
        """What hints of this photo tell other photos of its series, for their `set_references`.

        Raises:
            ValueError: if the hints are not valid, or the model's generator knows no albums.
        """
        maps = self._hint_maps("gan", self.read_hints(hints))
        return self.predictors["gan"].reference_hints(self.encodings["gan"], *maps)

    def set_references(self, references: Sequence[Precedents]) -> None:
        """Let the prediction follow the hints of other photos, instead of any that it followed before.

        What is similar takes their colours, as far as it is similar; the photo's own hints hold as ever.

        Raises:
            ValueError: if the model's generator knows no albums.
        """
        self.encodings["gan"] = self.predictors["gan"].with_references(self.encodings["gan"], references)
        self._last_question, self._last_suggestions, self._last_prediction = (), [], None

    def read_hints(self, hints: Any) -> list[Hint]:
        """Hints for this photo as a list.

        Args:
            hints: in any form that `colouru.hints.as_hints` takes, or a painted layer, PIL or (H,W,4) uint8.

        Raises:
            ValueError: if they are not valid, or a painted layer has other proportions than the photo.
        """
        if not isinstance(hints, (np.ndarray, Image.Image)):
            return as_hints(hints)
        # Late: it imports SciPy and scikit-image, 45 MB, which only painted layers need.
        from colouru.hint_layer import hints_from_layer

        layer = np.asarray(hints)
        self._check_proportions(layer)
        return hints_from_layer(layer)

    def clipped(self, hints: Sequence[Hint]) -> tuple[int, ...]:
        """The numbers of the hints whose colour does not exist at the lightness of most of the photo under them."""
        if not hints:
            return ()
        photo = self.photo.downscaled
        samples = [_sample(photo.pixels, *region) for region in hint_regions(hints, photo.height, photo.width)]
        L = to_network(picture_to_lab(np.stack(samples)))[0]  # (1,1,K,S)
        asked = from_network(L, hint_colours(hints).T[None, ..., None].expand(-1, -1, -1, L.shape[3]))
        moved = (into_gamut(asked)[0] - asked).norm(dim=1)[0]  # (K,S)
        return tuple(((moved > CLIP_TOLERANCE).float().mean(1) > 0.5).nonzero()[:, 0].tolist())

    def _check_proportions(self, layer: np.ndarray) -> None:
        """Raise ValueError unless the layer has as many rows, give or take rounding, as the photo at its width."""
        height, width = layer.shape[:2]
        expected = self.photo.height * width / self.photo.width
        if abs(height - expected) > 1 + 0.02 * expected:
            raise ValueError(
                "expected a painted layer of the photo's proportions, "
                f"{self.photo.width} x {self.photo.height}, got {width} x {height}"
            )

    def _hint_maps(self, role: str, hints: Sequence[Hint]) -> tuple[Tensor, Tensor]:
        """`hint_ab` (1,2,h,w) and `hint_mask` (1,1,h,w) for the working copy."""
        return rasterize(hints, *self.encodings[role].L.shape[2:])

    def _predict(self, role: str, hints: Sequence[Hint]) -> Prediction:
        encoding = self.encodings[role]
        squares = hint_squares(hints, *encoding.L.shape[2:])
        prediction = self.predictors[role].decode(encoding, *self._hint_maps(role, hints), squares)
        if role == "gan":
            self._last_prediction = tuple(hints), prediction
        return prediction

    def _context(self, hints: Sequence[Hint]) -> Tensor:
        """The features from which likely colours are told, of the last prediction if it was for the same hints."""
        if self._last_prediction is not None and self._last_prediction[0] == tuple(hints):
            return self._last_prediction[1].context
        return self.predictors["gan"].context(self.encodings["gan"], *self._hint_maps("gan", hints))

    @torch.inference_mode()
    def _pictures(
        self, predictions: dict[str, Tensor], hints: Sequence[Hint], saturation: float, photo: Photo | None = None
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """The photo, or a copy of it, with each network's `ab_pred` (1,2,h,w), and the normalized loss of each."""
        photo = photo or self.photo
        outputs = {role: Image.new("RGB", (photo.width, photo.height)) for role in predictions}
        errors, grey_error = dict.fromkeys(predictions, 0.0), 0.0
        for band in self._render(predictions, hints, saturation, photo):
            grey_error += band.grey_error
            for role in predictions:
                outputs[role].paste(Image.fromarray(band.coloured[role]), (0, band.rows.start))
                errors[role] += band.errors[role]
        return {role: (picture, errors[role] / grey_error if grey_error else None) for role, picture in outputs.items()}

    def _render(
        self,
        predictions: dict[str, Tensor],
        hints: Sequence[Hint],
        saturation: float,
        photo: Photo | None = None,
        dtype: type = np.uint8,
    ) -> Iterator[Band]:
        """Bands of the photo, or of a copy of it, in colour; see `render`."""
        photo = photo or self.photo
        chroma = {
            role: Chroma(self.encodings[role].L, ab_pred, hints if self.predictors[role].exact_hints else ())
            for role, ab_pred in predictions.items()
        }
        compare = not self.no_loss_because
        return render(bands(photo.pixels), photo.height, chroma, saturation=saturation, dtype=dtype, compare=compare)


def _check_spot(x: float, y: float) -> None:
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"expected a spot inside the picture, x and y from 0 to 1, got {x}, {y}")


def _sample(pixels: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Pixels (25,3) of a part of a photo, evenly spread over it."""
    across = (
        np.linspace(part.start, min(part.stop, side) - 1, 5).round().astype(int)
        for part, side in ((rows, pixels.shape[0]), (columns, pixels.shape[1]))
    )
    return three_channels(pixels[np.ix_(*across)]).reshape(-1, 3)


def _hex_of(lightness: float, ab: Tensor) -> str:
    """`#rrggbb` of the nearest colour that sRGB has to L* and ab (2,) in CIELAB units."""
    rgb = to_bytes(into_gamut(torch.tensor([lightness, *ab.tolist()])[None, :, None, None])[1])
    return hex_colour(rgb.flatten().tolist())
