"""Checkpoints: all that a training run needs to go on, in one file that is never half written.

python -m train.checkpoint runs/generator train/generator

copies the weights of a finished run, and nothing that only its last steps needed, for `--resume FOLDER` to begin with.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from colouru.networks import build_colourizer

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) into `folder`; whoever is killed meanwhile leaves the previous one."""
    partial = folder / (NAME + ".partial")
    with open(partial, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, folder / NAME)


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote last.

    Raises:
        ValueError: if there is no readable checkpoint in `folder`.
    """
    try:
        # weights_only: a checkpoint from elsewhere may not run code.
        return torch.load(Path(folder) / NAME, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(f"there is no {NAME} in {folder}; give the --out folder of a finished stage") from None
    except Exception as error:
        raise ValueError(f"{Path(folder) / NAME} cannot be read: {str(error).splitlines()[0]}") from None


def trained_colourizer(folder: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The colourizing network of a checkpoint, in evaluation mode, and the checkpoint.

    Of a run that keeps a moving average of its weights, the average.
    """
    state = load_checkpoint(folder)
    network = build_colourizer(**state["colourizer"])
    network.load_state_dict(state.get("average") or state["weights"])
    return network.eval(), state


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="--out folder of a finished stage")
    parser.add_argument("copy", type=Path, help="folder to write the weights to")
    args = parser.parse_args(argv)
    try:
        state = load_checkpoint(args.run)
    except ValueError as error:
        sys.exit(f"train.checkpoint: {error}")
    args.copy.mkdir(parents=True, exist_ok=True)
    kept = {name: state[name] for name in ("step", "colourizer", "arguments")}
    save_checkpoint(args.copy, kept | {"weights": state.get("average") or state["weights"]})


if __name__ == "__main__":
    main()
