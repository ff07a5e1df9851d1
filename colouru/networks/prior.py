"""The prior: what colours a grey picture probably has, before anybody gives a hint.

EfficientNet-Lite2 sees the picture in grey; a U-Net decoder on its features tells the mean of ab, its standard
deviation and the likelihood of ab bins. Knows nothing of hints.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.colour import lightness_to_srgb
from colouru.networks.bins import AB_BINS
from colouru.networks.blocks import ResidualBlock, SelfAttention2d, check_widths, convolution, double
from colouru.networks.encoder import STRIDE, EfficientNetLite


class DecoderOutput(NamedTuple):
    """What a decoder tells of pictures of H x W pixels.

    Attributes:
        ab: (N,2,H/4,W/4), the expected ab.
        log_std: (N,1,H/4,W/4), logarithm of the standard deviation of the true ab around it.
        features: the decoder's, at strides 16, 8 and 4, each (N,C,.,.).
    """

    ab: Tensor
    log_std: Tensor
    features: list[Tensor]


class PriorOutput(NamedTuple):
    """What the prior tells of pictures of H x W pixels.

    Attributes:
        ab, log_std, features: as in `DecoderOutput`, of the decoder that was trained with squared error.
        bold_ab: (N,2,H/4,W/4), the ab of the decoder that was trained against a discriminator.
        pooled: (N,352), the mean of the encoder's deepest features: what the picture shows as a whole.
    """

    ab: Tensor
    log_std: Tensor
    features: list[Tensor]
    bold_ab: Tensor
    pooled: Tensor


class Prior(nn.Module):
    """The encoder and two decoders: a careful one, and a bold one, which is the careful one until it is trained.

    Args:
        widths: of each decoder, see `Decoder`.
        drop_rate: see `Decoder`; the encoder's residuals are left out at most two thirds as often.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256), drop_rate: float = 0.0):
        super().__init__()
        self.encoder = EfficientNetLite(2, drop_path_rate=drop_rate * 2 / 3)
        self.decoder = Decoder(self.encoder.channels, widths, drop_rate)
        self.bold_decoder = Decoder(self.encoder.channels, widths, drop_rate)

    def forward(self, L: Tensor) -> PriorOutput:
        """What `L` (N,1,H,W) tells; both sides are multiples of 32."""
        levels = self.encoder(grey_input(L))
        careful, bold = self.decoder(levels), self.bold_decoder(levels)
        return PriorOutput(*careful, bold.ab, levels[-1].mean((2, 3)))


class Decoder(nn.Module):
    """A U-Net decoder on the encoder's features, with self-attention at its two deepest levels.

    Args:
        inputs: channels of the encoder's features at strides 4, 8, 16 and 32.
        widths: its own channels there, multiples of 8.
        drop_rate: in training, how often a channel of the encoder's features, or a residual, is left out.
    """

    def __init__(self, inputs: Sequence[int], widths: Sequence[int], drop_rate: float = 0.0):
        super().__init__()
        check_widths(widths, 4)
        a, b, c, d = widths
        self.standardize = nn.ModuleList(Standardize(channels) for channels in inputs)
        self.dropout = nn.Dropout2d(drop_rate)
        self.bottleneck = nn.Sequential(
            nn.Conv2d(inputs[3], d, 1, bias=False),
            SelfAttention2d(d, drop_path_rate=drop_rate),
            ResidualBlock(d, drop_rate),
        )
        self.upsample = nn.ModuleList([double(d, c), double(c, b), double(b, a)])
        self.join = nn.ModuleList(
            [
                nn.Sequential(
                    convolution(c + inputs[2], c),
                    SelfAttention2d(c, drop_path_rate=drop_rate),
                    ResidualBlock(c, drop_rate),
                ),
                nn.Sequential(convolution(b + inputs[1], b), ResidualBlock(b, drop_rate)),
                nn.Sequential(convolution(a + inputs[0], a), ResidualBlock(a)),
            ]
        )
        self.ab_head = nn.Conv2d(a, 2, 1)
        self.log_std_head = nn.Conv2d(a, 1, 1)
        self.bins_head = nn.Conv2d(b, len(AB_BINS), 1)
        for head in (self.ab_head, self.log_std_head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        nn.init.constant_(self.log_std_head.bias, -2.0)

    def forward(self, levels: Sequence[Tensor]) -> DecoderOutput:
        """What the encoder's features `levels`, at strides 4, 8, 16 and 32, tell."""
        inputs = [self.dropout(each(level)) for each, level in zip(self.standardize, levels, strict=True)]
        x = self.bottleneck(inputs.pop())
        features = []
        for upsample, join in zip(self.upsample, self.join, strict=True):
            x = join(torch.cat([upsample(x), inputs.pop()], 1))  # twice the size each time
            features.append(x)
        return DecoderOutput(self.ab_head(x), self.log_std_head(x).clamp(-5, 1), features)

    def bin_logits(self, output: DecoderOutput) -> Tensor:
        """(N,B,H/8,W/8): logits of the bins of `AB_BINS`."""
        return self.bins_head(output.features[1])


class Standardize(nn.Module):
    """(x - mean) / std of every channel, both measured once, on training pictures, before training begins."""

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std

    @torch.no_grad()
    def measure(self, x: Tensor) -> None:
        """Take mean and standard deviation of the channels of `x` (N,C,h,w)."""
        self.mean.copy_(x.mean((0, 2, 3))[:, None, None])
        self.std.copy_(x.std((0, 2, 3))[:, None, None].clamp_min(1e-6))


def grey_input(L: Tensor) -> Tensor:
    """The encoder's input (N,1,H,W), (sRGB * 255 - 127) / 128, of `L` (N,1,H,W) in [-1, 1]."""
    return (lightness_to_srgb((L + 1) * 50) * 255 - 127) / 128


def resize_for_prior(L: Tensor, size: int) -> Tensor:
    """`L` (N,1,H,W) resized to a longer side of `size` pixels, both sides to multiples of 32."""
    scale = size / max(L.shape[2:])
    sides = [max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in L.shape[2:]]
    if sides == list(L.shape[2:]):
        return L
    return F.interpolate(L, size=sides, mode="bilinear", antialias=True, align_corners=False)
