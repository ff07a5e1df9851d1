import numpy as np
import pytest
import torch
from skimage import color

from colouru.colour import from_network, high_pass, into_gamut, lab_to_rgb, picture_to_lab, rgb_to_lab, to_network


@pytest.fixture
def grid() -> torch.Tensor:
    """The 17^3 colours of a regular grid, (1,3,17,289)."""
    steps = torch.linspace(0, 1, 17)
    return torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij")).reshape(1, 3, 17, 289)


def as_image(x: torch.Tensor) -> np.ndarray:
    return x[0].movedim(0, -1).double().numpy()


def test_lab_matches_skimage_over_the_whole_grid(grid):
    assert np.abs(as_image(rgb_to_lab(grid)) - color.rgb2lab(as_image(grid))).max() < 1e-3


def test_rgb_matches_skimage_over_the_whole_grid(grid):
    lab = rgb_to_lab(grid)
    back = lab_to_rgb(lab)
    assert (back - grid).abs().max() < 1e-5
    # In CIELAB units too, where dark colours weigh more.
    assert (rgb_to_lab(back) - lab).abs().max() < 1e-3
    assert np.abs(as_image(back) - color.lab2rgb(as_image(lab))).max() < 1e-5


def test_bytes_give_the_same_lab_as_numbers():
    picture = np.arange(256 * 3, dtype=np.uint8).reshape(16, 16, 3)
    expected = color.rgb2lab(picture)
    assert np.abs(as_image(picture_to_lab(picture)) - expected).max() < 1e-3


def test_gradients_are_finite_over_the_whole_grid_both_ways(grid):
    for convert, start in ((rgb_to_lab, grid), (lab_to_rgb, rgb_to_lab(grid))):
        x = start.clone().requires_grad_()
        convert(x).square().sum().backward()
        assert torch.isfinite(x.grad).all()


def test_gradients_are_finite_for_colours_that_do_not_exist():
    lab = torch.tensor([[50.0, 200, -200], [0, 110, 110], [100, -110, -110]]).T[None, ..., None].requires_grad_()
    lab_to_rgb(lab).sum().backward()
    assert torch.isfinite(lab.grad).all()


def test_units_of_the_network_go_there_and_back(grid):
    lab = rgb_to_lab(grid)
    L, ab = to_network(lab)
    assert L.min() >= -1 and L.max() <= 1 + 1e-6 and ab.abs().max() < 1
    torch.testing.assert_close(from_network(L, ab), lab)


def test_high_pass_of_a_flat_picture_is_zero_up_to_its_border():
    assert high_pass(torch.full((1, 1, 5, 7), 0.3)).abs().max() < 1e-6


def test_high_pass_is_large_on_an_edge_only():
    L = torch.zeros(1, 1, 8, 8)
    L[..., 4:] = 1
    edges = high_pass(L).abs()[0, 0]
    assert (edges[:, 3:5] > 0.3).all() and edges[:, :3].max() == 0 and edges[:, 5:].max() == 0


@pytest.fixture
def impossible() -> torch.Tensor:
    """CIELAB far outside sRGB, (1,3,17,289)."""
    L, ab = torch.linspace(0, 100, 17), torch.linspace(-110, 110, 17)
    return torch.stack(torch.meshgrid(L, ab, ab, indexing="ij")).reshape(1, 3, 17, 289)


def test_colours_brought_into_the_gamut_keep_lightness_and_hue(impossible):
    lab, rgb = into_gamut(impossible)
    shown = rgb_to_lab(rgb)
    assert rgb.min() >= 0 and rgb.max() <= 1
    assert (shown[:, 0] - impossible[:, 0]).abs().max() < 0.1
    # The cross product of both ab is zero where the hue is the same.
    a, b = lab[:, 1:].unbind(1)
    cross = a * impossible[:, 2] - b * impossible[:, 1]
    assert cross.abs().max() < 0.1
    assert (shown - lab).abs().max() < 0.2


def test_colours_inside_the_gamut_stay_as_they_are(grid):
    lab = rgb_to_lab(grid)
    assert torch.equal(into_gamut(lab)[0], lab)
