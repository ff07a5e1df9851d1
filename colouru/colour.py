"""Colour spaces: sRGB and CIELAB, the units of the networks, and the gamut of sRGB.

CIELAB has the constants of `skimage.color` (D65, 2 degree observer), so results of both may be mixed. Tensors are
float with channels in dimension 1: `rgb` in [0, 1], `lab` in CIELAB units, and in the units of the networks
`L` = L*/50 - 1 and `ab` = (a*, b*)/110. Knows nothing of hints.
"""

import functools
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# One unit of the networks' ab, in CIELAB units.
AB_SCALE = 110.0

# sRGB of linear light (IEC 61966-2-1): a line of slope SRGB_SLOPE up to SRGB_LINEAR_LIMIT, where sRGB is
# SRGB_ENCODED_LIMIT, and from there 1.055 * x ** (1 / 2.4) - 0.055.
SRGB_SLOPE, SRGB_SCALE, SRGB_OFFSET, SRGB_EXPONENT = 12.92, 1.055, 0.055, 2.4
SRGB_LINEAR_LIMIT, SRGB_ENCODED_LIMIT = 0.0031308, 0.04045

# f of CIELAB: the cube root of X/Xn, Y/Yn and Z/Zn above LAB_EPSILON, where f is LAB_DELTA, and below that a line of
# slope LAB_SLOPE that begins at LAB_OFFSET. The page has these constants once more, in `ui/page/colour.js`.
LAB_EPSILON, LAB_DELTA = 0.008856, 0.2068966
LAB_SLOPE, LAB_OFFSET = 7.787, 16 / 116

# The matrix of sRGB and the D65 white of the CIE 1931 2 degree observer.
XYZ_FROM_RGB = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=torch.float64,
)
WHITE = torch.tensor([0.95047, 1.0, 1.08883], dtype=torch.float64)

# With the white point folded in, one matrix takes linear RGB to X/Xn, Y/Yn, Z/Zn, and the other one back.
NORMALIZED_XYZ_FROM_RGB = XYZ_FROM_RGB / WHITE[:, None]
RGB_FROM_NORMALIZED_XYZ = torch.linalg.inv(XYZ_FROM_RGB) * WHITE[None, :]

LAPLACIAN = torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8

# A channel this far outside [0, 1] still rounds to the nearest representable colour.
GAMUT_TOLERANCE = 1 / 1024

# These bounds in linear light.
DARKEST = -GAMUT_TOLERANCE / SRGB_SLOPE
BRIGHTEST = ((1 + GAMUT_TOLERANCE + SRGB_OFFSET) / SRGB_SCALE) ** SRGB_EXPONENT


def _linear(rgb: Tensor) -> Tensor:
    # The clamp keeps the branch that torch.where discards from producing infinite gradients; so do those below.
    power = ((rgb.clamp_min(SRGB_ENCODED_LIMIT) + SRGB_OFFSET) / SRGB_SCALE) ** SRGB_EXPONENT
    return torch.where(rgb > SRGB_ENCODED_LIMIT, power, rgb / SRGB_SLOPE)


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
    x, y, z = lab_f(xyz).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def lab_f(t: Tensor) -> Tensor:
    """f of CIELAB for X/Xn, Y/Yn or Z/Zn, any shape."""
    return torch.where(t > LAB_EPSILON, t.clamp_min(LAB_EPSILON) ** (1 / 3), LAB_SLOPE * t + LAB_OFFSET)


def inverse_lab_f(f: Tensor) -> Tensor:
    """X/Xn, Y/Yn or Z/Zn of f of CIELAB, any shape."""
    return torch.where(f > LAB_DELTA, f**3, (f - LAB_OFFSET) / LAB_SLOPE)


