"""Train the generator against the discriminator, which is first trained alone on what the generator does now.

python -m train.gan --generator runs/generator --photos FOLDER --out runs/gan
"""

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from colouru.networks import Discriminator, build_colourizer
from train.checkpoint import save_checkpoint, trained_colourizer
from train.data import draw_examples, random_stream
from train.ema import make_ema
from train.loop import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    evaluate_held_out,
    lr_factor,
    training_pictures,
)
from train.losses import CLIP, Objective
from train.optimizer import set_lr
from train.preset import PRESETS

# Decay of the moving average of the generator's weights, a step.
AVERAGE_DECAY = 0.995

# Norm to which a steeper gradient of the discriminator is cut back; most are well below.
DISCRIMINATOR_CLIP = 10.0


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True, help="--out folder of the generator's train.pretrain")
    add_arguments(parser, steps=150, lr=2e-4)
    group = parser.add_argument_group("adversarial phase")
    group.add_argument("--discriminator-steps", type=int, default=200, help="of the discriminator alone (%(default)s)")
    group.add_argument("--mse-weight", type=float, default=1.0, help="of the pre-training's losses (%(default)s)")
    group.add_argument("--adversarial-weight", type=float, default=0.5, help="of the BCE (%(default)s)")
    args = parser.parse_args(argv)
    try:
        train_adversarially(args)
    except ValueError as error:
        sys.exit(f"train.gan: {error}")


def discriminator_loss(discriminator: nn.Module, L: Tensor, ab: Tensor, ab_pred: Tensor) -> Tensor:
    """BCE of telling true colours from the generator's.

    Both go through in one batch: batch norm would else see each alone and give the answer away.
    """
    logits = discriminator(torch.cat([L, L]), torch.cat([ab, ab_pred.detach()]))
    truth = torch.cat([torch.ones_like(L[:, 0, 0, :1]), torch.zeros_like(L[:, 0, 0, :1])])
    return F.binary_cross_entropy_with_logits(logits.float(), truth)


def adversarial_loss(discriminator: nn.Module, L: Tensor, ab_pred: Tensor) -> Tensor:
    """BCE of the generator's colours being taken for true ones; `discriminator` in evaluation mode, see above."""
    logits = discriminator(L, ab_pred).float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def train_adversarially(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    preset = PRESETS[args.preset]
    device = accelerator.device

    # Data
    pictures, eval_images, _ = training_pictures(args, device)

    # Networks and optimizers, as they were if this run resumes
    _, pretrained = trained_colourizer(args.generator)
    if pretrained["colourizer"]["network"] == "autoencoder":
        raise ValueError(f"{args.generator} holds the baseline; give the --out folder of the generator's pre-training")
    torch.manual_seed(args.seed)
    generator = build_colourizer(**pretrained["colourizer"]).to(memory_format=torch.channels_last)
    generator.load_state_dict(pretrained.get("average") or pretrained["weights"])
    discriminator = Discriminator().to(memory_format=torch.channels_last)
    generator_optimizer = torch.optim.AdamW(generator.parameters(), args.lr, betas=(0.5, 0.99))
    discriminator_optimizer = torch.optim.AdamW(discriminator.parameters(), args.lr, betas=(0.5, 0.99))
    average = make_ema(generator, AVERAGE_DECAY)
    if args.resume not in (None, True):
        raise ValueError("the adversarial phase begins with the weights in --generator; --resume takes no folder here")
    state = checkpoint_to_resume(args, pretrained["colourizer"])
    if state:
        generator.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["averaged"])
        discriminator.load_state_dict(state["discriminator"])
        generator_optimizer.load_state_dict(state["generator_optimizer"])
        discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
    average.to(device)
    objective, discriminator, generator_optimizer, discriminator_optimizer = accelerator.prepare(
        Objective(generator), discriminator, generator_optimizer, discriminator_optimizer
    )
    bare_generator = accelerator.unwrap_model(objective).network
    bare_discriminator = accelerator.unwrap_model(discriminator)

    def save() -> None:
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": pretrained["colourizer"],
                "weights": bare_generator.state_dict(),
                "average": average.module.state_dict(),
                "averaged": int(average.n_averaged),
                "discriminator": bare_discriminator.state_dict(),
                "generator_optimizer": generator_optimizer.state_dict(),
                "discriminator_optimizer": discriminator_optimizer.state_dict(),
                "arguments": binding_arguments(args),
                "pretrained_steps": pretrained["step"],
            },
        )

    # Loop
    objective.train()
    total_steps = args.discriminator_steps + args.steps
    run = Run(accelerator, args, total_steps, state["step"] if state else 0)
    for step in run.steps(save, lambda: evaluate_held_out(average.module, eval_images, args.out, run.step)):
        rng = random_stream(args.seed + 1, step, accelerator.process_index, device)
        L, ab, hint_ab, hint_mask = draw_examples(pictures, preset, args.batch_size, rng)
        alone = step < args.discriminator_steps

        # The discriminator learns from what the generator does now
        with torch.set_grad_enabled(not alone), accelerator.autocast():
            losses, ab_pred = objective(L, ab, hint_ab, hint_mask)
        discriminator.train()
        with accelerator.autocast():
            telling = discriminator_loss(discriminator, L, ab, ab_pred)
        discriminator_optimizer.zero_grad()
        accelerator.backward(telling)
        norm = accelerator.clip_grad_norm_(discriminator.parameters(), DISCRIMINATOR_CLIP)
        run.report(discriminator=telling, discriminator_gradient=norm)
        discriminator_optimizer.step()

        # The generator learns to be right and to be believed
        if not alone:
            discriminator.eval()
            with accelerator.autocast():
                believed = adversarial_loss(bare_discriminator, L, ab_pred)
            set_lr(
                generator_optimizer, args.lr * lr_factor(step - args.discriminator_steps, args.steps, args.decay_steps)
            )
            generator_optimizer.zero_grad()
            accelerator.backward(args.mse_weight * losses["total"] + args.adversarial_weight * believed)
            norm = accelerator.clip_grad_norm_(generator.parameters(), CLIP)
            run.report(**losses, adversarial=believed, gradient=norm)
            generator_optimizer.step()
            average.update_parameters(bare_generator)


if __name__ == "__main__":
    main()
