import pytest
import torch

from train.hints import simulate_hints


@pytest.fixture
def ab(generator) -> torch.Tensor:
    """True colours (400,2,64,64), none of them zero."""
    return 0.2 + torch.rand(400, 2, 64, 64, generator=generator)


def test_simulated_hints_show_true_colours_and_nothing_else(ab, generator):
    hint_ab, hint_mask = simulate_hints(ab, generator)
    assert set(hint_mask.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(hint_ab, ab * hint_mask)


def test_same_seed_same_hints(ab):
    first, second = (simulate_hints(ab, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first[1], second[1])


def test_binomial_counts_average_five_and_geometric_counts_seven_with_many_zeros(generator):
    # One pixel a hint on a large picture, so that hardly any two meet and pixels count hints.
    ab = torch.ones(300, 2, 512, 512)
    binomial = simulate_hints(ab, generator, counts="binomial", sides=(1, 1))[1].sum((1, 2, 3))
    geometric = simulate_hints(ab, generator, counts="geometric", sides=(1, 1))[1].sum((1, 2, 3))
    assert abs(float(binomial.mean()) - 5) < 0.5
    assert abs(float(geometric.mean()) - 7) < 1.5
    assert float((geometric == 0).float().mean()) > 0.08 > float((binomial == 0).float().mean())


def test_places_are_normal_around_the_middle_with_a_quarter_of_the_side(generator):
    ab = torch.ones(4000, 2, 64, 64)
    hint_mask = simulate_hints(ab, generator, counts=1, sides=(1, 1))[1]
    rows = hint_mask[:, 0].nonzero()[:, 1].float()
    inner = rows[(rows > 0) & (rows < 63)]
    assert abs(float(rows.mean()) - 31.5) < 1
    # What falls outside is moved to the border: about 2.3% on either side.
    assert 0.025 < 1 - len(inner) / len(rows) < 0.075
    assert 13 < float(inner.std()) < 16


def test_sides_are_uniform_from_one_to_nine(generator):
    ab = torch.ones(3000, 2, 256, 256)
    side = simulate_hints(ab, generator, counts=1)[1].sum((1, 2, 3)).sqrt().round()
    shares = torch.bincount(side.long(), minlength=10)[1:].float() / len(side)
    # The border cuts some squares.
    assert len(shares) == 9 and shares.min() > 0.07 and shares.max() < 0.15


def test_an_exact_number_of_hints_is_possible_and_none_too(ab, generator):
    assert simulate_hints(ab, generator, counts=0)[1].sum() == 0
    assert (simulate_hints(ab, generator, counts=1, sides=(3, 3))[1].sum((1, 2, 3)) >= 4).all()


def test_an_unknown_law_of_counts_is_refused(ab, generator):
    with pytest.raises(
        ValueError, match="expected counts to be 'binomial', 'geometric', 'wide' or a whole number, got 'poisson'"
    ):
        simulate_hints(ab, generator, counts="poisson")


def test_the_wide_law_has_many_hints_now_and_then(generator):
    ab = torch.zeros(2000, 2, 64, 64)
    counted = {
        law: simulate_hints(ab, generator, counts=law, sides=(1, 1))[1].sum((1, 2, 3)) for law in ("geometric", "wide")
    }
    assert (counted["wide"] == 0).any()
    assert (counted["wide"] > 40).float().mean() > 0.04 > 0.02 > (counted["geometric"] > 40).float().mean()


def test_flat_hints_have_the_mean_of_their_square(generator):
    ab = torch.rand(200, 2, 32, 32, generator=generator)
    hint_ab, hint_mask = simulate_hints(ab, generator, counts=1, sides=(5, 5), flat=1.0)
    for one, mask, truth in zip(hint_ab, hint_mask, ab, strict=True):
        hinted = mask[0] > 0
        torch.testing.assert_close(one[:, hinted], truth[:, hinted].mean(1, keepdim=True).expand(2, int(hinted.sum())))
        assert not one[:, ~hinted].any()


def test_strokes_are_longer_than_wide(generator):
    ab = torch.rand(300, 2, 64, 64, generator=generator)
    dots = simulate_hints(ab, generator, counts=1, sides=(3, 3))[1].sum((1, 2, 3))
    strokes = simulate_hints(ab, generator, counts=1, sides=(3, 3), strokes=1.0)[1].sum((1, 2, 3))
    assert strokes.mean() > 2.5 * dots.mean() and strokes.max() <= 4 * 9


def test_a_lone_hint_lies_where_the_colour_is_strongest(generator):
    ab = 0.1 * torch.rand(50, 2, 32, 32, generator=generator)
    ab[:, :, 20:25, 8:13] = 0.9
    _, hint_mask = simulate_hints(ab, generator, counts=5, sides=(1, 1), lone=1.0)
    assert (hint_mask.sum((1, 2, 3)) == 1).all() and (hint_mask[:, 0, 22, 10] == 1).all()
