"""The generator: one look at the photo, then hints that are kept exactly and go a long way."""

import pytest
import torch

from colouru.networks import Generator
from colouru.networks.blocks import Residual
from colouru.networks.generator import BELIEVED, SMALL, Sight
from colouru.networks.semantic import LENGTHS, Semantic, known_of_both, thumbnail
from train.hints import simulate_hints
from train.losses import Objective


@pytest.fixture
def generator_network() -> Generator:
    """Untrained but for its last layers, which would else do nothing."""
    torch.manual_seed(0)
    network = Generator(widths=(8, 8, 16), semantic_widths=(8, 8, 16, 16)).eval()
    for last in (network.automatic, network.doubt[-1], network.refine[-1], network.sharpen[-1]):
        torch.nn.init.normal_(last.weight, std=0.05)
    return network


def scene(height, width, generator, count=3, sides=(1, 5)):
    L = 2 * torch.rand(2, 1, height, width, generator=generator) - 1
    ab = 0.4 * torch.randn(2, 2, height, width, generator=generator)
    return L, *simulate_hints(ab, generator, counts=count, sides=sides)


@pytest.mark.parametrize("height, width", [(64, 64), (37, 53), (1, 1), (1, 500), (9, 2)])
def test_prediction_has_the_size_of_the_input(generator_network, generator, height, width):
    assert generator_network(*scene(height, width, generator)).shape == (2, 2, height, width)


@pytest.mark.parametrize("count", [1, 30])
def test_hints_are_kept_exactly_where_they_are(generator_network, generator, count):
    L, hint_ab, hint_mask = scene(48, 33, generator, count)
    ab_pred = generator_network(L, hint_ab, hint_mask)
    hinted = hint_mask.expand_as(hint_ab) > 0
    assert torch.equal(ab_pred[hinted], hint_ab[hinted])


def test_seeing_once_and_answering_twice_is_as_good_as_seeing_twice(generator_network, generator):
    L, *hints = scene(32, 32, generator)
    other = simulate_hints(torch.rand(2, 2, 32, 32), generator, counts=2)
    sight = generator_network.see(L)
    for one in (hints, other):
        assert torch.equal(generator_network.answer(sight, *one).ab, generator_network(L, *one))


def test_a_picture_is_coloured_the_same_in_any_company(generator_network, generator):
    # One picture of the batch has many hints and one few: filling must change nothing.
    L, hint_ab, hint_mask = scene(32, 32, generator, 20)
    hint_mask[1, :, :, 6:] = 0
    hint_ab = hint_ab * hint_mask
    together = generator_network(L, hint_ab, hint_mask)
    alone = generator_network(L[1:], hint_ab[1:], hint_mask[1:])
    torch.testing.assert_close(together[1:], alone, rtol=1e-3, atol=1e-4)


def test_a_dot_reaches_its_like_across_the_picture(monkeypatch):
    torch.manual_seed(0)
    network = Generator(widths=(8, 8, 16), semantic_widths=(8, 8, 16, 16)).eval()
    # The metric of lightness alone, and a photo that is as it looked: two white bars far apart on black.
    torch.nn.init.zeros_(network.phi.weight)
    monkeypatch.setattr("colouru.networks.generator.TINT", 0)
    monkeypatch.setattr("colouru.networks.generator.CAST", 0)
    with torch.no_grad():
        network.log_place.fill_(-5)
        network.log_light.fill_(2)
        network.log_near_place.fill_(5)
    L = -torch.ones(1, 1, 32, 96)
    L[..., :16] = L[..., -16:] = 1
    hint_mask = torch.zeros(1, 1, 32, 96)
    hint_mask[..., 12:16, 4:8] = 1
    red = torch.tensor([0.6, 0.4]).view(1, 2, 1, 1)
    effect = network(L, red * hint_mask, hint_mask) - network(L, 0 * red * hint_mask, 0 * hint_mask)
    same, other = effect[..., 84:92].mean((2, 3)), effect[..., 44:52].mean((2, 3))
    assert same.norm() > 0.5 and other.norm() < 0.05 * same.norm()


def strange_places(network, generator) -> tuple[torch.Tensor, Sight]:
    """The sight of a photo that looks vivid, where nothing is like anything else."""
    L, _, hint_mask = scene(64, 64, generator, 5)
    sight = network.see(L)
    phi = torch.cat([1000 * torch.randn(sight.phi[:, :-2].shape, generator=generator), sight.phi[:, -2:]], 1)
    return hint_mask, sight._replace(phi=phi, ab=0.3 * torch.randn(sight.ab.shape, generator=generator))


