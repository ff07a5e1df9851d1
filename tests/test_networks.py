import pytest
import torch

from colouru.networks import Autoencoder, Discriminator, UNet, build_colourizer
from train.hints import simulate_hints


@pytest.fixture(params=[Autoencoder, UNet])
def network(request) -> torch.nn.Module:
    torch.manual_seed(0)
    return request.param(widths=(8, 8, 8)).eval()


def picture(height: int, width: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    L = 2 * torch.rand(2, 1, height, width, generator=generator) - 1
    ab = torch.rand(2, 2, height, width, generator=generator)
    return L, *simulate_hints(ab, generator, counts=3)


@pytest.mark.parametrize("height, width", [(64, 64), (37, 53), (1, 1), (1, 500), (9, 2)])
def test_prediction_has_the_size_of_the_input(network, generator, height, width):
    assert network(*picture(height, width, generator)).shape == (2, 2, height, width)


def test_every_weight_learns(network, generator):
    network.train()
    network(*picture(32, 32, generator)).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() and p.grad.any() for p in network.parameters())


def test_hints_change_the_prediction(network, generator):
    L, hint_ab, hint_mask = picture(32, 32, generator)
    none = torch.zeros_like(hint_ab), torch.zeros_like(hint_mask)
    assert not torch.allclose(network(L, hint_ab, hint_mask), network(L, *none))


def test_the_baseline_can_predict_negative_ab():
    torch.manual_seed(0)
    network = Autoencoder()
    output = network(torch.randn(4, 1, 32, 32), torch.zeros(4, 2, 32, 32), torch.zeros(4, 1, 32, 32))
    assert output.min() < 0 < output.max()


def test_wrong_shapes_are_named(network):
    with pytest.raises(ValueError, match=r"expected L of shape \(N,1,H,W\), got \(2, 3, 8, 8\)"):
        network(torch.zeros(2, 3, 8, 8), torch.zeros(2, 2, 8, 8), torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"expected hint_ab of shape \(2, 2, 8, 8\)"):
        network(torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 8, 9), torch.zeros(2, 1, 8, 8))


@pytest.mark.parametrize("height, width", [(64, 64), (5, 3), (100, 40)])
def test_the_discriminator_gives_one_logit_a_picture_of_any_size(height, width):
    discriminator = Discriminator(widths=(4, 4, 4), hidden=8).eval()
    assert discriminator(torch.zeros(3, 1, height, width), torch.zeros(3, 2, height, width)).shape == (3, 1)


def test_the_report_has_three_layers_each_way():
    layers = [type(layer).__name__ for layer in Autoencoder().layers]
    assert layers == ["Conv2d", "LeakyReLU"] * 3 + ["ConvTranspose2d", "LeakyReLU"] * 3


def test_an_unknown_network_is_named():
    with pytest.raises(ValueError, match="expected a network out of autoencoder, unet, generator, got 'vit'"):
        build_colourizer("vit", widths=[8])
