"""A photo and hints in, the photo in colour out: `pipeline()` loads the networks, what it returns colours photos.

The networks see a small working copy of the photo's lightness. Only the ab they answer is brought up to the photo's own
size; the lightness is always the photo's own.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from colouru import __version__
from colouru.colour import AB_SCALE, from_network, grey_bytes, into_gamut, picture_to_lab, to_bytes, to_network
from colouru.guidance import belonging, doubt, likely_colours
from colouru.hints import Hint, as_hints, hint_colours, hint_regions, hint_squares, pixel_at, rasterize
from colouru.images.photo import Photo, open_photo
from colouru.images.pixels import bands, three_channels
from colouru.images.provenance import Provenance
from colouru.images.saving import check_size, picture_format, save_picture, save_strips, saved_bits
from colouru.metrics import absence_of_colour
from colouru.model import ROLES, Model, WeightsError, is_hub_id, load_model
from colouru.networks.album import Precedents
from colouru.networks.generator import Generator, Sight
from colouru.rendering import Band, Chroma, in_bands, render

# What is coloured from file to file may be larger than what is held in memory.
MAX_SCAN_MEGAPIXELS = 250

# Whether a photo has colours of its own is asked of a copy this long, in which the noise of JPEG has averaged out.
LOOK_SIDE = 64

# A hint whose colour had to move by more than this, in ab units, to exist at its lightness counts as clipped.
NOTABLE = 2.0

# By how much of itself chroma grows where no hint tells anything: see `Generator.answer`. Without hints 0.12 costs 2%
# of loss on 40 photographs held out of the training split and 0.24 6%, and at most 3% is what more colour is worth.
BOLDNESS = 0.1

# Where a generator has no features, how far two places are apart for one unit of L: ten lightness units are one edge.
LIGHTNESS_ALONE = 7.5

# From this difference on, in ab units, a hint is news to the generator.
NEWS = 6.0

COLOURED_BEFORE = "ColourU gave this picture its colours, so there is no original to compare with."


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


class Canvas:
    """One photo, opened for colouring: what depends on the photo alone is computed once."""

    def __init__(self, photo: Photo, model: Model, device: torch.device):
        self.photo, self.model, self.device = photo, model, device
        sizes = model.config.working_size
        # One pass over the photo for all of them; for thumbnails of a third of its size a copy is as good.
        copy = photo.reduced(3 * max(sizes.values()))
        copies = {role: copy.thumbnail(sizes[role]).pixels for role in ROLES}
        self.L = {role: to_network(picture_to_lab(pixels))[0] for role, pixels in copies.items()}  # (1,1,h,w)
        self.no_loss_because = COLOURED_BEFORE if photo.provenance else absence_of_colour(copy.thumbnail(LOOK_SIDE).rgb)
        # Every change of the hints is measured on the same one.
        self._thumbnail = functools.cache(photo.thumbnail)
        self.sight = None
        if isinstance(model.gan, Generator):
            with torch.inference_mode():
                self.sight = model.gan.see(self.L["gan"].to(device))
        self._alone, self.followed = self.sight, 0
        self._suggested: tuple[tuple, list[Suggestion]] = ((), [])
        # What was answered last, from which the likely colours of the next dot are told.
        self._context: tuple[tuple[Hint, ...], Tensor] | None = None

    def grey(self) -> Image.Image:
        """The photo's lightness alone, PIL RGB at the photo's own size."""
        greys = [grey_bytes(pixels) for _, pixels in in_bands([self.photo.rgb])]
        return Image.fromarray(np.concatenate(greys)).convert("RGB")

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
        model = self.model
        album = self.followed if network == "gan" else 0
        return Provenance(tuple(hints), network, model.name, model.config.sha256, __version__, saturation, album)

    @torch.inference_mode()
    def colour(
        self, hints: Sequence[Hint], roles: Sequence[str] = ROLES, saturation: float = 1.0
    ) -> dict[str, tuple[Image.Image, float | None]]:
        """For each of `roles` the photo in colour as that network sees it, and its normalized loss or None."""
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
        """Write the photo in colour as it is made, strip by strip: memory does not grow with it.

        Args:
            path: ends in .tif, .png, .jpg or .webp. TIFF has sixteen bits a channel, PNG as many as the photo.
            hints: in any form that `read_hints` takes.
            network: "baseline" or "gan".
            saturation: what the chroma of the whole picture is multiplied by, 0 to 2; only at 1 hints are exact.
            keep_location: whether where the photo was taken stays in the EXIF.
            progress: called now and then with the share that is done, in [0, 1].

        Returns:
            The normalized loss of that network, or None where the original has no colour.

        Raises:
            ValueError: if an argument is none of these, or the format has no room for the picture.
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

        save_strips(
            strips(),
            photo.height,
            photo.width,
            path,
            self.provenance(hints, network, saturation),
            photo.exif,
            bits=bits,
            keep_location=keep_location,
            resolution=photo.resolution,
        )
        return errors[0] / errors[1] if errors[1] else None

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
        return {role: loss for role, (_, loss) in self._pictures(chroma, hints, saturation, photo).items()}

    @torch.inference_mode()
    def suggest(self, x: float, y: float, hints: Any = None) -> list[Suggestion]:
        """Up to nine distinct colours for the spot at `x`, `y` in [0, 1], the likeliest first, given the hints so far.

        Raises:
            ValueError: if the spot lies outside the picture, or the model's generator has no palette.
        """
        generator, sight = self._generator()
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"expected a spot inside the picture, x and y from 0 to 1, got {x}, {y}")
        hints = self.read_hints(hints)
        # Whoever asks what colour a dot should have asks next what else it might have been.
        question, answer = self._suggested
        if question == (asked := (x, y, tuple(hints))):
            return list(answer)
        if self._context and self._context[0] == tuple(hints):
            context = self._context[1]
        else:
            context = generator.context(sight, *self._hint_tensors("gan", hints))
        height, width = self.L["gan"].shape[2:]
        photo = self.photo.downscaled
        row, column = pixel_at(y, photo.height), pixel_at(x, photo.width)
        lightness = float(picture_to_lab(photo.pixels[row : row + 1, column : column + 1])[0, 0])
        padded_height, padded_width = sight.L.shape[2:]
        found = likely_colours(generator, context, x * width / padded_width, y * height / padded_height, lightness)
        self._suggested = asked, [Suggestion(_hexadecimal(lightness, ab), likelihood) for ab, likelihood in found]
        return list(self._suggested[1])

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

    @torch.inference_mode()
    def belonging(self, x: float, y: float) -> np.ndarray:
        """How much each place belongs to what is at `x`, `y` in [0, 1]: (h,w) uint8 of the working copy, 255 there.

        Raises:
            ValueError: if the spot lies outside the picture.
        """
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"expected a spot inside the picture, x and y from 0 to 1, got {x}, {y}")
        L = self.L["gan"]
        if self.sight is None:
            return belonging(LIGHTNESS_ALONE * L[0], x, y)
        phi = F.interpolate(self.sight.phi, scale_factor=2, mode="bilinear", align_corners=False)
        return belonging(phi[0, :, : L.shape[2], : L.shape[3]], x, y)

    @torch.inference_mode()
    def precedents(self, hints: Any) -> Precedents:
        """What hints of this photo tell others of the same series, for their `follow`.

        Raises:
            ValueError: if the hints are none, or the model's generator knows no albums.
        """
        generator, sight = self._generator()
        return generator.precedents(sight, *self._hint_tensors("gan", self.read_hints(hints)))

    @torch.inference_mode()
    def follow(self, precedents: Sequence[Precedents]) -> None:
        """Let the generator guess, from now on, as the hints of other photos tell, instead of any it followed before.

        What is alike takes their colours, as far as it is alike; the photo's own hints hold as ever.

        Raises:
            ValueError: if the model's generator knows no albums.
        """
        generator, _ = self._generator()
        self.sight = generator.following(self._alone, precedents) if precedents else self._alone
        self.followed = len(precedents)
        self._suggested = (), []
        self._context = None
        for name in ("_unhinted", "_unhinted_shown"):
            self.__dict__.pop(name, None)

    def _generator(self) -> tuple[Generator, Sight]:
        if self.sight is None:
            raise ValueError(
                "this model's generator is the report's: it has no palette, no measure of its doubt and no albums"
            )
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
        answer = self.model.gan.answer(self.sight, *self._hint_tensors("gan", hints), BOLDNESS)
        self._context = tuple(hints), answer.context
        ab = answer.ab[..., :height, :width]
        # The generator takes every hint for news, and changes what is far from it too. One that says what is there
        # already is none, and between that and news there is no step.
        return torch.lerp(self._unhinted, ab.cpu(), min(1, self._surprise(hints) / NEWS)) if hints else ab.cpu()

    @functools.cached_property
    def _unhinted(self) -> Tensor:
        """What the generator answers (1,2,h,w) without hints."""
        return self._answer([])

    @functools.cached_property
    def _unhinted_shown(self) -> Tensor:
        """The ab (2,h,w), in CIELAB units, that the screen has for it."""
        return into_gamut(from_network(self.L["gan"], self._unhinted))[0][0, 1:]

    def _surprise(self, hints: Sequence[Hint]) -> float:
        """By how much, in ab units, the hint that differs most does so from what is shown without any."""
        shown = self._unhinted_shown
        return max(
            float((shown[:, rows, columns].mean((1, 2)) - ab * AB_SCALE).norm())
            for rows, columns, ab in hint_squares(hints, *shown.shape[1:])
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
        photo = self.photo.downscaled
        samples = [_sample(photo.pixels, *region) for region in hint_regions(hints, photo.height, photo.width)]
        L = to_network(picture_to_lab(np.stack(samples)))[0]  # (1,1,K,S)
        asked = from_network(L, hint_colours(hints).T[None, ..., None].expand(-1, -1, -1, L.shape[3]))
        moved = (into_gamut(asked)[0] - asked).norm(dim=1)[0]  # (K,S)
        return tuple(((moved > NOTABLE).float().mean(1) > 0.5).nonzero()[:, 0].tolist())

    def _check_proportions(self, layer: np.ndarray) -> None:
        """A layer has as many rows as the photo would have at the layer's width, give or take rounding."""
        height, width = layer.shape[:2]
        expected = self.photo.height * width / self.photo.width
        if abs(height - expected) > 1 + 0.02 * expected:
            raise ValueError(
                "expected a painted layer of the photo's proportions, "
                f"{self.photo.width} x {self.photo.height}, got {width} x {height}"
            )

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
        photo = photo or self.photo
        chroma = {
            role: Chroma(self.L[role], ab_pred, hints if role == "gan" and self.sight is not None else ())
            for role, ab_pred in predictions.items()
        }
        compare = not self.no_loss_because
        return render(bands(photo.pixels), photo.height, chroma, saturation=saturation, dtype=dtype, compare=compare)


def _sample(pixels: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Pixels (25,3) of a part of a photo, evenly spread over it."""
    across = (
        np.linspace(part.start, min(part.stop, side) - 1, 5).round().astype(int)
        for part, side in ((rows, pixels.shape[0]), (columns, pixels.shape[1]))
    )
    return three_channels(pixels[np.ix_(*across)]).reshape(-1, 3)


def check_network(network: Any) -> None:
    """Raises ValueError if it is not the name of one of both networks."""
    if network not in ROLES:
        raise ValueError(f"expected the network {' or '.join(ROLES)}, got {network!r}")


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

    def networks_on(self, L: Tensor) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """Both networks on small pictures `L` (N,1,H,W), looked at once: `hint_ab, hint_mask -> ab_pred`.

        They are as bold as photos are coloured.
        """
        networks = {role: functools.partial(getattr(self.model, role), L) for role in ROLES}
        if self.advises:
            sight, (height, width) = self.model.gan.see(L), L.shape[2:]

            def answer(hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
                return self.model.gan.answer(sight, hint_ab, hint_mask, BOLDNESS).ab[..., :height, :width]

            networks["gan"] = answer
        return networks

    def open(self, photo: Any) -> Canvas:
        """A photo in any form that `colouru.images.photo.open_photo` takes, made ready to be coloured."""
        return Canvas(open_photo(photo), self.model, self.device)

    def colour_file(
        self,
        photo: str | Path,
        target: str | Path,
        hints: Any = None,
        network: str = "gan",
        *,
        album: Sequence[Precedents] = (),
        max_megapixels: float = MAX_SCAN_MEGAPIXELS,
        keep_location: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> ColouredFile:
        """Colour a photo from file to file, in strips: memory does not grow with it.

        Args:
            photo: a path.
            target: ends in .tif, .png, .jpg or .webp. TIFF has sixteen bits a channel, PNG as many as the photo. It is
                replaced only by a whole picture.
            hints: in any form that `read_hints` takes; None for those in the photo itself, if
                ColourU saved it.
            network: "baseline" or "gan", whose picture is written.
            album: what the hints of other photos tell, see `Canvas.follow`.
            max_megapixels: a photo with more is refused.
            keep_location: whether where the photo was taken stays in the EXIF.
            progress: called now and then with the share that is done, in [0, 1].

        Raises:
            ValueError: if the photo, the hints or the target's name cannot be used; the message says what was wrong.
            OSError: if the target cannot be written.
        """
        check_network(network)
        picture_format(target)
        opened = open_photo(photo, max_megapixels=max_megapixels)
        canvas, remarks = self.open(opened), opened.remarks
        if hints is None and opened.provenance:
            hints = opened.hints
            remarks += (
                f"{Path(photo).name} was saved by ColourU: its own hints, {len(hints)} of them, are used again.",
            )
        hints = canvas.read_hints(hints)
        if album:
            canvas.follow(album)
        loss = canvas.save(target, hints, network, keep_location=keep_location, progress=progress)
        return ColouredFile(
            opened.width,
            opened.height,
            saved_bits(target, opened.bits),
            loss,
            canvas.no_loss_because,
            remarks,
            canvas.provenance(hints, network),
        )

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

    def album(self, photos: Sequence[Any], hints: Sequence[Any]) -> list[Colourization]:
        """Photos of one series in colour: hints of each tell the others what the same things look like.

        Args:
            photos: each in any form that `open` takes. What is known of all is held in memory.
            hints: for each photo its own, in any form that `__call__` takes, or None.

        Raises:
            ValueError: as `__call__`.
        """
        canvases = [self.open(photo) for photo in photos]
        own = [canvas.read_hints(its) for canvas, its in zip(canvases, hints, strict=True)]
        told = {number: canvases[number].precedents(its) for number, its in enumerate(own) if its}
        for number, canvas in enumerate(canvases):
            canvas.follow([precedents for other, precedents in told.items() if other != number])
        return [canvas(its) for canvas, its in zip(canvases, own, strict=True)]


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
