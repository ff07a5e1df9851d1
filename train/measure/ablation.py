"""Which parts of the generator earn their place: each taken away or exchanged, all trained alike for a short while.

python -m train.measure.ablation --photos FOLDER --out runs/ablation --steps 300

Same images, same hints, same steps for all. Measured on images and photographs held out of the training split.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from colouru.metrics import squared_error
from colouru.networks import Generator, UNet
from colouru.networks.diffusion import HOLD
from colouru.networks.generator import Sight
from colouru.networks.kriging import Tokens, kernel
from train.checkpoint import weights_in
from train.data import Pictures, add_data_arguments, draw_examples, random_stream, whole_batch
from train.hints import simulate_hints
from train.objective import CLIP, Objective
from train.optimizer import Optimizer
from train.preset import PRESETS
from train.run import preset_network, rate_at, training_pictures

COUNTS = (0, 1, 5, 20, 50)
PHOTO_SIZE = 192

# About what the diffusion begins with where its hold is learned.
EVEN_HOLD = 2 * HOLD


class Attention(Generator):
    """Every place takes the mean of the hints' residuals, weighted by likeness, or of nothing where none is alike."""

    def _spread(self, sight: Sight, tokens: Tokens, hint: Tensor) -> tuple[Tensor, Tensor]:
        phi, residual = tokens.mean(sight.phi), tokens.mean((hint - sight.ab) / sight.deviation)
        likeness = kernel(phi, sight.phi.flatten(2).mT) * tokens.exists[..., None]  # (N,K,hw)
        total = likeness.sum(1, keepdim=True)
        shape = sight.ab.shape[2:]
        spread = (residual.mT @ (likeness / (total + self.noise))).unflatten(2, shape)
        return spread * sight.deviation, (total / (total + self.noise)).unflatten(2, shape)


class WithoutHighPass(Generator):
    """Sees the lightness alone."""

    def _edges(self, L: Tensor) -> Tensor:
        return torch.zeros_like(L)


class WithoutTone(Generator):
    """Hints tell only of what is near them or alike, not of the whole photo."""

    def _tone(self, sight: Sight, tokens: Tokens, hint: Tensor) -> Tensor:
        return hint.new_zeros(len(hint), self.tone[-1].out_features, 1, 1)


