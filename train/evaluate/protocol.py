"""The protocols: which pictures, which hints, which sizes; each gives the figures of every picture by hint count.

Hints depend on the seed and the picture alone, so whatever is measured sees the same ones.
"""

import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from colouru.colour import AB_SCALE, from_network, hex_colour, into_gamut, picture_to_lab, to_bytes, to_network
from colouru.hint_maps import pixel_at, rasterize
from colouru.hints import Hint
from colouru.metrics import GREY_CHROMA
from colouru.pipeline import Colourizer
from train.data import random_stream, whole_batch
from train.evaluate.figures import Figures, joined, measure, shown
from train.evaluate.levin import levin
from train.hints import colourful_places, simulate_hints

T_COUNTS = (0, 1, 2, 5, 10, 20, 50)
T_SIDE = 3

# Of both protocols with hints where the colour is, as people set them.
COLOUR_COUNTS = (1, 2, 5, 10, 20)

# Images measured at a time. Each chunk has its own stream of random numbers, so changing this changes the hints.
CHUNK = 250

VIVID_COUNTS = (0, 5)
BOLDNESSES = (0.0, 0.1, 0.2, 0.3, 0.5)
SATURATIONS = (1.0, 1.15, 1.3, 1.5)
VIVID = ("error", "grey_error", "colourfulness", "original_colourfulness")

Z_COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)
# A linear system with a row for each of 65,536 pixels takes Levin's method most of a second.
Z_LEVIN_COUNTS = (1, 5, 10, 50)
Z_SIZE = 256
Z_SIDE = 6

REPORT_SIZES = (64, 256, 512)
REPORT_COUNTS = (0, 2, 4, 5, 8)
REPORT_SIDES = (1, 9)

# Of the measure of how far one dot reaches: the least distance, of the longer side, and the largest unlikeness, ab.
FAR = 0.3
ALIKE = 5.0

# Of the measure of what one dot does to everything else: how far away that is, of the longer side; the side in pixels
# of the window whose chroma tells the most colourful spot; and by how much a loss must rise to count as worse.
BEYOND = 0.35
SPOT = 9
WORSE = 1.02

# The figures of all pictures, by hint count and by who coloured them.
Results = dict[int, dict[str, Figures]]


def protocol_t(
    colourize: Colourizer, rgb: Tensor, seed: int, counts: tuple[int, ...] = T_COUNTS, colourful: bool = False
) -> Results:
    """Small images (N,3,64,64) uint8: n hints of 3x3 pixels, each in its own true colour; and Levin et al. on them.

    They lie anywhere, or where the colour is (`colourful`).
    """
    chunks = tqdm(rgb.split(CHUNK), desc="Protocol T", unit="chunk")
    return on_batches(
        lambda L: {**colourize.networks_on(L), "levin": functools.partial(levin, L)},
        chunks,
        counts,
        T_SIDE,
        seed,
        colourful,
    )


@torch.inference_mode()
def on_batches(
    colourizers_on: Callable[[Tensor], dict[str, Callable[[Tensor, Tensor], Tensor]]],
    batches: Iterable[Tensor],
    counts: Sequence[int],
    side: int,
    seed: int,
    colourful: bool = False,
) -> Results:
    """Batches (N,3,H,W) uint8 of any size: n hints of so many pixels a side, each in its own true colour.

    Args:
        colourizers_on: of `L` (N,1,H,W), who colours it: `hint_ab, hint_mask -> ab_pred`, by name.
        colourful: whether they lie where the colour is, see `simulate_hints`.
    """
    parts: dict[int, dict[str, list[Figures]]] = {n: {} for n in counts}
    for number, rgb in enumerate(batches):
        L, ab = whole_batch(rgb)
        colourizers = colourizers_on(L)
        for n in counts:
            rng = random_stream(seed, n, number, ab.device)
            hints = simulate_hints(ab, rng, counts=n, sides=(side, side), colourful=colourful)
            for name, answer in colourizers.items():
                parts[n].setdefault(name, []).append(measure(*shown(L, answer(*hints)), rgb, L, ab, *hints))
    return {n: {name: joined(figures) for name, figures in by_name.items()} for n, by_name in parts.items()}


