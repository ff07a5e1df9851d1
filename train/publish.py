"""Make a model of two trained networks: half-precision weights and `config.json` in a folder that `pipeline` reads.

python -m train.publish --baseline runs/baseline --gan runs/gan --folder colouru/weights
"""

import argparse
import sys
from pathlib import Path

from colouru.hub import ROLES, load_model, save_model
from train.checkpoint import trained_colourizer


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, required=True, help="--out folder of train.pretrain")
    parser.add_argument("--gan", type=Path, required=True, help="--out folder of train.gan (or train.pretrain)")
    sizes = {"nargs": 2, "type": int, "default": [64, 64], "metavar": ("BASELINE", "GAN")}
    parser.add_argument("--working-size", **sizes, help="longer side in pixels of what each sees (%(default)s)")
    parser.add_argument("--folder", type=Path, required=True, help="where to write the model")
    args = parser.parse_args(argv)
    try:
        baseline, baseline_state = trained_colourizer(args.baseline)
        gan, gan_state = trained_colourizer(args.gan)
        if baseline_state["colourizer"]["network"] != "autoencoder":
            raise ValueError(f"{args.baseline} holds no baseline; give the --out folder of --network autoencoder")
        describe = {"baseline": baseline_state["colourizer"], "gan": gan_state["colourizer"]}
        working_size = dict(zip(ROLES, args.working_size, strict=True))
        save_model(args.folder, baseline, gan, working_size=working_size, describe=describe)
        print(load_model(args.folder).source)
    except ValueError as error:
        sys.exit(f"train.publish: {error}")


if __name__ == "__main__":
    main()
