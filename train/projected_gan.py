"""A projected discriminator (Sauer et al. 2021): small heads on features of a frozen network that has seen ImageNet.

Such features also measure how alike two pictures look. Knows nothing of the generator.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from colouru.colour import from_network, lab_to_rgb
from colouru.networks.layers import SLOPE
from train.pretrained import pretrained_encoder

# The side, in pixels, at which pictures are looked at, a multiple of 32.
FEATURE_SIZE = 96


class ImageFeatures(nn.Module):
    """Features of pictures in colour, at strides 4 to 32, by EfficientNet-Lite with its ImageNet weights, frozen."""

    def __init__(self, variant: int = 0, size: int = FEATURE_SIZE):
        super().__init__()
        self.size = size
        self.encoder = pretrained_encoder(variant, in_channels=3).eval().requires_grad_(False)
        self.channels = self.encoder.channels

    def forward(self, L: Tensor, ab: Tensor) -> list[Tensor]:
        """Four levels (N,C,.,.) of pictures of `L` (N,1,H,W) and `ab` (N,2,H,W)."""
        rgb = lab_to_rgb(from_network(L, ab)).clamp(0, 1)
        rgb = F.interpolate(rgb, size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        return self.encoder((rgb * 255 - 127) / 128)


class ProjectedDiscriminator(nn.Module):
    """Logits of each level of `ImageFeatures`: positive for true colours.

    Args:
        channels: of the levels.
        hidden: channels of each head.
    """

    def __init__(self, channels: Sequence[int], hidden: int = 64):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(width, hidden, 1)),
                nn.LeakyReLU(SLOPE),
                spectral_norm(nn.Conv2d(hidden, hidden, 3, padding=1)),
                nn.LeakyReLU(SLOPE),
                spectral_norm(nn.Conv2d(hidden, 1, 1)),
            )
            for width in channels
        )

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Logits (N,1,.,.) of each of the levels (N,C,.,.), which are standardized."""
        return [head(level) for head, level in zip(self.heads, levels, strict=True)]


def discriminator_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The hinge loss of the logits of true and of generated pictures, mean over levels."""
    losses = [F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return torch.stack(losses).mean()


def generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """The generator's part of the hinge loss, mean over levels."""
    return torch.stack([-logits.mean() for logits in fake]).mean()


def perceptual_loss(levels: Sequence[Tensor], target_levels: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of standardized features, mean over levels."""
    return torch.stack([(x - y).abs().mean() for x, y in zip(levels, target_levels, strict=True)]).mean()
