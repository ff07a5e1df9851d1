"""Weights as int8 with a scale for each row: symmetric quantization, from -127 to 127.

The rounding error of normally distributed weights is about a hundredth of their standard deviation. Knows nothing of
files.
"""

import torch
from torch import Tensor

# Smaller tensors are not quantized: they would save little and lose precision.
MIN_NUMBERS = 4096


def is_quantizable(weight: Tensor) -> bool:
    """Whether it is a matrix, or of more dimensions, of at least `MIN_NUMBERS` floating point numbers."""
    return weight.is_floating_point() and weight.ndim > 1 and weight.numel() >= MIN_NUMBERS


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """`weight` (R,...) as int8 of that shape, and the scale of each row, (R,) float32."""
    scale = weight.detach().float().abs().flatten(1).amax(1).clamp_min(1e-12) / 127
    return (weight.detach().float() / _by_row(scale, weight)).round().to(torch.int8), scale


def dequantize(numbers: Tensor, scale: Tensor) -> Tensor:
    """The float32 weight of `quantize`, up to rounding."""
    return numbers * _by_row(scale, numbers)


def _by_row(scale: Tensor, like: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (like.ndim - 1))
