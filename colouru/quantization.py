"""Matrices of weights in one byte a number: from -127 to 127, and for each row what they are multiples of.

Of a row of normally distributed weights the rounding is about a hundredth of their deviation. Knows nothing of files.
"""

import torch
from torch import Tensor

# Fewer numbers than this are not worth the loss.
LEAST_NUMBERS = 4096


def is_worth_quantizing(weight: Tensor) -> bool:
    return weight.is_floating_point() and weight.ndim > 1 and weight.numel() >= LEAST_NUMBERS


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """`weight` (R,...) as int8 of the same shape, and the scale (R,), in single precision, of each of its rows."""
    scale = weight.detach().float().abs().flatten(1).amax(1).clamp_min(1e-12) / 127
    return (weight.detach().float() / _by_row(scale, weight)).round().to(torch.int8), scale


def dequantize(numbers: Tensor, scale: Tensor) -> Tensor:
    """The weight, in single precision, that `quantize` was given, nearly."""
    return numbers * _by_row(scale, numbers)


def _by_row(scale: Tensor, like: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (like.ndim - 1))
