"""The page's examples on one sheet: grey, coloured without hints and with theirs, and the original.

python -m train.evaluate.examples docs/examples.jpg
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from colouru.pipeline import Colourizer, pipeline
from colouru.ui.examples import examples
from train.evaluate.contact_sheet import save_sheet

SIDE = 256


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path, help="the picture to write")
    parser.add_argument("--model", help="folder with the weights, or Hub id (the embedded ones)")
    args = parser.parse_args(argv)
    save_examples(args.sheet, pipeline(args.model))


def save_examples(path: Path, colourize: Colourizer) -> None:
    """Write the sheet: one row an example, whose licences are all known."""
    columns: dict[str, list[Tensor]] = {}
    for photo, hints in examples():
        canvas = colourize.open(photo)
        without, with_hints = canvas(), canvas(hints)
        pictures = {
            "grey": canvas.grey(),
            "baseline, no hints": without.baseline,
            "GAN, no hints": without.gan,
            "baseline, its hints": with_hints.baseline,
            "GAN, its hints": with_hints.gan,
        }
        if not canvas.no_loss_because:
            pictures["original"] = Image.fromarray(canvas.photo.rgb)
        else:
            pictures["original"] = canvas.grey()
        for name, picture in pictures.items():
            square = np.array(ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.LANCZOS))
            columns.setdefault(name, []).append(torch.from_numpy(square).movedim(-1, 0))
    save_sheet(path, [(name, torch.stack(rows)) for name, rows in columns.items()], scale=1)


if __name__ == "__main__":
    main()
