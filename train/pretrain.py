"""Train a colourizing network with MSE: the baseline, or the generator before its adversarial phase.

python -m train.pretrain --network autoencoder --photos FOLDER --out runs/baseline
python -m train.pretrain --network generator --semantic runs/semantic --photos FOLDER FOLDER --out runs/generator
"""

import argparse
import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from colouru.networks import COLOURIZERS, build_colourizer
from colouru.networks.semantic import Semantic
from train.checkpoint import save_checkpoint, weights_in
from train.data import draw_examples, random_stream
from train.ema import make_ema
from train.loop import (
    Run,
    add_arguments,
    binding_arguments,
    checkpoint_to_resume,
    evaluate_held_out,
    lr_factor,
    preset_network,
    training_pictures,
)
from train.losses import CLIP, Objective
from train.optimizer import Optimizer
from train.preset import PRESETS
from train.semantic import SKIP

# Decay of the moving average of the weights, a step.
AVERAGE_DECAY = 0.998


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=COLOURIZERS, required=True)
    parser.add_argument(
        "--semantic", type=Path, help="--out folder of train.semantic; the generator's semantic network stays like that"
    )
    add_arguments(parser, steps=16_000, lr=0.01)
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
    colourizer = preset_network(args, args.network)
    pictures, eval_images, _ = training_pictures(args, device)

    # Network and optimizer, as they were if this run resumes
    torch.manual_seed(args.seed)
    network = build_colourizer(**colourizer).to(memory_format=torch.channels_last)
    average = make_ema(network, AVERAGE_DECAY)
    objective = Objective(network)
    state = checkpoint_to_resume(args, colourizer)
    if state:
        network.load_state_dict(state["weights"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
    if args.semantic:
        knowing = preset_network(args, "semantic")
        # It leaves out as much as when it learned these very pictures: else what hears it would learn to trust it more
        # than it deserves on any other.
        network.semantic = Semantic(knowing["widths"], SKIP).to(memory_format=torch.channels_last)
        for part in (network, average.module):
            part.semantic.load_state_dict(weights_in(args.semantic, knowing))
            part.semantic.requires_grad_(False)
    average.to(device)
    objective = accelerator.prepare(objective)
    bare = accelerator.unwrap_model(objective).network
    optimizer = Optimizer(bare, args.lr)
    if state and state["step"]:
        optimizer.load_state_dict(state["optimizer"])

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
    for step in run.steps(save, lambda: evaluate_held_out(average.module, eval_images, args.out, run.step)):
        rng = random_stream(args.seed, step, accelerator.process_index, device)
        torch.manual_seed(rng.initial_seed())  # what the semantic network leaves out
        L, ab, hint_ab, hint_mask = draw_examples(pictures, preset, args.batch_size, rng)

        optimizer.set_lr(args.lr * lr_factor(step, args.steps, args.decay_steps))
        with accelerator.autocast():
            losses, _ = objective(L, ab, hint_ab, hint_mask)
        optimizer.zero_grad()
        accelerator.backward(losses["total"])
        run.report(**losses, gradient=accelerator.clip_grad_norm_(network.parameters(), CLIP))
        optimizer.step()
        average.update_parameters(bare)


if __name__ == "__main__":
    main()
