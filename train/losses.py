"""What a colourizing network is asked to make small, one module so that several processes can share its gradients."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks import Generator
from colouru.networks.bins import nearest_bin

# The mean square of ab in the training images, in the network's units: the scale of all squared errors.
GREY_ERROR = 0.02

# Norm to which a steeper gradient of these losses is cut back.
CLIP = 3.0

# A picture of which less than this share is unknown counts as if so much were.
LEAST_UNKNOWN = 0.05

# Of the error of the gradients of ab, beside that of ab itself, which hardly notices many small changes of colour.
GRADIENT_WEIGHT = 0.3

# Of what hints make worse than it was without them, once more beside the error itself: people forgive a dot that does
# not reach far enough, not one that colours the wall behind a face. Measured in squares of so many pixels.
REGRESSION_WEIGHT = 0.5
REGRESSION_SIDE = 8

AUTOMATIC_WEIGHT = 0.5
NLL_WEIGHT = 0.02
BINS_WEIGHT = 0.04


class Objective(nn.Module):
    """The losses of a network on a batch, relative to leaving the pictures grey."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, L: Tensor, ab: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The losses by name, with their weighted sum as "total", and `ab_pred` (N,2,H,W).

        For the generator, beside the error of its answer: that of its automatic colouring, the likelihood of that
        error under the deviation that it expects, and the cross entropy of its palette.
        """
        if not isinstance(self.network, Generator):
            ab_pred = self.network(L, hint_ab, hint_mask).float()
            mse = self._errors(ab_pred, ab).mean()
            return {"mse": mse, "total": mse / GREY_ERROR}, ab_pred
        sight = self.network.see(L)
        answer = self.network.answer(sight, hint_ab, hint_mask)
        height, width = L.shape[2:]
        ab_pred = answer.ab[..., :height, :width].float()
        errors = self._errors(ab_pred, ab)
        weighted = (errors * self._weights(answer.known.detach().float())).mean()
        # At half the size no more than the mean of four pixels can be asked for.
        half_ab = F.avg_pool2d(ab, 2)
        half = sight.ab.float()[..., : height // 2, : width // 2]
        automatic = self._errors(half, half_ab).mean()
        before = (half.detach() - half_ab).square()
        after = (F.avg_pool2d(ab_pred, 2) - half_ab).square()
        regression = F.avg_pool2d((after - before).mean(1, keepdim=True), REGRESSION_SIDE // 2).relu().mean()
        deviation = sight.deviation.float()[..., : height // 2, : width // 2]
        nll = gaussian_nll(half, deviation.log(), half_ab)
        # One place in four of the quarter-size grid is enough, and the softmax is not cheap.
        logits = self.network.palette(answer.context[..., : height // 4 : 2, : width // 4 : 2]).float()
        bins = F.cross_entropy(logits, nearest_bin(ab[..., 1:height:8, 1:width:8]))
        gradient_error = (gradients(ab_pred) - gradients(ab)).abs().mean()
        total = (
            weighted + AUTOMATIC_WEIGHT * automatic
        ) / GREY_ERROR + GRADIENT_WEIGHT * gradient_error / GREY_ERROR**0.5
        total = total + REGRESSION_WEIGHT * regression / GREY_ERROR + NLL_WEIGHT * nll + BINS_WEIGHT * bins
        losses = {
            "mse": errors.mean(),
            "automatic": automatic,
            "nll": nll,
            "bins": bins,
            "gradient_error": gradient_error,
            "regression": regression,
            "total": total,
        }
        return losses, ab_pred

    def _errors(self, ab_pred: Tensor, ab: Tensor) -> Tensor:
        """The error of each picture, (N,)."""
        return (ab_pred - ab).square().mean((1, 2, 3))

    def _weights(self, known: Tensor) -> Tensor:
        """How much the error of each picture counts, (N,), by what is known of it (N,1,h,w).

        The more is known, the less error is left, and the more each of it counts: else what to make of many hints would
        be learned from a tenth of the gradient.
        """
        return (1 - known.mean((1, 2, 3))).clamp_min(LEAST_UNKNOWN).rsqrt()


def gaussian_nll(ab_pred: Tensor, log_deviation: Tensor, ab: Tensor) -> Tensor:
    """Negative logarithm of the Gaussian likelihood of the error under the deviation expected, but for a constant."""
    return ((ab_pred.detach() - ab) / log_deviation.exp()).square().mean() / 2 + log_deviation.mean()


def gradients(ab: Tensor) -> Tensor:
    """How `ab` (N,2,H,W) changes from each pixel to the next right and below, (N,4,H-1,W-1)."""
    return torch.cat([ab.diff(dim=3)[:, :, :-1], ab.diff(dim=2)[..., :-1]], 1)
