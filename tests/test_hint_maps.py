import pytest
import torch

from colouru.colour import AB_SCALE, rgb_to_lab
from colouru.hint_maps import rasterize
from colouru.hints import Hint

RED = Hint(x=0.25, y=0.5, colour="#ff0000", size=0.1)


def test_a_hint_becomes_a_square_of_its_ab_and_nothing_else():
    hint_ab, hint_mask = rasterize([RED], 40, 60)
    red = rgb_to_lab(torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1))[0, 1:, 0, 0] / AB_SCALE
    assert hint_mask.sum() == 36 and hint_mask[0, 0, 20, 15] == 1
    torch.testing.assert_close(hint_ab[0, :, 20, 15], red)
    assert torch.equal(hint_ab, hint_ab * hint_mask)


def test_the_later_of_two_hints_on_one_spot_lies_on_top():
    blue = Hint(x=RED.x, y=RED.y, colour="#0000ff", size=RED.size)
    assert torch.equal(rasterize([RED, blue], 40, 60)[0], rasterize([blue], 40, 60)[0])


@pytest.mark.parametrize("x, y", [(0, 0), (1, 1), (0, 1), (1, 0)])
def test_a_hint_in_a_corner_paints_the_corner(x, y):
    hint_mask = rasterize([Hint(x=x, y=y, colour="#00ff00", size=0.05)], 30, 20)[1]
    assert hint_mask[0, 0, -y, -x] == 1


def test_the_smallest_hint_paints_one_pixel():
    assert rasterize([Hint(x=0.5, y=0.5, colour="#00ff00", size=1e-6)], 1, 5000)[1].sum() == 1