class WithoutExactness(Generator):
    """Hints are spread once, and not kept."""

    def _settle(self, sight: Sight, tokens: Tokens, residual: Tensor, refined: Tensor) -> Tensor:
        return torch.zeros_like(residual)

    def _even(self, sight: Sight, ab: Tensor, hold: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        return super()._even(sight, ab, hold, hint_ab, torch.zeros_like(hint_mask))


class WithoutDiffusion(Generator):
    """Hints are kept, and nothing is made even after the convolutions."""

    def _even(self, sight: Sight, ab: Tensor, hold: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        return torch.where(hint_mask > 0, hint_ab, ab)


class EvenHold(Generator):
    """Diffusion holds every pixel alike to what it was."""

    def _even(self, sight: Sight, ab: Tensor, hold: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        return super()._even(sight, ab, torch.full_like(hold, EVEN_HOLD), hint_ab, hint_mask)


class WithoutDoubt(Generator):
    """A hint that surprises is believed as far as any other."""

    def _doubt(self, sight: Sight, tokens: Tokens, hint: Tensor, residual: Tensor) -> Tensor:
        return torch.ones_like(residual[..., 0])


class WithoutTrend(Generator):
    """No hint speaks for the whole photo."""

    def _share(self, sight: Sight, tokens: Tokens, hint: Tensor) -> Tensor:
        return torch.zeros_like(tokens.exists)


class WithoutHarmonic(Generator):
    """The refinement sees what kriging spreads alone."""

    def _harmonic(self, sight: Sight, ab: Tensor, hint: Tensor, mask: Tensor) -> Tensor:
        return F.pad(torch.zeros_like(ab), (0, 0, 0, 0, 0, 1))


class Huber(Objective):
    """Errors above 0.1, 11 ab units, count by their size and not by its square."""

    def _errors(self, ab_pred: Tensor, ab: Tensor) -> Tensor:
        return 2 * F.huber_loss(ab_pred, ab, delta=0.1, reduction="none").mean((1, 2, 3))


class EveryErrorAlike(Objective):
    """Errors count the same, however much the hints tell of a picture."""

    def _weights(self, known: Tensor) -> Tensor:
        return torch.ones_like(known[:, 0, 0, 0])


class ErrorsAlone(Objective):
    """Changes of colour from pixel to pixel have no loss of their own."""

    gradient_weight = 0.0


VARIANTS: dict[str, tuple[Callable[[], nn.Module], type[Objective]]] = {
    "as it ships": (Generator, Objective),
    "hints as input channels (the report's U-Net)": (UNet, Objective),
    "attention instead of kriging": (Attention, Objective),
    "without the high-pass filter": (WithoutHighPass, Objective),
    "without the hints' tone": (WithoutTone, Objective),
    "without exactness": (WithoutExactness, Objective),
    "without diffusion along the lightness": (WithoutDiffusion, Objective),
    "the same hold everywhere in the diffusion": (EvenHold, Objective),
    "no hint doubted for its surprise": (WithoutDoubt, Objective),
    "no hint speaks for the whole photo": (WithoutTrend, Objective),
    "without the harmonic spread": (WithoutHarmonic, Objective),
    "without the loss of gradients": (Generator, ErrorsAlone),
    "Huber instead of MSE": (Generator, Huber),
    "every error alike, however much is known": (Generator, EveryErrorAlike),
}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    parser.add_argument("--semantic", type=Path, help="--out folder of train.semantic, for every variant that has one")
    parser.add_argument("--steps", type=int, default=300, help="(%(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(%(default)s)")
    parser.add_argument("--lr", type=float, default=0.01, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder for the table and the figures as JSON")
    args = parser.parse_args(argv)
    try:
        ablate(args)
    except ValueError as error:
        sys.exit(f"train.measure.ablation: {error}")


def ablate(args: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pictures, watched, watched_photos = training_pictures(args, device)
    squares = torch.cat(
        [
            F.interpolate(photo[None].float(), (PHOTO_SIZE, PHOTO_SIZE), mode="bilinear", antialias=True)
            for photos in watched_photos.values()
            for photo in photos
        ]
    )
    sets = {"images": watched, "photographs": squares.round().to(device, torch.uint8)}

    args.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, float]] = {}
    for name, (build, objective) in VARIANTS.items():
        torch.manual_seed(args.seed)
        network = build().to(device, memory_format=torch.channels_last)
        if args.semantic and isinstance(network, Generator):
            network.semantic.load_state_dict(weights_in(args.semantic, preset_network(args, "semantic")))
            network.semantic.requires_grad_(False)
        train(objective(network), pictures, args, name)
        results[name] = held_out_losses(network, sets)
        (args.out / "ablation.json").write_text(json.dumps(results, indent=2) + "\n")
        (args.out / "ablation.md").write_text(table(results))
    print(table(results))


def train(objective: Objective, pictures: Pictures, args: argparse.Namespace, name: str) -> None:
    optimizer = Optimizer(objective, args.lr)
    objective.train()
    for step in tqdm(range(args.steps), desc=name, unit="step"):
        chance = random_stream(args.seed, step, 0, pictures.images.device)
        losses, _ = objective(*draw_examples(pictures, PRESETS[args.preset], args.batch_size, chance))
        optimizer.set_lr(args.lr * rate_at(step, args.steps, None))
        optimizer.zero_grad()
        losses["total"].backward()
        nn.utils.clip_grad_norm_(objective.parameters(), CLIP)
        optimizer.step()


@torch.inference_mode()
def held_out_losses(network: nn.Module, sets: dict[str, Tensor]) -> dict[str, float]:
    """Ratio-of-sums loss at each of `COUNTS` hints of 3 pixels in 64, for every set of pictures (N,3,H,W) uint8."""
    network.eval()
    losses = {}
    for name, rgb in sets.items():
        side = 3 * rgb.shape[2] // 64
        for count in COUNTS:
            error = grey_error = 0.0
            for number, chunk in enumerate(rgb.split(50)):
                L, ab = whole_batch(chunk)
                hints = simulate_hints(ab, random_stream(1, count, number, ab.device), counts=count, sides=(side, side))
                error += float(squared_error(network(L, *hints), ab).sum())
                grey_error += float(squared_error(0 * ab, ab).sum())
            losses[f"{name}, {count}"] = round(error / grey_error, 4)
    return losses


def table(results: dict[str, dict[str, float]]) -> str:
    columns = list(next(iter(results.values())))
    lines = ["| loss on held-out | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, losses in results.items():
        lines.append(f"| {name} | " + " | ".join(f"{losses[column]:.3f}" for column in columns) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
