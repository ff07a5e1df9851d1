"""Applies ICC colour profiles of scanners and cameras: converts pixels to sRGB, with as many bits as they have.

Greyscale profiles (gamma, dot gain) and RGB profiles of three curves and a matrix are evaluated here in floating point,
because colour engines round them to a coarse table. Profiles of tables, such as those of CMYK and many scanners, go
through Little CMS: in 16 bits by pyvips, if it is installed, in 8 bits by Pillow.

The structure is described in ICC.1:2022 (profile version 4) and ICC.1:2001-04 (version 2).
"""

import io
import struct
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageCms

from colouru.colour import LAB_DELTA, LAB_OFFSET, LAB_SLOPE, encode_gamma

# From XYZ with the white D50, in which profiles are defined, to linear sRGB: the inverse of sRGB's own matrix, with the
# white adapted by the Bradford method.
RGB_FROM_D50 = np.linalg.inv(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
D50 = np.array([0.9642, 1.0, 0.8249])

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

# Profiles that differ from sRGB by less than this are taken for sRGB with rounding errors. It is a step of eight bits.
SRGB_TOLERANCE = 1 / 256

MAX_TAGS = 200

UNUSABLE = "its colour profile cannot be used, so its colours may be slightly off."
EIGHT_BITS = (
    "its colour profile was applied with 8 bits a channel; to keep 16, install what archives need: "
    'pip install "colouru[archive]".'
)

Transform = Callable[[np.ndarray], np.ndarray]


def to_srgb(profile: bytes, dtype: np.dtype, channels: int) -> tuple[Transform | None, str]:
    """The conversion from a profile to sRGB, and a remark if it is not exact.

    Args:
        profile: the content of an ICC profile. It is not trusted.
        dtype: of the pixels, np.uint8 or np.uint16.
        channels: 1 for grey (H,W), 3 for RGB (H,W,3), 4 for CMYK (H,W,4), which must be uint8.

    Returns:
        A function from such pixels to (H,W) or (H,W,3) of the same dtype, or None if the profile is sRGB or cannot be
        used; and the remark, or "".
    """
    colour_space = {1: "GRAY", 3: "RGB ", 4: "CMYK"}[channels]
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.encode() != colour_space.encode():
            return None, UNUSABLE
        tags = _parse_tags(profile)
        if channels == 1 and b"kTRC" in tags:
            return _grey_transform(tags, profile[20:24], dtype), ""
        if dtype == np.uint16 and channels == 3 and b"A2B0" not in tags:
            return _matrix_transform(tags, dtype), ""
        if dtype == np.uint16:
            return _sixteen_bit_transform(profile, opened, channels)
        return _eight_bit_transform(opened, channels), ""
    except (ImageCms.PyCMSError, OSError, ValueError, LookupError, struct.error):
        return None, UNUSABLE


def _parse_tags(profile: bytes) -> dict[bytes, bytes]:
    (number,) = struct.unpack_from(">I", profile, 128)
    found = {}
    for index in range(min(number, MAX_TAGS)):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        found[name] = profile[offset : offset + size]
    return found


def _evaluate_curve(tag: bytes, steps: int) -> np.ndarray:
    """The values of a curve at so many even steps from 0 to 1, (steps,) float64.

    Raises:
        ValueError, struct.error: if it is no curve, or one that does not rise.
    """
    x = np.linspace(0, 1, steps)
    if tag[:4] == b"curv":
        (number,) = struct.unpack_from(">I", tag, 8)
        if number == 0:
            return x
        if number == 1:
            return x ** (struct.unpack_from(">H", tag, 12)[0] / 256)
        table = np.frombuffer(tag, ">u2", number, 12) / 65_535
        curve = np.interp(x, np.linspace(0, 1, number), table)
    elif tag[:4] == b"para":
        (form,) = struct.unpack_from(">H", tag, 8)
        curve = _parametric_curve(x, form, tag)
        if form == 0:
            return curve
    else:
        raise ValueError(f"expected a curve, got {tag[:4]!r}")
    if not np.isfinite(curve).all() or curve[-1] <= curve[0]:
        raise ValueError("expected a curve that rises")
    return curve.clip(0, 1)


def _parametric_curve(x: np.ndarray, form: int, tag: bytes) -> np.ndarray:
    """A parametricCurveType (ICC.1:2022, section 10.18), of function type 0 to 4."""
    number = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}[form]
    g, a, b, c, d, e, f = (*(v / 65_536 for v in struct.unpack_from(f">{number}i", tag, 12)), *[0.0] * 7)[:7]
    if form == 0:
        return x**g
    with np.errstate(all="ignore"):
        power = (a * x + b).clip(0) ** g
        if form == 1:
            return np.where(a * x + b >= 0, power, 0)
        if form == 2:
            return np.where(a * x + b >= 0, power + c, c)
        if form == 3:
            return np.where(x >= d, power, c * x)
        return np.where(x >= d, power + e, c * x + f)


