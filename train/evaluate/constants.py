"""What the generator's constants that nothing learns are worth: measured on pictures held out of training.

python -m train.evaluate.constants --photos FOLDER FOLDER --model runs/model

On pictures that the networks learned from they would be chosen too small: what is known by heart leaves no surprise.
And with hints placed anywhere alone they would be chosen to reach too far: people set them on what is colourful.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

from torch import Tensor
from tqdm import tqdm

from colouru.networks import generator, semantic
from colouru.pipeline import Colourizer, find_model
from train.data import (
    add_data_arguments,
    data_options,
    held_out,
    hold_out_photos,
    load_images,
    load_photos,
)
from train.evaluate.figures import summary
from train.evaluate.protocol import T_SIDE, Z_SIDE, Z_SIZE, lone_dot, on_batches, original, resized

VARIANTS: dict[str, dict[str, Any]] = {
    "as it ships": {},
    "both thumbnails 96 pixels long": {"LENGTHS": (96, 96)},
    "hints tell nothing of the whole photo": {"TINT": 0.0, "CAST": 0.0},
    "they tell more of it": {"TINT": 0.7, "CAST": 0.05},
    "lone ones like all others": {"ALONE": 0.0},
    "hints are alone until they are twice as far apart": {"APART": 0.2},
    "as bold however much hints tell": {"SATED": 1000},
    "photographs believed as small images are": {"BELIEVED": 1.0},
    "photographs believed less": {"BELIEVED": 0.7},
    "photographs in all like small images": {"SMALL": 10_000},
}

# Numbers of hints; how many small images and photographs are looked at, and how many of the former at a time.
IMAGE_COUNTS = (0, 1, 5, 20)
PHOTO_COUNTS = (0, 1, 5, 10, 50)
ON_COLOUR_COUNTS = (5,)
IMAGES = 400
PHOTOS = 100
CHUNK = 100


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    parser.add_argument("--model", help="folder with the weights, or Hub id (the embedded ones)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        if not args.photos:
            raise ValueError("photographs are measured too: give them with --photos")
        colourize = Colourizer(find_model(args.model), "cpu")
        if not colourize.supports_guidance:
            raise ValueError(f"{colourize.source} holds no generator, whose constants these are")
        images, _ = load_images("train", **data_options(args))
        _, photos = hold_out_photos(load_photos("train", datasets=args.photos))
    except ValueError as error:
        sys.exit(f"train.evaluate.constants: {error}")
    small = images[held_out(len(images))][:IMAGES].split(CHUNK)
    photos = photos[:: -(-len(photos) // PHOTOS)]
    squares = [original(resized(photo, Z_SIZE, Z_SIZE))[0] for photo in photos]
    sets = [("images", small, IMAGE_COUNTS, T_SIDE), ("photographs", squares, PHOTO_COUNTS, Z_SIDE)]
    columns = []
    for kind, _, counts, _ in sets:
        columns += [f"{kind}, {n}" for n in counts] + [f"{kind}, {n} on colour" for n in ON_COLOUR_COUNTS]
    columns += ["photographs, 5: change in flat areas", "a lone dot harms"]
    print("| loss; gain over grey, dB | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for name, constants in VARIANTS.items():
        with instead(constants):
            found = {}
            for kind, pictures, counts, side in sets:
                found[kind] = figures(colourize, pictures, counts, side, args.seed)
                on_colour = figures(colourize, pictures, ON_COLOUR_COUNTS, side, args.seed, colourful=True)
                found[f"{kind}, on colour"] = on_colour
            harmed = lone_dot(colourize, photos)["worse"]
        summaries = [one for by_count in found.values() for one in by_count.values()]
        cells = [f"{one['normalized_loss']:.3f}; {one['psnr_gain']:.2f}" for one in summaries]
        cells += [f"{found['photographs'][5]['flat_gradient_ratio']:.1f}", f"{100 * harmed:.0f}%"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


@contextlib.contextmanager
def instead(constants: dict[str, Any]) -> Iterator[None]:
    """The generator with these constants instead of its own and its semantic network's, for a while."""
    with contextlib.ExitStack() as stack:
        for name, value in constants.items():
            module = semantic if hasattr(semantic, name) else generator
            stack.enter_context(mock.patch.object(module, name, value))
        yield


def figures(
    colourize: Colourizer,
    pictures: Sequence[Tensor],
    counts: Sequence[int],
    side: int,
    seed: int,
    colourful: bool = False,
) -> dict[int, dict[str, float | None]]:
    """The summary of the GAN's pictures at each number of hints, of batches (N,3,H,W) uint8."""
    results = on_batches(
        lambda L: {"gan": colourize.networks_on(L)["gan"]}, tqdm(pictures, leave=False), counts, side, seed, colourful
    )
    return {n: summary(by_name["gan"]) for n, by_name in results.items()}


if __name__ == "__main__":
    main()
