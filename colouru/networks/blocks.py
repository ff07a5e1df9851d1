"""What the generator's two networks are built of: convolutions with group norm, residuals, self-attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks.layers import SLOPE

# Channels are normalized in groups within a picture: it trains on pictures of many sizes, of which a batch holds few,
# and their statistics differ with size, which batch norm would mix.
GROUPS = 8


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, group norm, leaky ReLU; a `stride`-th of the size out."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(GROUPS, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


def halve(inputs: int, outputs: int) -> nn.Sequential:
    return convolution(inputs, outputs, stride=2)


def double(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 2, stride=2)


def drop_path(x: Tensor, rate: float, training: bool) -> Tensor:
    """`x` (N,C,h,w), in training zero for that share of pictures (stochastic depth, Huang et al. 2016)."""
    return x * F.dropout(torch.ones_like(x[:, :1, :1, :1]), rate) if training and rate else x


class Residual(nn.Module):
    """Two 3x3 convolutions around which the input passes unchanged, and in training at times nothing else."""

    def __init__(self, channels: int, skip: float = 0.0):
        super().__init__()
        self.skip = skip
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + drop_path(self.second(self.first(x)), self.skip, self.training), SLOPE)


class Overview(nn.Module):
    """Self-attention between all places of a level, so that each knows the whole picture."""

    def __init__(self, channels: int, heads: int = 4, skip: float = 0.0):
        super().__init__()
        self.skip = skip
        self.heads = heads
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.leave = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor) -> Tensor:
        N, C, h, w = x.shape
        # (N,3C,h,w) -> three times (N,heads,hw,C/heads)
        q, k, v = self.query_key_value(self.norm(x)).reshape(N, 3, self.heads, C // self.heads, h * w).mT.unbind(1)
        # There are few places, for which plain products are quicker than a fused kernel.
        alike = (q @ k.mT * (C // self.heads) ** -0.5).softmax(-1)
        change = self.leave((alike @ v).mT.reshape(N, C, h, w))
        return x + drop_path(change, self.skip, self.training)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with group norm and a shortcut around them.

    Args:
        drop_path_rate: see `drop_path`.
    """

    def __init__(self, channels: int, drop_path_rate: float = 0.0):
        super().__init__()
        self.drop_path_rate = drop_path_rate
        self.conv1 = convolution(channels, channels)
        self.conv2 = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + drop_path(self.conv2(self.conv1(x)), self.drop_path_rate, self.training), SLOPE)


class SelfAttention2d(nn.Module):
    """Multi-head self-attention between all positions of a feature map, with a shortcut around it.

    Args:
        drop_path_rate: see `drop_path`.
    """

    def __init__(self, channels: int, heads: int = 4, drop_path_rate: float = 0.0):
        super().__init__()
        self.heads = heads
        self.drop_path_rate = drop_path_rate
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.proj = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj.weight)

    def forward(self, x: Tensor) -> Tensor:
        N, C, h, w = x.shape
        # (N,3C,h,w) -> three times (N,heads,hw,C/heads)
        q, k, v = self.qkv(self.norm(x)).reshape(N, 3, self.heads, C // self.heads, h * w).mT.unbind(1)
        # There are few positions, for which plain products are quicker than a fused kernel.
        attention = (q @ k.mT * (C // self.heads) ** -0.5).softmax(-1)
        out = self.proj((attention @ v).mT.reshape(N, C, h, w))
        return x + drop_path(out, self.drop_path_rate, self.training)


def check_widths(widths, count: int) -> None:
    """Raises ValueError unless there are `count` widths that divide into groups."""
    if len(widths) != count or any(width < GROUPS or width % GROUPS for width in widths):
        raise ValueError(f"expected {count} widths that are multiples of {GROUPS}, got {list(widths)}")
