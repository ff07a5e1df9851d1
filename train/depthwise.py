"""Depthwise convolutions of small maps whose gradients are found quickly on a CPU.

oneDNN takes seven times as long for the gradients of 5x5 kernels on maps of 4x4, of which EfficientNet-Lite2 has
four at stride 32: a sixth of a whole training step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from colouru.networks.encoder import EfficientNetLite, SameConv2d

# Larger maps are quicker in oneDNN.
LARGEST_MAP = 5


def use_quick_gradients(encoder: EfficientNetLite) -> None:
    """Let the encoder's depthwise convolutions of stride 1 find their gradients with `DepthwiseConv2d`."""
    for module in encoder.modules():
        if isinstance(module, SameConv2d) and module.groups > 1 and not module.asymmetric:
            module.__class__ = QuickSameConv2d


class QuickSameConv2d(SameConv2d):
    """`SameConv2d` of stride 1, the same numbers sooner."""

    def forward(self, x: Tensor) -> Tensor:
        if max(x.shape[2:]) > LARGEST_MAP or x.device.type != "cpu":
            return super().forward(x)
        return DepthwiseConv2d.apply(x, self.weight, self.bias)


class DepthwiseConv2d(torch.autograd.Function):
    """Depthwise convolution of stride 1 with zero padding: `x` (N,C,H,W), weight (C,1,k,k), bias (C,)."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        radius = weight.shape[2] // 2
        of_x = F.conv2d(gradient, weight.flip(2, 3), padding=radius, groups=len(weight))
        shifts = range(-radius, radius + 1)
        products = [_overlap(x, gradient, down, right) for down in shifts for right in shifts]
        return of_x, torch.stack(products, 1).view(weight.shape), gradient.sum((0, 2, 3))


def _overlap(x: Tensor, gradient: Tensor, down: int, right: int) -> Tensor:
    """(C,): the sum of `x` moved by so many rows and columns times `gradient`, both (N,C,H,W)."""
    height, width = x.shape[2:]
    moved = x[:, :, max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    still = gradient[:, :, max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    return (moved * still).sum((0, 2, 3))
