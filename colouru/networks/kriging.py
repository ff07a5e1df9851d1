"""Kriging: Gaussian-process regression from a few tokens to every pixel, batched and differentiable.

Knows nothing of what its coordinates mean.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# More tokens than this are merged with their neighbours, so that neither time nor memory grows without bound.
MAX_TOKENS = 512

# Pictures of a batch that are kriged together. Those with as many tokens share a group, for each pays for the fullest.
GROUP = 8


class Tokens(NamedTuple):
    """The hinted cells of a grid, K at most in any picture of the batch.

    Attributes:
        exists: (N,K), 1 for a hinted cell, 0 for filling.
        pixels: (N,KP), numbers of the P pixels of each cell, row by row.
        weight: (N,1,KP), how much each pixel counts in its cell: of sum 1, or 0 for filling.
    """

    exists: Tensor
    pixels: Tensor
    weight: Tensor

    def mean(self, x: Tensor) -> Tensor:
        """The weighted mean (N,K,C) of `x` (N,C,h,w) over the hinted pixels of each cell."""
        # Few cells are hinted, and the rest of the picture is not looked at.
        found = x.flatten(2).gather(2, self.pixels[:, None].expand(-1, x.shape[1], -1)) * self.weight  # (N,C,KP)
        return found.unflatten(2, (self.exists.shape[1], -1)).sum(3).mT


def tokens_of(weight: Tensor, cell: int = 2) -> Tokens:
    """The cells of `cell` x `cell` pixels in which `weight` (N,1,h,w) is not zero; larger ones if they are too many."""
    while True:
        hinted = F.max_pool2d(weight, cell, ceil_mode=True)  # (N,1,.,.)
        K = int((hinted > 0).flatten(1).sum(1).max())
        if K <= MAX_TOKENS:
            break
        cell *= 2
    exists, index = (hinted.flatten(1) > 0).to(weight).topk(max(1, K), dim=1)
    height, width, across = *weight.shape[2:], hinted.shape[3]
    row = cell * (index // across)[..., None] + torch.arange(cell, device=index.device)  # (N,K,cell)
    column = cell * (index % across)[..., None] + torch.arange(cell, device=index.device)
    inside = (row < height)[..., :, None] & (column < width)[..., None, :]
    pixels = row.clamp_max(height - 1)[..., :, None] * width + column.clamp_max(width - 1)[..., None, :]
    share = weight.flatten(1).gather(1, pixels.flatten(1)).view(pixels.shape) * inside  # (N,K,cell,cell)
    share = share / share.sum((2, 3), keepdim=True).clamp_min(1e-6)
    return Tokens(exists, pixels.flatten(1), share.flatten(1)[:, None])


class _InverseSquare(torch.autograd.Function):
    """x^-2 of what is 1 or more; the gradient from x^-1, for a root of so many numbers would take the longest."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        inverse = x.clamp_min(1).reciprocal_()
        ctx.save_for_backward(inverse)
        return inverse.square()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        return inverse.square().mul_(inverse).mul_(gradient).mul_(-2)  # -2 x^-3


def kernel(p: Tensor, q: Tensor) -> Tensor:
    """(1 + |p - q|^2 / 4)^-2 of every pair, (N,P,Q) of coordinates (N,P,D) and (N,Q,D).

    That is the rational quadratic kernel with alpha = 2 (Rasmussen and Williams 2006, section 4.2.1): near zero it
    falls as exp(-|p - q|^2 / 2) does, far away slowly, so that what is only a little like a lone hint still hears it.
    """
    # |p - q|^2 / 4 + 1 = (|p|^2 / 4 + 1) + |q|^2 / 4 - p.q / 2 is one product of vectors that are two longer.
    far_p, far_q = p.square().sum(2, keepdim=True) / 4 + 1, q.square().sum(2, keepdim=True) / 4
    p = torch.cat([-p / 2, far_p, torch.ones_like(far_p)], 2)
    q = torch.cat([q, torch.ones_like(far_q), far_q], 2)
    # Rounding may bring it below 1 where the two are the same.
    return _InverseSquare.apply(p @ q.mT)


