"""Train the prior, the first stage of the generator: colours without hints, on EfficientNet-Lite2's ImageNet weights.

python -m train.prior --photos FOLDER FOLDER --out runs/prior

First the decoder alone, then the encoder's stages from the third on with it, at a fifth of the decoder's rate. Beside
colour it is asked for the likelihood of every bin of ab, and for the class of each image where the dataset has labels.
"""

import argparse
import sys

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from colouru.networks.bins import nearest_bin
from colouru.networks.prior import Prior, grey_input, resize_for_prior
from train.checkpoint import save_checkpoint
from train.data import (
    Pictures,
    augmented_batch,
    draw_crops,
    draw_numbers,
    film_degradation,
    random_stream,
    whole_batch,
)
from train.depthwise import use_quick_gradients
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
from train.pretrained import folded_weights, read_package

AVERAGE_DECAY = 0.998

# Of the cross entropy of the class, and how far its labels are smoothed.
CLASS_WEIGHT = 0.05
SMOOTHING = 0.1

# In training, how often a channel or a residual is left out.
DROP_RATE = 0.15

# The encoder's stages that keep their weights: at strides 2 and 4 they see edges, whose backward pass costs the most.
FIXED_STAGES = 2

# The encoder's learning rate, as a share of that of the decoder's AdamW.
ENCODER_SHARE = 0.2

# Small images are enlarged to so many pixels, and see at least so much of each side.
SIZE = 128
LEAST_CROP = 0.8

# Share of steps that see crops of photographs, their size, and how much of the short side they see at the least. As
# many of these steps enlarge them from the size of small images: else what is sharp is told by its sharpness.
PHOTO_SHARE = 0.5
PHOTO_SIZE = 160
PHOTO_LEAST_CROP = 0.6
ENLARGED_SHARE = 0.3

# Share of pictures that look like an old photograph's.
AGED = 0.15

# The longer side at which photographs are measured during training, and how many of each dataset.
EVAL_SIZE = 192
EVAL_PHOTOS = 150


