"""Hints: facts about colour that a person supplies, or that training simulates.

A `Hint` is a filled square of one colour, placed relative to the picture so that it survives resizing. For the networks
hints become two tensors, `hint_ab` (N,2,H,W), zero where there is no hint, and `hint_mask` (N,1,H,W), exactly 0 or 1.
Only a hint's ab counts; the lightness is the photo's. Knows nothing of networks, files of pictures or Gradio.
"""

import dataclasses
import json
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from skimage.measure import label
from torch import Tensor

from colouru.colour import rgb_to_lab, to_network

DEFAULT_SIZE = 0.03
MAX_HINTS = 10_000
MAX_NOTE = 2_000
MAX_JSON_BYTES = 16 << 20

MAX_LAYER_SIDE = 512

# The side of a square of paint that is not left out, as a fraction of the layer's longer side.
LEAST_DETAIL = 1 / 64

# Where one colour is painted over another, a browser may blend the two along the rim: patches of paint this narrow, as
# a fraction of the layer's longer side, in mixed colours that nobody chose.
RIM = 1 / 200

# A pixel of a painted layer counts as painted from this alpha on: the rim that a browser may blend does not.
OPAQUE = 250


@dataclasses.dataclass(frozen=True)
class Hint:
    """A filled square of one colour.

    Attributes:
        x, y: the centre, in [0, 1] of the picture's width and height, from the top left.
        colour: `#rrggbb`, sRGB.
        size: the side, as a fraction of the picture's longer side, above 0 and at most 1; never less than one pixel.
        note: why this colour, for whoever meets the picture later ("uniform, from the regimental museum").

    Raises:
        ValueError: if a value is not of this kind or lies outside its range.
    """

    x: float
    y: float
    colour: str
    size: float = DEFAULT_SIZE
    note: str = ""

    def __post_init__(self) -> None:
        for name, lowest in (("x", 0.0), ("y", 0.0), ("size", 1e-6)):
            value = getattr(self, name)
            # Compared as it is: a number may be too large for a float. NaN lies nowhere.
            if isinstance(value, bool) or not isinstance(value, numbers.Real) or value != value:
                raise ValueError(f"a hint's {name} must be a number, got {_short(value)}")
            if not lowest <= value <= 1:
                place = "inside the picture, from 0 to 1" if name != "size" else "above 0 and at most 1"
                raise ValueError(f"a hint's {name} must lie {place}, got {_short(value)}")
            object.__setattr__(self, name, float(value))
        if not isinstance(self.colour, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise ValueError(f"a hint's colour must look like #c68642, got {_short(self.colour)}")
        if not isinstance(self.note, str) or len(self.note) > MAX_NOTE:
            raise ValueError(f"a hint's note must be text of at most {MAX_NOTE} characters, got {_short(self.note)}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Hint":
        """The hint that `to_dict` made; `x`, `y` and `colour` are required.

        Raises:
            ValueError: naming the key that is missing or unknown, or the value that does not fit.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"a hint must be an object with x, y and colour, got {_short(values)}")
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := [str(key) for key in values if key not in names]:
            raise ValueError(f"a hint has {', '.join(names)}; got the unknown key {_short(unknown[0])}")
        if missing := [name for name in names[:3] if name not in values]:
            raise ValueError(f"a hint needs x, y and colour; {' and '.join(missing)} is missing in {_short(values)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary for JSON; an empty note is left out."""
        values = dataclasses.asdict(self)
        return values if self.note else {name: value for name, value in values.items() if name != "note"}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def hints_from_json(text: str) -> list[Hint]:
    """The hints in a JSON list of objects, as `hints_to_json` writes it.

    Raises:
        ValueError: if it is not JSON, not a list, or one of its hints is not a hint (the message says which).
    """
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"the hints are {len(text):,} characters of JSON; at most {MAX_JSON_BYTES:,} are read")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the hints are not valid JSON: {error}") from None
    if not isinstance(values, list):
        raise ValueError(f"the hints must be a JSON list of objects, got {_short(values)}")
    return as_hints(values)


def hints_to_json(hints: Iterable[Hint]) -> str:
    """The hints as a JSON list, one hint a line."""
    return "[" + ",\n ".join(json.dumps(hint.to_dict(), ensure_ascii=False) for hint in hints) + "]"


def as_hints(hints: Any) -> list[Hint]:
    """Hints in any form that a caller may have them in, as a list.

    Args:
        hints: None; a list of `Hint`s and dictionaries; the path of a JSON file; JSON text; or a painted layer, an
            RGBA picture (PIL, or (H,W,4) uint8) of the photo's proportions in which what is opaque is a hint.

    Raises:
        ValueError: if it is none of these, a hint does not fit (the message says which), or there are too many.
    """
    if hints is None:
        return []
    if isinstance(hints, str) and hints.lstrip()[:1] in ("[", "{"):
        return hints_from_json(hints)
    if isinstance(hints, (str, Path)):
        try:
            return hints_from_json(Path(hints).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"no hints could be read from {_short(str(hints))}: {error}") from None
    if isinstance(hints, (np.ndarray, Image.Image)):
        return hints_from_layer(np.asarray(hints))
    if isinstance(hints, Mapping) or not isinstance(hints, Iterable):
        raise ValueError(f"expected a list of hints, a JSON file or a painted layer, got {_short(hints)}")
    found: list[Hint] = []
    for number, hint in enumerate(hints, start=1):
        if number > MAX_HINTS:
            raise ValueError(f"there are more than {MAX_HINTS:,} hints; no more are taken")
        try:
            found.append(hint if isinstance(hint, Hint) else Hint.from_dict(hint))
        except ValueError as error:
            raise ValueError(f"hint {number}: {error}") from None
    return found


def packed_paint(layer: np.ndarray) -> np.ndarray:
    """One number (H,W) int64 for the colour of each pixel of a painted layer (H,W,4) uint8, 0 where it has no paint."""
    return np.where(layer[..., 3] >= OPAQUE, layer[..., :3].astype(np.int64) @ np.array([1 << 16, 1 << 8, 1]) + 1, 0)


def hints_from_layer(layer: np.ndarray, among: np.ndarray | None = None) -> list[Hint]:
    """The dots, strokes and areas of a painted layer, each covered by as few squares as show its shape.

    A dot becomes one hint, a stroke several along it: in every connected patch of one colour the largest inscribed
    square is taken, then the largest that fits into what remains, until what fits is too small to matter.

    Args:
        layer: (H,W,4) uint8 RGBA; painted where it is opaque.
        among: (H,W) bool, where to look; everywhere if None.

    Raises:
        ValueError: if it is not such an array, or has more than `MAX_HINTS` patches of paint.
    """
    if layer.ndim != 3 or layer.shape[2] != 4 or layer.dtype != np.uint8 or not layer.size:
        raise ValueError(f"expected a painted layer of shape (H,W,4), uint8, got {layer.shape}, {layer.dtype}")
    # Every n-th pixel of a large layer shows the same shapes.
    stride = -(-max(layer.shape) // MAX_LAYER_SIDE)
    layer = layer[::stride, ::stride]
    height, width = layer.shape[:2]
    paint = packed_paint(layer)
    painted = paint > 0
    sought = paint if among is None else np.where(among[::stride, ::stride], paint, 0)
    patches = label(sought, background=0, connectivity=2)
    if patches.max() > MAX_HINTS:
        raise ValueError(f"the layer has more than {MAX_HINTS:,} separate patches of paint; no more are taken")
    hints: list[Hint] = []
    for number, box in enumerate(ndimage.find_objects(patches), start=1):
        window = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        patch = patches[window] == number
        if _is_rim(patch, painted[window], least=RIM * max(height, width)):
            continue
        first = int(np.flatnonzero(patch)[0])
        colour = "#{:02x}{:02x}{:02x}".format(*layer[window][np.unravel_index(first, patch.shape)][:3])
        for row, column, side in inscribed_squares(patch, least=LEAST_DETAIL * max(height, width)):
            hints.append(
                Hint(
                    x=round((window[1].start + column + side / 2) / width, 6),
                    y=round((window[0].start + row + side / 2) / height, 6),
                    colour=colour,
                    size=round(side / max(height, width), 6),
                )
            )
    return hints


def _is_rim(patch: np.ndarray, painted: np.ndarray, least: float) -> bool:
    """Whether `patch` (H,W) bool is too narrow to be meant and lies along other paint, `painted` (H,W) bool."""
    widest = 2 * int(ndimage.distance_transform_cdt(np.pad(patch, 1), metric="chessboard").max()) - 1
    return widest < least and bool((ndimage.binary_dilation(patch, np.ones((3, 3))) & painted & ~patch).any())


def inscribed_squares(patch: np.ndarray, least: float, limit: int = 400) -> list[tuple[int, int, int]]:
    """Squares (row, column, side) that do not overlap and lie inside `patch` (H,W) bool, the largest first.

    Down to half of the first one's side, so that a dot is one square whatever its size, and down to `least` pixels, so
    that nothing of note is lost where a fine stroke meets a large area.
    """
    left = np.pad(patch, 1)
    # The chessboard distance to the nearest unpainted pixel is the half side of the square around a pixel.
    distance = ndimage.distance_transform_cdt(left, metric="chessboard")
    reach = int(distance.max())
    squares: list[tuple[int, int, int]] = []
    while len(squares) < limit:
        half = int(distance.max())
        if half == 0 or (squares and 2 * half - 1 < min(squares[0][2] / 2, least)):
            break
        # Of equally large ones the one nearest to their middle, so that a round dot is hit in its centre.
        candidates = np.argwhere(distance == half)
        row, column = candidates[np.abs(candidates - candidates.mean(0)).sum(1).argmin()]
        top, start, side = int(row) - half + 1, int(column) - half + 1, 2 * half - 1
        # Odd squares waste a row where the patch is even: grow by one if all of it is painted.
        if left[top : top + side + 1, start : start + side + 1].all():
            side += 1
        left[top : top + side, start : start + side] = False
        squares.append((top - 1, start - 1, side))
        # No distance changes further away than the largest of them, and none is decided by anything beyond that.
        near, around = (_window(top, start, side, margin, left.shape) for margin in (reach, 2 * reach))
        again = ndimage.distance_transform_cdt(np.pad(left[around], 1, mode="edge"), metric="chessboard")[1:-1, 1:-1]
        offset = around[0].start, around[1].start
        distance[near] = again[tuple(slice(s.start - o, s.stop - o) for s, o in zip(near, offset, strict=True))]
    return squares


def _window(top: int, start: int, side: int, margin: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """A square grown by `margin` on every side, as far as an array of `shape` goes."""
    return (
        slice(max(top - margin, 0), min(top + side + margin, shape[0])),
        slice(max(start - margin, 0), min(start + side + margin, shape[1])),
    )


def layer_from_hints(hints: Iterable[Hint], height: int, width: int) -> np.ndarray:
    """The hints as a painted layer (H,W,4) uint8 RGBA, from which `hints_from_layer` finds them again."""
    layer = np.zeros((height, width, 4), np.uint8)
    hints = list(hints)
    for hint, (rows, columns) in zip(hints, hint_regions(hints, height, width), strict=True):
        layer[rows, columns] = [*bytes.fromhex(hint.colour[1:]), 255]
    return layer


def hint_colours(hints: Sequence[Hint]) -> Tensor:
    """The ab of each hint's colour, (K,2) in the network's units."""
    rgb = torch.tensor([list(bytes.fromhex(hint.colour[1:])) for hint in hints]).view(-1, 3, 1, 1) / 255
    return to_network(rgb_to_lab(rgb))[1][..., 0, 0]


def hint_regions(hints: Iterable[Hint], height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each hint in a picture of that size."""
    return [_square(hint, height, width) for hint in hints]


def hint_squares(hints: Sequence[Hint], height: int, width: int) -> list[tuple[slice, slice, Tensor]]:
    """Rows, columns and ab (2,) of each hint in a picture of that size."""
    regions = hint_regions(hints, height, width)
    return [(*region, ab) for region, ab in zip(regions, hint_colours(hints), strict=True)]


def rasterize(hints: Iterable[Hint], height: int, width: int) -> tuple[Tensor, Tensor]:
    """`hint_ab` (1,2,height,width) and `hint_mask` (1,1,height,width) of a list of hints; the later one lies on top."""
    hint_ab = torch.zeros(1, 2, height, width)
    hint_mask = torch.zeros(1, 1, height, width)
    for rows, columns, ab in hint_squares(list(hints), height, width):
        hint_ab[0, :, rows, columns] = ab[:, None, None]
        hint_mask[0, :, rows, columns] = 1
    return hint_ab, hint_mask


def pixel_at(place: float, length: int) -> int:
    """The pixel, out of `length`, that holds `place` in [0, 1] of them; the end belongs to the last."""
    return min(int(place * length), length - 1)


def _square(hint: Hint, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a hint; the pixel that holds its centre is among them, on the border too."""
    side = max(1, round(hint.size * max(height, width)))
    top, left = pixel_at(hint.y, height) - side // 2, pixel_at(hint.x, width) - side // 2
    return slice(max(top, 0), top + side), slice(max(left, 0), left + side)


def simulate_hints(
    ab: Tensor,
    generator: torch.Generator,
    *,
    counts: str | int = "binomial",
    sides: tuple[int, int] = (1, 9),
    strokes: float = 0.0,
    flat: float = 0.0,
    colourful: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Squares that show the true colour, as a person might place them, for a whole batch at once.

    Centres are normal around the middle of the picture with a standard deviation of a quarter of its sides, and moved
    to the border where they would fall outside.

    Args:
        ab: (N,2,H,W), the true colours.
        generator: the source of chance, on the device of `ab`.
        counts: how many squares: "binomial", 40 trials at 1/8, so 5 on average (the report); "geometric" at 1/8, so 7
            on average and often none (Zhang et al. 2017, from which the report took its 1/8); "wide", geometric at
            1/8 or, for every fifth picture, at 1/40; or that many for each.
        sides: the least and the greatest side in pixels, drawn uniformly.
        strokes: the share of hints that are drawn out, in any direction, to up to four squares in a row.
        flat: the share of pictures in which each square has the mean of its colours, as a brush does, and not every
            pixel its own.
        colourful: the share of pictures in which hints lie where the colour is: each pixel as likely as its chroma,
            squared, is large.

    Returns:
        `hint_ab` (N,2,H,W) and `hint_mask` (N,1,H,W).
    """
    N, _, height, width = ab.shape
    device = ab.device
    count = _draw_counts(N, counts, generator, device)  # (N,)
    K = max(1, int(count.max()))
    spread = torch.randn(N, K, 2, device=device, generator=generator)
    size = torch.tensor([height, width], device=device)
    centre = (size / 2 + spread * size / 4).floor()  # (N,K,2)
    if colourful:
        chosen = torch.rand(N, 1, 1, device=device, generator=generator) < colourful
        centre = torch.where(chosen, _colourful_places(ab, K, generator).to(centre), centre)
    side = torch.randint(sides[0], sides[1] + 1, (N, K), device=device, generator=generator)
    exists = torch.arange(K, device=device) < count[:, None]
    if strokes:
        centre, side, exists = _draw_out(centre, side, exists, strokes, generator)
    centre = centre.clamp(torch.zeros_like(size), size - 1)
    first = centre - (side // 2)[..., None]  # (N,K,2)
    rows = (_inside(first[..., 0], side, height) & exists[..., None]).to(ab)  # (N,K,H)
    columns = _inside(first[..., 1], side, width).to(ab)  # (N,K,W)
    # A pixel is hinted if any square has both its row and its column.
    hits = (rows.mT @ columns)[:, None]  # (N,1,H,W)
    hint_mask = (hits > 0).to(ab)
    hint_ab = ab * hint_mask
    if flat:
        area = (rows.sum(2) * columns.sum(2)).clamp_min(1)  # (N,K)
        mean = torch.einsum("nkh,nchw,nkw->nck", rows, ab, columns) / area[:, None]  # (N,2,K)
        # Where squares overlap, colours mix.
        mixed = torch.einsum("nck,nkh,nkw->nchw", mean, rows, columns) / hits.clamp_min(1)
        chosen = torch.rand(N, 1, 1, 1, device=device, generator=generator) < flat
        hint_ab = torch.where(chosen, mixed, hint_ab)
    return hint_ab, hint_mask


def _colourful_places(ab: Tensor, K: int, generator: torch.Generator) -> Tensor:
    """(N,K,2): rows and columns of pixels, each as likely as its squared chroma is large."""
    chance = ab.square().sum(1).flatten(1) + 1e-6  # (N,HW)
    number = torch.multinomial(chance, K, replacement=True, generator=generator)
    return torch.stack([number // ab.shape[3], number % ab.shape[3]], 2)


def _draw_counts(N: int, counts: str | int, generator: torch.Generator, device: torch.device) -> Tensor:
    if counts == "binomial":
        trials = torch.full((N,), 40.0, device=device)
        return torch.binomial(trials, torch.full_like(trials, 1 / 8), generator=generator).long()
    if counts in ("geometric", "wide"):
        mean = torch.full((N,), 8.0, device=device)
        if counts == "wide":
            mean[torch.rand(N, device=device, generator=generator) < 0.2] = 40.0
        # The number of failures before the first success, by inversion: 0 is among them.
        chance = torch.rand(N, device=device, generator=generator).clamp_min(1e-7)
        return (chance.log() / (1 - 1 / mean).log()).long()
    if isinstance(counts, int) and counts >= 0:
        return torch.full((N,), counts, device=device)
    raise ValueError(f"expected counts to be 'binomial', 'geometric', 'wide' or a whole number, got {counts!r}")


def _draw_out(
    centre: Tensor, side: Tensor, exists: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Squares (N,4K,...) instead of (N,K,...): three more in a row behind that `share` of them that become strokes."""
    N, K = side.shape
    angle, chosen = torch.rand(2, N, K, device=side.device, generator=generator)
    direction = torch.stack([torch.sin(2 * torch.pi * angle), torch.cos(2 * torch.pi * angle)], 2)  # (N,K,2)
    link = torch.arange(4, device=side.device)[:, None]
    step = (direction * side[..., None])[:, None]  # (N,1,K,2)
    centre = (centre[:, None] + link[..., None] * step).round()  # (N,4,K,2)
    exists = exists[:, None] & ((link == 0) | (chosen < share)[:, None])  # (N,4,K)
    return centre.flatten(1, 2), side.repeat(1, 4), exists.flatten(1)


def _inside(first: Tensor, side: Tensor, length: int) -> Tensor:
    place = torch.arange(length, device=first.device)
    return (place >= first[..., None]) & (place < (first + side)[..., None])
