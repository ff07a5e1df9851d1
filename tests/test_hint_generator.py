"""The next generator: a photo is encoded once, hints are kept exactly and reach what is like them."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks.hint_generator import STRIDE, HintGenerator, _tokens
from train.generator import GeneratorObjective
from train.hints import simulate_hints


@pytest.fixture
def network() -> HintGenerator:
    """Untrained but for its last layers, which would else do nothing."""
    torch.manual_seed(0)
    network = HintGenerator(widths=(8, 8, 16), prior_widths=(8, 8, 8, 16)).eval()
    decoders = (network.prior.decoder, network.prior.bold_decoder)
    for last in (*(decoder.ab_head for decoder in decoders), network.token_mlp[-1], network.refine_head):
        nn.init.normal_(last.weight, std=0.05)
    return network


def scene(height: int, width: int, rng: torch.Generator, count: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """`L`, `hint_ab` and `hint_mask` of two pictures of noise."""
    L = 2 * torch.rand(2, 1, height, width, generator=rng) - 1
    ab = 0.4 * torch.randn(2, 2, height, width, generator=rng)
    return L, *simulate_hints(ab, rng, counts=count, sides=(1, 5))


@pytest.mark.parametrize("height, width", [(64, 64), (37, 53), (1, 1), (1, 300), (9, 2)])
def test_a_prediction_has_the_size_of_the_photo(network, generator, height, width):
    with torch.inference_mode():
        assert network(*scene(height, width, generator)).shape == (2, 2, height, width)


@pytest.mark.parametrize("count", [1, 30])
def test_hints_are_kept_exactly(network, generator, count):
    L, hint_ab, hint_mask = scene(48, 33, generator, count)
    hinted = hint_mask.expand_as(hint_ab) > 0
    with torch.inference_mode():
        assert torch.equal(network(L, hint_ab, hint_mask)[hinted], hint_ab[hinted])


def test_encoding_once_and_decoding_twice_equals_doing_both_twice(network, generator):
    L, *hints = scene(32, 32, generator)
    others = simulate_hints(torch.rand(2, 2, 32, 32), generator, counts=2)
    with torch.inference_mode():
        encoding = network.encode(L)
        for one in (hints, others):
            assert torch.equal(network.decode(encoding, *one).ab, network(L, *one))


def test_a_picture_is_the_same_alone_and_in_a_batch(network, generator):
    # One picture of the batch has many hints and one few: padding of tokens must change nothing.
    L, hint_ab, hint_mask = scene(64, 64, generator, 20)
    hint_mask[1, :, :, 6:] = 0
    hint_ab = hint_ab * hint_mask
    with torch.inference_mode():
        together, alone = network(L, hint_ab, hint_mask), network(L[1:], hint_ab[1:], hint_mask[1:])
    torch.testing.assert_close(together[1:], alone, rtol=1e-3, atol=1e-3)


def test_a_dot_reaches_what_is_like_it_across_the_picture(network):
    # An embedding of lightness alone, and a picture of two white bars far apart on black.
    with torch.no_grad():
        for weight in (network.phi_head.weight, network.phi_head.bias, network.refine_head.weight):
            nn.init.zeros_(weight)
        network.log_position_scale.fill_(-5)
        network.log_lightness_scale.fill_(2)
        network.log_near_position.fill_(5)
        network.log_trend_std.fill_(-20)
    L = -torch.ones(1, 1, 64, 192)
    L[..., :32] = L[..., -32:] = 1
    hint_mask = torch.zeros(1, 1, 64, 192)
    hint_mask[..., 24:32, 8:16] = 1
    red = torch.tensor([0.6, 0.4]).view(1, 2, 1, 1)
    with torch.inference_mode():
        encoding = network.encode(L)
        encoding = encoding._replace(ab=0 * encoding.ab, bold_ab=0 * encoding.ab)
        effect = network.decode(encoding, red * hint_mask, hint_mask).ab
    like, unlike = effect[..., 172:184].mean((2, 3)), effect[..., 90:100].mean((2, 3))
    assert like.norm() > 0.3 and unlike.norm() < 0.05 * like.norm()


def test_hints_tell_of_a_whole_picture_that_is_paler_than_its_prior_and_has_a_cast(network, generator):
    L, _, hint_mask = scene(64, 64, generator, 8)
    with torch.no_grad():
        nn.init.zeros_(network.token_mlp[-1].weight)
        network.log_trend_std.copy_(torch.tensor([0.0, 0.0, -2.0]))
        encoding = network.encode(L)
        # Nothing is like anything else, so all that hints tell is the trend.
        ab = 0.3 * torch.randn(encoding.ab.shape, generator=generator)
        encoding = encoding._replace(phi=1000 * torch.randn(encoding.phi.shape, generator=generator), ab=ab)
        truth = 0.3 * ab + torch.tensor([0.02, 0.1]).view(1, 2, 1, 1)
        encoding = encoding._replace(std=torch.full_like(encoding.std, 0.1))
        hint_mask = F.interpolate(F.max_pool2d(hint_mask, STRIDE), scale_factor=STRIDE)
        tokens_ab = F.interpolate(truth, scale_factor=STRIDE) * hint_mask
        tokens, hint, _ = _tokens(tokens_ab, hint_mask)
        spread, explained = network._spread(encoding, tokens, hint)
    assert explained.median() < 0.01
    assert (ab + spread - truth).square().mean() < 0.2 * (ab - truth).square().mean()


@pytest.mark.parametrize("kind", ["grey", "black", "white", "noise", "lines"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_predictions_are_finite_and_bounded(network, generator, kind, count):
    L = torch.zeros(1, 1, 64, 64)
    if kind in ("black", "white"):
        L += 1 if kind == "white" else -1
    if kind == "noise":
        L = 2 * torch.rand(1, 1, 64, 64, generator=generator) - 1
    if kind == "lines":
        L[..., ::2] = 1
    hints = simulate_hints(torch.randn(1, 2, 64, 64), generator, counts=count, sides=(1, 3))
    with torch.inference_mode():
        ab_pred = network(L, *hints)
    assert torch.isfinite(ab_pred).all() and ab_pred.abs().max() < 20


def test_boldness_blends_the_two_priors_and_keeps_hints(network, generator):
    L, hint_ab, hint_mask = scene(64, 64, generator)
    hinted = hint_mask.expand_as(hint_ab) > 0
    with torch.inference_mode():
        nn.init.zeros_(network.refine_head.weight)
        encoding = network.encode(L)
        none = 0 * hint_ab, 0 * hint_mask
        careful, half, bold = (network.decode(encoding, *none, boldness=b).ab for b in (0.0, 0.5, 1.0))
        torch.testing.assert_close(half, (careful + bold) / 2, atol=1e-5, rtol=1e-4)
        assert not torch.equal(careful, bold)
        ab_pred = network.decode(encoding, hint_ab, hint_mask, boldness=1.0).ab
    assert torch.equal(ab_pred[hinted], hint_ab[hinted])


def test_every_weight_but_the_prior_learns(network, generator):
    network.train()
    network.prior.requires_grad_(False)
    L, hint_ab, hint_mask = scene(64, 64, generator)
    losses = GeneratorObjective(network)(L, 0.3 * torch.randn(2, 2, 64, 64, generator=generator), hint_ab, hint_mask)
    losses["total"].backward()
    for name, p in network.named_parameters():
        assert (p.grad is None) == name.startswith("prior."), name


def test_what_hints_make_worse_is_a_loss_of_its_own(network, generator):
    L, hint_ab, hint_mask = scene(64, 64, generator)
    objective = GeneratorObjective(network)
    with torch.no_grad():
        prior = F.interpolate(network.encode(L).ab, scale_factor=STRIDE, mode="nearest")
        worse = objective(L, prior, hint_ab, hint_mask)["regression"]
        better = objective(L, network(L, hint_ab, hint_mask), hint_ab, hint_mask)["regression"]
    assert worse > 0 and worse > 10 * better


def test_wrong_widths_and_shapes_are_named(network):
    with pytest.raises(ValueError, match=r"expected 3 widths that are multiples of 8, got \[8, 8, 12\]"):
        HintGenerator([8, 8, 12])
    with pytest.raises(ValueError, match=r"expected 4 widths that are multiples of 8, got \[8\]"):
        HintGenerator([8, 8, 8], prior_widths=[8])
    with pytest.raises(ValueError, match=r"expected L of shape \(N,1,H,W\), got \(2, 3, 8, 8\)"):
        network(torch.zeros(2, 3, 8, 8), torch.zeros(2, 2, 8, 8), torch.zeros(2, 1, 8, 8))
