"""The moving average of a network's weights, which is steadier than the weights themselves."""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def make_ema(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of weights and buffers, to be updated after every step.

    Young ones forget faster, so that the first weights of all do not linger.
    """

    @torch.no_grad()
    def update(averages: list[Tensor], weights: list[Tensor], updates: Tensor) -> None:
        kept = min(decay, float((1 + updates) / (10 + updates)))
        for average, weight in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(weight.to(average.dtype), 1 - kept)
            else:
                average.copy_(weight)

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
