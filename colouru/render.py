"""Pictures at the photo's own size from the chroma that networks predict for working copies, band by band.

Rows of pixels go in and rows in colour come out, so memory does not grow with the photo. A photo in memory and a scan
that is read strip by strip are rendered alike. Knows nothing of networks or files.

Colours are computed as f of the lightness, p = a/500 and q = b/200, where f is that of CIELAB: see `colouru.gamut`.
"""

import functools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from colouru.buffer_pool import BufferPool
from colouru.colour import (
    AB_SCALE,
    BRIGHTEST,
    DARKEST,
    LAB_DELTA,
    LAB_EPSILON,
    LAB_OFFSET,
    LAB_SLOPE,
    NORMALIZED_XYZ_FROM_RGB,
    RGB_FROM_NORMALIZED_XYZ,
    SRGB_EXPONENT,
    SRGB_LINEAR_LIMIT,
    SRGB_OFFSET,
    SRGB_SCALE,
    SRGB_SLOPE,
    encode_gamma,
    lab_f,
    linear_table,
)
from colouru.gamut import F_RANGE, HALF_TURN, LIGHTNESS_STEPS, QUARTER_STEPS, TURN, inverse_chroma_limit
from colouru.hint_maps import hint_squares
from colouru.hints import Hint
from colouru.images.pixels import bands
from colouru.upsample import UpsampledColumns, apply_hints, guides, upsample_columns, upsample_rows

# Each thread works on pieces of about this many pixels, which fit into the cache of a core.
PIECE_PIXELS = 1 << 16

# Steps of the table from linear light to bytes. With so many, the darkest bytes, which lie closest, get ten each.
LINEAR_STEPS = 1 << 15

# Entries of that table beyond either end, for linear light that is outside by less than a byte.
LINEAR_MARGIN = 1 << 8

# Steps of the table from linear light to f. With so many, errors are measured to a twentieth of a unit of a.
LAB_F_STEPS = 1 << 16

# L in the networks' units is L_PER_F * f plus a constant; p and q are PQ_PER_AB times ab in the networks' units.
L_PER_F = 2 / F_RANGE
PQ_PER_AB = (AB_SCALE / 500, AB_SCALE / 200)

# X/Xn, Y/Yn and Z/Zn of linear red, green and blue.
XYZ_WEIGHTS = NORMALIZED_XYZ_FROM_RGB.tolist()

# What X/Xn - Y/Yn and Z/Zn - Y/Yn add to linear red, green and blue. Both are 0 for grey, which so stays exact.
RGB_WEIGHTS = RGB_FROM_NORMALIZED_XYZ[:, ::2].tolist()

# Added to chroma, which may be zero, before it is divided by.
EPSILON = 1e-7

# How far linear light may lie outside [0, 1] in sixteen bits: less than half of their smallest step, but not 0, since
# black and white are divided by it.
TOLERANCE_16_BIT = 2.0**-21


class Chroma(NamedTuple):
    """What a network predicts for its working copy.

    Attributes:
        L: (1,1,h,w) of the working copy.
        ab: (1,2,h,w), `ab_pred`.
        exact_hints: hints whose colours the picture must show exactly, the later ones on top.
    """

    L: Tensor
    ab: Tensor
    exact_hints: Sequence[Hint] = ()


class Band(NamedTuple):
    """Some rows of a photo in colour.

    Attributes:
        rows: of the photo.
        coloured: (h,W,3) sRGB by network.
        errors: by network, the sum over these rows of the squared error in ab, in the networks' units; 0 unless the
            photo was compared with.
        grey_error: that sum for no colour at all.
    """

    rows: slice
    coloured: dict[str, np.ndarray]
    errors: dict[str, float]
    grey_error: float


class Luminance(NamedTuple):
    """What rendering needs of a piece of the photo, each (n,W) float32.

    Attributes:
        f: of CIELAB, (L* + 16) / 116.
        Y: relative luminance, in [0, 1].
        table_index: Y as a position in `byte_table`, plus a half, so that truncation rounds it.
        gamut_index: where its lightness begins in `inverse_chroma_limit`, plus a quarter turn.
        up, down: one over the distance from Y to the upper and the lower bound of linear light.
        p, q: a / 500 and b / 200 of the photo itself; None unless it is compared with.
    """

    f: np.ndarray
    Y: np.ndarray
    table_index: np.ndarray
    gamut_index: np.ndarray
    up: np.ndarray
    down: np.ndarray
    p: np.ndarray | None
    q: np.ndarray | None


