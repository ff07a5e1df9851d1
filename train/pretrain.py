"""Train a colourizing network with MSE: the baseline, or the generator before its adversarial phase.

python -m train.pretrain --network autoencoder --photos FOLDER --out runs/baseline
python -m train.pretrain --network generator --photos FOLDER --out runs/generator
"""

import argparse
import sys

import torch
from accelerate import Accelerator

from colouru.networks import COLOURIZERS, build_colourizer
from train.average import moving_average
from train.checkpoint import save_checkpoint
from train.data import draw_examples, random_stream
from train.objective import CLIP, Objective
from train.preset import PRESETS
from train.run import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    set_lr,
    training_pictures,
    warmup_then_cosine,
    watch_progress,
)

# Decay of the moving average of the weights, a step.
AVERAGE_DECAY = 0.998


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=COLOURIZERS, required=True)
    add_arguments(parser, steps=4500, lr=2e-3)
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
    pictures, watched, _ = training_pictures(args, device)

    # Network and optimizer, as they were if this run resumes
    if args.network not in preset.widths:
        raise ValueError(f"the preset {args.preset} has no {args.network}; it has {', '.join(preset.widths)}")
    colourizer = {"network": args.network, "widths": list(preset.widths[args.network])}
    torch.manual_seed(args.seed)
    network = build_colourizer(**colourizer).to(memory_format=torch.channels_last)
    average = moving_average(network, AVERAGE_DECAY)
    objective = Objective(network)
    optimizer = torch.optim.AdamW(network.parameters(), args.lr, weight_decay=0.01)
    state = checkpoint_to_resume(args)
    if state:
        if state["colourizer"] != colourizer:
            raise ValueError(f"{args.resume} holds {state['colourizer']}, not {colourizer}")
        network.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
        if state["step"]:
            optimizer.load_state_dict(state["optimizer"])
    average.to(device)
    objective, optimizer = accelerator.prepare(objective, optimizer)
    bare = accelerator.unwrap_model(objective).network

    def save() -> None:
        save_checkpoint(
            args.out,
            {
                "step": run.step,
                "colourizer": colourizer,
                "weights": bare.state_dict(),
                "average": average.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "arguments": binding_arguments(args),
            },
        )

    # Loop
    objective.train()
    run = Run(accelerator, args, args.steps, state["step"] if state else 0)
    for step in run.steps(save, lambda: watch_progress(average.module, watched, args.out, run.step)):
        chance = random_stream(args.seed, step, accelerator.process_index, device)
        L, ab, hint_ab, hint_mask = draw_examples(pictures, preset, args.batch_size, chance)

        set_lr(optimizer, args.lr * warmup_then_cosine(step, args.steps))
        with accelerator.autocast():
            losses, _ = objective(L, ab, hint_ab, hint_mask)
        optimizer.zero_grad()
        accelerator.backward(losses["total"])
        run.report(**losses, gradient=accelerator.clip_grad_norm_(network.parameters(), CLIP))
        optimizer.step()
        average.update_parameters(bare)


if __name__ == "__main__":
    main()
