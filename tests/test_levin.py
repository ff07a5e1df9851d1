import pytest
import torch

from train.evaluate.levin import levin


@pytest.fixture
def halves() -> torch.Tensor:
    """`L` (1,1,16,20): a dark half and a light one."""
    L = torch.full((1, 1, 16, 20), -0.5)
    L[..., 10:] = 0.5
    return L


def hinted(L: torch.Tensor, spots: list[tuple[int, int, float, float]]) -> tuple[torch.Tensor, torch.Tensor]:
    hint_ab, hint_mask = torch.zeros(1, 2, *L.shape[2:]), torch.zeros_like(L)
    for row, column, a, b in spots:
        hint_ab[0, :, row, column] = torch.tensor([a, b])
        hint_mask[0, 0, row, column] = 1
    return hint_ab, hint_mask


def test_colour_fills_its_side_of_an_edge_and_stops_there(halves):
    ab_pred = levin(halves, *hinted(halves, [(3, 2, 0.4, 0.1), (12, 17, -0.3, 0.2)]))
    left, right = ab_pred[0, :, :, :9], ab_pred[0, :, :, 11:]
    torch.testing.assert_close(left, torch.tensor([0.4, 0.1])[:, None, None].expand_as(left), atol=0.03, rtol=0)
    torch.testing.assert_close(right, torch.tensor([-0.3, 0.2])[:, None, None].expand_as(right), atol=0.03, rtol=0)


def test_hints_are_kept_exactly(generator):
    L = 2 * torch.rand(1, 1, 16, 20, generator=generator) - 1
    hint_ab, hint_mask = hinted(L, [(0, 0, 0.4, 0.1), (8, 9, -0.3, 0.2), (15, 19, 0.0, 0.0)])
    ab_pred = levin(L, hint_ab, hint_mask)
    torch.testing.assert_close(ab_pred * hint_mask, hint_ab)
    # Means of means: nothing lies beyond the hints.
    assert ab_pred[:, 0].min() >= -0.3 - 1e-5 and ab_pred[:, 0].max() <= 0.4 + 1e-5


def test_without_hints_the_picture_stays_grey(halves):
    assert levin(halves, *hinted(halves, [])).abs().max() == 0


@pytest.mark.parametrize("height, width", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_pictures_are_filled_by_one_hint(height, width):
    L = torch.zeros(1, 1, height, width)
    ab_pred = levin(L, *hinted(L, [(0, 0, 0.4, 0.1)]))
    torch.testing.assert_close(ab_pred[:, 0], torch.full((1, height, width), 0.4))
