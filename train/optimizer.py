"""The optimizer of the training runs: Muon for convolutions between hidden channels, AdamW for all else.

Muon (Jordan et al. 2024) makes the momentum of a matrix nearly orthogonal before it takes it as a step. PyTorch's own
is not used, for it computes in bf16, which takes fifty times as long on a processor that has no bf16. A convolution's
weight, (out, in, height, width), is taken as the matrix (out, height x width x in) that it is.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

WEIGHT_DECAY = 0.01

# The learning rate of AdamW, as a share of Muon's.
ADAM_SHARE = 0.1

# Fewer channels than this make a matrix too thin for orthogonality to mean much.
LEAST_CHANNELS = 16

# Nesterov's, and the coefficients of the quintic Newton-Schulz iteration, whose slope at zero they make large (Jordan).
MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Muon for weights of convolutions. Those without a gradient stay."""

    def __init__(self, weights: Iterable[Tensor], lr: float, weight_decay: float = WEIGHT_DECAY):
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"]
                momentum.lerp_(weight.grad, 1 - MOMENTUM)
                update = orthogonalized(_matrix(weight.grad.lerp(momentum, MOMENTUM)))
                update = update * max(1, update.shape[0] / update.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                # The matrix of contiguous weights is a view of them, as is that of weights with channels last.
                _matrix(weight).add_(update, alpha=-group["lr"])


def orthogonalized(matrix: Tensor) -> Tensor:
    """`matrix` (A,B) with all singular values brought near 1, in single precision."""
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / (x.norm() + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.T
        x = a * x + torch.addmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x if wide else x.T


class Optimizer:
    """Both optimizers as one, whose learning rate is Muon's.

    Made of a network that already is on its device, in its memory format. Weights that want no gradient are left out.

    Args:
        pretrained: a part of `network` whose weights AdamW moves, all of them, at a rate of its own.
        pretrained_share: that rate, as a share of what AdamW has for the others.
    """

    def __init__(
        self, network: nn.Module, lr: float, *, pretrained: nn.Module | None = None, pretrained_share: float = 1.0
    ):
        known = [p for p in pretrained.parameters() if p.requires_grad] if pretrained else []
        left_out = {id(p) for p in known}
        hidden = [m.weight for m in network.modules() if _is_hidden(m) and id(m.weight) not in left_out]
        left_out |= {id(weight) for weight in hidden}
        others = [p for p in network.parameters() if p.requires_grad and id(p) not in left_out]
        self.muon = Muon(hidden, lr) if hidden else None
        groups = [{"params": others, "share": ADAM_SHARE}]
        if known:
            groups.append({"params": known, "share": ADAM_SHARE * pretrained_share})
        self.adam = torch.optim.AdamW(groups, lr * ADAM_SHARE, weight_decay=WEIGHT_DECAY)

    def set_lr(self, lr: float) -> None:
        if self.muon:
            set_lr(self.muon, lr)
        for group in self.adam.param_groups:
            group["lr"] = lr * group["share"]

    def zero_grad(self) -> None:
        if self.muon:
            self.muon.zero_grad()
        self.adam.zero_grad()

    def step(self) -> None:
        if self.muon:
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
    return weight.view(len(weight), -1) if weight.is_contiguous() else weight.permute(0, 2, 3, 1).flatten(1)
