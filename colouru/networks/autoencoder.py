"""The baseline of the report: a fully convolutional autoencoder without skip connections."""

from collections.abc import Sequence

from torch import Tensor, nn

from colouru.networks.layers import SLOPE, pad_to_multiple, report_channels


class Autoencoder(nn.Module):
    """Three convolutions and three transposed convolutions, all of stride 2, leaky ReLU on every layer.

    The last layer's leaky ReLU stays, as the report has it: negative ab pass through it at a fifth of their size, so
    the weights before it learn to be five times larger there.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128)):
        super().__init__()
        down, up = [4, *widths], [*reversed(widths), 2]
        layers: list[nn.Module] = []
        for i in range(len(widths)):
            layers += [nn.Conv2d(down[i], down[i + 1], 4, stride=2, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        for i in range(len(widths)):
            layers += [
                nn.ConvTranspose2d(up[i], up[i + 1], 4, stride=2, padding=1),
                nn.LeakyReLU(SLOPE, inplace=True),
            ]
        self.layers = nn.Sequential(*layers)
        self.multiple = 2 ** len(widths)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """`ab_pred` (N,2,H,W) from `L` (N,1,H,W) and `hint_ab` (N,2,H,W); the report's networks do not see the mask."""
        height, width = L.shape[2:]
        x = pad_to_multiple(report_channels(L, hint_ab), self.multiple)  # (N,4,H',W')
        return self.layers(x)[..., :height, :width]  # (N,2,H,W)
