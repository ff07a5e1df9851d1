"""Checkpoints: all that a training run needs to go on, in one file that is never half written."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colouru.hub import CONFIG_NAME, ROLES, load_model
from colouru.networks import build_colourizer

NAME = "checkpoint.pt"

# What the names of the semantic network's weights begin with in a generator.
INNER = "semantic."


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


def weights_in(folder: Path, colourizer: dict[str, Any]) -> dict[str, Tensor]:
    """The weights of a network in `folder`: the `--out` of a run, or a model as `pipeline` reads it.

    A generator holds a semantic network, too.

    Args:
        colourizer: the arguments of `build_colourizer`, or the same of the semantic network.

    Raises:
        ValueError: if there is no such network there.
    """
    if (folder / CONFIG_NAME).exists():
        model = load_model(folder)
        held = [(getattr(model.config, role), getattr(model, role).state_dict()) for role in ROLES]
    else:
        state = load_checkpoint(folder)
        held = [(state["colourizer"], state.get("average") or state["weights"])]
    for described, weights in list(held):
        if described["network"] == "generator":
            inner = {name.removeprefix(INNER): x for name, x in weights.items() if name.startswith(INNER)}
            held.append(({"network": "semantic", "widths": described["semantic_widths"]}, inner))
    for described, weights in held:
        if described == colourizer:
            return {name: x.float() if x.is_floating_point() else x for name, x in weights.items()}
    raise ValueError(f"{folder} holds {' and '.join(str(described) for described, _ in held)}, not {colourizer}")