class PriorObjective(nn.Module):
    """The losses of the prior on a batch, relative to leaving the pictures grey.

    Args:
        classes: how many classes labels tell apart.
    """

    def __init__(self, network: Prior, classes: int):
        super().__init__()
        self.network = network
        self.classifier = nn.Linear(network.encoder.channels[-1], max(1, classes))

    def forward(self, L: Tensor, ab: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The losses by name, with their weighted sum as "total", and "errors", (N,), of each picture.

        Args:
            L, ab: (N,1,H,W) and (N,2,H,W).
            labels: (N,), the class of each picture, -1 where it has none.
        """
        levels = self.network.encoder(grey_input(L))
        output = self.network.decoder(levels)
        target = F.avg_pool2d(ab, 4)
        errors = (output.ab.float() - target).square().mean((1, 2, 3))
        nll = gaussian_nll(output.ab.float(), output.log_std.float(), target)
        bins = F.cross_entropy(self.network.decoder.bin_logits(output).float(), nearest_bin(F.avg_pool2d(ab, 8)))
        logits = self.classifier(levels[-1].mean((2, 3))).float()
        classes = F.cross_entropy(logits, labels, ignore_index=-1, label_smoothing=SMOOTHING, reduction="sum")
        classes = classes / (labels >= 0).sum().clamp_min(1)
        total = errors.mean() / GREY_ERROR + NLL_WEIGHT * nll + BINS_WEIGHT * bins + CLASS_WEIGHT * classes
        return {"errors": errors, "mse": errors.mean(), "nll": nll, "bins": bins, "classes": classes, "total": total}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--decoder-steps", type=int, default=600, help="first steps, of the decoder alone (%(default)s)"
    )
    add_arguments(parser, steps=12_000, lr=0.01)
    parser.set_defaults(batch_size=48)
    args = parser.parse_args(argv)
    try:
        train(args)
    except ValueError as error:
        sys.exit(f"train.prior: {error}")


def train(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    device = accelerator.device
    config = preset_network(args, "prior")
    # Read first, for a missing package is to be known before minutes of loading pictures.
    encoder_weights = {} if args.resume else read_package(2)

    # Data: no larger than it is seen
    pictures, eval_images, eval_photos = training_pictures(args, device, shortest=PHOTO_SIZE)

    # Network and optimizer, as they were if this run resumes
    torch.manual_seed(args.seed)
    network = Prior(config["widths"], DROP_RATE)
    state = checkpoint_to_resume(args, config)
    if state:
        network.load_state_dict(state["weights"])
    else:
        network.encoder.load_state_dict(folded_weights(encoder_weights, network.encoder))
        standardize_features(network, pictures, random_stream(args.seed, 0, 0, device))
    objective = PriorObjective(network, int(pictures.labels.max()) + 1).to(memory_format=torch.channels_last)
    average = make_ema(network, AVERAGE_DECAY)
    use_quick_gradients(network.encoder)
    if state:
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
        if state["step"]:
            objective.classifier.load_state_dict(state["classifier"])
    average.to(device)
    # The bold decoder is a copy of the careful one until train.adversary.
    for part in (network.encoder.stem, *network.encoder.stages[:FIXED_STAGES], network.bold_decoder):
        part.requires_grad_(False)
    objective = accelerator.prepare(objective)
    bare = accelerator.unwrap_model(objective)
    optimizer = Optimizer(bare, args.lr, pretrained=bare.network.encoder, pretrained_share=ENCODER_SHARE)
    if state and state["step"]:
        optimizer.load_state_dict(state["optimizer"])

    def save() -> None:
        for prior in (bare.network, average.module):
            prior.bold_decoder.load_state_dict(prior.decoder.state_dict())
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": config,
                "weights": bare.network.state_dict(),
                "average": average.module.state_dict(),
                "classifier": bare.classifier.state_dict(),
                "optimizer": optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    def evaluate() -> dict[str, float]:
        photographs = {
            f"{name}_at_0": loss_without_hints(average.module, photos[:EVAL_PHOTOS], EVAL_SIZE)
            for name, photos in eval_photos.items()
        }
        return (
            training_loss.figures() | {"loss_at_0": loss_without_hints(average.module, eval_images, SIZE)} | photographs
        )

    # Loop
    objective.train()
    training_loss = RunningLoss()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, evaluate):
        rng = random_stream(args.seed, step, accelerator.process_index, device)
        # What decides how many pictures of which size there are is drawn where nobody waits for it.
        choice = random_stream(args.seed, step, accelerator.process_index, torch.device("cpu"))
        torch.manual_seed(choice.initial_seed())  # dropout
        for stage in bare.network.encoder.stages[FIXED_STAGES:]:
            stage.requires_grad_(step >= args.decoder_steps)
        of_photos = bool(pictures.photos) and float(torch.rand(1, generator=choice)) < PHOTO_SHARE
        draw = draw_photographs if of_photos else draw_images
        L, ab, labels = draw(pictures, args.batch_size, rng)
        L = film_degradation(L, AGED, rng)

        optimizer.set_lr(args.lr * lr_factor(step, args.steps, args.decay_steps))
        with accelerator.autocast():
            losses = objective(L.contiguous(memory_format=torch.channels_last), ab, labels)
        training_loss.add(losses.pop("errors").detach(), ab, of_photos)
        optimizer.zero_grad()
        accelerator.backward(losses["total"])
        run.report(**losses, gradient=accelerator.clip_grad_norm_(bare.parameters(), CLIP))
        optimizer.step()
        average.update_parameters(bare.network)


@torch.no_grad()
def standardize_features(network: Prior, pictures: Pictures, rng: torch.Generator) -> None:
    """Measure mean and standard deviation of the encoder's features, on small images and photographs alike."""
    draws = [draw_images] + ([draw_photographs] if pictures.photos else [])
    drawn = [network.encoder(grey_input(draw(pictures, 100, rng)[0])) for draw in draws]
    for standardize, levels in zip(network.decoder.standardize, zip(*drawn, strict=True), strict=True):
        # (N,C,h,w) -> (1,C,Nhw,1), for the draws differ in size.
        flat = [level.transpose(0, 1).flatten(1)[None, ..., None] for level in levels]
        standardize.measure(torch.cat(flat, 2))


def draw_photographs(pictures: Pictures, batch_size: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """`L` (N,1,s,s), `ab` (N,2,s,s) and labels (N,), -1, of crops of photographs, about as many pixels as images."""
    enlarged = float(torch.rand(1, device=rng.device, generator=rng)) < ENLARGED_SHARE
    if enlarged:
        small = pictures.images.shape[-1]
        L, ab = draw_crops(pictures.photos, small, batch_size, rng, PHOTO_LEAST_CROP)
        L, ab = (F.interpolate(x, size=(SIZE, SIZE), mode="bilinear", align_corners=False) for x in (L, ab))
    else:
        count = max(1, round(batch_size * SIZE**2 / PHOTO_SIZE**2))
        L, ab = draw_crops(pictures.photos, PHOTO_SIZE, count, rng, PHOTO_LEAST_CROP)
    return L, ab, pictures.labels.new_full((len(L),), -1)


def draw_images(pictures: Pictures, batch_size: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The same of so many of the small images, enlarged to `SIZE`, with their labels."""
    chosen = draw_numbers(len(pictures.images), batch_size, rng)
    return *augmented_batch(pictures.images[chosen], rng, LEAST_CROP, SIZE), pictures.labels[chosen]


class RunningLoss:
    """The loss on what is learned from since it was last asked for, to be read beside that on what is held out."""

    def __init__(self) -> None:
        self.sums = {name: torch.zeros(2) for name in ("training_at_0", "training_photographs_at_0")}

    def add(self, errors: Tensor, ab: Tensor, of_photos: bool) -> None:
        """Errors (N,) of pictures of `ab` (N,2,H,W)."""
        grey = F.avg_pool2d(ab, 4).square().mean((1, 2, 3)).sum()
        sums = self.sums["training_photographs_at_0" if of_photos else "training_at_0"]
        sums += torch.stack([errors.sum(), grey]).cpu()

    def figures(self) -> dict[str, float]:
        """Ratio-of-sums losses, by name."""
        figures = {name: round(float(error / grey.clamp_min(1e-9)), 4) for name, (error, grey) in self.sums.items()}
        for sums in self.sums.values():
            sums.zero_()
        return figures


@torch.inference_mode()
def loss_without_hints(network: Prior, pictures: Tensor | list[Tensor], size: int) -> float:
    """Ratio-of-sums loss of the prior's ab for pictures, each (3,h,w) uint8, seen `size` pixels long.

    Over a list it is the ratio of the sums of each picture's mean.
    """
    training = network.training
    network.eval()
    error = grey = 0.0
    for part in pictures.split(100) if isinstance(pictures, Tensor) else [photo[None] for photo in pictures]:
        L, ab = whole_batch(part)
        ab_pred = network(resize_for_prior(L, size)).ab
        ab_pred = F.interpolate(ab_pred, size=L.shape[2:], mode="bilinear", align_corners=False)
        error += float((ab_pred - ab).square().mean()) * len(part)
        grey += float(ab.square().mean()) * len(part)
    network.train(training)
    return round(error / max(grey, 1e-9), 4)


if __name__ == "__main__":
    main()