def render(
    strips: Iterable[np.ndarray],
    height: int,
    chroma: Mapping[str, Chroma],
    *,
    saturation: float = 1.0,
    dtype: type = np.uint8,
    compare: bool = False,
) -> Iterator[Band]:
    """The photo in colour by each network, from top to bottom, with the lightness of the photo.

    Args:
        strips: all rows of the photo in order, in strips (h,W,3) or, if grey, (h,W), of uint8 or uint16 sRGB. A strip
            is taken when the one before has been rendered.
        height: of the photo.
        chroma: by network.
        saturation: chroma is multiplied by it; hints are exact only at 1.
        dtype: np.uint8 or np.uint16, of the result, whatever the strips are.
        compare: whether the photo has colours to compare with, for the errors.
    """
    coarse = {role: _scaled_guides(each, saturation) for role, each in chroma.items()}
    squares: dict[str, list] = {}
    for rows, pixels in in_bands(strips):
        width = pixels.shape[1]
        squares = squares or {role: _exact_squares(each, height, width, saturation) for role, each in chroma.items()}
        columns = {role: upsample_columns(each, height, width, rows) for role, each in coarse.items()}
        coloured = {role: np.empty((len(pixels), width, 3), dtype) for role in chroma}
        work = functools.partial(_render_rows, pixels, rows.start, columns, squares, coloured, compare)
        sums = list(_workers().map(work, *_split_rows(len(pixels))))
        errors = {role: sum(errors[role] for errors, _ in sums) for role in chroma}
        yield Band(rows, coloured, errors, sum(grey for _, grey in sums))


