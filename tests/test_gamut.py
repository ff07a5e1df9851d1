import numpy as np
import torch

from colouru.colour import LAB_OFFSET, into_gamut
from colouru.gamut import F_RANGE, HALF_TURN, LIGHTNESS_STEPS, QUARTER_STEPS, TURN, inverse_chroma_limit


def limit(L: torch.Tensor, p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """The largest |p| + |q| that the table allows at L and in the direction of p and q, each (M,)."""
    half = (QUARTER_STEPS * (1 + q / (p.abs() + q.abs()))).long() + HALF_TURN * (p < 0)
    return 1 / inverse_chroma_limit()[(L * LIGHTNESS_STEPS / 100).long() * TURN + half]


def test_the_table_reaches_as_far_as_the_gamut_and_little_further():
    chance = torch.Generator().manual_seed(0)
    L = 100 * torch.rand(20_000, generator=chance)
    p, q = torch.randn(2, 20_000, generator=chance)
    far = torch.stack([L, 500 * p, 200 * q])[None, ..., None]
    inside = into_gamut(far, halvings=20)[0][0, 1:, :, 0]
    edge = inside[0].abs() / 500 + inside[1].abs() / 200
    # The bisection allows a quarter of a byte more.
    ratio = (limit(L, p, q) / edge)[(L > 5) & (L < 95)]
    assert ratio.min() > 0.96 and ratio.median() < 1.05


def test_the_table_ends_at_black_and_white():
    assert inverse_chroma_limit().shape == ((LIGHTNESS_STEPS + 1) * TURN,) and np.isclose(LAB_OFFSET + F_RANGE, 1)
    # At white the limit is above 0, since bytes are rounded.
    assert (1 / inverse_chroma_limit()[-TURN:] < 0.02).all()
