"""Train the prior's bold decoder against a projected discriminator: vivid where squared error asks for pale colours.

python -m train.adversary --prior runs/prior --photos FOLDER FOLDER --out runs/adversary

The encoder and the careful decoder, with which the bold one begins, stay as they are.
"""

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor

from colouru.networks.prior import Prior, grey_input, resize_for_prior
from train.checkpoint import save_checkpoint, weights_in
from train.data import random_stream, whole_batch
from train.ema import make_ema
from train.evaluate.realism import FrechetDistance
from train.loop import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    lr_factor,
    preset_network,
    training_pictures,
)
from train.losses import CLIP, GREY_ERROR
from train.optimizer import set_lr
from train.prior import DROP_RATE, PHOTO_SIZE, SIZE, draw_images, draw_photographs
from train.projected_gan import (
    ImageFeatures,
    ProjectedDiscriminator,
    discriminator_loss,
    generator_loss,
    perceptual_loss,
)

AVERAGE_DECAY = 0.995

# Of squared error relative to grey, of the perceptual and of the adversarial loss.
MSE_WEIGHT = 0.3
PERCEPTUAL_WEIGHT = 0.5
ADVERSARIAL_WEIGHT = 0.15

# Over so many steps the adversarial loss comes in; for as many as the second the discriminator learns alone.
RAMP_STEPS = 200
DISCRIMINATOR_STEPS = 30
DISCRIMINATOR_LR = 1e-3

PHOTO_SHARE = 0.7
EVAL_IMAGES = 500


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", type=Path, required=True, help="--out folder of train.prior")
    add_arguments(parser, steps=2000, lr=3e-4)
    parser.set_defaults(batch_size=24)
    args = parser.parse_args(argv)
    try:
        train(args)
    except ValueError as error:
        sys.exit(f"train.adversary: {error}")


def train(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    device = accelerator.device
    config = preset_network(args, "prior")

    # Data
    pictures, eval_images, _ = training_pictures(args, device, shortest=PHOTO_SIZE)

    # Networks and optimizers, as they were if this run resumes
    torch.manual_seed(args.seed)
    prior = Prior(config["widths"], DROP_RATE).to(memory_format=torch.channels_last)
    prior.load_state_dict(weights_in(args.prior, config))
    prior.bold_decoder.load_state_dict(prior.decoder.state_dict())
    for part in (prior.encoder, prior.decoder):
        part.requires_grad_(False).eval()
    features = ImageFeatures().to(device, memory_format=torch.channels_last)
    discriminator = ProjectedDiscriminator(features.channels).to(device, memory_format=torch.channels_last)
    scale = feature_scale(features, *draw_photographs(pictures, 96, random_stream(args.seed, 0, 0, device))[:2])
    optimizer = torch.optim.Adam(prior.bold_decoder.parameters(), args.lr, betas=(0.0, 0.99))
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), DISCRIMINATOR_LR, betas=(0.0, 0.99))
    average = make_ema(prior.bold_decoder, AVERAGE_DECAY)
    state = checkpoint_to_resume(args, config)
    if state:
        prior.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average_decoder"])
        average.n_averaged.fill_(state["step"])
        discriminator.load_state_dict(state["discriminator"])
        optimizer.load_state_dict(state["optimizer"])
        discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
    prior.to(device)
    average.to(device)

    def save() -> None:
        averaged = {f"bold_decoder.{name}": tensor for name, tensor in average.module.state_dict().items()}
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": config,
                "weights": prior.state_dict(),
                "average": prior.state_dict() | averaged,
                "average_decoder": average.module.state_dict(),
                "discriminator": discriminator.state_dict(),
                "optimizer": optimizer.state_dict(),
                "discriminator_optimizer": discriminator_optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    batches = [whole_batch(part) for part in eval_images[:EVAL_IMAGES].split(50)]
    distance = FrechetDistance(batches)

    def evaluate() -> dict[str, float]:
        return realism(prior, average.module, batches, distance)

    # Loop
    prior.bold_decoder.train()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, evaluate):
        rng = random_stream(args.seed, step, accelerator.process_index, device)
        torch.manual_seed(rng.initial_seed())  # dropout
        of_photos = bool(pictures.photos) and float(torch.rand(1, device=device, generator=rng)) < PHOTO_SHARE
        L, ab, _ = (draw_photographs if of_photos else draw_images)(pictures, args.batch_size, rng)

        with torch.no_grad():
            levels = prior.encoder(grey_input(L).contiguous(memory_format=torch.channels_last))
            real = standardized(features(L, ab), scale)
        ab_pred = prior.bold_decoder(levels).ab
        mse = (ab_pred - F.avg_pool2d(ab, 4)).square().mean()
        ab_pred = F.interpolate(ab_pred, size=L.shape[2:], mode="bilinear", align_corners=False)
        fake = standardized(features(L, ab_pred), scale)

        # The generator learns to be near the truth, to look like it and to be taken for it
        adversarial = generator_loss(discriminator(fake))
        perceptual = perceptual_loss(fake, real)
        total = MSE_WEIGHT * mse / GREY_ERROR + PERCEPTUAL_WEIGHT * perceptual
        total = total + ADVERSARIAL_WEIGHT * min(1.0, step / RAMP_STEPS) * adversarial
        set_lr(optimizer, args.lr * lr_factor(step, args.steps, args.decay_steps))
        optimizer.zero_grad()
        accelerator.backward(total)
        norm = accelerator.clip_grad_norm_(prior.bold_decoder.parameters(), CLIP)
        run.report(mse=mse, perceptual=perceptual, adversarial=adversarial, total=total, gradient=norm)
        if step >= DISCRIMINATOR_STEPS:
            optimizer.step()
        average.update_parameters(prior.bold_decoder)

        # The discriminator learns to tell them apart
        loss = discriminator_loss(discriminator(real), discriminator([level.detach() for level in fake]))
        discriminator_optimizer.zero_grad()
        accelerator.backward(loss)
        run.report(discriminator=loss)
        discriminator_optimizer.step()


