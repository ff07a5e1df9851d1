"""Train a colourizing network with MSE: the baseline, or the generator before its adversarial phase.

python -m train.pretrain --network autoencoder --out runs/baseline
python -m train.pretrain --network unet --out runs/generator
"""

import argparse
import sys

import torch
from accelerate import Accelerator

from colouru.hints import simulate_hints
from colouru.networks import build_colourizer
from train.checkpoint import save_checkpoint
from train.data import draw_batch, random_stream
from train.preset import PRESETS
from train.run import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    set_lr,
    training_images,
    warmup_then_cosine,
    watch_progress,
)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["autoencoder", "unet"], required=True)
    add_arguments(parser, steps=5000, lr=2e-3)
    args = parser.parse_args(argv)
    try:
        pretrain(args)
    except ValueError as error:
        sys.exit(f"train.pretrain: {error}")


def pretrain(args: argparse.Namespace) -> None:
    # Setup
    accelerator = Accelerator()
    preset = PRESETS[args.preset]
    device = accelerator.device

    # Data
    images, watched = training_images(args, device)

    # Network and optimizer, as they were if this run resumes
    colourizer = {"network": args.network, "widths": list(preset.widths[args.network])}
    torch.manual_seed(args.seed)
    network = build_colourizer(**colourizer).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), args.lr, weight_decay=0.01)
    state = checkpoint_to_resume(args)
    if state:
        network.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
    network, optimizer = accelerator.prepare(network, optimizer)
    bare = accelerator.unwrap_model(network)

    def save() -> None:
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": colourizer,
                "weights": bare.state_dict(),
                "optimizer": optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    # Loop
    network.train()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, lambda: watch_progress(bare, watched, args.out, run.step)):
        chance = random_stream(args.seed, step, accelerator.process_index, device)
        L, ab = draw_batch(images, args.batch_size, chance)
        hint_ab, hint_mask = simulate_hints(ab, chance, counts=preset.hint_counts, sides=preset.hint_sides)

        set_lr(optimizer, args.lr * warmup_then_cosine(step, args.steps))
        with accelerator.autocast():
            mse = (network(L, hint_ab, hint_mask).float() - ab).square().mean()
        optimizer.zero_grad()
        accelerator.backward(mse)
        run.report(mse=mse, gradient=accelerator.clip_grad_norm_(network.parameters(), 1.0))
        optimizer.step()


if __name__ == "__main__":
    main()
