import torch
import torch.nn.functional as F

from colouru.propagation import chroma_slope, guided_rows, upsampled_rows


def test_at_the_same_size_nothing_changes(generator):
    L, ab = torch.rand(1, 1, 12, 16, generator=generator), torch.rand(1, 2, 12, 16, generator=generator)
    same = guided_rows(ab, chroma_slope(L, ab), L, L, 12, slice(0, 12))
    torch.testing.assert_close(same, ab)


def test_rows_made_apart_are_those_of_the_whole(generator):
    x = torch.rand(1, 3, 7, 9, generator=generator)
    whole = F.interpolate(x, size=(50, 31), mode="bilinear", align_corners=False)
    rows = [upsampled_rows(x, 50, 31, slice(top, min(top + 8, 50))) for top in range(0, 50, 8)]
    torch.testing.assert_close(torch.cat(rows, dim=2), whole)


def test_chroma_follows_a_fine_edge_better_than_bilinear_alone():
    # A slanted edge, in lightness and chroma alike, from black to white, sixteen times finer than the working copy.
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    edge = (x + 0.3 * y > 150).float()[None, None]
    L, ab = 2 * edge - 1, torch.cat([0.4 * edge, -0.2 * edge], 1)
    small_L, small_ab = F.avg_pool2d(L, 16), F.avg_pool2d(ab, 16)
    guided = guided_rows(small_ab, chroma_slope(small_L, small_ab), small_L, L, 256, slice(0, 256))
    bilinear = upsampled_rows(small_ab, 256, 256, slice(0, 256))
    assert (guided - ab).square().mean() < 0.1 * (bilinear - ab).square().mean()


def test_fine_stripes_do_not_invent_colours():
    # Blue on the left, orange on the right, an edge of lightness between them that looks like the reason, and stripes.
    y, x = torch.meshgrid(torch.arange(512.0), torch.arange(512.0), indexing="ij")
    L = (((y // 2) % 2) - 0.5 + 0.4 * torch.tanh((x - 256) / 6))[None, None]
    small_L = F.avg_pool2d(L, 8)
    ab = 0.5 * torch.tanh(torch.linspace(-40, 40, 64)).expand(1, 2, 64, 64)
    unbounded = upsampled_rows(chroma_slope(small_L, ab), 512, 512, slice(0, 512)) * (L - L.mean(2, keepdim=True))
    bilinear = upsampled_rows(ab, 512, 512, slice(0, 512))
    assert (bilinear + unbounded).abs().max() > 0.6
    guided = guided_rows(ab, chroma_slope(small_L, ab), small_L, L, 512, slice(0, 512))
    assert guided.abs().max() <= 0.5


def test_grain_in_lightness_stays_grain_in_colour():
    chance = torch.Generator().manual_seed(0)
    grain = 0.005 * torch.randn(1, 1, 64, 64, generator=chance)
    ab = torch.nn.functional.interpolate(0.3 * torch.rand(1, 2, 3, 3, generator=chance), size=(8, 8), mode="bilinear")
    small_L = F.avg_pool2d(grain, 8)
    guided = guided_rows(ab, chroma_slope(small_L, ab), small_L, grain, 64, slice(0, 64))
    assert (guided - upsampled_rows(ab, 64, 64, slice(0, 64))).abs().max() < 0.02