def test_what_hints_tell_of_the_whole_photo_reaches_what_is_like_none_of_them(
    generator_network, generator, monkeypatch
):
    monkeypatch.setattr("colouru.networks.generator.CAST", 0.15)
    hint_mask, sight = strange_places(generator_network, generator)
    # The photo is paler than it looks, and has a cast.
    truth = 0.2 * sight.ab + torch.tensor([0.02, 0.1]).view(1, 2, 1, 1)
    hint_ab = torch.nn.functional.interpolate(truth, scale_factor=2) * hint_mask
    reading = generator_network._read(sight, hint_ab, hint_mask)
    assert reading.known.median() < 0.01
    assert (reading.ab - truth).square().mean() < 0.1 * (sight.ab - truth).square().mean()


def test_of_lone_dots_pale_ones_tell_of_the_whole_photo_and_vivid_ones_do_not(generator_network, generator):
    _, sight = strange_places(generator_network, generator)

    def moved(times, *places):
        hint_mask = torch.zeros(2, 1, 64, 64)
        for y, x in places:
            hint_mask[:, :, y : y + 4, x : x + 4] = 1
        hint_ab = times * torch.nn.functional.interpolate(sight.ab, scale_factor=2) * hint_mask
        reading = generator_network._read(sight, hint_ab, hint_mask)
        return float((reading.ab.detach() - sight.ab).abs().mean((0, 1))[24:].mean())

    pale, vivid, vivid_apart = moved(0.2, (8, 8)), moved(1.8, (8, 8)), moved(1.8, (8, 8), (8, 52), (40, 30))
    assert pale > 10 * vivid and vivid_apart > 10 * vivid


def test_of_photographs_that_are_not_learned_from_less_is_believed(generator_network, generator):
    L = torch.rand(1, 1, 128, 128, generator=generator)
    used = generator_network.see(L).ab
    learned_from = generator_network.train().see(L).ab
    torch.testing.assert_close(used, BELIEVED * learned_from)
    small = L[..., :SMALL, :SMALL]
    torch.testing.assert_close(generator_network.see(small).ab, generator_network.eval().see(small).ab)