def _grey_transform(tags: dict[bytes, bytes], connection_space: bytes, dtype: np.dtype) -> Transform | None:
    steps = np.iinfo(dtype).max + 1
    luminance = _evaluate_curve(tags[b"kTRC"], steps)
    if connection_space == b"Lab ":
        # The curve gives lightness instead of luminance.
        luminance = _lab_f_inverse((luminance * 100 + 16) / 116)
    encoded = encode_gamma(torch.tensor(luminance)).clamp(0, 1).numpy()
    if np.abs(encoded - np.linspace(0, 1, steps)).max() < SRGB_TOLERANCE:
        return None
    table = (encoded * (steps - 1)).round().astype(dtype)
    return lambda pixels: table[pixels]


def _matrix_transform(tags: dict[bytes, bytes], dtype: np.dtype) -> Transform | None:
    white = np.iinfo(dtype).max
    curves = [_evaluate_curve(tags[name], white + 1) for name in (b"rTRC", b"gTRC", b"bTRC")]
    curves = torch.tensor(np.stack(curves)).float()
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = torch.tensor(RGB_FROM_D50 @ np.array(columns).T / 65_536).float()

    def convert(pixels: np.ndarray) -> torch.Tensor:
        """(3,H,W) in [0, 1]."""
        indices = torch.tensor(pixels.astype(np.int32)).movedim(-1, 0)
        linear = torch.stack([curve[each] for curve, each in zip(curves, indices, strict=True)])
        return encode_gamma(torch.einsum("ij,jhw->ihw", matrix, linear).clamp(0, 1))

    grid = np.stack(np.meshgrid(*[np.linspace(0, white, 17).round().astype(dtype)] * 3), axis=-1).reshape(-1, 17, 3)
    if (convert(grid) - torch.tensor(grid / white).movedim(-1, 0)).abs().max() < SRGB_TOLERANCE:
        return None
    return lambda pixels: (convert(pixels) * white).round().movedim(0, -1).numpy().astype(dtype)


def _lab_f_inverse(f: np.ndarray) -> np.ndarray:
    """CIELAB's function f undone: luminance, relative to white."""
    return np.where(f > LAB_DELTA, f**3, (f - LAB_OFFSET) / LAB_SLOPE)


def lab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """sRGB (H,W,3) uint16 of CIELAB with the white D50, (H,W,3) float, as TIFF files store it."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    linear = torch.tensor((_lab_f_inverse(f) * D50) @ RGB_FROM_D50.T)
    return (encode_gamma(linear.clamp(0, 1)) * 65_535).round().numpy().astype(np.uint16)


def _eight_bit_transform(profile: ImageCms.ImageCmsProfile, channels: int) -> Transform:
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    transform = ImageCms.buildTransform(profile, SRGB, mode, "RGB")
    return lambda pixels: np.asarray(ImageCms.applyTransform(Image.fromarray(pixels, mode), transform))


def _sixteen_bit_transform(profile: bytes, opened: ImageCms.ImageCmsProfile, channels: int) -> tuple[Transform, str]:
    # Built in any case, to raise an error if the profile cannot be used: pyvips would silently take sRGB in its place.
    eight_bit = _eight_bit_transform(opened, channels)
    try:
        import pyvips
    except ImportError:
        return lambda pixels: eight_bit((pixels / 257).round().astype(np.uint8)) * np.uint16(257), EIGHT_BITS

    def transform(pixels: np.ndarray) -> np.ndarray:
        picture = pyvips.Image.new_from_array(pixels, interpretation="grey16" if channels == 1 else "rgb16").copy()
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        return picture.icc_transform("srgb", embedded=True, depth=16, intent="perceptual").numpy()

    return transform, ""
