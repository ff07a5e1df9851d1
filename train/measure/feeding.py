"""How much of a training step goes into feeding it: drawing a batch and its hints, against the network's own work.

python -m train.measure.feeding --dataset zh-plus/tiny-imagenet
"""

import argparse
import statistics
import time

import torch

from colouru.networks import COLOURIZERS, build_colourizer
from train.data import add_data_arguments, data_options, draw_batch, load_images, random_stream
from train.hints import simulate_hints
from train.preset import PRESETS

STEPS = 30
BATCH_SIZE = 64


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    args = parser.parse_args(argv)
    preset = PRESETS[args.preset]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rgb = load_images("train", limit=1000, **data_options(args))[0].to(device)

    for name, arguments in preset.networks.items():
        if name not in COLOURIZERS:
            continue
        network = build_colourizer(name, **arguments).to(device, memory_format=torch.channels_last).train()
        optimizer = torch.optim.AdamW(network.parameters(), 1e-4)
        feeding, learning = [], []
        for step in range(STEPS):
            started = clock(device)
            chance = random_stream(0, step, 0, device)
            L, ab = draw_batch(rgb, BATCH_SIZE, chance)
            hint_ab, hint_mask = simulate_hints(ab, chance, counts=preset.hint_counts, sides=preset.hint_sides)
            fed = clock(device)
            optimizer.zero_grad()
            (network(L, hint_ab, hint_mask) - ab).square().mean().backward()
            optimizer.step()
            feeding.append(fed - started)
            learning.append(clock(device) - fed)
        # The first steps warm up.
        fed, learned = (statistics.median(times[5:]) for times in (feeding, learning))
        print(
            f"{name}: {1000 * fed:.1f} ms of feeding in a step of {1000 * (fed + learned):.0f} ms, "
            f"{fed / (fed + learned):.1%} ({BATCH_SIZE} images of {preset.size} px, {device})"
        )


def clock(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
