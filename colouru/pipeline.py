"""The public API: `pipeline()` loads the networks, and the `Colourizer` that it returns colours photos."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colouru.canvas import Canvas
from colouru.config import InferenceSettings
from colouru.images.photo import open_photo
from colouru.images.saving import picture_format, saved_bits
from colouru.model import ROLES, Model, WeightsError, check_network, is_hub_id, load_model
from colouru.networks.album import Precedents
from colouru.predictor import Predictor, make_predictor
from colouru.results import ColouredFile, Colourization

# A photo that is coloured from file to file may be larger than one that is held in memory.
MAX_SCAN_MEGAPIXELS = 250


class Colourizer:
    """Both networks, loaded. Call it with a photo, or `open` one to try several sets of hints on it."""

    def __init__(
        self,
        model: Model,
        device: str | torch.device | None = None,
        settings: InferenceSettings = InferenceSettings(),  # noqa: B008, it is frozen
    ):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # Convolutions are a third faster with the channels of a pixel beside each other.
        where = {"device": self.device, "memory_format": torch.channels_last}
        self.model = dataclasses.replace(model, **{role: getattr(model, role).to(**where) for role in ROLES})
        self.predictors = {role: make_predictor(getattr(self.model, role), settings, self.device) for role in ROLES}

    @property
    def source(self) -> str:
        """The origin of the weights, and the beginning of their sha256."""
        return self.model.source

    @property
    def supports_guidance(self) -> bool:
        """Whether canvases can suggest colours and advise where to hint next. The report's generator cannot."""
        return self.predictors["gan"].supports_guidance

    def networks_on(self, L: Tensor) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """For each network `hint_ab, hint_mask -> ab_pred` on small pictures `L` (N,1,H,W), which are encoded once.

        Photos are coloured with the same predictions. For shapes see `Predictor.decode`.
        """

        def decoder(predictor: Predictor) -> Callable[[Tensor, Tensor], Tensor]:
            encoding = predictor.encode(L)
            return lambda hint_ab, hint_mask: predictor.decode(encoding, hint_ab, hint_mask).ab

        return {role: decoder(predictor) for role, predictor in self.predictors.items()}

    def open(self, photo: Any) -> Canvas:
        """A photo in any form that `colouru.images.photo.open_photo` takes, made ready to be coloured."""
        return Canvas(open_photo(photo), self.model, self.predictors)

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
            target: ends in .tif, .png, .jpg or .webp. TIFF gets sixteen bits a channel, PNG as many as the photo. A
                file that exists is replaced only once the picture is complete.
            hints: in any form that `Canvas.read_hints` takes; None for those in the photo itself, if ColourU saved it.
            network: "baseline" or "gan", whose picture is written.
            album: reference hints of other photos; see `Canvas.set_references`.
            max_megapixels: a larger photo is refused.
            keep_location: whether the EXIF keeps the place where the photo was taken.
            progress: called now and then with the share that is done, in [0, 1].

        Raises:
            ValueError: if the photo, the hints or the name of the target cannot be used; the message says why.
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
            canvas.set_references(album)
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
            hints: `Hint`s, dictionaries, JSON or a painted layer; see `Canvas.read_hints`. Where two overlap the later
                lies on top. For a list of photos a list with one such entry for each, or None.

        Returns:
            A `Colourization`; for a list of photos a list of them.

        Raises:
            ValueError: if the photo or the hints cannot be used; the message says why.
        """
        if not isinstance(photo, (list, tuple)):
            return self.open(photo)(hints)
        entries = [None] * len(photo) if hints is None else hints
        if not isinstance(entries, Sequence) or isinstance(entries, str) or len(entries) != len(photo):
            raise ValueError(f"expected one entry of hints for each of the {len(photo)} photos")
        return [self(*pair) for pair in zip(photo, entries, strict=True)]

    def album(self, photos: Sequence[Any], hints: Sequence[Any]) -> list[Colourization]:
        """Photos of one series in colour: what the hints of one are on has the same colours in the others.

        Args:
            photos: each in any form that `open` takes. The encodings of all are in memory together.
            hints: for each photo its own, in any form that `__call__` takes, or None.

        Raises:
            ValueError: as `__call__`.
        """
        canvases = [self.open(photo) for photo in photos]
        own_hints = [canvas.read_hints(entry) for canvas, entry in zip(canvases, hints, strict=True)]
        references = {number: canvases[number].reference_hints(own) for number, own in enumerate(own_hints) if own}
        for number, canvas in enumerate(canvases):
            canvas.set_references([each for other, each in references.items() if other != number])
        return [canvas(own) for canvas, own in zip(canvases, own_hints, strict=True)]


def pipeline(
    model: str | Path | None = None,
    *,
    revision: str | None = None,
    token: str | None = None,
    device: str | torch.device | None = None,
) -> Colourizer:
    """A colourizer with the networks of a model.

    Args:
        model: a folder, the weights file in it, or a Hub id; None for the embedded model.
        revision: branch, tag or commit of a model on the Hub; its main branch if not given.
        token: for the Hub; that of `HF_TOKEN` or `hf auth login` if not given.
        device: for the networks; a GPU if there is one, else the processor.

    Raises:
        colouru.model.WeightsError: if that model cannot be loaded. No other model is loaded instead.
    """
    return Colourizer(find_model(model, revision=revision, token=token), device)


def find_model(model: str | Path | None = None, *, revision: str | None = None, token: str | None = None) -> Model:
    """The model that `pipeline` loads. A folder on disk wins over a model of that name on the Hub."""
    if isinstance(model, str) and is_hub_id(model):
        # Late: the Hub's client takes a fifth of a second to import, and only this needs it.
        from colouru.hub import pull_model

        return pull_model(model, revision, token)
    if revision is not None:
        raise WeightsError(f"a revision is for models on the Hub, and {model or 'the embedded one'} is not there")
    return load_model(model)
