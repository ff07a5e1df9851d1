"""Checkpoints: all that a training run needs to go on, in one file that is never half written."""

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colouru.atomic_file import atomic_write
from colouru.model import CONFIG_NAME, ROLES, load_model
from colouru.networks import build_colourizer

NAME = "checkpoint.pt"

# What the names of the semantic network's weights begin with in a generator, and of those that hear it.
INNER = "semantic."
HEARING = ("told.", "album.")

# Before what PyTorch wrote: this, its sha256 in hexadecimal digits, and the end of the line.
MARK = b"ColourU checkpoint, sha256 "
HEAD_BYTES = len(MARK) + 64 + 1


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) into `folder`; whoever is killed meanwhile leaves the previous one.

    Ends the program with a sentence if it cannot be written, and leaves the previous one too.
    """
    content = io.BytesIO()
    torch.save(state, content)
    path = folder / NAME
    try:
        with atomic_write(path, partial=folder / (NAME + ".partial")) as partial, open(partial, "wb") as file:
            file.write(MARK + hashlib.sha256(content.getbuffer()).hexdigest().encode() + b"\n")
            file.write(content.getbuffer())
    except OSError as error:
        sys.exit(f"{path} cannot be written ({error.strerror}); make room and --resume from the one before")


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
    head, body = content[:HEAD_BYTES], memoryview(content)[HEAD_BYTES:]
    if not head.startswith(MARK):
        raise ValueError(f"{path} is no checkpoint of ColourU; give the --out folder of a finished stage")
    if hashlib.sha256(body).hexdigest().encode() != head[len(MARK) : -1]:
        raise ValueError(f"{path} is damaged: its sha256 is not the one it was written with; take a copy of it")
    # weights_only: a checkpoint from elsewhere may not run code.
    state = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
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


def weights_in(folder: Path, colourizer: dict[str, Any]) -> dict[str, Tensor]:
    """The weights of a network in `folder`: the `--out` of a run, or a model as `pipeline` reads it.

    A generator holds a semantic network, too.

    Args:
        colourizer: the arguments of `build_colourizer`, or the same of the semantic network.

    Raises:
        ValueError: if there is no such network there.
    """
    held = _held_in(folder)
    for described, weights in list(held):
        if described["network"] == "generator":
            inner = {name.removeprefix(INNER): x for name, x in weights.items() if name.startswith(INNER)}
            held.append(({"network": "semantic", "widths": described["semantic_widths"]}, inner))
    for described, weights in held:
        if described == colourizer:
            return {name: x.float() if x.is_floating_point() else x for name, x in weights.items()}
    raise ValueError(f"{folder} holds {' and '.join(str(described) for described, _ in held)}, not {colourizer}")


def weights_around(folder: Path, colourizer: dict[str, Any]) -> dict[str, Tensor]:
    """As `weights_in` of a generator, but of its semantic network, new ones: for it to go on around another.

    If that is of other widths, what hears it is new, too.
    """
    for described, weights in _held_in(folder):
        if described["network"] == "generator" and described["widths"] == colourizer["widths"]:
            new = (INNER,) if described == colourizer else (INNER, *HEARING)
            kept = {name: x for name, x in weights.items() if not name.startswith(new)}
            return build_colourizer(**colourizer).state_dict() | {name: x.float() for name, x in kept.items()}
    raise ValueError(f"{folder} holds no generator of the widths {colourizer['widths']}")


def _held_in(folder: Path) -> list[tuple[dict[str, Any], dict[str, Tensor]]]:
    """The arguments of `build_colourizer` and the weights of each network in `folder`."""
    if (folder / CONFIG_NAME).exists():
        model = load_model(folder)
        return [(getattr(model.config, role), getattr(model, role).state_dict()) for role in ROLES]
    state = load_checkpoint(folder)
    return [(state["colourizer"], state.get("average") or state["weights"])]