@torch.inference_mode()
def vividness(colourize: Colourizer, rgb: Tensor, seed: int) -> dict[str, dict[str, float]]:
    """What boldness, and saturation instead, brings and costs at 0 and 5 hints of Protocol T, ratios of sums."""
    if not colourize.supports_guidance:
        return {}
    ways = [("boldness", bold, 1.0) for bold in BOLDNESSES] + [("saturation", 0.0, more) for more in SATURATIONS]
    sums = {n: torch.zeros(len(ways), 4) for n in VIVID_COUNTS}
    for number, chunk in enumerate(rgb.split(CHUNK)):
        L, ab = whole_batch(chunk)
        sight = colourize.model.gan.see(L)
        for n in VIVID_COUNTS:
            hints = simulate_hints(ab, random_stream(seed, n, number, ab.device), counts=n, sides=(T_SIDE, T_SIDE))
            for row, (_, boldness, saturation) in enumerate(ways):
                ab_pred = colourize.model.gan.answer(sight, *hints, boldness).ab
                figures = measure(*shown(L, saturation * ab_pred), chunk, L, ab, *hints)
                sums[n][row] += torch.stack([figures[name].sum() for name in VIVID])
    found: dict[str, dict[str, float]] = {}
    for n in VIVID_COUNTS:
        for (way, boldness, saturation), (error, grey_error, vivid, true) in zip(ways, sums[n].tolist(), strict=True):
            figures = {"normalized_loss": round(error / grey_error, 4), "colourfulness_ratio": round(vivid / true, 4)}
            found[f"{n} hints, {way} {boldness if way == 'boldness' else saturation}"] = figures
    return found


def protocol_z(
    colourize: Colourizer,
    photos: list[Tensor],
    seed: int,
    counts: tuple[int, ...] = Z_COUNTS,
    colourful: bool = False,
) -> Results:
    """Photographs at 256 x 256: n hints of 6x6 pixels in the mean colour of their patch; now and then Levin et al.

    They lie anywhere, or where the colour is (`colourful`).
    """
    squares = [resized(photo, Z_SIZE, Z_SIZE) for photo in photos]
    return _on_photos(colourize, squares, counts, (Z_SIDE, Z_SIDE), seed, Z_LEVIN_COUNTS, colourful)


def report_test(colourize: Colourizer, photos: list[Tensor], size: int, seed: int) -> Results:
    """Photographs `size` pixels long, as the report's own test: 0 to 8 hints of 1 to 9 pixels."""
    sized = [resized(photo, *_proportional(photo, size)) for photo in photos]
    return _on_photos(colourize, sized, REPORT_COUNTS, REPORT_SIDES, seed)


def _on_photos(
    colourize: Colourizer,
    photos: list[np.ndarray],
    counts: tuple[int, ...],
    sides: tuple[int, int],
    seed: int,
    levin_counts: tuple[int, ...] = (),
    colourful: bool = False,
) -> Results:
    parts: dict[int, dict[str, list[Figures]]] = {n: {} for n in counts}
    for number, photo in enumerate(tqdm(photos, unit="photo")):
        canvas = colourize.open(photo)
        rgb, L, ab = original(photo)
        for n in counts:
            rng = random_stream(seed, n, number, ab.device)
            hints = true_hints(photo, n, sides, rng, colourful)
            tensors = rasterize(hints, *photo.shape[:2])
            coloured = {}
            for role, (picture, _) in canvas.colour(hints).items():
                rgb_pred, L_pred, ab_pred = original(np.asarray(picture))
                coloured[role] = from_network(L_pred, ab_pred), rgb_pred
            if n in levin_counts:
                coloured["levin"] = shown(L, levin(L, *tensors))
            for name, pictures in coloured.items():
                parts[n].setdefault(name, []).append(measure(*pictures, rgb, L, ab, *tensors))
    return {n: {name: joined(figures) for name, figures in by_name.items()} for n, by_name in parts.items()}


def original(photo: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """`rgb` (1,3,H,W) uint8, `L` (1,1,H,W) and `ab` (1,2,H,W) of a picture (H,W,3) uint8."""
    L, ab = to_network(picture_to_lab(photo))
    return torch.tensor(photo).movedim(-1, 0)[None], L, ab


def resized(photo: Tensor, height: int, width: int) -> np.ndarray:
    """A photo (3,h,w) uint8 as a picture (height,width,3) uint8."""
    picture = Image.fromarray(photo.movedim(0, -1).numpy())
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))


def _proportional(photo: Tensor, longest: int) -> tuple[int, int]:
    height, width = photo.shape[1:]
    return tuple(max(1, round(side * longest / max(height, width))) for side in (height, width))


def true_hints(
    photo: np.ndarray, n: int, sides: tuple[int, int], rng: torch.Generator, colourful: bool = False
) -> list[Hint]:
    """`n` hints as a person would give them, each in the mean colour of its square of `photo` (H,W,3) uint8.

    Centres are normal around the middle with a standard deviation of a quarter of the sides, moved to the border where
    they fall outside, or as in `colourful_places`; sides are uniform, in pixels.
    """
    height, width = photo.shape[:2]
    if colourful and n:
        found = colourful_places(original(photo)[2], n, rng)[0]
        places = ((found + 0.5) / torch.tensor([height, width])).tolist()
    else:
        places = (0.5 + torch.randn(n, 2, generator=rng) / 4).clamp(0, 1).tolist()
    lengths = torch.randint(sides[0], sides[1] + 1, (n,), generator=rng).tolist()
    return [true_hint(photo, x, y, side) for (y, x), side in zip(places, lengths, strict=True)]


