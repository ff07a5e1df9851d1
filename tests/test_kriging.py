import numpy as np
import pytest
import torch

from colouru.networks.kriging import GROUP, MAX_TOKENS, kernel, krige, krige_about_trend, krige_surely, tokens_of


def test_the_kernel_is_one_at_no_distance_and_falls_with_its_square(generator):
    p = torch.randn(1, 4, 3, generator=generator)
    expected = (1 + (p[0, :, None] - p[0, None]).square().sum(2) / 4) ** -2
    torch.testing.assert_close(kernel(p, p)[0], expected)


def test_the_kernel_has_the_gradient_that_its_formula_has(generator):
    p, q = (torch.randn(2, count, 3, generator=generator, dtype=torch.double).requires_grad_() for count in (3, 5))
    assert torch.autograd.gradcheck(kernel, (p, q))


def test_pictures_of_a_batch_are_kriged_as_if_each_were_alone(generator):
    N, K = 2 * GROUP + 1, 6
    counts = torch.randint(0, K + 1, (N,), generator=generator)
    exists = (torch.arange(K) < counts[:, None]).float()
    places, values = torch.randn(N, K, 3, generator=generator), torch.randn(N, K, 2, generator=generator)
    pixels = torch.randn(N, 3, 4, 5, generator=generator)
    trend = torch.randn(N, K, 3, generator=generator)
    together = krige_about_trend(places, values, trend, pixels, noise=0.1, exists=exists)
    for i, count in enumerate(counts.tolist()):
        part, kept = slice(i, i + 1), slice(count)
        own = {"noise": 0.1, "exists": torch.ones(1, count)}
        given = places[part, kept], values[part, kept], trend[part, kept], pixels[part]
        alone = krige_about_trend(*given, **own) if count else [torch.zeros(())] * 3
        for one, other in zip(together, alone, strict=True):
            torch.testing.assert_close(one[part], other.expand_as(one[part]))


def test_kriging_is_the_posterior_mean_of_a_gaussian_process(generator):
    places, values = torch.randn(1, 5, 2, generator=generator), torch.randn(1, 5, 2, generator=generator)
    pixels = torch.randn(1, 2, 3, 4, generator=generator)
    spread = krige(places, values, pixels, noise=0.1, exists=torch.ones(1, 5))
    p, q = places[0].double().numpy(), pixels[0].double().flatten(1).T.numpy()
    covariance = (1 + ((p[:, None] - p) ** 2).sum(2) / 4) ** -2 + 0.1 * np.eye(5)
    across = (1 + ((q[:, None] - p) ** 2).sum(2) / 4) ** -2
    expected = across @ np.linalg.solve(covariance, values[0].double().numpy())
    np.testing.assert_allclose(spread[0].flatten(1).T.numpy(), expected, rtol=1e-3, atol=1e-5)


def test_with_little_noise_values_are_met_and_far_away_nothing_is_said():
    pixels = torch.tensor([0.0, 1.0, 100.0]).view(1, 1, 1, 3)
    spread = krige(
        torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[2.0], [-1.0]]]), pixels, noise=1e-5, exists=torch.ones(1, 2)
    )
    torch.testing.assert_close(spread[0, 0, 0], torch.tensor([2.0, -1.0, 0.0]), atol=1e-3, rtol=0)


def test_many_hints_on_one_spot_that_contradict_each_other_meet_in_the_middle():
    places = torch.zeros(1, 500, 3)
    values = torch.tensor([1.0, -1.0]).repeat(250).view(1, 500, 1)
    spread = krige(places, values, torch.zeros(1, 3, 2, 2), noise=1e-3, exists=torch.ones(1, 500))
    # Weights of +-1000 cancel, and how well they do so in single precision depends on the processor.
    assert spread.abs().max() < 0.25


def test_a_token_is_the_mean_of_the_hinted_pixels_of_its_cell():
    weight = torch.zeros(1, 1, 4, 4)
    weight[..., 0, 0], weight[..., 1, 1], weight[..., 3, 3] = 1, 0.25, 1
    x = torch.arange(16.0).view(1, 1, 4, 4)
    tokens = tokens_of(weight)
    assert sorted(tokens.mean(x)[0, :, 0].tolist()) == [pytest.approx((0 + 0.25 * 5) / 1.25), pytest.approx(15)]


def test_no_hints_are_one_token_that_does_not_exist():
    tokens = tokens_of(torch.zeros(2, 1, 6, 6))
    assert tokens.exists.shape == (2, 1) and not tokens.exists.any()
    assert torch.equal(tokens.mean(torch.ones(2, 3, 6, 6)), torch.zeros(2, 1, 3))


@pytest.mark.parametrize("side", [7, 64, 301])
def test_too_many_tokens_are_merged_with_their_neighbours(side):
    tokens = tokens_of(torch.ones(1, 1, side, side))
    assert 0 < tokens.exists.sum() <= MAX_TOKENS and tokens.exists.all()
    torch.testing.assert_close(tokens.mean(torch.ones(1, 1, side, side)), torch.ones(1, tokens.exists.shape[1], 1))


def test_a_trend_and_what_lies_beside_it_are_found_together_as_a_gaussian_process_has_them(generator):
    places, values = torch.randn(1, 5, 2, generator=generator), torch.randn(1, 5, 2, generator=generator)
    trend, pixels = torch.randn(1, 5, 3, generator=generator), torch.randn(1, 2, 3, 4, generator=generator)
    given = {"noise": 0.1, "exists": torch.ones(1, 5)}
    spread, known, coefficients = krige_about_trend(places, values, trend, pixels, **given)
    p, q = places[0].double().numpy(), pixels[0].double().flatten(1).T.numpy()
    F = trend[0].double().numpy()
    beside = (1 + ((p[:, None] - p) ** 2).sum(2) / 4) ** -2 + 0.1 * np.eye(5)
    across = (1 + ((q[:, None] - p) ** 2).sum(2) / 4) ** -2
    # Both are normal a priori: their covariances add up.
    weights = np.linalg.solve(beside + F @ F.T, values[0].double().numpy())
    np.testing.assert_allclose(coefficients[0].numpy(), F.T @ weights, rtol=1e-3, atol=1e-5)
    expected = (across @ weights).T.reshape(2, 3, 4) * known[0].clamp(0, 1).square().numpy()
    np.testing.assert_allclose(spread[0].numpy(), expected, rtol=1e-3, atol=1e-5)
    plain, as_known = krige_surely(places, values, pixels, **given)
    torch.testing.assert_close(known, as_known)
    assert not torch.allclose(plain, spread)
