"""Colour spaces: sRGB <-> CIELAB for batches, the network's units, the high-pass filter and the sRGB gamut.

CIELAB is that of `skimage.color` (D65, 2 degree observer), so the two may be mixed freely. Tensors are float, channels
in dimension 1: `rgb` in [0, 1], `lab` in CIELAB units, `L` = L*/50 - 1, `ab` = (a, b)/110. Knows nothing of hints.
"""

import functools
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

AB_SCALE = 110.0

# IEC 61966-2-1, and the D65 white of the CIE 1931 2 degree observer, to the digits that skimage.color has.
XYZ_FROM_RGB = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=torch.float64,
)
WHITE = torch.tensor([0.95047, 1.0, 1.08883], dtype=torch.float64)

# With the white point folded in, one matrix takes linear RGB to X/Xn, Y/Yn, Z/Zn, and its inverse back.
NORMALIZED_XYZ_FROM_RGB = XYZ_FROM_RGB / WHITE[:, None]
RGB_FROM_NORMALIZED_XYZ = torch.linalg.inv(XYZ_FROM_RGB) * WHITE[None, :]

LAPLACIAN = torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8

# A channel this far outside [0, 1] still rounds to the nearest representable colour.
GAMUT_TOLERANCE = 1 / 1024

# The same bounds in linear light.
DARKEST, BRIGHTEST = -GAMUT_TOLERANCE / 12.92, ((1 + GAMUT_TOLERANCE + 0.055) / 1.055) ** 2.4


