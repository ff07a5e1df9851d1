"""Train the semantic network, the first stage of the generator: colours without hints, from thumbnails of everything.

accelerate launch --mixed_precision bf16 -m train.semantic --photos FOLDER FOLDER --out runs/semantic

Beside colour it is asked for the likelihood of every square of ab, and for the class of each image where the dataset
has labels: what tells things apart tells their colours. The heads for both stay here; what ships does not know them.
"""

import argparse
import sys
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from colouru.networks.bins import AB_BINS, nearest_bin
from colouru.networks.semantic import Semantic, thumbnail
from train.checkpoint import save_checkpoint
from train.data import (
    Pictures,
    augmented_batch,
    cutmix,
    cutout,
    draw_crops_of_some_size,
    draw_numbers,
    film_degradation,
    random_stream,
    whole_batch,
)
from train.ema import make_ema
from train.loop import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    lr_factor,
    preset_network,
    training_pictures,
)
from train.losses import BINS_WEIGHT, CLIP, GREY_ERROR, NLL_WEIGHT, gaussian_nll
from train.optimizer import Optimizer
from train.preset import PRESETS

AVERAGE_DECAY = 0.999

# Of the cross entropy of the class, its labels smoothed by so much.
CLASS_WEIGHT = 0.1
SMOOTHING = 0.1

# The longer side at which small images are seen, and at which held-out pictures are measured.
LENGTH = 96

# Share of steps that see crops of photographs, and the sizes of these: a photograph is seen a little larger than images
# are. Of larger crops there are fewer, so that every step sees as many pixels.
CROPS = 0.35
CROP_SIZES = (96, 128)

# Against learning by heart: how often a residual or a channel is left out, how little of each side of a small image is
# seen at the least, and which shares of pictures are aged, have a rectangle that is another's, and one that is hidden.
SKIP = 0.15
LEAST_CROP = 0.65
AGED = 0.3
PATCHED = 0.3
HIDDEN = 0.2


