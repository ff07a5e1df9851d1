"""What the generator can tell a person before the next dot: likely colours for a spot, what belongs to it, and where a
dot helps most."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colouru.colour import AB_SCALE, into_gamut
from colouru.hints import pixel_at
from colouru.networks.bins import AB_BINS, BIN_SIDE
from colouru.networks.generator import Generator, Sight
from colouru.networks.kriging import factor, kernel, tokens_of

MAX_SUGGESTIONS = 9

# Two suggestions less than this apart, in ab units, would be one to most eyes.
DISTINCT = 10.0

# What covers less of what is likely is not worth a swatch.
LEAST_LIKELIHOOD = 0.005

# The map of where a dot helps is made on a grid of at most this many places: each is compared with each.
MAX_PLACES = 2304

# What belongs to a spot has no holes as small as this, in pixels of the working copy: they are texture.
SPECK = 5


class Doubt(NamedTuple):
    """Maps over the picture, (h,w), coarser than it.

    Attributes:
        deviation: the error that is to be expected at each place, in ab units (the norm of both channels').
        gain: by how much the mean squared error of the whole picture is expected to fall, in squared ab units, if the
            true colour of that place becomes known.
    """

    deviation: Tensor
    gain: Tensor


def likely_colours(
    generator: Generator, context: Tensor, x: float, y: float, lightness: float
) -> list[tuple[Tensor, float]]:
    """The `distinct_colours` of one spot.

    Args:
        context: of one picture, see `Answer`.
        x, y: in [0, 1] of the padded picture that `context` is for.
        lightness: L* of the spot, 0 to 100.
    """
    h, w = context.shape[2:]
    row, column = pixel_at(y, h), pixel_at(x, w)
    logits = generator.palette(context[:1, :, row : row + 1, column : column + 1])[0, :, 0, 0]
    return distinct_colours(logits.float().softmax(0).cpu(), lightness)


def distinct_colours(chance: Tensor, lightness: float) -> list[tuple[Tensor, float]]:
    """Up to nine colours, the likeliest first: pairs of `ab` (2,), in CIELAB units, and likelihood in [0, 1].

    A colour stands for all within `DISTINCT` of it, and its likelihood is theirs. Each next one is that which covers
    most of what those before it do not. Only colours that sRGB has at `lightness` (L*, 0 to 100) are among them.

    Args:
        chance: (B,), the likelihood of each of `AB_BINS`.
    """
    lab = torch.cat([torch.full((len(AB_BINS), 1), float(lightness)), AB_BINS], 1).T[None, ..., None]  # (1,3,B,1)
    ab = into_gamut(lab)[0][0, 1:, :, 0].T  # (B,2)
    # What had to move out of its square stands for a colour that does not exist at this lightness.
    exists = (ab - AB_BINS).abs().amax(1) <= BIN_SIDE / 2
    chance, ab, covers = chance[exists], ab[exists], COVERS[exists][:, exists]
    chance = chance / chance.sum().clamp_min(1e-12)
    found = []
    while len(found) < MAX_SUGGESTIONS:
        covered = covers @ chance
        best = int(covered.argmax())
        if found and covered[best] < LEAST_LIKELIHOOD:
            break
        found.append((ab[best], float(covered[best])))
        chance = chance * (1 - covers[best])
    return found


def _coverage() -> Tensor:
    """(B,B): the share of each bin's square (second) that lies within `DISTINCT` of each bin's centre (first)."""
    offset = (torch.arange(5) - 2) * BIN_SIDE / 5
    points = AB_BINS[:, None] + torch.cartesian_prod(offset, offset)  # (B,25,2)
    near = torch.cdist(AB_BINS, points.flatten(0, 1)) <= DISTINCT
    return near.view(len(AB_BINS), len(AB_BINS), -1).float().mean(2)


COVERS = _coverage()


def doubt(generator: Generator, sight: Sight, hint_mask: Tensor) -> Doubt:
    """What is not known of one picture yet, given where its hints are, (1,1,H,W): the posterior of the kriging.

    To learn the value at place c lowers the variance at every p by cov(p, c)^2 / (var(c) + noise), whatever that value
    turns out to be: Gaussian processes know that beforehand.
    """
    height, width = hint_mask.shape[2:]
    tokens = tokens_of(F.avg_pool2d(sight.padded(hint_mask), 2))
    step = 2
    while (height // 2 // step) * (width // 2 // step) > MAX_PLACES:
        step += 1
    # The padding is no part of the picture.
    inside = (..., slice(max(1, height // 2)), slice(max(1, width // 2)))
    phi = F.avg_pool2d(sight.phi[inside], step, ceil_mode=True)
    deviation = F.avg_pool2d(sight.deviation[inside], step, ceil_mode=True)
    h, w = phi.shape[2:]
    places, spread = phi.flatten(2).mT, deviation.flatten(2)  # (1,M,D), (1,1,M)
    hinted = tokens.mean(sight.phi)
    lower = factor(hinted, noise=generator.noise, exists=tokens.exists)
    across = kernel(hinted, places) * tokens.exists[..., None]  # (1,K,M)
    explained = torch.linalg.solve_triangular(lower, across, upper=False)
    covariance = (kernel(places, places) - explained.mT @ explained) * spread * spread.mT  # (1,M,M)
    variance = covariance.diagonal(dim1=1, dim2=2).clamp_min(0)  # (1,M)
    gain = covariance.square().mean(1) / (variance + generator.noise * spread[:, 0].square())
    return Doubt(variance.sqrt().view(h, w) * AB_SCALE * 2**0.5, gain.view(h, w) * AB_SCALE**2)


def belonging(places: Tensor, x: float, y: float) -> np.ndarray:
    """How much each pixel belongs to what is at one spot: (H,W) uint8, 255 there, falling outwards without islands.

    It is the generator's own kernel between the spot and the least alike place on the best way there. So all that is
    above any level hangs together, and an edge that goes all around is not passed.

    Args:
        places: (D,H,W), in which distance is unlikeness.
        x, y: in [0, 1].
    """
    # Late: they take 0.7 s and 45 MB, which only this needs.
    from scipy.ndimage import grey_closing
    from skimage.morphology import reconstruction

    height, width = places.shape[1:]
    row, column = pixel_at(y, height), pixel_at(x, width)
    # A little of what is around, lest grain decides.
    around = places[:, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].mean((1, 2))
    alike = kernel(around[None, None], places.flatten(1).mT[None]).view(height, width)
    level = (255 * alike).round().cpu().numpy().astype(np.uint8)
    start = np.zeros_like(level)
    start[row, column] = level[row, column] = 255
    reached = reconstruction(start, level).astype(np.uint8)
    return grey_closing(reached, size=SPECK)
