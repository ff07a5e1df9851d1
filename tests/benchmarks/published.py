"""Published architectures, as their papers describe them, with random weights: for timing only."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class IDeepColor(nn.Module):
    """Zhang et al. 2017, section 3.2: ten blocks down to an eighth, dilated in the middle, with skip connections."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([block(4, 64, 2), block(64, 128, 2), block(128, 256, 3)])
        self.deep = nn.Sequential(
            block(256, 512, 3), block(512, 512, 3, dilation=2), block(512, 512, 3, dilation=2), block(512, 512, 3)
        )
        widths = ((512, 256, 256, 2), (256, 128, 128, 1), (128, 128, 64, 1))
        self.up = nn.ModuleList(nn.ConvTranspose2d(before, after, 4, 2, 1) for before, after, _, _ in widths)
        self.skip_convs = nn.ModuleList(nn.Conv2d(across, after, 3, padding=1) for _, after, across, _ in widths)
        self.join = nn.ModuleList(block(after, after, count) for _, after, _, count in widths)
        self.proj = nn.Conv2d(128, 2, 1)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        x, skips = torch.cat([L, hint_ab, hint_mask], 1), []
        for down in self.down:
            x = down(x)
            skips.append(x)
            x = x[..., ::2, ::2]
        x = self.deep(x)
        for up, skip_conv, join in zip(self.up, self.skip_convs, self.join, strict=True):
            x = join(F.relu(up(x) + skip_conv(skips.pop())))
        return torch.tanh(self.proj(x))


def block(before: int, after: int, count: int, dilation: int = 1) -> nn.Sequential:
    """`count` 3x3 convolutions with ReLU from `before` to `after` channels, then batch norm."""
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [
            nn.Conv2d(after if number else before, after, 3, padding=dilation, dilation=dilation),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.BatchNorm2d(after))


class IColoriTTiny(nn.Module):
    """Yun et al. 2023, table 1: a ViT-Tiny on patches of 16 pixels, with relative position biases.

    A convolution precedes the pixel shuffle.
    """

    PATCH, CHANNELS, HEADS, LAYERS = 16, 192, 3, 12

    def __init__(self, side: int):
        super().__init__()
        self.embed = nn.Conv2d(4, self.CHANNELS, self.PATCH, self.PATCH)
        self.blocks = nn.ModuleList(
            TransformerBlock(self.CHANNELS, self.HEADS, side // self.PATCH) for _ in range(self.LAYERS)
        )
        self.norm = nn.LayerNorm(self.CHANNELS)
        self.proj = nn.Conv2d(self.CHANNELS, 2 * self.PATCH**2, 3, padding=1)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        x = self.embed(torch.cat([L, hint_ab, hint_mask], 1))  # (N,C,h,w)
        shape = x.shape
        x = x.flatten(2).mT
        for transformer_block in self.blocks:
            x = transformer_block(x)
        return torch.tanh(F.pixel_shuffle(self.proj(self.norm(x).mT.reshape(shape)), self.PATCH))


class TransformerBlock(nn.Module):
    """Attention with a bias for every relative position, and an MLP four times as wide."""

    def __init__(self, channels: int, heads: int, side: int):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.bias = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        position = torch.cartesian_prod(torch.arange(side), torch.arange(side))
        offset = position[:, None] - position + side - 1
        self.register_buffer("relative", offset[..., 0] * (2 * side - 1) + offset[..., 1])

    def forward(self, x: Tensor) -> Tensor:
        N, K, C = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(N, K, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, self.bias[self.relative].permute(2, 0, 1))
        x = x + self.proj(attended.transpose(1, 2).reshape(N, K, C))
        return x + self.mlp(self.mlp_norm(x))
