"""What the hints of one photo tell others of the same series: what looks and means the same has the same colour.

It is kriging over the generator's features once more, without place, and with scales and a noise of its own, for what
is alike in another photo is only likely to be the same; and less likely so, the less the photos as wholes are alike.
Knows nothing of files.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks.kriging import kernel, krige_surely

# Of all that the hints of an album tell, so much is heard: what is most like anything in the photo.
MAX_PRECEDENTS = 512

# Every so manieth place of a photo is asked what it is like, each way.
STRIDE = 4

# Numbers by which photos as wholes are compared.
KINDS = 16

# Hints of a photo that is less alike than this are as good as none.
LEAST_LIKENESS = 1e-6


class Precedents(NamedTuple):
    """What the hints of one photo tell of what they lie on.

    Attributes:
        phi: (K,D), its features, without place.
        residual: (K,2), the hints' ab less the automatic colouring there, in units of the deviation expected there.
        doubt: (K,), how much more than others each is doubted.
        gist: (G,), what the photo shows as a whole, see `Sight`.
    """

    phi: Tensor
    residual: Tensor
    doubt: Tensor
    gist: Tensor


class Album(nn.Module):
    """How far precedents are to be followed, learned on crops of the same photograph and on photographs of others.

    Args:
        features, gist: D and G of `Precedents`.
    """

    def __init__(self, features: int, gist: int):
        super().__init__()
        self.kind = nn.Linear(gist, KINDS)
        self.log_steepness = nn.Parameter(torch.tensor(2.0))
        self.least_alike = nn.Parameter(torch.tensor(0.0))
        self.log_scale = nn.Parameter(torch.full((features,), 0.5))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))
        self.log_weight = nn.Parameter(torch.tensor(0.0))
        # Single photos teach nothing of this, and several processes share no gradient that there is not.
        self.requires_grad_(False)

    def likeness(self, gist: Tensor, other: Tensor) -> Tensor:
        """The logarithm of the odds that two photos, (...,G) each, are of one series: of the same things."""
        alike = F.cosine_similarity(self.kind(gist), self.kind(other), dim=-1)
        return self.log_steepness.exp() * (alike - self.least_alike)

    def forward(self, precedents: Sequence[Precedents], phi: Tensor, gist: Tensor) -> Tensor:
        """(1,2,h,w): by how many deviations the automatic colouring of a photo is to move, 0 where nothing is alike.

        Args:
            precedents: of one photo or more.
            phi: (1,D,h,w), the features of the photo, without place.
            gist: (1,G), what it shows as a whole.
        """
        phis = torch.cat([each.phi for each in precedents]) * self.log_scale.exp()
        residuals = torch.cat([each.residual for each in precedents])
        doubts = torch.cat([each.doubt / self._hearing(each, gist) for each in precedents])
        phi = phi * self.log_scale.exp()[:, None, None]
        if len(phis) > MAX_PRECEDENTS:
            kept = _likest(phis, phi)
            phis, residuals, doubts = phis[kept], residuals[kept], doubts[kept]
        noise = self.log_noise.exp() * doubts + 1e-3
        exists = torch.ones_like(noise)[None]
        spread, _ = krige_surely(phis[None], residuals[None], phi, noise=noise[None], exists=exists)
        return self.log_weight.exp() * spread

    def _hearing(self, precedents: Precedents, gist: Tensor) -> Tensor:
        """In (0, 1]: the less the whole photo that they are of is like this one, the more they are doubted."""
        return self.likeness(precedents.gist, gist[0]).sigmoid().clamp_min(LEAST_LIKENESS)


def _likest(phis: Tensor, phi: Tensor) -> Tensor:
    """The numbers of those of `phis` (K,D) that are most like anything in `phi` (1,D,h,w), all scaled."""
    places = phi[..., ::STRIDE, ::STRIDE].flatten(2).mT
    likeness = torch.cat([kernel(part[None], places).amax(2)[0] for part in phis.split(MAX_PRECEDENTS)])
    return likeness.topk(MAX_PRECEDENTS).indices
