"""The optimizer of the training runs: Muon for convolutions between hidden channels, AdamW for all else.

Muon (Jordan et al. 2024) makes the momentum of a matrix nearly orthogonal before it takes it as a step. The one used
here, Newton-Schulz iteration and all, is PyTorch's, which takes matrices alone: a convolution's weight, (out, in,
height, width), is handed to it as the matrix (out, height x width x in) that it is.
"""

from typing import Any

import torch
from torch import Tensor, nn

WEIGHT_DECAY = 0.01

# The learning rate of AdamW, as a share of Muon's.
ADAM_SHARE = 0.1

# Fewer channels than this make a matrix too thin for orthogonality to mean much.
LEAST_CHANNELS = 16


class Optimizer:
    """Both optimizers as one, whose learning rate is Muon's.

    Made of a network that already is on its device, in its memory format. Weights that want no gradient are left out.
    """

    def __init__(self, network: nn.Module, lr: float):
        hidden = [module.weight for module in network.modules() if _is_hidden(module)]
        others = [p for p in network.parameters() if p.requires_grad and not any(p is weight for weight in hidden)]
        self.hidden = hidden
        self.matrices = [nn.Parameter(_matrix(weight.data)) for weight in hidden]
        self.muon = torch.optim.Muon(self.matrices, lr, weight_decay=WEIGHT_DECAY) if hidden else None
        self.adam = torch.optim.AdamW(others, lr * ADAM_SHARE, weight_decay=WEIGHT_DECAY)

    def set_lr(self, lr: float) -> None:
        if self.muon:
            set_lr(self.muon, lr)
        set_lr(self.adam, lr * ADAM_SHARE)

    def zero_grad(self) -> None:
        for weight in self.hidden:
            weight.grad = None
        self.adam.zero_grad()

    def step(self) -> None:
        if self.muon:
            for matrix, weight in zip(self.matrices, self.hidden, strict=True):
                matrix.grad = None if weight.grad is None else _matrix(weight.grad)
            self.muon.step()
        self.adam.step()

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self.adam.state_dict()} | ({"muon": self.muon.state_dict()} if self.muon else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state["adam"])
        if self.muon:
            self.muon.load_state_dict(state["muon"])


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def _is_hidden(module: nn.Module) -> bool:
    """Whether it is a convolution between hidden channels; single pixels with a bias are what leaves a network."""
    return (
        isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
        and min(module.in_channels, module.out_channels) >= LEAST_CHANNELS
        and (module.kernel_size != (1, 1) or module.bias is None)
        and module.weight.requires_grad
    )


def _matrix(weight: Tensor) -> Tensor:
    """`weight` (A,B,h,w) as (A,hwB), the same memory if it has channels last, or (A,Bhw) if it has them first."""
    return (weight if weight.is_contiguous() else weight.permute(0, 2, 3, 1)).flatten(1)
