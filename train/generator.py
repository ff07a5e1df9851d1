"""Train the generator to use hints, around a prior that stays as it is.

python -m train.generator --prior runs/prior --photos FOLDER FOLDER --out runs/generator
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from colouru.networks.bins import nearest_bin
from colouru.networks.hint_generator import STRIDE, HintGenerator
from train.checkpoint import save_checkpoint, weights_in
from train.data import (
    Pictures,
    augmented_batch,
    colour_jitter,
    draw_crops,
    draw_numbers,
    film_degradation,
    random_stream,
    whole_batch,
)
from train.ema import make_ema
from train.hints import simulate_hints
from train.loop import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    lr_factor,
    preset_network,
    training_pictures,
)
from train.losses import BINS_WEIGHT, CLIP, GRADIENT_WEIGHT, GREY_ERROR, LEAST_UNKNOWN, REGRESSION_WEIGHT, gradients
from train.optimizer import Optimizer
from train.preset import PRESETS, Preset

AVERAGE_DECAY = 0.998

# Every step sees pictures of one of these sizes, of larger ones fewer: as many pixels as a batch has at the first.
SIZES = (128, 128, 192, 256)
LEAST_CROP = 0.8

# Hints may make nothing worse in squares of so many places of the grid.
REGRESSION_SIDE = 4

# How many hints the held-out pictures are watched with, and how many photographs of each dataset, at which size.
EVAL_COUNTS = (0, 1, 5)
EVAL_PHOTOS = 100
EVAL_SIZE = 256


class GeneratorObjective(nn.Module):
    """The losses of the generator on a batch, relative to leaving the pictures grey."""

    def __init__(self, network: HintGenerator):
        super().__init__()
        self.network = network

    def forward(self, L: Tensor, ab: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> dict[str, Tensor]:
        """The losses by name, with their weighted sum as "total". Both sides of the pictures are multiples of 16."""
        encoding = self.network.encode(L)
        prediction = self.network.decode(encoding, hint_ab, hint_mask)
        ab_pred = prediction.ab.float()
        errors = (ab_pred - ab).square().mean((1, 2, 3))
        # The more is known, the less error is left, and the more each of it counts: else what to make of many hints
        # would be learned from a tenth of the gradient.
        unknown = 1 - prediction.explained_variance.detach().float().clamp(0, 1).mean((1, 2, 3))
        weighted = (errors * unknown.clamp_min(LEAST_UNKNOWN).rsqrt()).mean()
        grid_ab = F.avg_pool2d(ab, STRIDE)
        before = (encoding.ab.float().detach() - grid_ab).square()
        after = (F.avg_pool2d(ab_pred, STRIDE) - grid_ab).square()
        regression = F.avg_pool2d((after - before).mean(1, keepdim=True), REGRESSION_SIDE).relu().mean()
        gradient_error = (gradients(ab_pred) - gradients(ab)).abs().mean()
        logits = self.network.bins_head(prediction.context).float()
        bins = F.cross_entropy(logits, nearest_bin(F.avg_pool2d(ab, 2 * STRIDE)))
        total = (
            weighted + REGRESSION_WEIGHT * regression
        ) / GREY_ERROR + GRADIENT_WEIGHT * gradient_error / GREY_ERROR**0.5
        total = total + BINS_WEIGHT * bins
        return {
            "mse": errors.mean(),
            "regression": regression,
            "gradient_error": gradient_error,
            "bins": bins,
            "total": total,
        }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", type=Path, required=True, help="--out folder of train.prior")
    add_arguments(parser, steps=6000, lr=0.01)
    parser.set_defaults(batch_size=32)
    args = parser.parse_args(argv)
    try:
        train(args)
    except ValueError as error:
        sys.exit(f"train.generator: {error}")


def train(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    preset = PRESETS[args.preset]
    device = accelerator.device
    config = preset_network(args, "hint_generator")

    # Data
    pictures, eval_images, eval_photos = training_pictures(args, device, shortest=SIZES[-1])

    # Network and optimizer, as they were if this run resumes
    torch.manual_seed(args.seed)
    options = {name: value for name, value in config.items() if name != "network"}
    network = HintGenerator(**options).to(memory_format=torch.channels_last)
    average = make_ema(network, AVERAGE_DECAY)
    state = checkpoint_to_resume(args, config)
    if state:
        network.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
    for part in (network, average.module):
        part.prior.load_state_dict(weights_in(args.prior, preset_network(args, "prior")))
        part.prior.requires_grad_(False)
    average.to(device)
    objective = accelerator.prepare(GeneratorObjective(network))
    bare = accelerator.unwrap_model(objective).network
    optimizer = Optimizer(bare, args.lr)
    if state and state["step"]:
        optimizer.load_state_dict(state["optimizer"])

    def save() -> None:
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": config,
                "weights": bare.state_dict(),
                "average": average.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    def evaluate() -> dict[str, float]:
        figures = losses_with_hints(average.module, "", list(eval_images.split(50)), SIZES[0])
        for name, photos in eval_photos.items():
            some = [photo[None] for photo in photos[:EVAL_PHOTOS]]
            figures |= losses_with_hints(average.module, f"{name}_", some, EVAL_SIZE)
        return figures

    # Loop
    objective.train()
    bare.prior.eval()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, evaluate):
        rng = random_stream(args.seed, step, accelerator.process_index, device)
        L, ab, hint_ab, hint_mask = draw_examples(pictures, preset, args.batch_size, rng)
        L = L.contiguous(memory_format=torch.channels_last)

        optimizer.set_lr(args.lr * lr_factor(step, args.steps, args.decay_steps))
        with accelerator.autocast():
            losses = objective(L, ab, hint_ab, hint_mask)
        optimizer.zero_grad()
        accelerator.backward(losses["total"])
        run.report(**losses, gradient=accelerator.clip_grad_norm_(bare.parameters(), CLIP))
        optimizer.step()
        average.update_parameters(bare)


def draw_examples(
    pictures: Pictures, preset: Preset, batch_size: int, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`L`, `ab`, `hint_ab` and `hint_mask` of small images or of crops of photographs, of one of `SIZES`."""
    kind, which = torch.rand(2, device=rng.device, generator=rng).tolist()
    size = SIZES[int(which * len(SIZES))]
    count = max(1, round(batch_size * SIZES[0] ** 2 / size**2))
    if pictures.photos and kind < 0.5:
        L, ab = draw_crops(pictures.photos, size, count, rng, LEAST_CROP)
    else:
        chosen = draw_numbers(len(pictures.images), count, rng)
        L, ab = augmented_batch(pictures.images[chosen], rng, LEAST_CROP, size)
    L = film_degradation(L, preset.aged, rng)
    ab = colour_jitter(ab, preset.tinted, rng)
    shortest, longest = preset.hint_sides
    options = dataclasses.asdict(preset)
    shared = {name: options[name] for name in ("strokes", "flat", "colourful", "lone")}
    sides = (2 * shortest, round(longest * (size / 64) ** 0.5))
    return L, ab, *simulate_hints(ab, rng, counts=preset.hint_counts, sides=sides, **shared)


