import torch
import torch.nn.functional as F

from colouru.upsample import chroma_slope, guides, upsample_columns, upsample_rows


def guided(ab: torch.Tensor, small_L: torch.Tensor, L: torch.Tensor, rows: slice | None = None) -> torch.Tensor:
    """Rows of ab (1,2,h,w) upsampled to the size of L (1,1,H,W)."""
    height, width = L.shape[2:]
    rows = rows or slice(0, height)
    wide = upsample_columns(guides(small_L, ab), height, width, rows)
    return torch.from_numpy(upsample_rows(wide, L[0, 0, rows].numpy()).copy())[None]


def bilinear(x: torch.Tensor, side: int) -> torch.Tensor:
    return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)


def test_at_the_same_size_nothing_changes(generator):
    L, ab = torch.rand(1, 1, 12, 16, generator=generator), torch.rand(1, 2, 12, 16, generator=generator)
    torch.testing.assert_close(guided(ab, L, L), ab)


def test_without_edges_it_is_bilinear(generator):
    ab, flat = torch.rand(1, 2, 7, 9, generator=generator), torch.zeros(1, 1, 7, 9)
    expected = F.interpolate(ab, size=(50, 31), mode="bilinear", align_corners=False)
    torch.testing.assert_close(guided(ab, flat, torch.zeros(1, 1, 50, 31)), expected)


def test_rows_upsampled_in_parts_are_those_of_the_whole(generator):
    L, ab = torch.rand(1, 1, 7, 9, generator=generator), torch.rand(1, 2, 7, 9, generator=generator)
    finer = torch.rand(1, 1, 50, 31, generator=generator)
    rows = [guided(ab, L, finer, slice(top, min(top + 8, 50))) for top in range(0, 50, 8)]
    torch.testing.assert_close(torch.cat(rows, dim=2), guided(ab, L, finer))


def test_chroma_follows_a_fine_edge_better_than_bilinear_alone():
    # A slanted edge of both lightness and chroma, from black to white, sixteen times finer than the working copy.
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    edge = (x + 0.3 * y > 150).float()[None, None]
    L, ab = 2 * edge - 1, torch.cat([0.4 * edge, -0.2 * edge], 1)
    small_L, small_ab = F.avg_pool2d(L, 16), F.avg_pool2d(ab, 16)
    missed = (guided(small_ab, small_L, L) - ab).square().mean()
    assert missed < 0.1 * (bilinear(small_ab, 256) - ab).square().mean()


def test_fine_stripes_do_not_invent_colours():
    # Blue on the left and orange on the right, an edge of lightness at their border, and stripes of lightness.
    y, x = torch.meshgrid(torch.arange(512.0), torch.arange(512.0), indexing="ij")
    L = (((y // 2) % 2) - 0.5 + 0.4 * torch.tanh((x - 256) / 6))[None, None]
    small_L = F.avg_pool2d(L, 8)
    ab = 0.5 * torch.tanh(torch.linspace(-40, 40, 64)).expand(1, 2, 64, 64)
    unbounded = bilinear(chroma_slope(small_L, ab), 512) * (L - L.mean(2, keepdim=True))
    assert (bilinear(ab, 512) + unbounded).abs().max() > 0.6
    assert guided(ab, small_L, L).abs().max() <= 0.5 + 1e-6


def test_grain_in_lightness_stays_grain_in_colour():
    chance = torch.Generator().manual_seed(0)
    grain = 0.005 * torch.randn(1, 1, 64, 64, generator=chance)
    ab = torch.nn.functional.interpolate(0.3 * torch.rand(1, 2, 3, 3, generator=chance), size=(8, 8), mode="bilinear")
    small_L = F.avg_pool2d(grain, 8)
    assert (guided(ab, small_L, grain) - bilinear(ab, 64)).abs().max() < 0.02
