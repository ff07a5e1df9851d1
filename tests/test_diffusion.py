"""Diffusion along the lightness."""

import torch

from colouru.networks.diffusion import (
    HOLD,
    SAME_COLOUR,
    SHIFTS,
    WIDTH_OF_COLOUR,
    affinity,
    affinity_of_colours,
    diffuse,
)


def random_picture(generator, side: int = 10):
    L = torch.rand(2, 1, side, side, generator=generator) * 2 - 1
    ab = torch.rand(2, 2, side, side, generator=generator) - 0.5
    hint_mask = (torch.rand(2, 1, side, side, generator=generator) < 0.05).float()
    hint_ab = hint_mask * (torch.rand(2, 2, side, side, generator=generator) - 0.5)
    return L, ab, hint_ab, hint_mask


def held(L, hold: float = 0.05):
    return torch.full_like(L, hold)


def test_the_weights_of_the_neighbours_inside_sum_to_one(generator):
    weights = affinity(random_picture(generator)[0])
    assert (weights.sum(1) - 1).abs().max() < 1e-5 and weights.min() >= 0
    assert weights[:, :3, 0].max() == 0  # above the first row


def test_it_solves_its_equation_nearly(generator):
    L, ab, hint_ab, hint_mask = random_picture(generator)
    weights = affinity(L)
    held_by = HOLD + 0.5 * torch.rand(L.shape, generator=generator)
    side = L.shape[2]
    for number in range(len(L)):
        matrix = torch.zeros(side * side, side * side)
        for k, (dy, dx) in enumerate((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)):
            for y in range(side):
                for x in range(side):
                    if 0 <= y + dy < side and 0 <= x + dx < side:
                        matrix[y * side + x, (y + dy) * side + x + dx] = weights[number, k, y, x]
        hinted = hint_mask[number].flatten() > 0
        hold = held_by[number].flatten()
        system = torch.diag(1 + hold) - matrix
        system[hinted] = torch.eye(side * side)[hinted]
        given = torch.where(hinted, hint_ab[number].flatten(1), hold * ab[number].flatten(1))
        exact = torch.linalg.solve(system, given.T).T.view(2, side, side)
        found = diffuse(ab, held_by, weights, hint_ab, hint_mask)[number]
        assert (found - exact).norm() < 0.3 * (ab[number] - exact).norm()


def test_hints_stay_exactly_as_hinted(generator):
    L, ab, hint_ab, hint_mask = random_picture(generator)
    found = diffuse(ab, held(L), affinity(L), hint_ab, hint_mask)
    assert torch.equal(found * hint_mask, hint_ab)


def test_an_even_colour_stays_as_it_is(generator):
    L, *_ = random_picture(generator)
    ab = torch.full((2, 2, 10, 10), 0.3)
    assert (diffuse(ab, held(L), affinity(L), 0 * ab, 0 * L) - ab).abs().max() < 1e-5


def test_mottle_goes_and_an_edge_of_the_lightness_stays(generator):
    L = torch.zeros(1, 1, 16, 16)
    L[..., 8:] = 0.8
    ab = torch.where(L > 0.5, 0.4, -0.4).repeat(1, 2, 1, 1)
    mottled = ab + 0.1 * torch.randn(ab.shape, generator=generator)
    found = diffuse(mottled, held(L), affinity(L), 0 * ab, 0 * L)
    assert (found - ab).square().mean() < 0.2 * (mottled - ab).square().mean()


def test_what_is_held_firmly_keeps_its_texture(generator):
    L = torch.zeros(1, 1, 16, 16)
    ab = torch.randn(1, 2, 16, 16, generator=generator)
    loose, firm = (diffuse(ab, held(L, hold), affinity(L), 0 * ab, 0 * L).std() for hold in (0.05, 5.0))
    assert loose < 0.4 * ab.std() < firm


def two_colours_whatever_the_lightness(generator):
    """A checkered lightness, and ab that is mottled around one colour on the left and another on the right."""
    L = (torch.arange(16).view(-1, 1) + torch.arange(16)).remainder(2).view(1, 1, 16, 16) - 0.5
    ab = torch.full((1, 2, 16, 16), -0.3)
    ab[..., 8:] = 0.3
    return L, ab, ab + 0.02 * torch.randn(ab.shape, generator=generator)


def test_what_is_nearly_of_one_colour_comes_to_one_whatever_its_lightness(generator):
    L, ab, mottled = two_colours_whatever_the_lightness(generator)
    along_lightness = diffuse(mottled, held(L), affinity(L), 0 * ab, 0 * L)
    along_colours = diffuse(mottled, held(L), affinity_of_colours(mottled, affinity(L)), 0 * ab, 0 * L)
    assert (along_colours - ab).square().mean() < 0.2 * (mottled - ab).square().mean()
    # Along the lightness alone the two colours, for which it has no edge, run into each other.
    assert (along_colours - ab).square().mean() < 0.01 * (along_lightness - ab).square().mean()


def test_neighbours_weigh_as_in_a_bilateral_filter(generator):
    _, ab, *_ = random_picture(generator, side=4)
    ab, given = 0.05 * ab, torch.rand(2, 8, 4, 4, generator=generator)
    found = affinity_of_colours(ab, given)
    padded = torch.nn.functional.pad(ab, (1, 1, 1, 1), value=torch.inf)
    expected = []
    for number, (y, x) in enumerate(SHIFTS):
        difference = (padded[..., y : y + 4, x : x + 4] - ab).square().sum(1) / WIDTH_OF_COLOUR**2
        expected.append((given[:, number] + SAME_COLOUR) * torch.exp(-difference / 2))
    expected = torch.stack(expected, 1)
    assert (found - expected / expected.sum(1, keepdim=True)).abs().max() < 1e-5
