"""The prior: what it is given, what it answers, and the quick gradients it is trained with."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colouru.colour import rgb_to_lab
from colouru.networks.bins import AB_BINS
from colouru.networks.prior import Prior, Standardize, grey_input, resize_for_prior
from train.depthwise import DepthwiseConv2d, use_quick_gradients

WIDTHS = (8, 8, 8, 8)


def lightness(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_it_answers_at_a_quarter_of_the_size():
    prior = Prior(WIDTHS).eval()
    with torch.inference_mode():
        output = prior(lightness(2, 1, 64, 96))
        assert output.ab.shape == (2, 2, 16, 24) and output.log_std.shape == (2, 1, 16, 24)
        assert [level.shape[2:] for level in output.features] == [(4, 6), (8, 12), (16, 24)]
        assert prior.decoder.bin_logits(output).shape == (2, len(AB_BINS), 8, 12)
        assert output.pooled.shape == (2, prior.encoder.channels[-1])


def test_untrained_heads_leave_the_picture_grey():
    with torch.inference_mode():
        assert not Prior(WIDTHS).eval()(lightness(1, 1, 64, 64)).ab.any()


def test_a_picture_is_the_same_alone_and_in_a_batch():
    torch.manual_seed(0)
    prior = Prior(WIDTHS).eval()
    nn.init.normal_(prior.decoder.ab_head.weight)
    L = lightness(3, 1, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(prior(L).ab[1:2], prior(L[1:2]).ab, atol=1e-4, rtol=1e-4)


def test_the_encoder_sees_the_greys_of_srgb():
    grey = torch.linspace(0, 1, 256).view(1, 1, 1, -1)
    L = rgb_to_lab(grey.expand(1, 3, 1, -1))[:, :1] / 50 - 1
    torch.testing.assert_close(grey_input(L), (grey * 255 - 127) / 128, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "sides, resized", [((100, 50), (192, 96)), ((50, 400), (32, 192)), ((1, 500), (32, 192)), ((192, 128), (192, 128))]
)
def test_pictures_are_resized_to_multiples_of_32(sides, resized):
    assert resize_for_prior(lightness(1, 1, *sides), 192).shape[2:] == resized


def test_standardized_features_have_mean_0_and_standard_deviation_1():
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 5 + 2
    standardize = Standardize(3)
    standardize.measure(x)
    y = standardize(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kernel, side", [(3, 4), (5, 4), (5, 2), (5, 5)])
def test_quick_gradients_of_depthwise_convolutions_are_those_of_pytorch(kernel, side):
    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=rng, dtype=torch.float64).requires_grad_()

    x, weight, bias, gradient = draw(3, 8, side, side), draw(8, 1, kernel, kernel), draw(8), draw(3, 8, side, side)
    theirs = F.conv2d(x, weight, bias, padding=kernel // 2, groups=8)
    ours = DepthwiseConv2d.apply(x, weight, bias)
    torch.testing.assert_close(ours, theirs)
    for one, other in zip(
        torch.autograd.grad(ours, (x, weight, bias), gradient),
        torch.autograd.grad(theirs, (x, weight, bias), gradient),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_an_encoder_with_quick_gradients_has_the_weights_and_features_of_one_without():
    torch.manual_seed(0)
    prior = Prior(WIDTHS).eval()
    names = list(prior.state_dict())
    L = lightness(1, 1, 128, 128)
    with torch.inference_mode():
        before = prior.encoder(L)
        use_quick_gradients(prior.encoder)
        assert list(prior.state_dict()) == names
        for one, other in zip(before, prior.encoder(L), strict=True):
            torch.testing.assert_close(one, other)
