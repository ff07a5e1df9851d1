"""Make a model of two trained networks in a folder that `pipeline` reads, and with --repo a version of it on the Hub.

python -m train.publish --baseline runs/baseline --gan runs/gan --folder colouru/weights
python -m train.publish --baseline runs/baseline --gan runs/gan --evaluation runs/evaluation --repo user/name --dry-run

For the Hub the folder also gets single-precision weights, a model card, a sheet of examples, and from --evaluation the
metrics and curves. All of it becomes one commit, and that a tag. Whatever fails, the same command finishes it.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from huggingface_hub import get_token

from colouru import __version__
from colouru.model import CONFIG_NAME, HUB_ID, ROLES, WEIGHTS_NAME, Config, load_model, save_model, weights_bytes
from colouru.pipeline import Colourizer
from train.checkpoint import trained_colourizer
from train.evaluate.examples import save_examples
from train.hub_upload import push
from train.model_card import CURVES, model_card

FULL_WEIGHTS_NAME = "model.fp32.safetensors"
METRICS_NAME = "metrics.json"
EXAMPLES_NAME = "examples.jpg"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, required=True, help="--out folder of train.pretrain")
    parser.add_argument("--gan", type=Path, required=True, help="--out folder of train.gan (or train.pretrain)")
    sizes = {"nargs": 2, "type": int, "default": [64, 64], "metavar": ("BASELINE", "GAN")}
    parser.add_argument("--working-size", **sizes, help="longer side in pixels of what each sees (%(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/model"), help="where to write the model (%(default)s)"
    )
    hub = parser.add_argument_group("Hub")
    hub.add_argument("--repo", help="id of the model on the Hub, user/name; made, for all to see, if there is none")
    hub.add_argument("--tag", default=f"v{__version__}", help="of this version (%(default)s)")
    hub.add_argument("--evaluation", type=Path, help="--out folder of train.evaluate on these very weights")
    hub.add_argument("--dry-run", action="store_true", help="write the folder, show it, and send nothing")
    args = parser.parse_args(argv)
    if not args.repo and (args.evaluation or args.dry_run):
        parser.error("--evaluation and --dry-run are for a model on the Hub: give its --repo user/name")
    try:
        publish(args)
    except ValueError as error:
        sys.exit(f"train.publish: {error}")


def publish(args: argparse.Namespace) -> None:
    if args.repo and not HUB_ID.fullmatch(args.repo):
        raise ValueError(f"expected --repo user/name, got {args.repo!r}")
    if args.repo and not args.dry_run and not get_token():
        raise ValueError("there is no token to push with: run `hf auth login`, or set HF_TOKEN to one that may write")
    baseline, baseline_state = trained_colourizer(args.baseline)
    gan, gan_state = trained_colourizer(args.gan)
    if baseline_state["colourizer"]["network"] != "autoencoder":
        raise ValueError(f"{args.baseline} holds no baseline; give the --out folder of --network autoencoder")
    trained = dict(zip(ROLES, (baseline_state, gan_state), strict=True))
    describe = {role: state["colourizer"] for role, state in trained.items()}
    working_size = dict(zip(ROLES, args.working_size, strict=True))
    config = save_model(args.folder, baseline, gan, working_size=working_size, describe=describe)
    model = load_model(args.folder)
    print(model.source)
    if not args.repo:
        return
    figures = measured(args.evaluation, config) if args.evaluation else None
    (args.folder / FULL_WEIGHTS_NAME).write_bytes(weights_bytes(baseline, gan, whole=True))
    save_examples(args.folder / EXAMPLES_NAME, Colourizer(model, "cpu"))
    names = [WEIGHTS_NAME, FULL_WEIGHTS_NAME, CONFIG_NAME, EXAMPLES_NAME]
    if figures:
        figures["model"] = f"{args.repo} {args.tag} (sha256 {config.sha256[:12]})"
        (args.folder / METRICS_NAME).write_text(json.dumps(figures, indent=2) + "\n")
        curves = [name for name in CURVES if (args.evaluation / name).exists()]
        for name in curves:
            shutil.copyfile(args.evaluation / name, args.folder / name)
        names += [METRICS_NAME, *curves]
    card = model_card(args.repo, args.tag, config, trained, figures, names)
    (args.folder / "README.md").write_text(card)
    names.append("README.md")
    for name in names:
        print(f"{(args.folder / name).stat().st_size:>12,}  {args.folder / name}")
    print("nothing was sent" if args.dry_run else push(args.folder, names, args.repo, args.tag))


def measured(evaluation: Path, config: Config) -> dict[str, Any]:
    """What train.evaluate found of the weights of `config`.

    Raises:
        ValueError: if there is nothing, or it is of other weights.
    """
    try:
        figures = json.loads((evaluation / METRICS_NAME).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"there is no {METRICS_NAME} of train.evaluate in {evaluation}: {error}") from None
    if figures.get("sha256") != config.sha256:
        raise ValueError(
            f"{evaluation} measured other weights, {figures.get('model')}; run train.evaluate --model on the "
            f"folder of these (sha256 {config.sha256[:12]})"
        )
    return figures


if __name__ == "__main__":
    main()