def in_bands(strips: Iterable[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """The strips cut into `bands`, each with its rows of the photo."""
    top = 0
    for strip in strips:
        for pixels in bands(strip):
            yield slice(top, top + len(pixels)), pixels
            top += len(pixels)


@functools.cache
def _workers() -> ThreadPoolExecutor:
    """As many threads as PyTorch uses, each for rows of its own.

    PyTorch's own threads share every single operation, and so wait for each other thousands of times a photo.
    """
    return ThreadPoolExecutor(torch.get_num_threads(), "colouru-render")


def _split_rows(rows: int) -> tuple[list[int], list[int]]:
    """The first rows and the ends of the shares of all threads, of so many rows."""
    edges = np.linspace(0, rows, min(rows, torch.get_num_threads()) + 1).round().astype(int).tolist()
    return edges[:-1], edges[1:]


_THREAD_LOCAL = threading.local()


def _thread_buffers() -> BufferPool:
    """The buffers of the current thread."""
    if not hasattr(_THREAD_LOCAL, "buffers"):
        _THREAD_LOCAL.buffers = BufferPool()
    return _THREAD_LOCAL.buffers


def _scaled_guides(chroma: Chroma, saturation: float) -> Tensor:
    """`guides` (1,9,h,w) in units of f, p and q."""
    pq = saturation * torch.tensor(PQ_PER_AB)
    scale = torch.cat([pq, pq * L_PER_F, pq, pq, torch.tensor([1 / L_PER_F])])
    found = guides(chroma.L, chroma.ab) * scale[:, None, None]
    found[:, 8] += (1 + LAB_OFFSET * L_PER_F) / L_PER_F
    return found


def _exact_squares(chroma: Chroma, height: int, width: int, saturation: float) -> list[tuple[slice, slice, np.ndarray]]:
    """Rows, columns, and p and q (2,) of the hints that are shown exactly."""
    pq = saturation * torch.tensor(PQ_PER_AB)
    return [(rows, columns, (ab * pq).numpy()) for rows, columns, ab in hint_squares(chroma.exact_hints, height, width)]


def _render_rows(
    pixels: np.ndarray,
    top: int,
    columns: Mapping[str, UpsampledColumns],
    squares: Mapping[str, Sequence[tuple[slice, slice, np.ndarray]]],
    coloured: Mapping[str, np.ndarray],
    compare: bool,
    first: int,
    last: int,
) -> tuple[dict[str, float], float]:
    """Fill `coloured` from row `first` to `last` of a band that begins at row `top`: the errors and the grey error."""
    buffers = _thread_buffers()
    errors, grey_error = dict.fromkeys(columns, 0.0), 0.0
    compare = compare and pixels.ndim == 3
    deep = any(each.dtype == np.uint16 for each in coloured.values())
    step = max(1, PIECE_PIXELS // pixels.shape[1])
    for start in range(first, last, step):
        end = min(start + step, last)
        luminance = _luminance(pixels[start:end], compare, buffers, deep=deep)
        if compare:
            grey_error += _squared_sum(luminance.p, luminance.q)
        for role in columns:
            p, q = pq = upsample_rows(columns[role], luminance.f, start, buffers)
            apply_hints(pq, squares[role], slice(top + start, top + end))
            _limit_chroma(luminance, p, q, buffers)
            _to_srgb(luminance, p, q, coloured[role][start:end], buffers)
            if compare:
                errors[role] += _squared_sum(np.subtract(p, luminance.p, out=p), np.subtract(q, luminance.q, out=q))
    return errors, grey_error


def _luminance(pixels: np.ndarray, compare: bool, buffers: BufferPool, *, deep: bool) -> Luminance:
    """Of pixels (n,W,3) or (n,W), uint8 or uint16; `deep` if any result has sixteen bits."""
    shape = pixels.shape[:2]
    index, spare = buffers("index", shape, np.int32), buffers("spare", shape)
    linear = [buffers(f"linear {channel}", shape) for channel in range(1 if pixels.ndim == 2 else 3)]
    for number, channel in enumerate(linear):
        np.copyto(index, pixels if pixels.ndim == 2 else pixels[..., number])
        _look_up(linear_table(pixels.dtype.type), index, channel)
    Y = linear[0] if pixels.ndim == 2 else _weighted_sum(linear, XYZ_WEIGHTS[1], buffers("Y", shape), spare)
    f = np.cbrt(Y, out=buffers("f", shape))
    if Y.min() <= LAB_EPSILON:
        np.multiply(Y, LAB_SLOPE, out=spare)
        np.add(spare, LAB_OFFSET, out=spare)
        np.copyto(f, spare, where=Y <= LAB_EPSILON)
    p = q = None
    if compare:
        p = _look_up_f(_weighted_sum(linear, XYZ_WEIGHTS[0], buffers("p", shape), spare), index)
        q = _look_up_f(_weighted_sum(linear, XYZ_WEIGHTS[2], buffers("q", shape), spare), index)
        np.subtract(p, f, out=p)
        np.subtract(f, q, out=q)
    gamut_index = np.subtract(f, LAB_OFFSET, out=buffers("gamut index", shape))
    np.multiply(gamut_index, LIGHTNESS_STEPS / F_RANGE, out=gamut_index)
    np.floor(gamut_index, out=gamut_index)
    np.multiply(gamut_index, TURN, out=gamut_index)
    np.add(gamut_index, QUARTER_STEPS, out=gamut_index)
    table_index = np.multiply(Y, LINEAR_STEPS, out=buffers("table index", shape))
    np.add(table_index, LINEAR_MARGIN + 0.5, out=table_index)
    # Eight bits round what is slightly outside to the nearest colour. Sixteen would clip it, and change its lightness.
    darkest, brightest = (-TOLERANCE_16_BIT, 1 + TOLERANCE_16_BIT) if deep else (DARKEST, BRIGHTEST)
    up = np.subtract(brightest, Y, out=buffers("up", shape))
    down = np.subtract(darkest, Y, out=buffers("down", shape))
    return Luminance(f, Y, table_index, gamut_index, np.divide(1, up, out=up), np.divide(1, down, out=down), p, q)


def _look_up(table: Tensor, index: np.ndarray, out: np.ndarray) -> None:
    """`table[index]`. PyTorch's is several times as fast as NumPy's."""
    torch.index_select(table, 0, torch.from_numpy(index.reshape(-1)), out=torch.from_numpy(out.reshape(-1)))


def _weighted_sum(
    channels: Sequence[np.ndarray], weights: Sequence[float], out: np.ndarray, spare: np.ndarray
) -> np.ndarray:
    np.multiply(channels[0], weights[0], out=out)
    for channel, weight in zip(channels[1:], weights[1:], strict=True):
        np.multiply(channel, weight, out=spare)
        np.add(out, spare, out=out)
    return out


def _look_up_f(t: np.ndarray, index: np.ndarray) -> np.ndarray:
    """f of X/Xn or Z/Zn in [0, 1], in place."""
    np.multiply(t, LAB_F_STEPS, out=t)
    np.copyto(index, t, casting="unsafe")
    _look_up(lab_f_table(), index, t)
    return t


@functools.cache
def lab_f_table() -> Tensor:
    """f of CIELAB for X/Xn in [0, 1], in the middle of each of `LAB_F_STEPS` steps."""
    return lab_f((torch.arange(LAB_F_STEPS + 1, dtype=torch.float64) + 0.5) / LAB_F_STEPS).float()


def _squared_sum(p: np.ndarray, q: np.ndarray) -> float:
    """The sum of a and b squared, in the networks' units."""
    return sum(float(np.vdot(x, x)) / scale**2 for x, scale in zip((p, q), PQ_PER_AB, strict=True))


def _limit_chroma(luminance: Luminance, p: np.ndarray, q: np.ndarray, buffers: BufferPool) -> None:
    """Scale p and q (n,W) down, in place, to the limit that the table of the gamut has for their lightness and hue."""
    norm, spare = buffers("norm", p.shape), buffers("spare", p.shape)
    index, negative = buffers("index", p.shape, np.int32), buffers("negative", p.shape, np.int32)
    np.abs(p, out=norm)
    np.abs(q, out=spare)
    np.add(norm, spare, out=norm)
    np.add(norm, EPSILON, out=norm)
    np.divide(q, norm, out=spare)
    np.multiply(spare, QUARTER_STEPS, out=spare)
    np.add(spare, luminance.gamut_index, out=spare)
    np.copyto(index, spare, casting="unsafe")
    # The shift gives all ones where the sign bit of p is set.
    np.right_shift(p.view(np.int32), 31, out=negative)
    np.bitwise_and(negative, HALF_TURN, out=negative)
    np.add(index, negative, out=index)
    _look_up(inverse_chroma_limit(), index, spare)
    np.multiply(norm, spare, out=norm)
    np.maximum(norm, 1, out=norm)
    np.divide(p, norm, out=p)
    np.divide(q, norm, out=q)


def _to_srgb(luminance: Luminance, p: np.ndarray, q: np.ndarray, out: np.ndarray, buffers: BufferPool) -> None:
    """Write sRGB (n,W,3), uint8 or uint16, of p and q (n,W) into `out`.

    The limit of the table is a little too large. What lies outside still is moved towards the grey of its luminance, in
    linear light, until it is inside, and p and q are scaled with it, in place.
    """
    shape, spare, root = p.shape, buffers("spare", p.shape), buffers("root", p.shape)
    x = _inverse_lab_f(np.add(luminance.f, p, out=root), buffers("x", shape), spare)
    z = _inverse_lab_f(np.subtract(luminance.f, q, out=root), buffers("z", shape), spare)
    np.subtract(x, luminance.Y, out=x)
    np.subtract(z, luminance.Y, out=z)
    channels = [
        _weighted_sum((x, z), weights, buffers(name, shape), spare)
        for name, weights in zip(("red", "green", "blue"), RGB_WEIGHTS, strict=True)
    ]
    red, green, blue = channels
    excess = np.maximum(np.maximum(red, green, out=x), blue, out=x)
    lack = np.minimum(np.minimum(red, green, out=z), blue, out=z)
    np.multiply(excess, luminance.up, out=excess)
    np.multiply(lack, luminance.down, out=lack)
    np.maximum(excess, lack, out=excess)
    np.maximum(excess, 1, out=excess)
    np.divide(p, excess, out=p)
    np.divide(q, excess, out=q)
    scale, base = (LINEAR_STEPS, luminance.table_index) if out.dtype == np.uint8 else (1, luminance.Y)
    np.divide(scale, excess, out=excess)
    for channel in channels:
        np.multiply(channel, excess, out=channel)
        np.add(channel, base, out=channel)
    if out.dtype == np.uint8:
        index = buffers("indices", (*shape, 3), np.int32)
        for number, channel in enumerate(channels):
            np.copyto(index[..., number], channel, casting="unsafe")
        _look_up(byte_table(), index, out)
    else:
        for number, channel in enumerate(channels):
            np.copyto(out[..., number], _encode_16_bits(channel, spare), casting="unsafe")


def _inverse_lab_f(f: np.ndarray, out: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """X/Xn or Z/Zn of f."""
    np.multiply(f, f, out=out)
    np.multiply(out, f, out=out)
    if f.min() <= LAB_DELTA:
        np.subtract(f, LAB_OFFSET, out=spare)
        np.divide(spare, LAB_SLOPE, out=spare)
        np.copyto(out, spare, where=f <= LAB_DELTA)
    return out


def _encode_16_bits(linear: np.ndarray, out: np.ndarray) -> np.ndarray:
    """sRGB from 0 to 65535, plus a half, so that truncation rounds it, of linear light, which is clipped in place."""
    np.maximum(linear, 0, out=linear)
    np.minimum(linear, 1, out=linear)
    np.power(linear, 1 / SRGB_EXPONENT, out=out)
    np.multiply(out, SRGB_SCALE * 65535, out=out)
    np.subtract(out, SRGB_OFFSET * 65535 - 0.5, out=out)
    if linear.min() <= SRGB_LINEAR_LIMIT:
        np.copyto(out, linear * (SRGB_SLOPE * 65535) + 0.5, where=linear <= SRGB_LINEAR_LIMIT)
    return out


@functools.cache
def byte_table() -> Tensor:
    """sRGB bytes, uint8, of linear light in [0, 1] in `LINEAR_STEPS` steps, and `LINEAR_MARGIN` beyond both ends."""
    linear = (torch.arange(-LINEAR_MARGIN, LINEAR_STEPS + LINEAR_MARGIN + 1, dtype=torch.float64) / LINEAR_STEPS).clip(
        0, 1
    )
    return (255 * encode_gamma(linear)).round().to(torch.uint8)