@torch.inference_mode()
def losses_with_hints(network: HintGenerator, prefix: str, batches: list[Tensor], size: int) -> dict[str, float]:
    """Ratio-of-sums losses of pictures (N,3,h,w) uint8, resized to a longer side of `size`, with a few hints.

    Hints lie anywhere, and, "on colour", where the colour is.
    """
    network.eval()
    sums: dict[str, list[float]] = {}
    for number, rgb in enumerate(batches):
        L, ab = whole_batch(rgb)
        sides = [max(16, round(side * size / max(L.shape[2:]) / 16) * 16) for side in L.shape[2:]]
        L, ab = (F.interpolate(x, size=sides, mode="bilinear", antialias=True, align_corners=False) for x in (L, ab))
        encoding = network.encode(L)
        for count in EVAL_COUNTS:
            for colourful in (0.0, 1.0) if count else (0.0,):
                rng = random_stream(1, number, count, rgb.device)
                side = max(3, round(6 * size / 256))
                hints = simulate_hints(ab, rng, counts=count, sides=(side, side), flat=1.0, colourful=colourful)
                error = (network.decode(encoding, *hints).ab - ab).square().mean((1, 2, 3)).sum()
                name = f"{prefix}loss_at_{count}" + ("_on_colour" if colourful else "")
                total = sums.setdefault(name, [0.0, 0.0])
                total[0] += float(error)
                total[1] += float(ab.square().mean((1, 2, 3)).sum())
    network.train()
    network.prior.eval()
    return {name: round(error / max(grey, 1e-9), 4) for name, (error, grey) in sums.items()}


if __name__ == "__main__":
    main()