def krige(places: Tensor, values: Tensor, pixels: Tensor, *, noise: Tensor | float, exists: Tensor) -> Tensor:
    """The values of a few places, spread to every pixel: (N,C,h,w), 0 far from all places.

    Args:
        places: (N,K,D).
        values: (N,K,C), of mean 0 a priori.
        pixels: (N,D,h,w).
        noise: variance with which values are doubted, above 0, relative to their own; one for all or (N,K).
        exists: (N,K), 1 for a place, 0 for filling, which comes last.
    """
    spread, _ = _krige(places, values, values[..., :0], pixels, noise, exists)
    return spread


def krige_surely(
    places: Tensor, values: Tensor, pixels: Tensor, *, noise: Tensor | float, exists: Tensor
) -> tuple[Tensor, Tensor]:
    """As `krige`, but believed only where much is known: the values (N,C,h,w), and how much that is, (N,1,h,w).

    Known is what a value of 1 everywhere would become: 1 at a place, 0 far from all. Its square is how far the values
    are believed: what is only a little like a lone place would else take a little of its value, and of an extreme one
    too much.
    """
    spread, known, _ = krige_about_trend(places, values, values[..., :0], pixels, noise=noise, exists=exists)
    return spread, known


def krige_about_trend(
    places: Tensor, values: Tensor, trend: Tensor, pixels: Tensor, *, noise: Tensor | float, exists: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """As `krige_surely`, of values that have a trend, which is found together with what they have beside it.

    They are taken to be explanatory variables times coefficients, normal of mean 0 and variance 1 a priori, and beside
    that what `krige` takes them to be (Rasmussen and Williams 2006, section 2.7).

    Args:
        trend: (N,K,T), the explanatory variables at the places.

    Returns:
        What is spread beside the trend (N,C,h,w), how much is known (N,1,h,w), and the coefficients (N,T,C).
    """
    C = values.shape[2]
    values = torch.cat([values, torch.ones_like(values[..., :1])], 2)
    spread, coefficients = _krige(places, values, trend, pixels, noise, exists, with_trend=C)
    spread, known = spread.split([C, 1], 1)
    return spread * known.clamp(0, 1).square(), known, coefficients[..., :C]


def _krige(
    places: Tensor,
    values: Tensor,
    trend: Tensor,
    pixels: Tensor,
    noise: Tensor | float,
    exists: Tensor,
    with_trend: int = 0,
) -> tuple[Tensor, Tensor]:
    """What is spread beside the trend, (N,C,h,w), and its coefficients (N,T,C), 0 but for the first `with_trend`."""
    N, _, h, w = pixels.shape
    C, T = values.shape[2], trend.shape[2]
    # In single precision whatever the network computes in: half of it cannot be factored.
    with torch.autocast(pixels.device.type, enabled=False):
        places, values, trend, pixels = places.float(), values.float(), trend.float(), pixels.float().flatten(2).mT
        counts, order = exists.sum(1).sort()
        # The fullest of each group; looked at together, for a GPU would be waited for each time.
        fullest = [int(part[-1]) for part in counts.cpu().split(GROUP)]
        spread, coefficients = [], []
        for group, most in zip(order.split(GROUP), fullest, strict=True):
            kept = slice(max(1, most))
            p, there = places[group, kept], exists[group, kept]
            doubt = noise[group, kept] if isinstance(noise, Tensor) and noise.ndim == 2 else noise
            lower = factor(p, noise=doubt, exists=there)
            variables = trend[group, kept] * there[..., None]
            both = torch.cat([variables, values[group, kept] * there[..., None]], 2)
            explained, weights = torch.cholesky_solve(both, lower).split([T, C], 2)
            found = weights.new_zeros(len(group), T, C)
            if T:
                normal = variables.mT @ explained + torch.eye(T, device=p.device)
                found = torch.linalg.solve(normal, variables.mT @ weights[..., :with_trend])
                found = F.pad(found, (0, C - with_trend))
                weights = weights - explained @ found
            spread.append(weights.mT @ kernel(p, pixels[group]))
            coefficients.append(found)
        back = order.argsort()
        return torch.cat(spread)[back].view(N, C, h, w), torch.cat(coefficients)[back]


def factor(places: Tensor, *, noise: Tensor | float, exists: Tensor) -> Tensor:
    """The lower Cholesky factor (N,K,K) of the covariance of noisy values at `places` (N,K,D)."""
    covariance = kernel(places, places) * (exists[:, None] * exists[..., None])
    return torch.linalg.cholesky(covariance + torch.diag_embed(noise * exists + (1 - exists)))
