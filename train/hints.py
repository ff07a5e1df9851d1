"""Simulated hints: squares of the true colour, placed as a person might, for training and measuring."""

import torch
import torch.nn.functional as F
from torch import Tensor


def simulate_hints(
    ab: Tensor,
    generator: torch.Generator,
    *,
    counts: str | int = "binomial",
    sides: tuple[int, int] = (1, 9),
    strokes: float = 0.0,
    flat: float = 0.0,
    colourful: float = 0.0,
    lone: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Squares that show the true colour, as a person might place them, for a whole batch at once.

    Centres are normal around the middle of the picture with a standard deviation of a quarter of its sides, and moved
    to the border where they would fall outside.

    Args:
        ab: (N,2,H,W), the true colours.
        generator: the source of randomness, on the device of `ab`.
        counts: how many squares: "binomial", 40 trials at 1/8, so 5 on average (the report); "geometric" at 1/8, so 7
            on average and often none (Zhang et al. 2017, from which the report took its 1/8); "wide", geometric at
            1/8 or, for every fifth picture, at 1/40; or that many for each.
        sides: the least and the greatest side in pixels, drawn uniformly.
        strokes: the share of hints that are drawn out, in any direction, to up to four squares in a row.
        flat: the share of pictures in which each square has the mean of its colours, as a brush does, and not every
            pixel its own.
        colourful: the share of pictures in which hints lie where the colour is: each pixel as likely as its chroma,
            squared, is large.
        lone: the share of pictures that have one hint alone, where the colour is strongest.

    Returns:
        `hint_ab` (N,2,H,W) and `hint_mask` (N,1,H,W).
    """
    N, _, height, width = ab.shape
    device = ab.device
    count = _draw_counts(N, counts, generator, device)  # (N,)
    alone = torch.zeros(N, dtype=torch.bool, device=device)
    if lone:
        alone = torch.rand(N, device=device, generator=generator) < lone
        count = torch.where(alone, 1, count)
    K = max(1, int(count.max()))
    spread = torch.randn(N, K, 2, device=device, generator=generator)
    size = torch.tensor([height, width], device=device)
    centre = (size / 2 + spread * size / 4).floor()  # (N,K,2)
    if colourful:
        chosen = torch.rand(N, 1, 1, device=device, generator=generator) < colourful
        centre = torch.where(chosen, colourful_places(ab, K, generator).to(centre), centre)
    if lone:
        centre = torch.where(alone[:, None, None], _most_colourful_place(ab)[:, None].to(centre), centre)
    side = torch.randint(sides[0], sides[1] + 1, (N, K), device=device, generator=generator)
    exists = torch.arange(K, device=device) < count[:, None]
    if strokes:
        centre, side, exists = _draw_out(centre, side, exists, strokes, generator)
    centre = centre.clamp(torch.zeros_like(size), size - 1)
    first = centre - (side // 2)[..., None]  # (N,K,2)
    rows = (_inside(first[..., 0], side, height) & exists[..., None]).to(ab)  # (N,K,H)
    columns = _inside(first[..., 1], side, width).to(ab)  # (N,K,W)
    # A pixel is hinted if any square has both its row and its column.
    hits = (rows.mT @ columns)[:, None]  # (N,1,H,W)
    hint_mask = (hits > 0).to(ab)
    hint_ab = ab * hint_mask
    if flat:
        area = (rows.sum(2) * columns.sum(2)).clamp_min(1)  # (N,K)
        mean = torch.einsum("nkh,nchw,nkw->nck", rows, ab, columns) / area[:, None]  # (N,2,K)
        # Where squares overlap, colours mix.
        mixed = torch.einsum("nck,nkh,nkw->nchw", mean, rows, columns) / hits.clamp_min(1)
        chosen = torch.rand(N, 1, 1, 1, device=device, generator=generator) < flat
        hint_ab = torch.where(chosen, mixed, hint_ab)
    return hint_ab, hint_mask


def colourful_places(ab: Tensor, K: int, generator: torch.Generator) -> Tensor:
    """(N,K,2): rows and columns of pixels of `ab` (N,2,H,W), each as likely as its squared chroma is large."""
    probability = ab.square().sum(1).flatten(1) + 1e-6  # (N,HW)
    number = torch.multinomial(probability, K, replacement=True, generator=generator)
    return torch.stack([number // ab.shape[3], number % ab.shape[3]], 2)


def _most_colourful_place(ab: Tensor) -> Tensor:
    """(N,2): row and column of the pixel around which chroma is strongest."""
    around = F.avg_pool2d(ab.norm(dim=1, keepdim=True), 5, stride=1, padding=2).flatten(1)  # (N,HW)
    number = around.argmax(1)
    return torch.stack([number // ab.shape[3], number % ab.shape[3]], 1)


def _draw_counts(N: int, counts: str | int, generator: torch.Generator, device: torch.device) -> Tensor:
    if counts == "binomial":
        trials = torch.full((N,), 40.0, device=device)
        return torch.binomial(trials, torch.full_like(trials, 1 / 8), generator=generator).long()
    if counts in ("geometric", "wide"):
        mean = torch.full((N,), 8.0, device=device)
        if counts == "wide":
            mean[torch.rand(N, device=device, generator=generator) < 0.2] = 40.0
        # The number of failures before the first success, by inversion: 0 is among them.
        uniform = torch.rand(N, device=device, generator=generator).clamp_min(1e-7)
        return (uniform.log() / (1 - 1 / mean).log()).long()
    if isinstance(counts, int) and counts >= 0:
        return torch.full((N,), counts, device=device)
    raise ValueError(f"expected counts to be 'binomial', 'geometric', 'wide' or a whole number, got {counts!r}")


def _draw_out(
    centre: Tensor, side: Tensor, exists: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Squares (N,4K,...) instead of (N,K,...): three more in a row behind that `share` of them that become strokes."""
    N, K = side.shape
    angle, chosen = torch.rand(2, N, K, device=side.device, generator=generator)
    direction = torch.stack([torch.sin(2 * torch.pi * angle), torch.cos(2 * torch.pi * angle)], 2)  # (N,K,2)
    link = torch.arange(4, device=side.device)[:, None]
    step = (direction * side[..., None])[:, None]  # (N,1,K,2)
    centre = (centre[:, None] + link[..., None] * step).round()  # (N,4,K,2)
    exists = exists[:, None] & ((link == 0) | (chosen < share)[:, None])  # (N,4,K)
    return centre.flatten(1, 2), side.repeat(1, 4), exists.flatten(1)


def _inside(first: Tensor, side: Tensor, length: int) -> Tensor:
    place = torch.arange(length, device=first.device)
    return (place >= first[..., None]) & (place < (first + side)[..., None])
