"""Learn how far the hints of one photo are to be followed in others: the generator's album, and nothing else of it.

python -m train.album --generator runs/blend --photos FOLDER FOLDER --out runs/album

Two overlapping crops of a photograph stand for two photos of one series: true hints in one are to lower the error of
the other. Crops of two photographs stand for photos that have nothing to do with each other, and are to lose nothing.
"""

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from colouru.networks import Generator
from colouru.networks.semantic import known_of_both
from train.checkpoint import save_checkpoint, trained_colourizer
from train.data import draw_crops, hold_out_photos, load_photos, random_stream, whole_batch
from train.hints import simulate_hints
from train.loop import lr_factor
from train.losses import GREY_ERROR

# Photographs are seen this long before they are cropped, and crops have this share of their sides.
LONGEST = 256
SHARE = 0.7

# The side of a hint, and how many there may be.
SIDES = (6, 6)
COUNTS = (1, 2, 5, 10, 20)

# Which photos as wholes are alike is learned from so many, so many at a time, each seen as large as this.
MOST, COMPARED, SEEN = 2000, 128, 128

# By so much, of a cosine, photos have to be more alike than was learned, for a few hundred photographs do not show all
# that strangers can have in common.
MARGIN = 0.1

# How much worse it is to mislead a photo that has nothing to do with the hints than not to help one that has.
STRANGERS = 6.0


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True, help="--out folder of the generator's last stage")
    parser.add_argument("--photos", nargs="+", required=True, help="Hub ids or folders of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--steps", type=int, default=100, help="(%(default)s)")
    parser.add_argument("--batch-size", type=int, default=8, help="pairs of a kind a step (%(default)s)")
    parser.add_argument("--lr", type=float, default=0.08, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        learn_albums(args)
    except ValueError as error:
        sys.exit(f"train.album: {error}")


def learn_albums(args: argparse.Namespace) -> None:
    network, state = trained_colourizer(args.generator)
    if not isinstance(network, Generator):
        raise ValueError(f"{args.generator} holds no generator but {state['colourizer']['network']}")
    learned, photos = hold_out_photos(load_photos("train", datasets=args.photos, longest=LONGEST))
    network.album.requires_grad_(True)
    learn_likeness(network, learned, args.seed)
    network.album.kind.requires_grad_(False)
    # The rest from those that the generator has not learned from: it knows others too well to be surprised by hints.
    optimizer = torch.optim.Adam([p for p in network.album.parameters() if p.requires_grad], args.lr)
    args.out.mkdir(parents=True, exist_ok=True)
    for step in (bar := tqdm(range(args.steps), unit="step")):
        rng = random_stream(args.seed, step, 0, torch.device("cpu"))
        for group in optimizer.param_groups:
            group["lr"] = args.lr * lr_factor(step, args.steps, None, warmup=5)
        optimizer.zero_grad()
        shown = {}
        for kind, weight in (("series", 1.0), ("strangers", STRANGERS)):
            pairs = draw_pairs(photos, args.batch_size, kind == "strangers", rng)
            errors = torch.stack([torch.stack(_errors(network, *pair)) for pair in pairs])  # (N,2)
            before, after = errors.mean(0)
            (weight * after / GREY_ERROR).backward()
            shown[kind] = f"{float((after / before).detach()):.3f}"
        optimizer.step()
        bar.set_postfix(shown, refresh=False)
    network.album.requires_grad_(False)
    network.album.least_alike += MARGIN
    weights = network.state_dict()
    save_checkpoint(args.out, {"step": 0, "colourizer": state["colourizer"], "weights": weights})


def learn_likeness(network: Generator, photos: list[Tensor], seed: int, steps: int = 300, lr: float = 0.003) -> None:
    """Learn which photos as wholes are alike: two crops of one are, those of two are not, or so it is taken to be."""
    rng = random_stream(seed, 0, 0, torch.device("cpu"))
    with torch.no_grad():
        some = photos[:: -(-len(photos) // MOST)]
        crops = [draw_crops([photo], SEEN, 2, rng, least=0.5)[0] for photo in some]
        gists = torch.stack([known_of_both(network.semantic, pair).deepest for pair in crops])  # (N,2,G)
    optimizer = torch.optim.Adam(network.album.parameters(), lr)
    for _ in range(steps):
        some = gists[torch.randperm(len(gists), generator=rng)[:COMPARED]]
        alike = network.album.likeness(some[:, None, 0], some[None, :, 1])
        same = torch.eye(len(some), dtype=torch.bool)
        optimizer.zero_grad()
        (F.softplus(-alike[same]).mean() + STRANGERS * F.softplus(alike[~same]).mean()).backward()
        optimizer.step()


# L, ab, hint_ab and hint_mask of the photo with hints, then L and ab of the one without.
Pair = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def draw_pairs(photos: list[Tensor], count: int, strangers: bool, generator: torch.Generator) -> list[Pair]:
    """Pairs of crops, the first with true hints; of one photograph, or of two if they are to be strangers."""
    pairs = []
    for _ in range(count):
        number, other, corner, many = torch.rand(4, generator=generator).tolist()
        first = photos[int(number * len(photos))]
        second = photos[int(other * len(photos))] if strangers else first
        counts = COUNTS[int(many * len(COUNTS))]
        pairs.append(make_pair(first, second, corner < 0.5, counts, generator))
    return pairs


def make_pair(first: Tensor, second: Tensor, rising: bool, count: int, generator: torch.Generator) -> Pair:
    """Crops from opposite corners of two photographs (3,h,w) uint8, or of one; the first with so many true hints."""
    L, ab = whole_batch(_crop(first, lower=rising, right=False)[None])
    hint_ab, hint_mask = simulate_hints(ab, generator, counts=count, sides=SIDES, flat=1.0)
    return L, ab, hint_ab, hint_mask, *whole_batch(_crop(second, lower=not rising, right=True)[None])


def _crop(photo: Tensor, *, lower: bool, right: bool) -> Tensor:
    height, width = (round(SHARE * side) for side in photo.shape[1:])
    rows = slice(-height, None) if lower else slice(height)
    columns = slice(-width, None) if right else slice(width)
    return photo[:, rows, columns]


def _errors(
    network: Generator, L: Tensor, ab: Tensor, hint_ab: Tensor, hint_mask: Tensor, *other: Tensor
) -> list[Tensor]:
    """The mean squared error of the other photo's automatic colouring, without the precedents and with them."""
    with torch.no_grad():
        precedents = network.precedents(network.see(L), hint_ab, hint_mask)
        other_L, other_ab = other
        sight = network.see(other_L)
    half = F.avg_pool2d(other_ab, 2)
    height, width = half.shape[2:]
    told = network.following(sight, [precedents])
    return [(each.ab[..., :height, :width] - half).square().mean() for each in (sight, told)]


if __name__ == "__main__":
    main()
