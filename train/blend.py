"""Mix the generator before its adversarial phase with the one after it: how vivid against how right, as one number.

python -m train.blend runs/generator runs/gan --share 0.25 --out runs/blend

The weights of both are close enough for what lies between them to be a network that does what lies between them (Wang
et al. 2018, ESRGAN, section 3.4).
"""

import argparse
import sys
from pathlib import Path

from torch import Tensor

from train.checkpoint import load_checkpoint, save_checkpoint


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="--out folder of the generator's train.pretrain")
    parser.add_argument("after", type=Path, help="--out folder of train.gan")
    parser.add_argument("--share", type=float, required=True, help="of the latter, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="folder for the mixed weights")
    args = parser.parse_args(argv)
    try:
        if not 0 <= args.share <= 1:
            raise ValueError(f"--share must be from 0 to 1, got {args.share:g}")
        before, after = load_checkpoint(args.before), load_checkpoint(args.after)
        if before["colourizer"] != after["colourizer"]:
            raise ValueError(f"{args.before} holds {before['colourizer']}, {args.after} {after['colourizer']}")
    except ValueError as error:
        sys.exit(f"train.blend: {error}")
    pairs = (state.get("average") or state["weights"] for state in (before, after))
    args.out.mkdir(parents=True, exist_ok=True)
    kept = {name: after[name] for name in ("step", "colourizer", "arguments")}
    save_checkpoint(args.out, kept | {"weights": blend(*pairs, share=args.share)})


def blend(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights of one shape, `share` of the second and the rest of the first; what is no fraction as the second."""
    return {
        name: before[name].lerp(tensor, share) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


if __name__ == "__main__":
    main()
