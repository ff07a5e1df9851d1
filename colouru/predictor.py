"""Predictors: encode the working copy of a photo once, then decode every set of hints to chroma.

A `Predictor` wraps one network and holds all of its inference settings. The page, the API, the archive and the
measuring protocols all decode here, so what is measured is what is shown. Knows nothing of files and photos.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru import guidance
from colouru.colour import AB_SCALE, from_network, into_gamut
from colouru.config import InferenceSettings
from colouru.networks.album import Precedents
from colouru.networks.generator import Generator, Sight

NO_GUIDANCE = "this model's generator is the report's: it has no palette, no measure of its doubt and no albums"

# Rows, columns and ab (2,), in the networks' units, of one hint: see `hint_squares`.
Square = tuple[slice, slice, Tensor]


class Prediction(NamedTuple):
    """What a network predicts for one set of hints.

    Attributes:
        ab: (N,2,H,W) in the networks' units, on the processor.
        context: features from which `likely_colours` are told; None for a network that has none.
    """

    ab: Tensor
    context: Tensor | None = None


@dataclasses.dataclass(eq=False)
class Encoding:
    """Working copies, encoded.

    Attributes:
        L: (N,1,H,W) in the networks' units, on the processor.
        reference_count: the number of other photos whose hints the prediction follows.
    """

    L: Tensor
    reference_count: int = 0


class Predictor:
    """Predicts with a network that has no features: the baseline autoencoder and the report's U-Net.

    Attributes:
        supports_guidance: whether likely colours, uncertainty and reference hints can be had.
        exact_hints: whether hints hold exactly in the prediction, so that pictures must show them exactly, too.
    """

    supports_guidance = False
    exact_hints = False

    def __init__(self, network: nn.Module, settings: InferenceSettings, device: torch.device):
        self.network, self.settings, self.device = network, settings, device

    @torch.inference_mode()
    def encode(self, L: Tensor) -> Encoding:
        """All that depends on the working copies `L` (N,1,H,W) alone."""
        return Encoding(L)

    @torch.inference_mode()
    def decode(
        self, encoding: Encoding, hint_ab: Tensor, hint_mask: Tensor, squares: Sequence[Square] | None = None
    ) -> Prediction:
        """The prediction for hints.

        Args:
            hint_ab, hint_mask: (N,2,H,W), (N,1,H,W), as `rasterize` makes them.
            squares: the hints one by one, for N = 1. If None, every connected patch of the mask is taken for one hint.
        """
        L, hint_ab, hint_mask = (x.to(self.device) for x in (encoding.L, hint_ab, hint_mask))
        return Prediction(self.network(L, hint_ab, hint_mask).cpu())

    def similarity_features(self, encoding: Encoding) -> Tensor:
        """(D,H,W) of the first working copy: the more two places differ in them, the less alike they are."""
        return self.settings.lightness_scale * encoding.L[0]

    def context(self, encoding: Encoding, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """`Prediction.context` for hints, without the rest of the prediction."""
        raise ValueError(NO_GUIDANCE)

    def likely_colours(
        self, encoding: Encoding, context: Tensor, x: float, y: float, lightness: float
    ) -> list[tuple[Tensor, float]]:
        """Distinct colours for the spot at `x`, `y` in [0, 1] of L* `lightness`; see `guidance.distinct_colours`."""
        raise ValueError(NO_GUIDANCE)

    def uncertainty(self, encoding: Encoding, hint_mask: Tensor) -> guidance.Uncertainty:
        """What is not known of the first working copy, given where its hints are."""
        raise ValueError(NO_GUIDANCE)

    def reference_hints(self, encoding: Encoding, hint_ab: Tensor, hint_mask: Tensor) -> Precedents:
        """What hints of this photo tell of the same things in other photos."""
        raise ValueError(NO_GUIDANCE)

    def with_references(self, encoding: Encoding, references: Sequence[Precedents]) -> Encoding:
        """The encoding of a photo that follows the hints of others, instead of any that it followed before."""
        raise ValueError(NO_GUIDANCE)


class Unhinted(NamedTuple):
    """The prediction without hints.

    Attributes:
        prediction: as it is.
        shown_ab: (N,2,H,W), in CIELAB units, the nearest that sRGB has.
    """

    prediction: Prediction
    shown_ab: Tensor


@dataclasses.dataclass(eq=False)
class GuidedEncoding(Encoding):
    """Working copies, encoded by a generator.

    Attributes:
        features: of the generator, following any references.
        own_features: without references.
        unhinted: computed when first needed.
    """

    features: Sight = dataclasses.field(kw_only=True)
    own_features: Sight = dataclasses.field(kw_only=True)
    unhinted: Unhinted | None = None


class GuidedPredictor(Predictor):
    """Predicts with the generator, whose features allow for guidance."""

    supports_guidance = True
    exact_hints = True
    network: Generator

    @torch.inference_mode()
    def encode(self, L: Tensor) -> GuidedEncoding:
        features = self.network.see(L.to(self.device))
        return GuidedEncoding(L.cpu(), features=features, own_features=features)

    @torch.inference_mode()
    def decode(
        self, encoding: GuidedEncoding, hint_ab: Tensor, hint_mask: Tensor, squares: Sequence[Square] | None = None
    ) -> Prediction:
        if encoding.unhinted is None:
            nothing = self._decode(encoding, torch.zeros_like(hint_ab), torch.zeros_like(hint_mask))
            encoding.unhinted = Unhinted(nothing, into_gamut(from_network(encoding.L, nothing.ab))[0][:, 1:])
        unhinted, shown_ab = encoding.unhinted
        if not hint_mask.any():
            return unhinted
        hinted = self._decode(encoding, hint_ab, hint_mask)
        if squares is None:
            changes = [max_patch_change(*each) for each in zip(shown_ab, hint_ab.cpu(), hint_mask.cpu(), strict=True)]
        else:
            changes = [max_hint_change(shown_ab[0], squares)]
        # See `InferenceSettings.hint_change_threshold`.
        weights = [min(1.0, change / self.settings.hint_change_threshold) for change in changes]
        ab = torch.lerp(unhinted.ab, hinted.ab, torch.tensor(weights).view(-1, 1, 1, 1))
        return Prediction(ab, hinted.context)

    def _decode(self, encoding: GuidedEncoding, hint_ab: Tensor, hint_mask: Tensor) -> Prediction:
        hints = hint_ab.to(self.device), hint_mask.to(self.device)
        answer = self.network.answer(encoding.features, *hints, self.settings.chroma_boost)
        height, width = encoding.L.shape[2:]
        return Prediction(answer.ab[..., :height, :width].cpu(), answer.context)

    @torch.inference_mode()
    def similarity_features(self, encoding: GuidedEncoding) -> Tensor:
        phi = F.interpolate(encoding.features.phi, scale_factor=2, mode="bilinear", align_corners=False)
        height, width = encoding.L.shape[2:]
        return phi[0, :, :height, :width]

    @torch.inference_mode()
    def context(self, encoding: GuidedEncoding, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        return self.network.context(encoding.features, hint_ab.to(self.device), hint_mask.to(self.device))

    @torch.inference_mode()
    def likely_colours(
        self, encoding: GuidedEncoding, context: Tensor, x: float, y: float, lightness: float
    ) -> list[tuple[Tensor, float]]:
        height, width = encoding.L.shape[2:]
        padded_height, padded_width = encoding.features.L.shape[2:]
        x, y = x * width / padded_width, y * height / padded_height
        return guidance.likely_colours(self.network, context, x, y, lightness)

    @torch.inference_mode()
    def uncertainty(self, encoding: GuidedEncoding, hint_mask: Tensor) -> guidance.Uncertainty:
        return guidance.uncertainty(self.network, encoding.features, hint_mask.to(self.device))

    @torch.inference_mode()
    def reference_hints(self, encoding: GuidedEncoding, hint_ab: Tensor, hint_mask: Tensor) -> Precedents:
        return self.network.precedents(encoding.features, hint_ab.to(self.device), hint_mask.to(self.device))

    @torch.inference_mode()
    def with_references(self, encoding: GuidedEncoding, references: Sequence[Precedents]) -> GuidedEncoding:
        own = encoding.own_features
        features = self.network.following(own, references) if references else own
        return GuidedEncoding(encoding.L, len(references), features=features, own_features=own)


def make_predictor(network: nn.Module, settings: InferenceSettings, device: torch.device) -> Predictor:
    """The predictor for a network that lies on `device`."""
    return (GuidedPredictor if isinstance(network, Generator) else Predictor)(network, settings, device)


def max_hint_change(shown_ab: Tensor, squares: Sequence[Square]) -> float:
    """The largest difference, in ab units, between a hint and the mean of what is shown without hints under it.

    Args:
        shown_ab: (2,H,W) in CIELAB units.
        squares: the hints.
    """
    return max(float((shown_ab[:, rows, columns].mean((1, 2)) - ab * AB_SCALE).norm()) for rows, columns, ab in squares)


def max_patch_change(shown_ab: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> float:
    """`max_hint_change` for hints that are known as maps only: every connected patch of the mask counts as one.

    Args:
        shown_ab: (2,H,W) in CIELAB units.
        hint_ab, hint_mask: (2,H,W) in the networks' units, and (1,H,W); without any hint the change is 0.
    """
    hinted = hint_mask[0] > 0
    if not hinted.any():
        return 0.0
    # Late: with it comes SciPy, which only measuring needs here.
    from scipy.ndimage import label

    patches, count = label(hinted.numpy())
    numbers = torch.from_numpy(patches)[hinted].long() - 1  # (M,)
    differences = shown_ab[:, hinted] - hint_ab[:, hinted] * AB_SCALE  # (2,M)
    sums = torch.zeros(2, count).index_add_(1, numbers, differences)
    return float((sums / numbers.bincount(minlength=count)).norm(dim=0).max())
