"""Diffusion along the lightness: neighbours of one lightness come to one colour, and hints stay what they are.

The affinities are those of Levin, Lischinski and Weiss (2004), who spread hints by nothing else; here every pixel is
also held to what the network made of it, so a few steps are enough. What is nearly of one colour can then come to one
whatever its lightness: colours change at edges, and lightness in all that has a texture. Nothing here is learned.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# How firmly a pixel is held to what it was, against one for its neighbours together: the least there is.
HOLD = 0.0075

# Accelerated steps, which leave about as much error at every scale, and plain ones after them, which take what changes
# from pixel to pixel out of it: as mottle that would be seen.
STEPS = 6
PLAIN_STEPS = 3

# Of the variance of lightness around a pixel, how much makes a difference; the least variance, in squared units of L.
SHARE_OF_VARIANCE = 0.6
LEAST_VARIANCE = 2e-5

# Even the most alike neighbour keeps this weight.
LEAST_WEIGHT = 0.01

# What a neighbour of one colour counts beside its affinity, and the difference of ab, in the network's units, at which
# it counts three fifths of that.
SAME_COLOUR = 0.125
WIDTH_OF_COLOUR = 0.036

SHIFTS = [(y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)]


def affinity(L: Tensor) -> Tensor:
    """The weights (N,8,H,W) of the neighbours of each pixel of `L` (N,1,H,W): of sum 1, 0 outside the picture."""
    inside, neighbours = _around(torch.ones_like(L[:1])), _around(L)
    # One neighbour at a time stays in the cache, and this is of every photo's first look.
    count = 1 + sum(inside)
    mean = (L + sum(neighbours)) / count  # outside they are 0
    variance, least = (L - mean).square(), torch.full_like(L, torch.inf)
    differences = []
    for neighbour, there in zip(neighbours, inside, strict=True):
        variance = torch.addcmul(variance, (neighbour - mean).square_(), there)
        difference = (neighbour - L).square_()
        least = torch.where(there > 0, torch.minimum(least, difference), least)
        differences.append(difference)
    least = torch.where(least.isfinite(), least, 0) / -math.log(LEAST_WEIGHT)
    width = torch.maximum(SHARE_OF_VARIANCE * variance / count, least).clamp_min_(LEAST_VARIANCE)
    scale = -1 / width
    weights = [(difference * scale).exp_() * there for difference, there in zip(differences, inside, strict=True)]
    return torch.cat(weights, 1).mul_(1 / sum(weights).clamp_min(1e-12))


def affinity_of_colours(ab: Tensor, weights: Tensor) -> Tensor:
    """`weights` (N,8,H,W), see `affinity`, where neighbours that are of one colour in `ab` (N,2,H,W) count for more.

    As a bilateral filter weighs them (Tomasi and Manduchi 1998), with a little of it whatever the lightness.
    """
    neighbours, inside = _around(ab), _around(torch.ones_like(ab[:1, :1]))
    same = []
    for neighbour, there in zip(neighbours[:4], inside[:4], strict=True):
        difference = (neighbour - ab).square_().sum(1, keepdim=True)
        same.append(difference.mul_(-0.5 / WIDTH_OF_COLOUR**2).exp_().mul_(there))
    # Each of the other four is as alike to a pixel as the pixel is to it, seen from the other side.
    same += [_around(same[7 - number])[number] for number in range(4, 8)]
    weights = (weights + SAME_COLOUR).mul_(torch.cat(same, 1))
    return weights.div_(weights.sum(1, keepdim=True).clamp_min_(1e-12))


def diffuse(
    ab: Tensor,
    hold: Tensor,
    weights: Tensor,
    hint_ab: Tensor,
    hint_mask: Tensor,
    least_hold: float = HOLD,
    steps: int = STEPS,
    plain_steps: int = PLAIN_STEPS,
) -> Tensor:
    """`ab` (N,C,H,W) where every pixel is nearly the mean of its neighbours by `weights`, and hints are as hinted.

    That is the solution of u = (mean of u around + hold ab) / (1 + hold), approached by Chebyshev's semi-iteration
    (Golub and Varga, 1961), which takes the square root of the steps that plain iteration would, and that at the end.

    Args:
        hold: (N,1,H,W), how firmly each pixel is held to what it was, `least_hold` at the least.
        weights: see `affinity`.
        hint_ab: (N,C,H,W), where `hint_mask` (N,1,H,W) is above 0.
        steps, plain_steps: accelerated ones, 1 at the least, and those after them.
    """
    hinted = hint_mask > 0
    radius = 1 / (1 + least_hold)  # of the spectrum of what is iterated, at most
    shrink = 1 / (1 + hold)
    free = shrink * ~hinted
    held = torch.where(hinted, hint_ab, hold * shrink * ab)

    def step(u: Tensor) -> Tensor:
        return torch.addcmul(held, _mean_around(u, weights), free)

    before = torch.where(hinted, hint_ab, ab)
    now = step(before)
    factor = 2 / (2 - radius**2)
    for _ in range(steps - 1):
        before, now = now, torch.lerp(before, step(now), factor)
        factor = 1 / (1 - radius**2 * factor / 4)
    for _ in range(plain_steps):
        now = step(now)
    return now


def _mean_around(x: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum (N,C,H,W) of the neighbours of every pixel of `x`; one by one, without copies of them all."""
    first, *others = zip(_around(x), weights.split(1, dim=1), strict=True)
    total = torch.mul(*first)
    for neighbour, weight in others:
        total = torch.addcmul(total, neighbour, weight)
    return total


def _around(x: Tensor) -> list[Tensor]:
    """The eight neighbours of every pixel of `x` (N,C,H,W), each (N,C,H,W), 0 outside."""
    height, width = x.shape[2:]
    padded = F.pad(x, (1, 1, 1, 1))
    return [padded[..., y : y + height, x : x + width] for y, x in SHIFTS]