def _linear(rgb: Tensor) -> Tensor:
    # The clamp keeps the branch that torch.where discards from producing infinite gradients; so does the one below.
    return torch.where(rgb > 0.04045, ((rgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4, rgb / 12.92)


@functools.cache
def linear_table(dtype: type) -> Tensor:
    """Linear light in [0, 1] of every sRGB value of np.uint8 or np.uint16, (256,) or (65536,)."""
    most = np.iinfo(dtype).max
    return _linear(torch.arange(most + 1, dtype=torch.float64) / most).float()


def linear_light(samples: np.ndarray) -> Tensor:
    """Linear light in [0, 1] of sRGB samples, any shape uint8 or uint16; a table is faster than the formula."""
    indices = torch.from_numpy(samples.astype(np.int32))
    return linear_table(samples.dtype.type).index_select(0, indices.flatten()).view(indices.shape)


def to_bytes(rgb: Tensor) -> Tensor:
    """The nearest sRGB bytes, any shape uint8, of sRGB in [0, 1]."""
    return (rgb * 255).round().to(torch.uint8)


def hex_colour(rgb: Iterable[int]) -> str:
    """`#rrggbb` of three bytes."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def hex_bytes(colour: str) -> list[int]:
    """The three bytes of `#rrggbb`."""
    return list(bytes.fromhex(colour[1:]))


def check_saturation(saturation: Any, most: float = 2) -> None:
    """Raise ValueError unless chroma can be multiplied by `saturation`, a number from 0 to `most`."""
    if isinstance(saturation, bool) or not isinstance(saturation, numbers.Real) or not 0 <= saturation <= most:
        raise ValueError(f"expected a saturation from 0 to {most:g}, got {saturation!r:.60}")


def _mix(matrix: Tensor, channels: Tensor) -> Tensor:
    return torch.einsum("ij,nj...->ni...", matrix.to(channels), channels)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """CIELAB of sRGB.

    Args:
        rgb: (N,3,...) in [0, 1].

    Returns:
        (N,3,...): L* in 0..100, a* and b* within about +-110. Gradients are finite everywhere, black included.
    """
    return linear_to_lab(_linear(rgb))


def linear_to_lab(linear: Tensor) -> Tensor:
    """CIELAB (N,3,...) of linear RGB (N,3,...) in [0, 1]."""
    xyz = _mix(NORMALIZED_XYZ_FROM_RGB, linear)
    x, y, z = _root(xyz).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _root(xyz: Tensor) -> Tensor:
    return torch.where(xyz > 0.008856, xyz.clamp_min(0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)


def picture_to_lab(picture: np.ndarray) -> Tensor:
    """CIELAB (1,3,H,W) of a picture (H,W,3), or a grey one (H,W), of uint8 or uint16 sRGB."""
    if picture.ndim == 2:
        L = _lightness(linear_light(picture))
        return torch.stack([L, torch.zeros_like(L), torch.zeros_like(L)])[None]
    return linear_to_lab(linear_light(np.moveaxis(picture, -1, 0))[None])


def _lightness(luminance: Tensor) -> Tensor:
    """L* in 0..100 of linear luminance in [0, 1]."""
    return 116 * _root(luminance) - 16


def grey_bytes(picture: np.ndarray) -> np.ndarray:
    """The greys (H,W) uint8 that are as light, in L*, as the pixels of a picture (H,W,3) uint8 sRGB."""
    linear = linear_light(np.moveaxis(picture, -1, 0))
    luminance = torch.einsum("c,chw->hw", XYZ_FROM_RGB[1].to(linear), linear)
    return to_bytes(encode_gamma(luminance).clamp(0, 1)).numpy()


def lab_to_rgb(lab: Tensor) -> Tensor:
    """sRGB of CIELAB, the inverse of `rgb_to_lab`.

    Args:
        lab: (N,3,...) in CIELAB units.

    Returns:
        (N,3,...), outside [0, 1] where sRGB does not have the colour: see `into_gamut`.
    """
    return encode_gamma(_lab_to_linear(lab))


def lightness_to_srgb(lightness: Tensor) -> Tensor:
    """sRGB in [0, 1] of the greys of these L*, any shape, 0..100."""
    f = (lightness + 16) / 116
    return encode_gamma(torch.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787).clamp(0, 1))


def encode_gamma(linear: Tensor) -> Tensor:
    """sRGB of linear light, any shape, both in [0, 1]."""
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055, 12.92 * linear)


def _lab_to_linear(lab: Tensor) -> Tensor:
    L, a, b = lab.unbind(1)
    y = (L + 16) / 116
    # skimage.color, too, takes a negative Z for zero.
    f = torch.stack([y + a / 500, y, (y - b / 200).clamp_min(0)], dim=1)
    xyz = torch.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787)
    return _mix(RGB_FROM_NORMALIZED_XYZ, xyz)


def to_network(lab: Tensor) -> tuple[Tensor, Tensor]:
    """`L` (N,1,H,W) and `ab` (N,2,H,W) in the network's units, from `lab` (N,3,H,W)."""
    return lab[:, :1] / 50 - 1, lab[:, 1:] / AB_SCALE


def from_network(L: Tensor, ab: Tensor) -> Tensor:
    """`lab` (N,3,H,W) in CIELAB units from `L` (N,1,H,W) and `ab` (N,2,H,W) in the network's."""
    return torch.cat([(L + 1) * 50, ab * AB_SCALE], dim=1)


def high_pass(L: Tensor) -> Tensor:
    """The edges of `L` (N,1,H,W): a 3x3 Laplacian over eight neighbours with replicated border, same shape."""
    return F.conv2d(F.pad(L, (1, 1, 1, 1), mode="replicate"), LAPLACIAN.to(L)[None, None])


def into_gamut(lab: Tensor, halvings: int = 10) -> tuple[Tensor, Tensor]:
    """The nearest colours that sRGB has at the same lightness and hue.

    Chroma is scaled down by bisection where, and only where, a colour lies outside; the grey of every lightness from 0
    to 100 exists, so that always succeeds.

    Args:
        lab: (N,3,H,W) in CIELAB units, L* in 0..100.
        halvings: steps of the bisection; ten leave 0.1% of the chroma undecided.

    Returns:
        `lab` (N,3,H,W) inside the gamut, and the `rgb` (N,3,H,W) in [0, 1] it stands for.
    """
    rgb = lab_to_rgb(lab)
    outside = ((rgb < -GAMUT_TOLERANCE) | (rgb > 1 + GAMUT_TOLERANCE)).any(1)  # (N,H,W)
    if outside.any():
        lab, rgb = lab.clone(), rgb.clone()
        L, a, b = lab.movedim(1, 0)[:, outside]  # each (M,)
        low, high = torch.zeros_like(L), torch.ones_like(L)
        for _ in range(halvings):
            scale = (low + high) / 2
            trial = _lab_to_linear(torch.stack([L, a * scale, b * scale])[None])[0]
            fits = ((trial >= DARKEST) & (trial <= BRIGHTEST)).all(0)
            low, high = torch.where(fits, scale, low), torch.where(fits, high, scale)
        found = torch.stack([L, a * low, b * low])
        lab.movedim(1, 0)[:, outside] = found
        rgb.movedim(1, 0)[:, outside] = lab_to_rgb(found[None])[0]
    return lab, rgb.clamp(0, 1)
