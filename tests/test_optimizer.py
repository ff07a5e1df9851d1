"""Muon for convolutions, AdamW for the rest, and the rate of both over a run."""

import copy

import pytest
import torch
from torch import nn

from train.loop import lr_factor
from train.optimizer import ADAM_SHARE, WEIGHT_DECAY, Optimizer


def network() -> nn.Module:
    torch.manual_seed(0)
    hidden = nn.Conv2d(16, 24, 3, bias=False)
    return nn.Sequential(nn.Conv2d(2, 16, 3), hidden, nn.ConvTranspose2d(24, 16, 2, stride=2), nn.Conv2d(16, 16, 1))


def learn(net: nn.Module, optimizer: Optimizer, steps: int = 1) -> None:
    for step in range(steps):
        x = torch.randn(4, 2, 12, 12, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("layer, muon", [(0, False), (1, True), (2, True), (3, False)])
def test_a_step_of_a_hidden_convolution_is_nearly_orthogonal_and_no_other_is(layer, muon):
    net = network()
    before = net[layer].weight.detach().clone()
    learn(net, Optimizer(net, lr=0.1))
    matrix = ((1 - 0.1 * WEIGHT_DECAY) * before - net[layer].weight.detach()).flatten(1) / 0.1
    sizes = torch.linalg.svdvals(matrix)
    # Newton-Schulz iteration brings singular values only near to 1.
    assert (bool(sizes.min() > 0.3) and bool(sizes.max() < 1.7)) == muon


def test_memory_format_makes_no_difference():
    first = network()
    last = copy.deepcopy(first).to(memory_format=torch.channels_last)
    for net in (first, last):
        learn(net, Optimizer(net, lr=0.02), steps=3)
    for one, other in zip(first.parameters(), last.parameters(), strict=True):
        # The iteration computes in bf16, in another order.
        torch.testing.assert_close(one, other, atol=2e-3, rtol=2e-2)


def test_weights_that_want_no_gradient_stay():
    net = network()
    net[1].requires_grad_(False)
    before = net[1].weight.clone()
    learn(net, Optimizer(net, lr=0.1), steps=2)
    assert torch.equal(net[1].weight, before)


def test_a_state_that_is_kept_goes_on_as_if_nothing_had_happened():
    whole, half = network(), network()
    learn(whole, Optimizer(whole, lr=0.02), steps=4)
    optimizer = Optimizer(half, lr=0.02)
    learn(half, optimizer, steps=2)
    other = Optimizer(half, lr=0.02)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for step in (2, 3):
        x = torch.randn(4, 2, 12, 12, generator=torch.Generator().manual_seed(step))
        other.zero_grad()
        half(x).square().mean().backward()
        other.step()
    for one, two in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(one, two)


def test_both_rates_are_set_together():
    optimizer = Optimizer(network(), lr=0.02)
    optimizer.set_lr(0.5)
    assert optimizer.muon.param_groups[0]["lr"] == 0.5
    assert optimizer.adam.param_groups[0]["lr"] == pytest.approx(0.5 * ADAM_SHARE)


def test_the_rate_rises_shortly_stays_and_falls_at_the_end():
    rates = [lr_factor(step, 1000, 400) for step in range(1000)]
    assert rates[0] == pytest.approx(1 / 50) and rates[49] == rates[600] == 1
    assert rates[800] == pytest.approx(0.5) and 0 < rates[-1] < 0.01
    # A run that is given a later end had the same rate all the while.
    assert rates[:600] == [lr_factor(step, 5000, 400) for step in range(600)]
    assert lr_factor(999, 1000, 1) == 1