class SemanticObjective(nn.Module):
    """The losses of the semantic network on a batch, relative to leaving the pictures grey."""

    def __init__(self, network: Semantic, widths: Sequence[int], classes: int):
        super().__init__()
        self.network = network
        self.heads = nn.ModuleDict(
            {"palette": nn.Conv2d(widths[1], len(AB_BINS), 1), "classes": nn.Linear(widths[-1], max(1, classes))}
        )

    def forward(self, L: Tensor, ab: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The losses by name, with their weighted sum as "total", and "errors", (N,), of each picture.

        Args:
            labels: (N,), the class of each picture, -1 where it has none.
        """
        knowledge = self.network(L)
        half_ab = F.avg_pool2d(ab, 2)
        errors = (knowledge.ab.float() - half_ab).square().mean((1, 2, 3))
        automatic = errors.mean()
        nll = gaussian_nll(knowledge.ab.float(), knowledge.log_deviation.float(), half_ab)
        # One place in four of the quarter-size grid is enough, and the softmax is not cheap.
        logits = self.heads["palette"](knowledge.levels[1][..., ::2, ::2]).float()
        bins = F.cross_entropy(logits, nearest_bin(ab[..., 1::8, 1::8]))
        logits_of_classes = self.heads["classes"](knowledge.deepest).float()
        wrong = F.cross_entropy(logits_of_classes, labels, ignore_index=-1, label_smoothing=SMOOTHING, reduction="sum")
        classes = wrong / (labels >= 0).sum().clamp_min(1)
        total = automatic / GREY_ERROR + NLL_WEIGHT * nll
        total = total + BINS_WEIGHT * bins + CLASS_WEIGHT * classes
        return {
            "errors": errors,
            "automatic": automatic,
            "nll": nll,
            "bins": bins,
            "classes": classes,
            "total": total,
        }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, steps=100_000, lr=0.02)
    args = parser.parse_args(argv)
    try:
        train(args)
    except ValueError as error:
        sys.exit(f"train.semantic: {error}")


def train(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    preset = PRESETS[args.preset]
    device = accelerator.device
    colourizer = preset_network(args, "semantic")

    # Data: no larger than it is seen
    pictures, eval_images, eval_photos = training_pictures(args, device, shortest=round(2.5 * preset.size))

    # Network and optimizer, as they were if this run resumes
    widths = colourizer["widths"]
    torch.manual_seed(args.seed)
    network = Semantic(widths, SKIP).to(memory_format=torch.channels_last)
    objective = SemanticObjective(network, widths, int(pictures.labels.max()) + 1)
    average = make_ema(network, AVERAGE_DECAY)
    state = checkpoint_to_resume(args, colourizer)
    if state:
        network.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
        if state["step"]:
            objective.heads.load_state_dict(state["heads"])
    average.to(device)
    objective = accelerator.prepare(objective)
    bare = accelerator.unwrap_model(objective)
    optimizer = Optimizer(bare, args.lr)
    if state and state["step"]:
        optimizer.load_state_dict(state["optimizer"])

    def save() -> None:
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": colourizer,
                "weights": bare.network.state_dict(),
                "average": average.module.state_dict(),
                "heads": bare.heads.state_dict(),
                "optimizer": optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    def evaluate() -> dict[str, float]:
        return (
            gap.figures()
            | {"loss_at_0": loss_without_hints(average.module, eval_images)}
            | {f"{name}_at_0": loss_without_hints(average.module, photos) for name, photos in eval_photos.items()}
        )

    # Loop
    objective.train()
    gap = Gap()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, evaluate):
        rng = random_stream(args.seed, step, accelerator.process_index, device)
        # What decides how many pictures of which size there are is drawn where nobody waits for it.
        choice = random_stream(args.seed, step, accelerator.process_index, torch.device("cpu"))
        torch.manual_seed(choice.initial_seed())
        of_photos = bool(pictures.photos) and float(torch.rand(1, generator=choice)) < CROPS
        if of_photos:
            L, ab, labels = draw_photographs(pictures, args.batch_size * LENGTH**2, choice)
        else:
            L, ab, labels = draw_images(pictures, args.batch_size, rng)
        L, ab, labels = cutmix(L, ab, labels, PATCHED, rng)
        L = cutout(film_degradation(L, AGED, rng), HIDDEN, rng)

        optimizer.set_lr(args.lr * lr_factor(step, args.steps, args.decay_steps))
        with accelerator.autocast():
            losses = objective(L, ab, labels)
        errors = losses.pop("errors").detach()
        gap.add(errors, ab, of_photos)
        optimizer.zero_grad()
        accelerator.backward(losses["total"])
        run.report(**losses, gradient=accelerator.clip_grad_norm_(bare.parameters(), CLIP))
        optimizer.step()
        average.update_parameters(bare.network)


def draw_photographs(pictures: Pictures, pixels: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """`L` (N,1,s,s), `ab` (N,2,s,s) and labels (N,), -1, of crops of photographs, about so many pixels in all."""
    L, ab = draw_crops_of_some_size(pictures.photos, CROP_SIZES, pixels, generator)
    return L, ab, pictures.labels.new_full((len(L),), -1)


def draw_images(pictures: Pictures, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The same of so many of the small images, `LENGTH` pixels long, with their labels."""
    chosen = draw_numbers(len(pictures.images), count, generator)
    return *augmented_batch(pictures.images[chosen], generator, LEAST_CROP, LENGTH), pictures.labels[chosen]


class Gap:
    """The loss on what is learned from, to be read beside that on what is held out: what was learned by heart?"""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.sums: dict[str, list[float | Tensor]] = {
            "training_at_0": [0.0, 0.0],
            "training_photographs_at_0": [0.0, 0.0],
        }

    def add(self, errors: Tensor, ab: Tensor, of_photos: bool) -> None:
        """Errors (N,) of pictures of `ab` (N,2,H,W)."""
        sums = self.sums["training_photographs_at_0" if of_photos else "training_at_0"]
        sums[0] += errors.sum()
        sums[1] += F.avg_pool2d(ab, 2).square().mean((1, 2, 3)).sum()

    def figures(self) -> dict[str, float]:
        """Ratio-of-sums loss since it was last asked for."""
        figures = {name: round(float(error) / max(float(grey), 1e-9), 4) for name, (error, grey) in self.sums.items()}
        self.forget()
        return figures


@torch.inference_mode()
def loss_without_hints(network: Semantic, pictures: Tensor | list[Tensor]) -> float:
    """Ratio-of-sums loss of the automatic colouring of pictures, each (3,h,w) uint8, seen `LENGTH` pixels long."""
    training = network.training
    network.eval()
    error = grey = 0.0
    for part in pictures.split(250) if isinstance(pictures, Tensor) else [photo[None] for photo in pictures]:
        L, ab = whole_batch(part)
        pred = F.interpolate(network(thumbnail(L, LENGTH)).ab, size=L.shape[2:], mode="bilinear", align_corners=False)
        error, grey = error + float((pred - ab).square().sum()), grey + float(ab.square().sum())
    network.train(training)
    return round(error / max(grey, 1e-9), 4)


if __name__ == "__main__":
    main()
