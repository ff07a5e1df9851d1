"""Mix a network as it was before some training with what came of it: how vivid against how right, as one number.

python -m train.interpolate runs/generator runs/gan --share 0.25 --out runs/blend
python -m train.interpolate colouru/weights runs/semantic --share 0.3 --out runs/average

The weights of both are close enough for what lies between them to be a network that does what lies between them (Wang
et al. 2018, ESRGAN, section 3.4).
"""

import argparse
import sys
from pathlib import Path

from torch import Tensor

from train.checkpoint import load_checkpoint, save_checkpoint, weights_in


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="--out folder of a run, or a model's")
    parser.add_argument("after", type=Path, help="--out folder of a run that went on from there")
    parser.add_argument("--share", type=float, required=True, help="of the latter, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="folder for the mixed weights")
    args = parser.parse_args(argv)
    try:
        if not 0 <= args.share <= 1:
            raise ValueError(f"--share must be from 0 to 1, got {args.share:g}")
        after = load_checkpoint(args.after)
        before = weights_in(args.before, after["colourizer"])
    except ValueError as error:
        sys.exit(f"train.interpolate: {error}")
    args.out.mkdir(parents=True, exist_ok=True)
    kept = {name: after[name] for name in ("step", "colourizer", "arguments")}
    save_checkpoint(args.out, kept | {"weights": blend(before, after.get("average") or after["weights"], args.share)})


def blend(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights of one shape, `share` of the second and the rest of the first; what is no fraction as the second."""
    return {
        name: before[name].lerp(tensor, share) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


if __name__ == "__main__":
    main()
