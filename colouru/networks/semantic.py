"""The semantic network: what things are, and what colours such things have, seen in a thumbnail.

What a photo shows can be told from a hundred pixels, at a fifth of the cost of the working copy, and so be learned
from many times as many pictures. Knows nothing of hints.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.colour import high_pass
from colouru.networks.blocks import Overview, Residual, check_widths, convolution, double, halve

# The picture is halved four times, and group norm wants more than a single place at the deepest level.
MULTIPLE = 16

# The longer sides of the thumbnails, in pixels, whatever the picture's: a smaller one, in which most is known of the
# whole, and a larger one, seen in the mirror, in which more is known of what is small. They were chosen on pictures
# held out: if both are 96 pixels long, as most was learned, the loss without hints is 1 to 2.5% larger.
LENGTHS = (80, 128)


class Knowledge(NamedTuple):
    """What the semantic network says of thumbnails of h x w pixels.

    Attributes:
        ab: (N,2,h/2,w/2), the automatic colouring.
        log_deviation: (N,1,h/2,w/2), of the standard deviation that the truth is expected to have around `ab`.
        levels: features at an eighth, a quarter and a half of the thumbnail's size, each (N,C,.,.).
        deepest: (N,C), the mean of the features at a sixteenth, from which classes are told in training.
    """

    ab: Tensor
    log_deviation: Tensor
    levels: list[Tensor]
    deepest: Tensor


class Semantic(nn.Module):
    """A U-Net with self-attention at its deepest level, on the lightness and its high-pass.

    Args:
        widths: channels at a half, a quarter, an eighth and a sixteenth of the thumbnail, multiples of 8.
        skip: in training, how often a residual at one of the two deepest levels, or a channel of the deepest, is left
            out, so that pictures cannot be learned by heart.
    """

    def __init__(self, widths: Sequence[int] = (48, 96, 240, 432), skip: float = 0.0):
        super().__init__()
        check_widths(widths, 4)
        a, b, c, d = widths
        self.enter = convolution(8, a)
        self.down = nn.ModuleList(
            [
                nn.Sequential(halve(a, b), Residual(b)),
                nn.Sequential(halve(b, c), Residual(c, skip), Residual(c, skip)),
                nn.Sequential(
                    halve(c, d),
                    Residual(d, skip),
                    Overview(d, skip=skip),
                    Residual(d, skip),
                    Overview(d, skip=skip),
                ),
            ]
        )
        self.forget = nn.Dropout2d(skip)
        self.up = nn.ModuleList([double(d, c), double(c, b), double(b, a)])
        self.join = nn.ModuleList(
            [
                nn.Sequential(convolution(2 * c, c), Residual(c, skip)),
                nn.Sequential(convolution(2 * b, b), Residual(b)),
                convolution(2 * a, a),
            ]
        )
        self.automatic = nn.Conv2d(a, 2, 1)
        self.log_deviation = nn.Conv2d(a, 1, 1)
        nn.init.constant_(self.log_deviation.bias, -2.0)

    def forward(self, L: Tensor) -> Knowledge:
        """What there is to know of `L` (N,1,h,w), both sides multiples of 16."""
        levels = [self.enter(F.pixel_unshuffle(torch.cat([L, high_pass(L)], 1), 2))]
        for down in self.down:
            levels.append(down(levels[-1]))  # half the size each time
        x = self.forget(levels.pop())
        deepest = x.mean((2, 3))
        told = []
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([up(x), levels.pop()], 1))  # twice the size each time
            told.append(x)
        return Knowledge(self.automatic(x), self.log_deviation(x).clamp(-5, 1), told, deepest)


def thumbnail(L: Tensor, length: int) -> Tensor:
    """`L` (N,1,H,W) brought to a longer side of `length` pixels, and both to multiples of 16."""
    height, width = L.shape[2:]
    scale = length / max(height, width)
    sides = [max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in (height, width)]
    if sides == [height, width]:
        return L
    return F.interpolate(L, size=sides, mode="bilinear", antialias=True, align_corners=False)


def known_of_both(semantic: Semantic, L: Tensor) -> Knowledge:
    """The mean of what there is to know of a smaller thumbnail of `L` (N,1,H,W) and of a larger, mirrored one.

    Things have no left and right, and are known now at one size, now at another. It is as large as the larger.
    """
    smaller, larger = (thumbnail(L, length) for length in LENGTHS)
    known, mirrored = semantic(smaller), semantic(larger.flip(3))

    def mean(x: Tensor, y: Tensor) -> Tensor:
        return (F.interpolate(x, size=y.shape[2:], mode="bilinear", align_corners=False) + y.flip(3)) / 2

    return Knowledge(
        mean(known.ab, mirrored.ab),
        mean(known.log_deviation, mirrored.log_deviation),
        [mean(x, y) for x, y in zip(known.levels, mirrored.levels, strict=True)],
        (known.deepest + mirrored.deepest) / 2,
    )
