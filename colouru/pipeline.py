"""A photo and hints in, the photo in colour out: `pipeline()` loads the networks, what it returns colours photos.

The networks see a small working copy of the photo's lightness. Only the ab they answer is brought up to the photo's own
size; the lightness is always the photo's own.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colouru import __version__
from colouru.colour import AB_SCALE, from_network, grey_bytes, into_gamut, picture_to_lab, to_bytes, to_network
from colouru.guidance import doubt, likely_colours
from colouru.hints import Hint, as_hints, hint_colours, hint_regions, hint_squares, pixel_at, rasterize
from colouru.metrics import absence_of_colour
from colouru.model import ROLES, Model, WeightsError, is_hub_id, load_model
from colouru.networks.generator import Generator, Sight
from colouru.picture.photo import Photo, open_photo
from colouru.picture.provenance import Provenance, save_picture
from colouru.rendering import Chroma, in_bands, render

# Whether a photo has colours of its own is asked of a copy this long, in which the noise of JPEG has averaged out.
LOOK_SIDE = 64

# A hint whose colour had to move by more than this, in ab units, to exist at its lightness counts as clipped.
NOTABLE = 2.0

# By how much of itself chroma grows where no hint tells anything: see `Generator.answer`. On photographs held out of
# the training split so much costs 2.6% of loss without hints; 0.35 would cost 7%.
BOLDNESS = 0.2

# From this difference on, in ab units, a hint is news to the generator.
NEWS = 6.0

COLOURED_BEFORE = "ColourU gave this picture its colours, so there is no original to compare with."


@dataclasses.dataclass(frozen=True)
class Colourization:
    """What came out, for one photo.

    Attributes:
        baseline, gan: the photo in colour as each network sees it, PIL RGB at the photo's own size.
        normalized_loss: for each of "baseline" and "gan" MSE(ab_pred, ab) / MSE(grey, ab) in CIELAB at the photo's own
            size, or None where the original has no colour to compare with.
        no_loss_because: a sentence that says why there is none, or "".
        hints: those that were used.
        clipped: the numbers, from 0, of those hints whose colour sRGB does not have at the lightness of the photo
            there: the nearest was taken.
        remarks: what was done to the photo on opening that the person should know of.
        provenance: for each of "baseline" and "gan" what its picture is saved with.
        exif: the photo's, as `Photo` has it.
    """

    baseline: Image.Image
    gan: Image.Image
    normalized_loss: dict[str, float | None]
    no_loss_because: str
    hints: tuple[Hint, ...]
    clipped: tuple[int, ...]
    remarks: tuple[str, ...]
    provenance: dict[str, Provenance] = dataclasses.field(repr=False)
    exif: bytes = dataclasses.field(repr=False)

    def save(self, path: str | Path, network: str = "gan", *, keep_location: bool = False) -> None:
        """Write that network's picture with the photo's EXIF and with where its colours come from.

        Args:
            path: ends in .png, .jpg or .webp.
            network: "baseline" or "gan".
            keep_location: whether where the photo was taken stays in the EXIF.

        Raises:
            ValueError: if the network is none of these or the format cannot hold the picture; see `save_picture`.
        """
        if network not in ROLES:
            raise ValueError(f"expected the network {' or '.join(ROLES)}, got {network!r}")
        save_picture(getattr(self, network), path, self.provenance[network], self.exif, keep_location=keep_location)


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


class Canvas:
    """One photo, opened for colouring: what depends on the photo alone is computed once."""

    def __init__(self, photo: Photo, model: Model, device: torch.device):
        self.photo, self.model, self.device = photo, model, device
        sizes = model.config.working_size
        copy = photo.reduced(3 * max(sizes.values()))
        self.L = {role: to_network(picture_to_lab(copy.thumbnail(sizes[role]).rgb))[0] for role in ROLES}  # (1,1,h,w)
        self.no_loss_because = COLOURED_BEFORE if photo.provenance else absence_of_colour(copy.thumbnail(LOOK_SIDE).rgb)
        # Every change of the hints is measured on the same one.
        self._thumbnail = functools.cache(photo.thumbnail)
        self.sight = None
        if isinstance(model.gan, Generator):
            with torch.inference_mode():
                self.sight = model.gan.see(self.L["gan"].to(device))

    def grey(self) -> Image.Image:
        """The photo's lightness alone, PIL RGB at the photo's own size."""
        bands = [grey_bytes(pixels) for _, pixels in in_bands([self.photo.rgb])]
        return Image.fromarray(np.concatenate(bands)).convert("RGB")

    def __call__(self, hints: Any = None, saturation: float = 1.0) -> Colourization:
        """The photo in colour.

        Args:
            hints: in any form that `read_hints` takes. Where two overlap the later lies on top; else their order does
                not matter.
            saturation: what the chroma of the whole picture is multiplied by, 0 to 2; only at 1 hints are exact.

        Raises:
            ValueError: if the hints are none, or a painted layer of other proportions than the photo's, or the
                saturation is not such a number.
        """
        hints = self.read_hints(hints)
        coloured = self.colour(hints, saturation=saturation)
        return Colourization(
            **{role: picture for role, (picture, _) in coloured.items()},
            normalized_loss={role: loss for role, (_, loss) in coloured.items()},
            no_loss_because=self.no_loss_because,
            hints=tuple(hints),
            clipped=self.clipped(hints),
            remarks=self.photo.remarks,
            provenance={role: self.provenance(hints, role, saturation) for role in ROLES},
            exif=self.photo.exif,
        )

    def provenance(self, hints: Sequence[Hint], network: str, saturation: float = 1.0) -> Provenance:
        """What a picture of this photo by `network`, "baseline" or "gan", is saved with."""
        model = self.model
        return Provenance(tuple(hints), network, model.name, model.config.sha256, __version__, saturation)

    @torch.inference_mode()
    def colour(
        self, hints: Sequence[Hint], roles: Sequence[str] = ROLES, saturation: float = 1.0
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """For each of `roles` the photo in colour as that network sees it, and its normalized loss or None."""
        check_saturation(saturation)
        return self._render(self.chroma(hints, roles), hints, saturation)

    @torch.inference_mode()
    def chroma(self, hints: Sequence[Hint], roles: Sequence[str] = ROLES) -> dict[str, Tensor]:
        """For each of `roles` what that network answers: `ab_pred` (1,2,h,w) of its working copy, whose L is `L`."""
        return {role: self._predict(role, hints) for role in roles}

    @torch.inference_mode()
    def losses(
        self, chroma: dict[str, Tensor], hints: Sequence[Hint], saturation: float = 1.0, side: int | None = None
    ) -> dict[str, float | None]:
        """The normalized loss of each network's `chroma` for these hints, None where there is nothing to compare with.

        Args:
            side: measured on a copy of the photo at most that long, which is quicker; None for its own size.
        """
        if self.no_loss_because:
            return dict.fromkeys(chroma)
        photo = self._thumbnail(side) if side else self.photo
        return {role: loss for role, (_, loss) in self._render(chroma, hints, saturation, photo).items()}

    @torch.inference_mode()
    def suggest(self, x: float, y: float, hints: Any = None) -> list[Suggestion]:
        """Up to nine distinct colours for the spot at `x`, `y` in [0, 1], the likeliest first, given the hints so far.

        Raises:
            ValueError: if the spot lies outside the picture, or the model's generator has no palette.
        """
        generator, sight = self._generator()
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"expected a spot inside the picture, x and y from 0 to 1, got {x}, {y}")
        context = generator.context(sight, *self._hint_tensors("gan", self.read_hints(hints)))
        height, width = self.L["gan"].shape[2:]
        row, column = pixel_at(y, self.photo.height), pixel_at(x, self.photo.width)
        lightness = float(picture_to_lab(self.photo.rgb[row : row + 1, column : column + 1])[0, 0])
        padded_height, padded_width = sight.L.shape[2:]
        found = likely_colours(generator, context, x * width / padded_width, y * height / padded_height, lightness)
        return [Suggestion(_hexadecimal(lightness, ab), likelihood) for ab, likelihood in found]

    @torch.inference_mode()
    def where_next(self, hints: Any = None) -> Advice:
        """Where one more dot of the true colour is expected to lower the error most.

        Raises:
            ValueError: if the model's generator cannot tell.
        """
        generator, sight = self._generator()
        _, hint_mask = self._hint_tensors("gan", self.read_hints(hints))
        found = doubt(generator, sight, hint_mask)
        gain = found.gain.cpu().numpy()
        row, column = np.unravel_index(gain.argmax(), gain.shape)
        return Advice(
            x=float((column + 0.5) / gain.shape[1]),
            y=float((row + 0.5) / gain.shape[0]),
            gain=gain,
            deviation=found.deviation.cpu().numpy(),
        )

    def _generator(self) -> tuple[Generator, Sight]:
        if self.sight is None:
            raise ValueError("this model's generator is the report's: it has no palette and no measure of its doubt")
        return self.model.gan, self.sight

    def _hint_tensors(self, role: str, hints: Sequence[Hint]) -> tuple[Tensor, Tensor]:
        hint_ab, hint_mask = rasterize(hints, *self.L[role].shape[2:])
        return hint_ab.to(self.device), hint_mask.to(self.device)

    def _predict(self, role: str, hints: Sequence[Hint]) -> Tensor:
        """`ab_pred` (1,2,h,w) of the working copy."""
        L = self.L[role]
        if role == "gan" and self.sight is not None:
            return self._answer(hints) if hints else self._unhinted
        return getattr(self.model, role)(L.to(self.device), *self._hint_tensors(role, hints)).cpu()

    def _answer(self, hints: Sequence[Hint]) -> Tensor:
        """What the generator answers (1,2,h,w) of its working copy."""
        height, width = self.L["gan"].shape[2:]
        ab = self.model.gan.answer(self.sight, *self._hint_tensors("gan", hints), BOLDNESS).ab[..., :height, :width]
        # The generator takes every hint for news, and changes what is far from it too. One that says what is there
        # already is none, and between that and news there is no step.
        return torch.lerp(self._unhinted, ab.cpu(), min(1, self._surprise(hints) / NEWS)) if hints else ab.cpu()

    @functools.cached_property
    def _unhinted(self) -> Tensor:
        """What the generator answers (1,2,h,w) without hints."""
        return self._answer([])

    def _surprise(self, hints: Sequence[Hint]) -> float:
        """By how much, in ab units, the hint that differs most does so from what is shown without any."""
        L = self.L["gan"]
        shown = into_gamut(from_network(L, self._unhinted))[0][0, 1:]
        return max(
            float((shown[:, rows, columns].mean((1, 2)) - ab * AB_SCALE).norm())
            for rows, columns, ab in hint_squares(hints, *L.shape[2:])
        )

    def read_hints(self, hints: Any) -> list[Hint]:
        """Hints for this photo as a list.

        Args:
            hints: in any form that `colouru.hints.as_hints` takes, or a painted layer, PIL or (H,W,4) uint8.

        Raises:
            ValueError: if they are none, or a painted layer of other proportions than the photo's.
        """
        if not isinstance(hints, (np.ndarray, Image.Image)):
            return as_hints(hints)
        # Late: with it come SciPy and scikit-image, 45 MB that whoever paints nothing does without.
        from colouru.painted import hints_from_layer

        layer = np.asarray(hints)
        self._check_proportions(layer)
        return hints_from_layer(layer)

    def clipped(self, hints: Sequence[Hint]) -> tuple[int, ...]:
        """The numbers of the hints whose colour does not exist at the lightness of most of the photo under them."""
        if not hints:
            return ()
        samples = [self._sample(*region) for region in hint_regions(hints, self.photo.height, self.photo.width)]
        L = to_network(picture_to_lab(np.stack(samples)))[0]  # (1,1,K,S)
        asked = from_network(L, hint_colours(hints).T[None, ..., None].expand(-1, -1, -1, L.shape[3]))
        moved = (into_gamut(asked)[0] - asked).norm(dim=1)[0]  # (K,S)
        return tuple(((moved > NOTABLE).float().mean(1) > 0.5).nonzero()[:, 0].tolist())

    def _sample(self, rows: slice, columns: slice) -> np.ndarray:
        """Pixels (25,3) of a part of the photo, evenly spread over it."""
        across = (
            np.linspace(part.start, min(part.stop, side) - 1, 5).round().astype(int)
            for part, side in ((rows, self.photo.height), (columns, self.photo.width))
        )
        return self.photo.rgb[np.ix_(*across)].reshape(-1, 3)

    def _check_proportions(self, layer: np.ndarray) -> None:
        """A layer has as many rows as the photo would have at the layer's width, give or take rounding."""
        height, width = layer.shape[:2]
        expected = self.photo.height * width / self.photo.width
        if abs(height - expected) > 1 + 0.02 * expected:
            raise ValueError(
                "expected a painted layer of the photo's proportions, "
                f"{self.photo.width} x {self.photo.height}, got {width} x {height}"
            )

    def _render(
        self, predictions: dict[str, Tensor], hints: Sequence[Hint], saturation: float = 1.0, photo: Photo | None = None
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """The photo, or a copy of it, with each network's `ab_pred` (1,2,h,w), and the normalized loss of each."""
        photo = photo or self.photo
        outputs = {role: Image.new("RGB", (photo.width, photo.height)) for role in predictions}
        errors, grey_error = dict.fromkeys(predictions, 0.0), 0.0
        compare = not self.no_loss_because
        chroma = {
            role: Chroma(self.L[role], ab_pred, hints if role == "gan" and self.sight is not None else ())
            for role, ab_pred in predictions.items()
        }
        for band in render([photo.rgb], photo.height, chroma, saturation=saturation, compare=compare):
            grey_error += band.grey_error
            for role in predictions:
                outputs[role].paste(Image.fromarray(band.coloured[role]), (0, band.rows.start))
                errors[role] += band.errors[role]
        return {role: (picture, errors[role] / grey_error if grey_error else None) for role, picture in outputs.items()}


def check_saturation(saturation: Any) -> None:
    """Raises ValueError if the chroma of a picture cannot be multiplied by it."""
    if isinstance(saturation, bool) or not isinstance(saturation, (int, float)) or not 0 <= saturation <= 2:
        raise ValueError(f"the saturation must be a number from 0 to 2, got {str(saturation)[:40]!r}")


def _hexadecimal(lightness: float, ab: Tensor) -> str:
    rgb = to_bytes(into_gamut(torch.tensor([lightness, *ab.tolist()])[None, :, None, None])[1])
    return "#{:02x}{:02x}{:02x}".format(*rgb.flatten().tolist())


class Colourizer:
    """Both networks, loaded. Call it with a photo, or `open` one to try several sets of hints on it."""

    def __init__(self, model: Model, device: str | torch.device | None = None):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # Convolutions are a third faster with the channels of a pixel beside each other.
        where = {"device": self.device, "memory_format": torch.channels_last}
        self.model = dataclasses.replace(model, **{role: getattr(model, role).to(**where) for role in ROLES})

    @property
    def source(self) -> str:
        """Where the weights came from, and the beginning of their sha256."""
        return self.model.source

    @property
    def advises(self) -> bool:
        """Whether the generator knows likely colours and where the next dot helps; the report's does not."""
        return isinstance(self.model.gan, Generator)

    @property
    def networks(self) -> dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]]:
        """Both networks on small pictures, as `L, hint_ab, hint_mask -> ab_pred`, as bold as photos are coloured."""
        bold = {"boldness": BOLDNESS} if self.advises else {}
        return {"baseline": self.model.baseline, "gan": functools.partial(self.model.gan, **bold)}

    def open(self, photo: Any) -> Canvas:
        """A photo in any form that `colouru.picture.photo.open_photo` takes, made ready to be coloured."""
        return Canvas(open_photo(photo), self.model, self.device)

    def __call__(self, photo: Any, hints: Any = None) -> Any:
        """The photo in colour.

        Args:
            photo: a path, a PIL image or an array; or a list of them.
            hints: `Hint`s, dictionaries, JSON or a painted layer, see `Canvas.read_hints`, the later on
                top where two overlap; for a list of photos a list with one such entry a photo, or None.

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


def pipeline(
    model: str | Path | None = None,
    *,
    revision: str | None = None,
    token: str | None = None,
    device: str | torch.device | None = None,
) -> Colourizer:
    """The colourizer of a model: the embedded one for None, else a folder, the weights file in it, or a Hub id.

    Args:
        revision: branch, tag or commit of a model on the Hub; its main branch if not given.
        token: for the Hub; that of `HF_TOKEN` or `hf auth login` if not given.
        device: where the networks run; a GPU if there is one, else the processor.

    Raises:
        colouru.model.WeightsError: if that model cannot be had. Nothing else is taken in its place.
    """
    return Colourizer(find_model(model, revision=revision, token=token), device)


def find_model(model: str | Path | None = None, *, revision: str | None = None, token: str | None = None) -> Model:
    """The weights that `pipeline` takes. What is on disk wins over a model of the same name on the Hub."""
    if isinstance(model, str) and is_hub_id(model):
        # Late: importing the Hub's client takes a fifth of a second, and only this needs it.
        from colouru.hub import pull_model

        return pull_model(model, revision, token)
    if revision is not None:
        raise WeightsError(f"a revision is for models on the Hub, and {model or 'the embedded one'} is not there")
    return load_model(model)