def true_hint(photo: np.ndarray, x: float, y: float, side: int) -> Hint:
    """A hint of `side` pixels at `x`, `y` in [0, 1] in the mean ab and L of its square of `photo` (H,W,3) uint8."""
    height, width = photo.shape[:2]
    top, left = pixel_at(y, height) - side // 2, pixel_at(x, width) - side // 2
    patch = photo[max(top, 0) : top + side, max(left, 0) : left + side]
    lab = picture_to_lab(patch).mean((2, 3), keepdim=True)
    colour = hex_colour(to_bytes(into_gamut(lab)[1]).flatten().tolist())
    return Hint(x=x, y=y, colour=colour, size=side / max(height, width))


def reach(colourize: Colourizer, photos: list[Tensor], seed: int) -> dict[str, float]:
    """What a dot does for what is far from it and of its colour: the loss there, ratio of sums, at 256 x 256.

    On each photo one dot is set in the true colour of a spot drawn at random, and all pixels are looked at that are at
    least 30% of the image away and within 5 ab units of its colour.
    """
    errors: dict[str, float] = {}
    for number, photo in enumerate(tqdm(photos, desc="reach", unit="photo")):
        square = resized(photo, Z_SIZE, Z_SIZE)
        _, L, ab = original(square)
        x, y = torch.rand(2, generator=random_stream(seed, 0, number, ab.device)).tolist()
        hint = true_hint(square, x, y, Z_SIDE)
        hint_ab, hint_mask = tensors = rasterize([hint], Z_SIZE, Z_SIZE)
        colour = hint_ab.sum((2, 3), keepdim=True) / hint_mask.sum()
        alike = (ab - colour).norm(dim=1)[0] * AB_SCALE < ALIKE
        region = _further_than(FAR, x, y) & alike
        canvas = colourize.open(square)
        answers = {"grey": 0 * ab, "levin": levin(L, *tensors)}
        for name, hints in (("without the dot", []), ("with it", [hint])):
            for role, (picture, _) in canvas.colour(hints).items():
                answers[f"{role} {name}"] = original(np.asarray(picture))[2]
        for name, ab_pred in answers.items():
            error = float((ab_pred - ab).square().sum(1)[0][region].sum())
            errors[name] = errors.get(name, 0.0) + error
    grey = errors.pop("grey")
    return {name: round(error / grey, 4) for name, error in errors.items()}


def lone_dot(colourize: Colourizer, photos: list[Tensor]) -> dict[str, float]:
    """What one dot of the true colour, on the most colourful spot of each photo, does to all that is far from it.

    At 256 x 256 and beyond `BEYOND`: the share of photos in which it makes that worse, and the median of the loss there
    without the dot and with it. Photos that are grey there are left out.
    """
    losses = []
    for photo in tqdm(photos, desc="one dot", unit="photo"):
        square = resized(photo, Z_SIZE, Z_SIZE)
        _, L, ab = original(square)
        chroma = F.avg_pool2d(ab.norm(dim=1, keepdim=True), SPOT, stride=1)[0, 0]  # (H-8,W-8)
        row, column = divmod(int(chroma.argmax()), chroma.shape[1])
        y, x = ((start + SPOT / 2) / Z_SIZE for start in (row, column))
        far = _further_than(BEYOND, x, y)
        if float(ab.square().sum(1)[0][far].mean().sqrt()) * AB_SCALE < GREY_CHROMA:
            continue
        canvas = colourize.open(square)
        grey = float(ab.square().sum(1)[0][far].sum())
        pair = []
        for hints in ([], [true_hint(square, x, y, Z_SIDE)]):
            ab_pred = original(np.asarray(canvas.colour(hints, ("gan",))["gan"][0]))[2]
            pair.append(float((ab_pred - ab).square().sum(1)[0][far].sum()) / grey)
        losses.append(pair)
    before, after = torch.tensor(losses).unbind(1)
    return {
        "photographs": len(losses),
        "worse": round(float((after > WORSE * before).float().mean()), 4),
        "median without the dot": round(float(before.median()), 4),
        "median with it": round(float(after.median()), 4),
    }


def _further_than(distance: float, x: float, y: float) -> Tensor:
    """(Z_SIZE,Z_SIZE) bool: what is further than `distance`, of the side, from `x`, `y` in [0, 1]."""
    place = (torch.arange(Z_SIZE) + 0.5) / Z_SIZE
    return (place - x).square()[None, :] + (place - y).square()[:, None] > distance**2
