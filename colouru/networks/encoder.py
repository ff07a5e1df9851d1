"""EfficientNet-Lite (Tan and Le 2019, the variant made for CPUs): an encoder that has seen ImageNet.

Batch norm is folded into the convolutions before it, so nothing has to be kept frozen and every step is cheaper.
Knows nothing of colour and of where pretrained weights come from.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks.blocks import drop_path

# Sides of the input must be multiples of the coarsest stride.
STRIDE = 32

# Expansion, kernel, stride, number of blocks and channels of each stage of EfficientNet-B0.
STAGES = (
    (1, 3, 1, 1, 16),
    (6, 3, 2, 2, 24),
    (6, 5, 2, 2, 40),
    (6, 3, 2, 3, 80),
    (6, 5, 1, 3, 112),
    (6, 5, 2, 4, 192),
    (6, 3, 1, 1, 320),
)
STEM_CHANNELS = 32

# Multipliers of channels and of the number of blocks. The stem, and the number of blocks of the first and the last
# stage, are never scaled.
SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}

# The stages whose output is the last at its stride: 4, 8, 16 and 32.
LEVELS = (1, 2, 4, 6)


class EfficientNetLite(nn.Module):
    """The features of a picture at strides 4, 8, 16 and 32.

    Args:
        variant: 0, 1 or 2.
        in_channels: 3 for RGB, or 1 for grey, which equals RGB of three equal channels.
        drop_path_rate: in training, how often the last block is skipped; the others linearly less.
    """

    def __init__(self, variant: int = 2, in_channels: int = 1, drop_path_rate: float = 0.0):
        super().__init__()
        width, depth = SCALES[variant]
        self.stem = SameConv2d(in_channels, STEM_CHANNELS, 3, stride=2)
        channels, stages = STEM_CHANNELS, []
        for number, (expansion, kernel, stride, count, base) in enumerate(STAGES):
            count = count if number in (0, len(STAGES) - 1) else math.ceil(count * depth)
            out = scaled_channels(base, width)
            blocks = [InvertedResidual(channels, out, expansion, kernel, stride)]
            blocks += [InvertedResidual(out, out, expansion, kernel, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            channels = out
        self.stages = nn.ModuleList(stages)
        self.channels = tuple(scaled_channels(STAGES[level][-1], width) for level in LEVELS)
        blocks = [block for stage in stages for block in stage]
        for number, block in enumerate(blocks):
            block.drop_path_rate = drop_path_rate * number / len(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features (N,C,H/s,W/s) at strides s = 4, 8, 16, 32, of `x` (N,in_channels,H,W), (sRGB * 255 - 127) / 128.

        H and W are multiples of 32. C is `self.channels`.
        """
        x = F.relu6(self.stem(x))
        levels = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in LEVELS:
                levels.append(x)
        return levels


class InvertedResidual(nn.Module):
    """MBConv without squeeze-and-excite: 1x1 expansion, depthwise convolution, 1x1 projection without activation."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        hidden = inputs * expansion
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion != 1 else None
        self.depthwise = SameConv2d(hidden, hidden, kernel, stride=stride, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.has_shortcut = stride == 1 and inputs == outputs
        self.drop_path_rate = 0.0

    def forward(self, x: Tensor) -> Tensor:
        hidden = x if self.expand is None else F.relu6(self.expand(x))
        out = self.project(F.relu6(self.depthwise(hidden)))
        return x + drop_path(out, self.drop_path_rate, self.training) if self.has_shortcut else out


class SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding of inputs of even size: at stride 2 one less on the left and top."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups)
        self.asymmetric = stride == 2

    def forward(self, x: Tensor) -> Tensor:
        if not self.asymmetric:
            return super().forward(x)
        before, after = self.kernel_size[0] // 2 - 1, self.kernel_size[0] // 2
        padded = F.pad(x, (before, after, before, after))
        return F.conv2d(padded, self.weight, self.bias, self.stride, groups=self.groups)


def scaled_channels(channels: int, multiplier: float) -> int:
    """`channels` times `multiplier`, to the nearest multiple of 8 that is not more than 10% less."""
    scaled = channels * multiplier
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def fold_batch_norm(
    weight: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that equals a convolution of `weight` without bias, then batch norm."""
    scale = gamma / torch.sqrt(variance + epsilon)
    return weight * scale[:, None, None, None], beta - mean * scale
