"""How good the generator's advice is: its likely colours for a spot, and its places for the next dot."""

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from colouru.colour import hex_bytes, picture_to_lab
from colouru.guidance import DISTINCT, distinct_colours
from colouru.hints import Hint
from colouru.networks.bins import AB_BINS, nearest_bin
from colouru.pipeline import Colourizer
from train.data import random_stream, whole_batch
from train.evaluate.protocol import CHUNK, Z_SIDE, Z_SIZE, original, resized, true_hint, true_hints

WHERE_COUNTS = (1, 3, 5, 10)
SPOTS = 10
PALETTE_HINTS = (0, 5)


def where_next(colourize: Colourizer, photos: list[Tensor], seed: int) -> dict[int, dict[str, float]]:
    """Normalized loss, ratio of sums, with dots placed one after the other where advised, and at random, at 256 x 256.

    The true colour is revealed at each. "normal" places are those of Protocol Z, "uniform" ones anywhere.
    """
    errors = {n: dict.fromkeys(("advised", "normal", "uniform"), 0.0) for n in WHERE_COUNTS}
    grey = 0.0
    for number, photo in enumerate(tqdm(photos, desc="where next", unit="photo")):
        square = resized(photo, Z_SIZE, Z_SIZE)
        canvas = colourize.open(square)
        truth = original(square)[2]
        grey += float(truth.square().sum())
        advised: list[Hint] = []
        for n in range(1, max(WHERE_COUNTS) + 1):
            advice = canvas.where_next(advised)
            advised.append(true_hint(square, advice.x, advice.y, Z_SIDE))
            if n not in WHERE_COUNTS:
                continue
            rng = random_stream(seed, n, number, torch.device("cpu"))
            anywhere = torch.rand(n, 2, generator=rng).tolist()
            placed = {
                "advised": advised,
                "normal": true_hints(square, n, (Z_SIDE, Z_SIDE), rng),
                "uniform": [true_hint(square, x, y, Z_SIDE) for x, y in anywhere],
            }
            for name, hints in placed.items():
                picture, _ = canvas.colour(hints, ["gan"])["gan"]
                errors[n][name] += float((original(np.asarray(picture))[2] - truth).square().sum())
    return {n: {name: round(error / grey, 4) for name, error in by_name.items()} for n, by_name in errors.items()}


def palette_recall(colourize: Colourizer, photos: list[Tensor], training: Tensor, seed: int) -> dict[str, float]:
    """How often the true colour of a random spot is within 10 ab units of one of nine suggested, at 256 x 256.

    Args:
        training: small training images (N,3,H,W) uint8, whose nine most common colours, of those that sRGB has at the
            lightness of the spot, are the reference.
    """
    # In parts, for every pixel is compared with every bin.
    parts = (nearest_bin(whole_batch(part)[1]).flatten() for part in training.split(CHUNK))
    counts = torch.stack([torch.bincount(part, minlength=len(AB_BINS)) for part in parts]).sum(0)
    common = counts / counts.sum()
    hits = {"most common colours": 0, **{f"suggested at {n} hints": 0 for n in PALETTE_HINTS}}
    for number, photo in enumerate(tqdm(photos, desc="palette", unit="photo")):
        square = resized(photo, Z_SIZE, Z_SIZE)
        canvas = colourize.open(square)
        rng = random_stream(seed, 0, number, torch.device("cpu"))
        spots = torch.rand(SPOTS, 2, generator=rng).tolist()
        hints = {n: true_hints(square, n, (Z_SIDE, Z_SIDE), rng) for n in PALETTE_HINTS}
        for x, y in spots:
            L, *truth = picture_to_lab(square[int(y * Z_SIZE), int(x * Z_SIZE)][None, None]).flatten().tolist()
            offered = {"most common colours": [ab.tolist() for ab, _ in distinct_colours(common, L)]}
            for n in PALETTE_HINTS:
                colours = [suggestion.colour for suggestion in canvas.suggest(x, y, hints[n])]
                offered[f"suggested at {n} hints"] = [_ab(colour) for colour in colours]
            for name, colours in offered.items():
                hits[name] += min(np.hypot(a - truth[0], b - truth[1]) for a, b in colours) <= DISTINCT
    return {name: round(count / (SPOTS * len(photos)), 4) for name, count in hits.items()}


def _ab(colour: str) -> list[float]:
    rgb = np.array([[hex_bytes(colour)]], np.uint8)
    return picture_to_lab(rgb)[0, 1:].flatten().tolist()