def picture_to_lab(picture: np.ndarray) -> Tensor:
    """CIELAB (1,3,H,W) of a picture (H,W,3), or a grey one (H,W), of uint8 or uint16 sRGB."""
    if picture.ndim == 2:
        L = _lightness(linear_light(picture))
        return torch.stack([L, torch.zeros_like(L), torch.zeros_like(L)])[None]
    return linear_to_lab(linear_light(np.moveaxis(picture, -1, 0))[None])


def _lightness(luminance: Tensor) -> Tensor:
    """L* in 0..100 of linear luminance in [0, 1]."""
    return 116 * lab_f(luminance) - 16


def grey_bytes(picture: np.ndarray) -> np.ndarray:
    """The greys (H,W) uint8 that have the L* of a picture (H,W,3) uint8 sRGB."""
    linear = linear_light(np.moveaxis(picture, -1, 0))
    luminance = torch.einsum("c,chw->hw", XYZ_FROM_RGB[1].to(linear), linear)
    return to_bytes(encode_gamma(luminance).clamp(0, 1)).numpy()


def lab_to_rgb(lab: Tensor) -> Tensor:
    """sRGB of CIELAB, the inverse of `rgb_to_lab`.

    Args:
        lab: (N,3,...) in CIELAB units.

    Returns:
        (N,3,...), outside [0, 1] where the colour lies outside the gamut; see `into_gamut`.
    """
    return encode_gamma(_lab_to_linear(lab))


def lightness_to_srgb(lightness: Tensor) -> Tensor:
    """sRGB in [0, 1] of greys of L* in 0..100, any shape."""
    return encode_gamma(inverse_lab_f((lightness + 16) / 116).clamp(0, 1))


def encode_gamma(linear: Tensor) -> Tensor:
    """sRGB of linear light, any shape, both in [0, 1]."""
    power = SRGB_SCALE * linear.clamp_min(SRGB_LINEAR_LIMIT) ** (1 / SRGB_EXPONENT) - SRGB_OFFSET
    return torch.where(linear > SRGB_LINEAR_LIMIT, power, SRGB_SLOPE * linear)


def _lab_to_linear(lab: Tensor) -> Tensor:
    L, a, b = lab.unbind(1)
    y = (L + 16) / 116
    # A negative Z counts as zero, as in skimage.color.
    f = torch.stack([y + a / 500, y, (y - b / 200).clamp_min(0)], dim=1)
    return _mix(RGB_FROM_NORMALIZED_XYZ, inverse_lab_f(f))


def to_network(lab: Tensor) -> tuple[Tensor, Tensor]:
    """`L` (N,1,H,W) and `ab` (N,2,H,W) in the networks' units, from `lab` (N,3,H,W) in CIELAB units."""
    return lab[:, :1] / 50 - 1, lab[:, 1:] / AB_SCALE


def from_network(L: Tensor, ab: Tensor) -> Tensor:
    """`lab` (N,3,H,W) in CIELAB units from `L` (N,1,H,W) and `ab` (N,2,H,W) in the networks'."""
    return torch.cat([(L + 1) * 50, ab * AB_SCALE], dim=1)


def high_pass(L: Tensor) -> Tensor:
    """The edges of `L` (N,1,H,W), in that shape: a 3x3 Laplacian over eight neighbours, the border replicated."""
    return F.conv2d(F.pad(L, (1, 1, 1, 1), mode="replicate"), LAPLACIAN.to(L)[None, None])


def into_gamut(lab: Tensor, halvings: int = 10) -> tuple[Tensor, Tensor]:
    """Colours brought into the gamut of sRGB: lightness and hue stay, and chroma is as large as possible.

    Only chroma of colours outside is scaled down, by bisection. The grey of every lightness from 0 to 100 is inside, so
    this always succeeds.

    Args:
        lab: (N,3,H,W) in CIELAB units, L* in 0..100.
        halvings: steps of the bisection; ten find the chroma to 0.1%.

    Returns:
        `lab` (N,3,H,W) inside the gamut, and the `rgb` (N,3,H,W) in [0, 1] of those colours.
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
