"""What the networks are built of: convolution blocks, the report's four input channels, sizes that divide."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.colour import high_pass

SLOPE = 0.2


def report_channels(L: Tensor, hint_ab: Tensor) -> Tensor:
    """The report's input (N,4,H,W): lightness, the two hint channels, and the high-pass filter of the lightness.

    A hint that is exactly grey looks like no hint here: the report has no channel for the mask.
    """
    check_shapes(L, hint_ab)
    return torch.cat([L, hint_ab, high_pass(L)], dim=1)


def check_shapes(L: Tensor, hint_ab: Tensor) -> None:
    """Raises ValueError unless `L` is (N,1,H,W) and `hint_ab` (N,2,H,W)."""
    if L.ndim != 4 or L.shape[1] != 1:
        raise ValueError(f"expected L of shape (N,1,H,W), got {tuple(L.shape)}")
    if hint_ab.shape != (L.shape[0], 2, *L.shape[2:]):
        raise ValueError(f"expected hint_ab of shape {(L.shape[0], 2, *L.shape[2:])}, got {tuple(hint_ab.shape)}")


def pad_to_multiple(x: Tensor, multiple: int, least: int = 1) -> Tensor:
    """`x` (N,C,H,W) grown at the right and the bottom, by repeating its border, until both sides divide.

    Args:
        least: multiples that either side has at the least.
    """
    grow = [max(least * multiple, side + -side % multiple) - side for side in x.shape[2:]]
    return F.pad(x, (0, grow[1], 0, grow[0]), mode="replicate")


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution, batch norm, leaky ReLU; same size out."""
    return _normalized(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))


def halving_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """4x4 convolution of stride 2, batch norm, leaky ReLU; half the size out."""
    return _normalized(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False))


def doubling_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """4x4 transposed convolution of stride 2, batch norm, leaky ReLU; twice the size out."""
    return _normalized(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False))


def _normalized(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels), nn.LeakyReLU(SLOPE, inplace=True))