def feature_scale(features: ImageFeatures, L: Tensor, ab: Tensor) -> list[Tensor]:
    """The standard deviation (1,C,1,1) of each channel of each level, over some pictures."""
    with torch.no_grad():
        return [level.std((0, 2, 3), keepdim=True).clamp_min(1e-3) for level in features(L, ab)]


def standardized(levels: list[Tensor], scale: list[Tensor]) -> list[Tensor]:
    return [level / std for level, std in zip(levels, scale, strict=True)]


@torch.inference_mode()
def realism(
    prior: Prior, bold_decoder: torch.nn.Module, batches: list[tuple[Tensor, Tensor]], distance: FrechetDistance
) -> dict[str, float]:
    """Loss, chroma over the original's and Frechet distance of held-out pictures: careful, half of each, bold."""
    training = bold_decoder.training
    bold_decoder.eval()
    careful, bold = [], []
    for L, _ in batches:
        levels = prior.encoder(grey_input(resize_for_prior(L, SIZE)))
        for decoder, found in ((prior.decoder, careful), (bold_decoder, bold)):
            found.append(F.interpolate(decoder(levels).ab, size=L.shape[2:], mode="bilinear", align_corners=False))
    bold_decoder.train(training)
    figures = {}
    ab = torch.cat([ab for _, ab in batches])
    halves = [torch.lerp(one, other, 0.5) for one, other in zip(careful, bold, strict=True)]
    for name, colourings in (("careful", careful), ("half", halves), ("bold", bold)):
        ab_pred = torch.cat(colourings)
        figures[f"{name}_loss_at_0"] = float((ab_pred - ab).square().sum() / ab.square().sum())
        figures[f"{name}_chroma"] = float(ab_pred.norm(dim=1).mean() / ab.norm(dim=1).mean())
        figures[f"{name}_frechet"] = distance(colourings)
    return {name: round(figure, 4) for name, figure in figures.items()}


if __name__ == "__main__":
    main()