@pytest.mark.parametrize("kind", ["grey", "black", "white", "noise", "lines"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_whatever_hurts_stays_finite_and_bounded(generator_network, generator, kind, count):
    L = torch.zeros(1, 1, 64, 64)
    if kind in ("black", "white"):
        L += 1 if kind == "white" else -1
    if kind == "noise":
        L = 2 * torch.rand(1, 1, 64, 64, generator=generator) - 1
    if kind == "lines":
        L[..., ::2] = 1
    hints = simulate_hints(torch.randn(1, 2, 64, 64), generator, counts=count, sides=(1, 3))
    ab_pred = generator_network(L, *hints)
    assert torch.isfinite(ab_pred).all() and ab_pred.abs().max() < 20


def test_a_painted_picture_comes_out_as_painted(generator_network, generator):
    ab = torch.rand(1, 2, 200, 200, generator=generator)
    ab_pred = generator_network(torch.zeros(1, 1, 200, 200), ab, torch.ones(1, 1, 200, 200))
    assert torch.equal(ab_pred, ab)


def test_boldness_makes_colours_stronger_where_no_hint_tells_them_and_keeps_hints(generator_network, generator):
    L, hint_ab, hint_mask = scene(48, 33, generator)
    sight = generator_network.see(L)
    none = torch.zeros_like(hint_ab), torch.zeros_like(hint_mask)
    plain, bold = (generator_network.answer(sight, *none, boldness).ab for boldness in (0.0, 0.5))
    torch.testing.assert_close(bold, 1.5 * plain)
    ab_pred = generator_network(L, hint_ab, hint_mask, boldness=0.5)
    hinted = hint_mask.expand_as(hint_ab) > 0
    assert torch.equal(ab_pred[hinted], hint_ab[hinted])


@torch.no_grad()
def test_the_more_hints_tell_of_the_whole_the_less_bold_is_what_they_do_not_reach(generator_network, generator):
    L = torch.rand(1, 1, 64, 64, generator=generator)
    hint_ab, hint_mask = torch.full((1, 2, 64, 64), 0.3), torch.zeros(1, 1, 64, 64)
    sight = generator_network.see(L)
    grown, told = [], []
    for side in (0, 16, 48):
        hint_mask[..., :side, :side] = 1
        plain, bold = (generator_network.answer(sight, hint_ab * hint_mask, hint_mask, b) for b in (0.0, 1.0))
        told.append(float(plain.known.mean()))
        grown.append(float(bold.ab[..., 56:, 56:].norm() / plain.ab[..., 56:, 56:].norm()))
    assert told[0] < told[1] < told[2] and 2.01 > grown[0] > grown[1] > grown[2] >= 1


def test_a_surprising_hint_is_doubted_as_much_as_the_network_says(generator_network, generator):
    L, hint_ab, hint_mask = scene(32, 32, generator, 1)
    with torch.no_grad():
        torch.nn.init.zeros_(generator_network.doubt[-1].weight)
        known = []
        for doubt in (-2.0, 0.0, 6.0):
            generator_network.doubt[-1].bias.fill_(doubt)
            known.append(generator_network.answer(generator_network.see(L), hint_ab, hint_mask).known.mean())
    assert known[0] > known[1] > 5 * known[2]


def test_every_weight_learns_but_those_of_albums_which_have_a_stage_of_their_own(generator_network, generator):
    generator_network.train()
    L, *hints = scene(32, 32, generator)
    sight = generator_network.see(L)
    answer = generator_network.answer(sight, *hints)
    (answer.ab.square().mean() + generator_network.palette(answer.context).square().mean()).backward()
    for name, p in generator_network.named_parameters():
        if name.startswith("album."):
            assert p.grad is None, name
        else:
            assert p.grad is not None and torch.isfinite(p.grad).all(), name


def test_it_computes_in_half_precision_where_asked_to(generator_network, generator):
    L, *hints = scene(64, 64, generator)
    whole = generator_network(L, *hints)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = generator_network(L, *hints)
    assert (half.float() - whole).abs().mean() < 0.05


def test_wrong_widths_and_shapes_are_named(generator_network):
    with pytest.raises(ValueError, match=r"expected 3 widths that are multiples of 8, got \[8, 8, 12\]"):
        Generator([8, 8, 12])
    with pytest.raises(ValueError, match=r"expected 4 widths that are multiples of 8, got \[8\]"):
        Generator([8, 8, 8], semantic_widths=[8])
    with pytest.raises(ValueError, match=r"expected L of shape \(N,1,H,W\), got \(2, 3, 8, 8\)"):
        generator_network(torch.zeros(2, 3, 8, 8), torch.zeros(2, 2, 8, 8), torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"expected hint_ab of shape \(2, 2, 8, 8\)"):
        generator_network(torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 8, 9), torch.zeros(2, 1, 8, 8))


def test_what_residuals_change_is_left_out_at_times_in_training_and_never_after(generator):
    torch.manual_seed(0)
    residual, x = Residual(8, skip=0.5), torch.rand(200, 8, 4, 4, generator=generator)
    unchanged = (residual(x) == x).flatten(1).all(1).float().mean()
    assert 0.35 < unchanged < 0.65
    # On average they change as much as they do in use.
    many = torch.stack([residual(x[:1]) for _ in range(2000)]).mean(0)
    residual.eval()
    assert not (residual(x) == x).flatten(1).all(1).any()
    assert (many - residual(x[:1])).abs().mean() < 0.2 * (residual(x[:1]) - x[:1]).abs().mean()


def test_the_semantic_network_is_surer_of_itself_in_use_than_in_training(generator):
    torch.manual_seed(0)
    network, L = Semantic((8, 8, 16, 16), skip=0.3), torch.rand(2, 1, 64, 64, generator=generator)
    assert not torch.equal(network(L).deepest, network(L).deepest)
    network.eval()
    assert torch.equal(network(L).deepest, network(L).deepest)


def test_what_hints_make_worse_counts_beside_the_error_and_what_they_mend_does_not(generator_network, generator):
    L, hint_ab, hint_mask = scene(32, 32, generator)
    objective = Objective(generator_network)
    with torch.no_grad():
        automatic = torch.nn.functional.interpolate(generator_network.see(L).ab, scale_factor=2, mode="nearest")
        worse, _ = objective(L, automatic, hint_ab, hint_mask)
        better, _ = objective(L, generator_network(L, hint_ab, hint_mask), hint_ab, hint_mask)
    assert worse["regression"] > 0 and worse["regression"] > 10 * better["regression"]


@pytest.mark.parametrize(
    "size, seen",
    [((64, 64), (96, 96)), ((96, 48), (96, 48)), ((256, 170), (96, 64)), ((1, 1), (96, 96)), ((1, 500), (16, 96))],
)
def test_a_thumbnail_has_the_length_asked_for_whatever_the_picture_has(generator, size, seen):
    L = torch.rand(1, 1, *size, generator=generator)
    small = thumbnail(L, 96)
    assert small.shape[2:] == seen and abs(float(small.mean() - L.mean())) < 0.02


def test_what_is_known_of_a_picture_is_the_mean_of_a_small_look_and_a_larger_mirrored_one(generator_network, generator):
    L = torch.rand(2, 1, 96, 64, generator=generator)
    semantic = generator_network.semantic
    known = known_of_both(semantic, L)
    small, large = (semantic(thumbnail(x, length)) for x, length in zip((L, L.flip(3)), LENGTHS, strict=True))
    assert known.ab.shape == large.ab.shape and known.deepest.shape == small.deepest.shape
    torch.testing.assert_close(known.deepest, (small.deepest + large.deepest) / 2)
    torch.testing.assert_close(known.ab.mean(), (small.ab.mean() + large.ab.mean()) / 2, atol=1e-3, rtol=0)
