"""The discriminator of the report: is this picture in its own colours, or in the generator's?"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from colouru.networks.layers import SLOPE, convolution


class Discriminator(nn.Module):
    """Three convolutions with batch norm, leaky ReLU and max-pooling, then two fully connected layers.

    It sees L and ab, never the hints, so it cannot tell hinted pixels apart. The report's sigmoid lives in the loss
    (binary cross entropy with logits), and an adaptive pooling before the first fully connected layer lets any size in.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128), hidden: int = 128):
        super().__init__()
        channels = [3, *widths]
        self.features = nn.Sequential(
            *(
                nn.Sequential(convolution(channels[i], channels[i + 1]), nn.MaxPool2d(2, ceil_mode=True))
                for i in range(len(widths))
            ),
            nn.AdaptiveAvgPool2d(4),
        )
        self.judge = nn.Sequential(
            nn.Flatten(), nn.Linear(widths[-1] * 16, hidden), nn.LeakyReLU(SLOPE, inplace=True), nn.Linear(hidden, 1)
        )

    def forward(self, L: Tensor, ab: Tensor) -> Tensor:
        """`logits` (N,1), positive for "its own colours", from `L` (N,1,H,W) and `ab` (N,2,H,W)."""
        return self.judge(self.features(torch.cat([L, ab], dim=1)))
