"""Checkpoints: all that a training run needs to go on, in one file that is never half written.

python -m train.checkpoint runs/generator train/generator

copies the weights of a finished run, and nothing that only its last steps needed, for `--resume FOLDER` to begin with.
"""

import argparse
import hashlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from colouru.networks import build_colourizer

NAME = "checkpoint.pt"

# Before what PyTorch wrote: this, its sha256 in hexadecimal digits, and the end of the line.
MARK = b"ColourU checkpoint, sha256 "
HEAD_BYTES = len(MARK) + 64 + 1


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) into `folder`; whoever is killed meanwhile leaves the previous one.

    Ends the program with a sentence if it cannot be written, and leaves the previous one too.
    """
    content = io.BytesIO()
    torch.save(state, content)
    partial = folder / (NAME + ".partial")
    try:
        with open(partial, "wb") as file:
            file.write(MARK + hashlib.sha256(content.getbuffer()).hexdigest().encode() + b"\n")
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, folder / NAME)
    except OSError as error:
        partial.unlink(missing_ok=True)
        sys.exit(f"{folder / NAME} cannot be written ({error.strerror}); make room and --resume from the one before")


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote last.

    Raises:
        ValueError: if there is no readable checkpoint in `folder`, or it is not as it was written.
    """
    path = Path(folder) / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"there is no {NAME} in {folder}; give the --out folder of a finished stage") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise ValueError(f"{path} is empty (0 bytes); take a copy of it, or train that stage again")
    # Those of before the mark have none.
    if content.startswith(MARK):
        head, content = content[:HEAD_BYTES], memoryview(content)[HEAD_BYTES:]
        if hashlib.sha256(content).hexdigest().encode() != head[len(MARK) : -1]:
            raise ValueError(f"{path} is damaged: its sha256 is not the one it was written with; take a copy of it")
    try:
        # weights_only: a checkpoint from elsewhere may not run code.
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # Whatever unpickling strangers' bytes may raise; PyTorch's own words would advise to run their code.
    except Exception:
        state = None
    if not isinstance(state, dict) or "colourizer" not in state or "weights" not in state:
        raise ValueError(f"{path} is no checkpoint of ColourU; give the --out folder of a finished stage")
    return state


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
