"""Guidance for the next hint: likely colours for a spot, what is similar to it, and where a hint helps most."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colouru.colour import AB_SCALE, into_gamut
from colouru.hint_maps import pixel_at
from colouru.networks.bins import AB_BINS, BIN_SIDE
from colouru.networks.generator import Generator, Sight
from colouru.networks.kriging import factor, kernel, tokens_of

MAX_SUGGESTIONS = 9

# Most people see two colours as one below this distance, in ab units.
DISTINCT = 10.0

# A colour of less likelihood is not suggested.
LEAST_LIKELIHOOD = 0.005

# The map of where a hint helps has at most this many places, for each is compared with each.
MAX_PLACES = 2304

# Holes in a similarity mask up to this side, in pixels of the working copy, are texture and are closed.
MAX_HOLE = 5


class Uncertainty(NamedTuple):
    """Maps (h,w) over the picture, coarser than it.

    Attributes:
        deviation: the expected error at each place, in ab units (the norm over both channels).
        gain: the expected fall of the mean squared error of the whole picture, in squared ab units, if the true colour
            of that place becomes known.
    """

    deviation: Tensor
    gain: Tensor


def likely_colours(
    generator: Generator, context: Tensor, x: float, y: float, lightness: float
) -> list[tuple[Tensor, float]]:
    """The `distinct_colours` of one spot.

    Args:
        context: (1,C,h,w) of one picture, see `Answer`.
        x, y: the spot, in [0, 1] of the padded picture that `context` is for.
        lightness: L* of the spot, 0 to 100.
    """
    h, w = context.shape[2:]
    row, column = pixel_at(y, h), pixel_at(x, w)
    logits = generator.palette(context[:1, :, row : row + 1, column : column + 1])[0, :, 0, 0]
    return distinct_colours(logits.float().softmax(0).cpu(), lightness)


def distinct_colours(probabilities: Tensor, lightness: float) -> list[tuple[Tensor, float]]:
    """Up to nine colours, the likeliest first: pairs of `ab` (2,), in CIELAB units, and likelihood in [0, 1].

    A colour represents all within `DISTINCT` of it, and has their likelihood. The colours are chosen greedily: each
    next one covers most of the likelihood that those before it leave. All are inside the gamut of sRGB.

    Args:
        probabilities: (B,), of each of `AB_BINS`.
        lightness: L* of the spot, 0 to 100.
    """
    lab = torch.cat([torch.full((len(AB_BINS), 1), float(lightness)), AB_BINS], 1).T[None, ..., None]  # (1,3,B,1)
    ab = into_gamut(lab)[0][0, 1:, :, 0].T  # (B,2)
    # A bin whose centre leaves it on the way into the gamut holds no colour of this lightness.
    valid = (ab - AB_BINS).abs().amax(1) <= BIN_SIDE / 2
    left, ab, covers = probabilities[valid], ab[valid], COVERS[valid][:, valid]
    left = left / left.sum().clamp_min(1e-12)
    found = []
    while len(found) < MAX_SUGGESTIONS:
        covered = covers @ left
        best = int(covered.argmax())
        if found and covered[best] < LEAST_LIKELIHOOD:
            break
        found.append((ab[best], float(covered[best])))
        left = left * (1 - covers[best])
    return found


def _coverage() -> Tensor:
    """(B,B): the share of each bin's square (second) that lies within `DISTINCT` of each bin's centre (first)."""
    offset = (torch.arange(5) - 2) * BIN_SIDE / 5
    points = AB_BINS[:, None] + torch.cartesian_prod(offset, offset)  # (B,25,2)
    near = torch.cdist(AB_BINS, points.flatten(0, 1)) <= DISTINCT
    return near.view(len(AB_BINS), len(AB_BINS), -1).float().mean(2)


COVERS = _coverage()


def uncertainty(generator: Generator, sight: Sight, hint_mask: Tensor) -> Uncertainty:
    """What is not known of one picture yet: the posterior of the Gaussian process, given where its hints are.

    To learn the value at place c lowers the variance at every place p by cov(p, c)^2 / (var(c) + noise). That does not
    depend on the value, so it is known beforehand.

    Args:
        sight: of one picture.
        hint_mask: (1,1,H,W).
    """
    height, width = hint_mask.shape[2:]
    tokens = tokens_of(F.avg_pool2d(sight.padded(hint_mask), 2))
    step = 2
    while (height // 2 // step) * (width // 2 // step) > MAX_PLACES:
        step += 1
    # Without the padding, which is no part of the picture.
    inside = (..., slice(max(1, height // 2)), slice(max(1, width // 2)))
    phi = F.avg_pool2d(sight.phi[inside], step, ceil_mode=True)
    deviation = F.avg_pool2d(sight.deviation[inside], step, ceil_mode=True)
    h, w = phi.shape[2:]
    places, std = phi.flatten(2).mT, deviation.flatten(2)  # (1,M,D), (1,1,M)
    hinted = tokens.mean(sight.phi)
    cholesky = factor(hinted, noise=generator.noise, exists=tokens.exists)
    across = kernel(hinted, places) * tokens.exists[..., None]  # (1,K,M)
    explained = torch.linalg.solve_triangular(cholesky, across, upper=False)
    covariance = (kernel(places, places) - explained.mT @ explained) * std * std.mT  # (1,M,M)
    variance = covariance.diagonal(dim1=1, dim2=2).clamp_min(0)  # (1,M)
    gain = covariance.square().mean(1) / (variance + generator.noise * std[:, 0].square())
    return Uncertainty(variance.sqrt().view(h, w) * AB_SCALE * 2**0.5, gain.view(h, w) * AB_SCALE**2)


def similarity_mask(features: Tensor, x: float, y: float) -> np.ndarray:
    """How similar each pixel is to a spot: (H,W) uint8, 255 there, falling outwards without islands.

    The value of a pixel is the similarity, by the generator's own kernel, of the least similar pixel on the best path
    to the spot. So the pixels above any threshold are connected, and a closed edge is not crossed.

    Args:
        features: (D,H,W), in which distance means dissimilarity.
        x, y: the spot, in [0, 1].
    """
    # Late: they take 0.7 s and 45 MB, which only this needs.
    from scipy.ndimage import grey_closing
    from skimage.morphology import reconstruction

    height, width = features.shape[1:]
    row, column = pixel_at(y, height), pixel_at(x, width)
    # The mean of 3 x 3 pixels, for a single one may be grain.
    spot = features[:, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].mean((1, 2))
    similarity = kernel(spot[None, None], features.flatten(1).mT[None]).view(height, width)
    level = (255 * similarity).round().cpu().numpy().astype(np.uint8)
    start = np.zeros_like(level)
    start[row, column] = level[row, column] = 255
    reached = reconstruction(start, level).astype(np.uint8)
    return grey_closing(reached, size=MAX_HOLE)
