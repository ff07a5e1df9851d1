"""Guidance by an untrained network: properties of the mathematics that hold for any weights."""

import pytest
import torch

from colouru.colour import AB_SCALE, into_gamut, lab_to_rgb, rgb_to_lab
from colouru.guidance import DISTINCT, MAX_SUGGESTIONS, distinct_colours, similarity_mask, uncertainty
from colouru.networks import Generator
from colouru.networks.bins import AB_BINS, nearest_bin


@pytest.fixture(scope="module")
def network() -> Generator:
    torch.manual_seed(0)
    return Generator(widths=(8, 8, 8), semantic_widths=(8, 8, 8, 8)).eval()


def test_every_colour_of_srgb_has_a_bin_that_it_is_near_to(generator):
    lab = rgb_to_lab(torch.rand(1, 3, 50, 50, generator=generator))
    found = AB_BINS[nearest_bin(lab[:, 1:] / AB_SCALE)].movedim(-1, 1)
    assert (found - lab[:, 1:]).abs().max() <= 7.5


@pytest.mark.parametrize("lightness", [0, 3, 50, 97, 100])
def test_suggestions_are_distinct_possible_and_the_likeliest_first(generator, lightness):
    probabilities = torch.randn(len(AB_BINS), generator=generator).mul(3).softmax(0)
    found = distinct_colours(probabilities, lightness)
    assert 1 <= len(found) <= MAX_SUGGESTIONS
    likelihoods = [likelihood for _, likelihood in found]
    assert likelihoods == sorted(likelihoods, reverse=True) and sum(likelihoods) <= 1 + 1e-5
    ab = torch.stack([ab for ab, _ in found])
    distances = torch.cdist(ab, ab) + 1e3 * torch.eye(len(ab))
    assert distances.min() > DISTINCT / 3
    lab = torch.cat([torch.full((len(ab), 1), float(lightness)), ab], 1).T[None, ..., None]
    rgb = lab_to_rgb(lab)
    assert rgb.min() > -0.01 and rgb.max() < 1.01
    torch.testing.assert_close(into_gamut(lab)[0], lab, atol=0.2, rtol=0)


def test_what_is_certain_is_the_only_suggestion():
    probabilities = torch.zeros(len(AB_BINS))
    probabilities[(AB_BINS == torch.tensor([20.0, 30.0])).all(1)] = 1
    ((ab, likelihood),) = distinct_colours(probabilities, 60.0)
    assert ab.tolist() == [20, 30] and likelihood == pytest.approx(1)


def test_a_dot_takes_the_uncertainty_away_where_it_is(network):
    L = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(1, 1, 48, 64).clone()
    hint_mask = torch.zeros(1, 1, 48, 64)
    with torch.inference_mode():
        before = uncertainty(network, network.see(L), hint_mask)
        hint_mask[..., 20:28, 8:16] = 1
        after = uncertainty(network, network.see(L), hint_mask)
    assert before.gain.shape == before.deviation.shape == (12, 16)
    assert (after.deviation <= before.deviation + 1e-2).all()
    assert after.deviation[6, 2] < 0.5 * before.deviation[6, 2]
    assert after.gain[6, 2] < 0.2 * before.gain.max()


def test_the_gain_is_the_fall_of_the_variance_that_a_dot_brings(network):
    """A hint of one cell at the maximum of the map lowers the mean variance by the value there."""
    torch.manual_seed(1)
    L = 2 * torch.rand(1, 1, 32, 32) - 1
    with torch.inference_mode():
        sight = network.see(L)
        before = uncertainty(network, sight, torch.zeros(1, 1, 32, 32))
        row, column = divmod(int(before.gain.argmax()), before.gain.shape[1])
        hint_mask = torch.zeros(1, 1, 32, 32)
        hint_mask[..., 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 1
        after = uncertainty(network, sight, hint_mask)
    # `deviation` is the norm over both channels, and the mean squared error is their mean.
    fall = (before.deviation.square() - after.deviation.square()).mean() / 2
    assert float(fall) == pytest.approx(float(before.gain.max()), rel=0.05)


def test_a_similarity_mask_ends_at_an_edge_and_is_connected():
    features = torch.zeros(1, 40, 60)
    features[:, :, 30:] = 5  # another object
    features[:, 5:15, 45:55] = 0  # similar to the spot, beyond the edge
    features[:, 20, 10] = 5  # a speck
    found = similarity_mask(features, 0.1, 0.5)
    assert found.shape == (40, 60) and found[20, 6] == 255
    assert (found[:, :29] > 250).all() and (found[:, 31:] < 30).all()
    assert similarity_mask(torch.zeros(1, 1, 1), 1, 0).tolist() == [[255]]
