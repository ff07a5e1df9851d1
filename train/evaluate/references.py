"""What the hints of one photo are worth to another: loss of a photo without hints of its own, alone and in an album.

python -m train.evaluate.references --photos FOLDER

As in `train.album`: two overlapping crops of a photograph stand for photos of one series, those of two for strangers.
"""

import argparse
import sys

import torch
from torch import Tensor

from colouru.metrics import squared_error
from colouru.pipeline import pipeline
from colouru.predictor import Predictor
from train.album import LONGEST, make_pair
from train.data import load_photos

COUNTS = (1, 5, 10)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", required=True, help="Hub ids or folders with photographs, split test")
    parser.add_argument("--model", help="folder or Hub id (the embedded one)")
    parser.add_argument("--limit", type=int, help="of the photographs of each, evenly spread")
    args = parser.parse_args(argv)
    try:
        predictor = pipeline(args.model).predictors["gan"]
        if not predictor.supports_guidance:
            raise ValueError("the model's generator is the report's: it has no album")
        photos = load_photos("test", datasets=args.photos, longest=LONGEST, limit=args.limit)
    except ValueError as error:
        sys.exit(f"train.evaluate.references: {error}")
    print("| hints | one series: alone | in an album | strangers: alone | in an album |\n|---|---|---|---|---|")
    for count in COUNTS:
        row = [f"{loss:.3f}" for strangers in (False, True) for loss in losses(predictor, photos, count, strangers)]
        print(f"| {count} | {' | '.join(row)} |", flush=True)


@torch.inference_mode()
def losses(predictor: Predictor, photos: list[Tensor], count: int, strangers: bool) -> tuple[float, float]:
    """Ratio-of-sums loss of photos without hints, alone and told by one other photo with `count` hints."""
    rng = torch.Generator().manual_seed(count)
    sums = torch.zeros(3, dtype=torch.float64)
    for number, photo in enumerate(photos):
        other = photos[(number + 1) % len(photos)] if strangers else photo
        L, _, hint_ab, hint_mask, own_L, own_ab = make_pair(other, photo, number % 2 == 0, count, rng)
        references = [predictor.reference_hints(predictor.encode(L), hint_ab, hint_mask)]
        encoding = predictor.encode(own_L)
        nothing = torch.zeros_like(own_ab)
        answers = [
            predictor.decode(each, nothing, nothing[:, :1]).ab
            for each in (encoding, predictor.with_references(encoding, references))
        ]
        sums += torch.cat([squared_error(each, own_ab) for each in (*answers, nothing)]).double()
    return float(sums[0] / sums[2]), float(sums[1] / sums[2])


if __name__ == "__main__":
    main()
