"""How large a copy of a photo the networks should see: measured on photographs held out of the training split.

python -m train.measure.working_size --photos FOLDER --model runs/model
"""

import argparse
import dataclasses
import sys

import numpy as np
import torch
from tqdm import tqdm

from colouru.model import ROLES
from colouru.pipeline import Colourizer, find_model
from train.data import hold_out_photos, load_photos, random_stream
from train.measure.protocol import Z_SIDE, original, true_hints

SIZES = (64, 96, 128, 192, 256)
COUNTS = (0, 5, 20)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder with the weights, or Hub id (the embedded ones)")
    parser.add_argument("--photos", nargs="+", required=True, help="Hub ids or folders of larger photographs")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        model = find_model(args.model)
        _, photos = hold_out_photos(load_photos("train", datasets=args.photos))
    except ValueError as error:
        sys.exit(f"train.measure.working_size: {error}")
    pictures = [photo.movedim(0, -1).numpy() for photo in photos]
    print("| longer side | network | " + " | ".join(f"loss at {n} hints" for n in COUNTS) + " |")
    print("|---|---|" + "---|" * len(COUNTS))
    for size in SIZES:
        config = dataclasses.replace(model.config, working_size=dict.fromkeys(ROLES, size))
        colourize = Colourizer(dataclasses.replace(model, config=config), "cpu")
        for role, losses in measure(colourize, pictures, args.seed).items():
            print(f"| {size} | {role} | " + " | ".join(f"{loss:.3f}" for loss in losses) + " |", flush=True)


def measure(colourize: Colourizer, pictures: list[np.ndarray], seed: int) -> dict[str, list[float]]:
    """Normalized loss, ratio of sums, of each network at each of `COUNTS` hints of `Z_SIDE` pixels."""
    errors = {role: [0.0] * len(COUNTS) for role in ROLES}
    grey = 0.0
    for number, picture in enumerate(tqdm(pictures, leave=False, unit="photo")):
        canvas, truth = colourize.open(picture), original(picture)[2]
        grey += float(truth.square().sum())
        for i, n in enumerate(COUNTS):
            hints = true_hints(picture, n, (Z_SIDE, Z_SIDE), random_stream(seed, n, number, torch.device("cpu")))
            for role, (coloured, _) in canvas.colour(hints).items():
                errors[role][i] += float((original(np.asarray(coloured))[2] - truth).square().sum())
    return {role: [error / grey for error in line] for role, line in errors.items()}


if __name__ == "__main__":
    main()
