"""Measures of how good a colourization is: pure functions of tensors and arrays.

Colours are compared in CIELAB. Both pictures have the same `L`, so only ab differs. Knows nothing of networks.
"""

import math

import numpy as np
import torch
from torch import Tensor

from colouru.colour import picture_to_lab

# Mean chroma, in CIELAB units, below which a picture counts as grey. The chroma noise of a grey JPEG is lower.
GREY_CHROMA = 2.0

# A picture is toned if the norm of its mean ab is at least this share of its mean chroma, and if a cubic of lightness
# fits ab up to this share of that chroma.
TONED_ONE_SIDED = 0.98
TONED_UNEXPLAINED = 0.15


def squared_error(ab_pred: Tensor, ab: Tensor) -> Tensor:
    """Mean squared error of each picture, (N,), in squared units of the arguments, (N,2,H,W)."""
    return (ab_pred - ab).square().mean((1, 2, 3))


def normalized_loss(ab_pred: Tensor, ab: Tensor) -> Tensor:
    """MSE(ab_pred, ab) / MSE(grey, ab) of each picture, (N,): 0 is perfect, 1 is as good as grey.

    Infinite or NaN where the original is exactly grey; see `is_coloured`.
    """
    return squared_error(ab_pred, ab) / ab.square().mean((1, 2, 3))


def psnr(rgb_pred: Tensor, rgb: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each picture, (N,), over (N,3,H,W) uint8 RGB; infinite if equal."""
    error = (rgb_pred.float() - rgb.float()).square().mean((1, 2, 3))
    return 20 * math.log10(255) - 10 * torch.log10(error)


def ciede2000(lab_pred: Tensor, lab: Tensor) -> Tensor:
    """Mean colour difference CIEDE2000 of each picture, (N,), from (N,3,H,W) in CIELAB units."""
    # Late: it imports SciPy, 60 MB, which colouring a photo does not need.
    from skimage.color import deltaE_ciede2000

    difference = deltaE_ciede2000(lab_pred.movedim(1, -1).numpy(), lab.movedim(1, -1).numpy())
    return torch.from_numpy(difference).mean((1, 2)).float()


def colourfulness(rgb: Tensor) -> Tensor:
    """Colourfulness M3 of Hasler and Suesstrunk (2003) of each picture, (N,), from (N,3,H,W) uint8 RGB."""
    red, green, blue = rgb.double().unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1).flatten(2)  # (N,2,HW)
    spread, centre = opponents.std(2, correction=0), opponents.mean(2)
    return (spread.square().sum(1).sqrt() + 0.3 * centre.square().sum(1).sqrt()).float()


def hint_error(ab_pred: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
    """Distance between prediction and hint at every hinted pixel, (M,), in the units of the arguments."""
    return (ab_pred - hint_ab).square().sum(1).sqrt()[hint_mask[:, 0] > 0]


def is_coloured(rgb: np.ndarray) -> bool:
    """Whether `rgb` (H,W,3) uint8 has enough colour to learn from: mean chroma of at least `GREY_CHROMA`."""
    return float(picture_to_lab(rgb)[:, 1:].norm(dim=1).mean()) >= GREY_CHROMA


def absence_of_colour(rgb: np.ndarray) -> str:
    """The reason why `rgb` (H,W,3) uint8 has no colours of its own to compare with, as a sentence, or "" if it has.

    It has none if it is grey, or if it is toned like sepia: of a single hue, with chroma that depends on lightness
    alone. A colour photograph of a single hue (a lion in dry grass) may be taken for toned. Call it with a small copy,
    in which the noise of JPEG has averaged out.
    """
    lab = picture_to_lab(rgb)[0].flatten(1)  # (3,HW)
    L, ab = lab[0] / 100, lab[1:]
    chroma = float(ab.norm(dim=0).mean())
    if chroma < GREY_CHROMA:
        return "The original has no colour to compare with."
    one_sided = float(ab.mean(1).norm()) / chroma  # 1 if every pixel has the same hue
    powers = torch.stack([L**0, L, L**2, L**3], dim=1)  # (HW,4)
    fitted = powers @ torch.linalg.lstsq(powers, ab.T, driver="gelsd").solution  # (HW,2)
    unexplained = float((ab.T - fitted).square().sum(1).mean().sqrt()) / chroma
    if one_sided > TONED_ONE_SIDED and unexplained < TONED_UNEXPLAINED:
        return "The original is toned in a single hue, like sepia, so it has no colours to compare with."
    return ""
