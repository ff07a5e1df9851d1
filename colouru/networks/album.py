"""What the hints of one photo tell others of the same series: what looks and means the same has the same colour.

It is kriging over the generator's features once more, without place, and with scales and a noise of its own, for what
is alike in another photo is only likely to be the same. Knows nothing of files.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from colouru.networks.kriging import kernel, krige

# Of all that the hints of an album tell, so much is heard: what is most like anything in the photo.
MAX_PRECEDENTS = 512

# Every so manieth place of a photo is asked what it is like, each way.
STRIDE = 4


class Precedents(NamedTuple):
    """What the hints of one photo tell of what they lie on.

    Attributes:
        phi: (K,D), its features, without place.
        residual: (K,2), the hints' ab less the automatic colouring there, in units of the deviation expected there.
        doubt: (K,), how much more than others each is doubted.
    """

    phi: Tensor
    residual: Tensor
    doubt: Tensor


class Album(nn.Module):
    """How far precedents are to be followed, learned on crops of the same photograph and on photographs of others.

    Args:
        features: D of `Precedents`.
    """

    def __init__(self, features: int):
        super().__init__()
        self.log_scale = nn.Parameter(torch.full((features,), 0.5))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))
        self.log_weight = nn.Parameter(torch.tensor(0.0))
        # Single photos teach nothing of this, and several processes share no gradient that there is not.
        self.requires_grad_(False)

    def forward(self, precedents: Sequence[Precedents], phi: Tensor) -> Tensor:
        """(1,2,h,w): by how many deviations the automatic colouring of a photo is to move, 0 where nothing is alike.

        Args:
            precedents: of one photo or more.
            phi: (1,D,h,w), the features of the photo, without place.
        """
        told = Precedents(*(torch.cat(parts) for parts in zip(*precedents, strict=True)))
        told = self._likest(told, phi) if len(told.phi) > MAX_PRECEDENTS else told
        scale = self.log_scale.exp()
        ones = torch.ones_like(told.residual[:, :1])
        spread, known = krige(
            told.phi[None] * scale,
            torch.cat([told.residual, ones], 1)[None],
            phi * scale[:, None, None],
            noise=(self.log_noise.exp() * told.doubt + 1e-3)[None],
            exists=ones.T,
        ).split([2, 1], 1)
        # Again by how alike it is: many precedents that are each only a little alike would move every photo.
        return self.log_weight.exp() * spread * known.clamp(0, 1).square()

    def _likest(self, told: Precedents, phi: Tensor) -> Precedents:
        scale = self.log_scale.exp()
        places = phi[..., ::STRIDE, ::STRIDE].flatten(2).mT * scale
        likeness = torch.cat([kernel(part[None] * scale, places).amax(2)[0] for part in told.phi.split(MAX_PRECEDENTS)])
        kept = likeness.topk(MAX_PRECEDENTS).indices
        return Precedents(*(part[kept] for part in told))
