"""The generator of the report: a U-Net."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from colouru.networks.layers import doubling_convolution, halving_convolution, pad_to_multiple, report_channels


class UNet(nn.Module):
    """Convolutions down, transposed convolutions up, batch norm and leaky ReLU after each.

    `widths` are the channels at half size, a quarter and so on down. On the way up the feature images of the same size
    from the way down, and at full size the input itself, are joined to what comes from below.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256)):
        super().__init__()
        down = [4, *widths]
        up = [widths[0] // 2, *widths[:-1]]
        self.down = nn.ModuleList(halving_convolution(down[i], down[i + 1]) for i in range(len(widths)))
        # The deepest level comes alone, every other with its twin from the way down.
        self.up = nn.ModuleList(
            doubling_convolution(widths[i] * (1 if i == len(widths) - 1 else 2), up[i])
            for i in reversed(range(len(widths)))
        )
        self.leave = nn.Conv2d(up[0] + 4, 2, 3, padding=1)
        self.multiple = 2 ** len(widths)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """`ab_pred` (N,2,H,W) from `L` (N,1,H,W) and `hint_ab` (N,2,H,W); the report's networks do not see the mask."""
        height, width = L.shape[2:]
        x = pad_to_multiple(report_channels(L, hint_ab), self.multiple)  # (N,4,H',W')
        twins = []
        for down in self.down:
            twins.append(x)
            x = down(x)  # half the size each time
        for up in self.up:
            x = torch.cat([up(x), twins.pop()], dim=1)  # twice the size each time
        return self.leave(x)[..., :height, :width]  # (N,2,H,W)
