"""Pictures at the photo's own size from what the networks answered of their working copies, band by band.

Rows of pixels go in and rows in colour come out, so memory does not grow with the photo, and a photo in memory and a
scan that is read strip by strip go the same way. Knows nothing of networks or files.
"""

import functools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from colouru.colour import AB_SCALE, BRIGHTEST, DARKEST, NORMALIZED_XYZ_FROM_RGB, RGB_FROM_NORMALIZED_XYZ, linear_table
from colouru.gamut import BLACK, HALF, QUARTER, RANGE, SLOPE, STEPS, TOE, TURN, nearness
from colouru.hints import Hint, hint_squares
from colouru.propagation import Wide, guided_rows, guides, keep_hints, widened
from colouru.scratch import Scratch

# Rows are handed on in bands of about this many pixels.
BAND_PIXELS = 1 << 20

# And worked on in pieces of about so many, which a core keeps in its own cache.
PIECE_PIXELS = 1 << 16

# Entries of the table from linear light to bytes, so many that the darkest, which lie closest together, get ten each.
FINENESS = 1 << 15

# And so many beyond either end, for what is outside by less than a byte could show.
BEYOND = 1 << 8

# Of linear light to the table of f: in it even a is right to a twentieth, which is enough to compare with.
ROOTS = 1 << 16

# L of the networks is so much times f, less a constant; p and q are so much times their a and b.
L_OF_F = 2 / RANGE
PQ_OF_AB = (AB_SCALE / 500, AB_SCALE / 200)

# X/Xn, Y/Yn and Z/Zn from which on f is the cube root, and what each is of linear red, green and blue.
CUBE_OF_TOE = 0.008856
XYZ_WEIGHTS = NORMALIZED_XYZ_FROM_RGB.tolist()

# What X/Xn and Z/Zn add to each of linear red, green and blue when they differ from Y/Yn. Grey is exactly grey.
RGB_WEIGHTS = RGB_FROM_NORMALIZED_XYZ[:, ::2].tolist()

# Chroma is never divided by alone, for it may be zero.
TINY = 1e-7

# Of linear light, where steps of sixteen bits are smallest, under half of one; black and white are divided by it.
LEAST = 2.0**-21


class Chroma(NamedTuple):
    """What a network made of its working copy.

    Attributes:
        L: (1,1,h,w) of the working copy.
        ab: (1,2,h,w), `ab_pred`.
        kept: the hints whose own colours are put where they are, the later on top; none if the network only hears them.
    """

    L: Tensor
    ab: Tensor
    kept: Sequence[Hint] = ()


class Band(NamedTuple):
    """Some rows of a photo in colour.

    Attributes:
        rows: which.
        coloured: (h,W,3) for each network, sRGB.
        errors: for each network the sum over these rows of its squared error in ab, in the networks' units; 0 unless
            the photo was to be compared with.
        grey_error: that sum for no colour at all.
    """

    rows: slice
    coloured: dict[str, np.ndarray]
    errors: dict[str, float]
    grey_error: float


class Light(NamedTuple):
    """What a piece of a photo is before it is coloured, each (n,W) float32 unless said otherwise.

    Attributes:
        f: of CIELAB, (L* + 16) / 116.
        Y: its luminance, in [0, 1].
        base: that as a place in the table from linear light to bytes, half a step up, so that it need only be cut off.
        place: where its lightness begins in the table of the gamut, and from there the middle of half a turn.
        up, down: times these, what a channel of linear light is above or below Y becomes 1 at the edge of the gamut.
        p, q: a / 500 and b / 200; None unless the photo is to be compared with.
    """

    f: np.ndarray
    Y: np.ndarray
    base: np.ndarray
    place: np.ndarray
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
    """The photo in colour as each network sees it, from top to bottom, in its own lightness.

    Args:
        strips: all rows of the photo in order, in strips (h,W,3) or, of a grey one, (h,W), of uint8 or uint16 sRGB; the
            next is taken when the one before has been used up.
        height: the photo's.
        chroma: of each network.
        saturation: what the chroma is multiplied by; only at 1 hints are exact.
        dtype: np.uint8 or np.uint16, of what comes out, whatever goes in.
        compare: whether the photo has colours to compare with, so that errors are told.
    """
    coarse = {role: _guides(each, saturation) for role, each in chroma.items()}
    painted: dict[str, list] = {}
    for rows, pixels in in_bands(strips):
        width = pixels.shape[1]
        painted = painted or {role: _painted(each, height, width, saturation) for role, each in chroma.items()}
        wide = {role: widened(each, height, width, rows) for role, each in coarse.items()}
        coloured = {role: np.empty((len(pixels), width, 3), dtype) for role in chroma}
        work = functools.partial(_colour, pixels, rows.start, wide, painted, coloured, compare)
        sums = list(_workers().map(work, *_shares(len(pixels))))
        errors = {role: sum(errors[role] for errors, _ in sums) for role in chroma}
        yield Band(rows, coloured, errors, sum(grey for _, grey in sums))


def in_bands(strips: Iterable[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """The strips in bands of at most about `BAND_PIXELS`, each with its rows of the photo."""
    top = 0
    for strip in strips:
        step = max(1, BAND_PIXELS // strip.shape[1])
        for start in range(0, len(strip), step):
            pixels = strip[start : start + step]
            yield slice(top, top + len(pixels)), pixels
            top += len(pixels)


@functools.cache
def _workers() -> ThreadPoolExecutor:
    """As many threads as PyTorch would use, each with work of its own. Threads that share every single operation, as
    PyTorch's do, wait for each other thousands of times a photo, for the longer the busier the machine is."""
    return ThreadPoolExecutor(torch.get_num_threads(), "colouru-rendering")


def _shares(rows: int) -> tuple[list[int], list[int]]:
    """First and last rows of what each of the threads does of that many."""
    edges = np.linspace(0, rows, min(rows, torch.get_num_threads()) + 1).round().astype(int).tolist()
    return edges[:-1], edges[1:]


_SCRATCH = threading.local()


def _scratch() -> Scratch:
    """This thread's own."""
    if not hasattr(_SCRATCH, "scratch"):
        _SCRATCH.scratch = Scratch()
    return _SCRATCH.scratch


def _guides(chroma: Chroma, saturation: float) -> Tensor:
    """The guides (1,9,h,w) of f, p and q."""
    pq = saturation * torch.tensor(PQ_OF_AB)
    scale = torch.cat([pq, pq * L_OF_F, pq, pq, torch.tensor([1 / L_OF_F])])
    found = guides(chroma.L, chroma.ab) * scale[:, None, None]
    found[:, 8] += (1 + BLACK * L_OF_F) / L_OF_F
    return found


def _painted(chroma: Chroma, height: int, width: int, saturation: float) -> list[tuple[slice, slice, np.ndarray]]:
    """Rows, columns, and p and q (2,) of the hints that are kept."""
    pq = saturation * torch.tensor(PQ_OF_AB)
    return [(rows, columns, (ab * pq).numpy()) for rows, columns, ab in hint_squares(chroma.kept, height, width)]


def _colour(
    pixels: np.ndarray,
    top: int,
    wide: Mapping[str, Wide],
    painted: Mapping[str, Sequence[tuple[slice, slice, np.ndarray]]],
    coloured: Mapping[str, np.ndarray],
    compare: bool,
    first: int,
    last: int,
) -> tuple[dict[str, float], float]:
    """Fill `coloured` from row `first` to `last` of a band that begins at row `top`: the errors and the grey error."""
    scratch = _scratch()
    errors, grey_error = dict.fromkeys(wide, 0.0), 0.0
    compare = compare and pixels.ndim == 3
    step = max(1, PIECE_PIXELS // pixels.shape[1])
    for start in range(first, last, step):
        end = min(start + step, last)
        light = _light(pixels[start:end], compare, scratch, deep=any(c.dtype == np.uint16 for c in coloured.values()))
        if compare:
            grey_error += _squared(light.p, light.q)
        for role in wide:
            pq = guided_rows(wide[role], light.f, start, scratch)
            keep_hints(pq, painted[role], slice(top + start, top + end))
            _into_gamut(light, *pq, scratch)
            _mix(light, *pq, coloured[role][start:end], scratch)
            if compare:
                errors[role] += _squared(np.subtract(pq[0], light.p, out=pq[0]), np.subtract(pq[1], light.q, out=pq[1]))
    return errors, grey_error


def _light(pixels: np.ndarray, compare: bool, scratch: Scratch, *, deep: bool) -> Light:
    """Of (n,W,3), or (n,W), of uint8 or uint16; `deep` if it is for what comes out with sixteen bits."""
    shape = pixels.shape[:2]
    index, more = scratch("index", shape, np.int32), scratch("more", shape)
    linear = [scratch(f"linear {channel}", shape) for channel in range(1 if pixels.ndim == 2 else 3)]
    for number, channel in enumerate(linear):
        np.copyto(index, pixels if pixels.ndim == 2 else pixels[..., number])
        _look_up(linear_table(pixels.dtype.type), index, channel)
    Y = linear[0] if pixels.ndim == 2 else _weighed(linear, XYZ_WEIGHTS[1], scratch("Y", shape), more)
    f = np.cbrt(Y, out=scratch("f", shape))
    if Y.min() <= CUBE_OF_TOE:
        np.multiply(Y, SLOPE, out=more)
        np.add(more, BLACK, out=more)
        np.copyto(f, more, where=Y <= CUBE_OF_TOE)
    p = q = None
    if compare:
        p = _root(_weighed(linear, XYZ_WEIGHTS[0], scratch("p", shape), more), index)
        q = _root(_weighed(linear, XYZ_WEIGHTS[2], scratch("q", shape), more), index)
        np.subtract(p, f, out=p)
        np.subtract(f, q, out=q)
    place = np.subtract(f, BLACK, out=scratch("place", shape))
    np.multiply(place, STEPS / RANGE, out=place)
    np.floor(place, out=place)
    np.multiply(place, TURN, out=place)
    np.add(place, QUARTER, out=place)
    base = np.multiply(Y, FINENESS, out=scratch("base", shape))
    np.add(base, BEYOND + 0.5, out=base)
    # What eight bits round to the nearest colour, sixteen would clip, and with it its lightness.
    darkest, brightest = (-LEAST, 1 + LEAST) if deep else (DARKEST, BRIGHTEST)
    up = np.subtract(brightest, Y, out=scratch("up", shape))
    down = np.subtract(darkest, Y, out=scratch("down", shape))
    return Light(f, Y, base, place, np.divide(1, up, out=up), np.divide(1, down, out=down), p, q)


def _look_up(table: Tensor, index: np.ndarray, out: np.ndarray) -> None:
    """`table[index]`. PyTorch's is several times as fast as NumPy's."""
    torch.index_select(table, 0, torch.from_numpy(index.reshape(-1)), out=torch.from_numpy(out.reshape(-1)))


def _weighed(channels: Sequence[np.ndarray], weights: Sequence[float], out: np.ndarray, more: np.ndarray) -> np.ndarray:
    np.multiply(channels[0], weights[0], out=out)
    for channel, weight in zip(channels[1:], weights[1:], strict=True):
        np.multiply(channel, weight, out=more)
        np.add(out, more, out=out)
    return out


def _root(cube: np.ndarray, index: np.ndarray) -> np.ndarray:
    """f of X/Xn or Z/Zn, in place."""
    np.multiply(cube, ROOTS, out=cube)
    np.copyto(index, cube, casting="unsafe")
    _look_up(root_table(), index, cube)
    return cube


@functools.cache
def root_table() -> Tensor:
    """f of CIELAB for X/Xn in [0, 1], in the middle of each of `ROOTS` steps."""
    cube = (torch.arange(ROOTS + 1, dtype=torch.float64) + 0.5) / ROOTS
    return torch.where(cube > CUBE_OF_TOE, cube ** (1 / 3), SLOPE * cube + BLACK).float()


def _squared(p: np.ndarray, q: np.ndarray) -> float:
    """The sum of a and b squared, in the networks' units."""
    return sum(float(np.vdot(x, x)) / scale**2 for x, scale in zip((p, q), PQ_OF_AB, strict=True))


def _into_gamut(light: Light, p: np.ndarray, q: np.ndarray, scratch: Scratch) -> None:
    """Bring p and q (n,W), in place and in one ratio, to where sRGB has them or nearly: up to a cell of the table."""
    norm, more = scratch("norm", p.shape), scratch("more", p.shape)
    index, left = scratch("index", p.shape, np.int32), scratch("left", p.shape, np.int32)
    np.abs(p, out=norm)
    np.abs(q, out=more)
    np.add(norm, more, out=norm)
    np.add(norm, TINY, out=norm)
    np.divide(q, norm, out=more)
    np.multiply(more, QUARTER, out=more)
    np.add(more, light.place, out=more)
    np.copyto(index, more, casting="unsafe")
    # All ones where the sign bit is set.
    np.right_shift(p.view(np.int32), 31, out=left)
    np.bitwise_and(left, HALF, out=left)
    np.add(index, left, out=index)
    _look_up(nearness(), index, more)
    np.multiply(norm, more, out=norm)
    np.maximum(norm, 1, out=norm)
    np.divide(p, norm, out=p)
    np.divide(q, norm, out=q)


def _mix(light: Light, p: np.ndarray, q: np.ndarray, out: np.ndarray, scratch: Scratch) -> None:
    """sRGB (n,W,3), uint8 or uint16, into `out`. What lies outside still comes nearer to the grey of its luminance, in
    linear light, until it is inside, and p and q with it."""
    shape, more, root = p.shape, scratch("more", p.shape), scratch("root", p.shape)
    x = _cubed(np.add(light.f, p, out=root), scratch("x", shape), more)
    z = _cubed(np.subtract(light.f, q, out=root), scratch("z", shape), more)
    np.subtract(x, light.Y, out=x)
    np.subtract(z, light.Y, out=z)
    channels = [
        _weighed((x, z), weights, scratch(name, shape), more)
        for name, weights in zip(("red", "green", "blue"), RGB_WEIGHTS, strict=True)
    ]
    red, green, blue = channels
    excess = np.maximum(np.maximum(red, green, out=x), blue, out=x)
    lack = np.minimum(np.minimum(red, green, out=z), blue, out=z)
    np.multiply(excess, light.up, out=excess)
    np.multiply(lack, light.down, out=lack)
    np.maximum(excess, lack, out=excess)
    np.maximum(excess, 1, out=excess)
    np.divide(p, excess, out=p)
    np.divide(q, excess, out=q)
    scale, base = (FINENESS, light.base) if out.dtype == np.uint8 else (1, light.Y)
    np.divide(scale, excess, out=excess)
    for channel in channels:
        np.multiply(channel, excess, out=channel)
        np.add(channel, base, out=channel)
    if out.dtype == np.uint8:
        index = scratch("indices", (*shape, 3), np.int32)
        for number, channel in enumerate(channels):
            np.copyto(index[..., number], channel, casting="unsafe")
        _look_up(gamma_table(), index, out)
    else:
        for number, channel in enumerate(channels):
            np.copyto(out[..., number], _words(channel, more), casting="unsafe")


def _cubed(root: np.ndarray, out: np.ndarray, more: np.ndarray) -> np.ndarray:
    """X/Xn or Z/Zn of its root."""
    np.multiply(root, root, out=out)
    np.multiply(out, root, out=out)
    if root.min() <= TOE:
        np.subtract(root, BLACK, out=more)
        np.divide(more, SLOPE, out=more)
        np.copyto(out, more, where=root <= TOE)
    return out


def _words(linear: np.ndarray, out: np.ndarray) -> np.ndarray:
    """sRGB from 0 to 65535, half a step up, so that it need only be cut off, of linear light, which is changed."""
    np.maximum(linear, 0, out=linear)
    np.minimum(linear, 1, out=linear)
    np.power(linear, 1 / 2.4, out=out)
    np.multiply(out, 1.055 * 65535, out=out)
    np.subtract(out, 0.055 * 65535 - 0.5, out=out)
    if linear.min() <= 0.0031308:
        np.copyto(out, linear * (12.92 * 65535) + 0.5, where=linear <= 0.0031308)
    return out


@functools.cache
def gamma_table() -> Tensor:
    """The bytes, uint8, of linear light in [0, 1], for each of `FINENESS` steps, both ends, and `BEYOND` them."""
    linear = (np.arange(-BEYOND, FINENESS + BEYOND + 1) / FINENESS).clip(0, 1)
    srgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return torch.from_numpy((255 * srgb).round().astype(np.uint8))
