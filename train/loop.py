"""A training run around its loop: arguments, folder, progress bar, metrics, samples, interruption; not the loop."""

import argparse
import ctypes
import json
import math
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from colouru.metrics import colourfulness, squared_error
from train.checkpoint import NAME, load_checkpoint, weights_around, weights_in
from train.data import (
    Pictures,
    add_data_arguments,
    data_options,
    held_out,
    hold_out_photos,
    load_images,
    load_photos,
    random_stream,
    whole_batch,
)
from train.evaluate.contact_sheet import hinted_grey, save_sheet, to_rgb
from train.hints import simulate_hints
from train.preset import PRESETS

EVAL_COUNTS = (0, 1, 5)
SAMPLES = 8


def add_arguments(parser: argparse.ArgumentParser, *, steps: int, lr: float) -> None:
    """The arguments that every stage has."""
    add_data_arguments(parser)
    run = parser.add_argument_group("run")
    run.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics and sample sheets")
    run.add_argument(
        "--resume",
        nargs="?",
        const=True,
        metavar="FOLDER",
        help="go on with the run in --out; or begin a new one there with the weights of a checkpoint in FOLDER",
    )
    run.add_argument("--steps", type=int, default=steps, help="(%(default)s)")
    run.add_argument("--decay-steps", type=int, help="the last steps, over which the rate falls to 0 (four in ten)")
    run.add_argument("--batch-size", type=int, default=64, help="of each process (%(default)s)")
    run.add_argument("--lr", type=float, default=lr, help="highest learning rate (%(default)s)")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--save-every", type=int, default=250, help="steps between checkpoints (%(default)s)")
    run.add_argument("--eval-every", type=int, default=250, help="steps between samples and measures (%(default)s)")


def training_pictures(
    args: argparse.Namespace, device: torch.device, shortest: int | None = None
) -> tuple[Pictures, Tensor, dict[str, list[Tensor]]]:
    """The training pictures on `device`, the small ones (N,3,H,W) uint8 held out of them, and the photographs held out.

    Those are kept apart by the name of the dataset that they are from: of one whose photographs are all much alike the
    held-out ones may be known by heart, and say nothing of others.

    Args:
        shortest: what the shorter side of the photographs is brought down to.

    Raises:
        ValueError: if there are none, or the preset needs photographs and none are given.
    """
    photos: list[Tensor] = []
    eval_photos: dict[str, list[Tensor]] = {}
    if PRESETS[args.preset].crop_share:
        if not args.photos:
            raise ValueError(f"the preset {args.preset} learns from larger photographs too: give them with --photos")
        found = {source: load_photos("train", datasets=[source], shortest=shortest) for source in args.photos}
        named = [(Path(source).name, photo) for source, its in found.items() for photo in its]
        learned, held_photos = hold_out_photos(named)
        photos = [photo for _, photo in learned]
        for name, photo in held_photos:
            eval_photos.setdefault(name, []).append(photo.to(device))
    images, classes = load_images("train", **data_options(args))
    names = sorted(set(classes) - {""})
    labels = torch.tensor([names.index(name) if name else -1 for name in classes])
    held = held_out(len(images))
    pictures = Pictures(images[~held].to(device), labels[~held].to(device), [photo.to(device) for photo in photos])
    return pictures, images[held].to(device), eval_photos


def preset_network(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """The network of that name as the preset has it: the arguments of `build_colourizer`.

    Raises:
        ValueError: if it has none.
    """
    networks = PRESETS[args.preset].networks
    if name not in networks:
        raise ValueError(f"the preset {args.preset} has no {name}; it has {', '.join(networks)}")
    return {"network": name, **networks[name]}


def binding_arguments(args: argparse.Namespace) -> dict[str, str]:
    """The arguments that a run must keep when it resumes, or it would be another run."""
    free = {
        "dataset",
        "photos",
        "revision",
        "out",
        "resume",
        "save_every",
        "eval_every",
        "generator",
        "prior",
        "semantic",
    }
    # A run at a constant rate has no end until it is given one.
    free |= {"steps", "decay_steps"}
    return {name: str(value) for name, value in vars(args).items() if name not in free}


def checkpoint_to_resume(args: argparse.Namespace, colourizer: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint in `--out` with `--resume`, else None; with `--resume FOLDER` the weights in that one, at step 0.

    Raises:
        ValueError: if there is none, it is of another run or network, or one would be lost because `--resume` was
            forgotten.
    """
    if args.resume is not True:
        if (args.out / NAME).exists():
            raise ValueError(f"{args.out} holds a run already; --resume goes on with it, another --out starts anew")
        if args.resume is None:
            return None
        held = weights_around if getattr(args, "semantic", None) else weights_in
        weights = held(Path(args.resume), colourizer)
        return {"step": 0, "weights": weights, "average": weights}
    state = load_checkpoint(args.out)
    then, now = state.get("arguments", {}), binding_arguments(args)
    if other := [name for name in now if then.get(name) != now[name]]:
        flag = other[0].replace("_", "-")
        raise ValueError(f"the run in {args.out} has --{flag} {then.get(other[0])}, not {now[other[0]]}: give the same")
    return state


def lr_factor(step: int, steps: int, decay_steps: int | None, warmup: int = 50) -> float:
    """The share of the highest learning rate at a step: a short rise, constant, to 0 over the last `decay_steps`.

    What was learned at the constant rate is worth as much to a run that goes on as to one that ends, so a run can be
    given its end whenever it is wanted (Hu et al. 2024, MiniCPM).
    """
    decay_steps = round(0.4 * steps) if decay_steps is None else decay_steps
    return min(1.0, (step + 1) / warmup, (steps - step) / max(1, decay_steps))


class Run:
    """The living side of a run: counts steps, keeps metrics, saves on Ctrl-C, stops where the loss is lost."""

    def __init__(self, accelerator: Accelerator, args: argparse.Namespace, total_steps: int, first_step: int):
        self.accelerator, self.args = accelerator, args
        self.total_steps, self.first_step = total_steps, first_step
        self.step = first_step
        self.metrics = args.out / "metrics.jsonl"
        self.stopping = False
        self.shown: dict[str, float] = {}
        if accelerator.is_main_process:
            args.out.mkdir(parents=True, exist_ok=True)
            self._forget_lines_after(first_step)

    def _forget_lines_after(self, step: int) -> None:
        """Drop what a run that was killed had written after its last checkpoint, or all of an earlier run."""
        lines = self.metrics.read_text().splitlines() if self.metrics.exists() and step else []
        # A line cut short by a full disk or a power cut has no closing brace.
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
        self.metrics.write_text("".join(line + "\n" for line in kept))

    def steps(self, save: Callable[[], None], evaluate: Callable[[], dict[str, float]]) -> Iterator[int]:
        """The numbers of the steps to do; between them `save` and `evaluate` are called when it is time."""
        previous = signal.signal(signal.SIGINT, self._stop)
        # Kernels of places that are nothing alike have gradients so small that processors slow down over them.
        torch.set_flush_denormal(True)
        keep_freed_memory()
        images_a_step = self.args.batch_size * self.accelerator.num_processes
        bar = tqdm(
            total=self.total_steps * images_a_step,
            initial=self.first_step * images_a_step,
            disable=not self.accelerator.is_main_process,
            unit="image",
            smoothing=0.05,
        )
        try:
            while self.step < self.total_steps and not self.stopping:
                yield self.step
                self.step += 1
                bar.set_postfix(self.shown, refresh=False)
                bar.update(images_a_step)
                self._stop_together()
                done = self.step == self.total_steps
                if self.accelerator.is_main_process:
                    if done or self.step % self.args.eval_every == 0:
                        self._write(
                            {"step": self.step, "images": self.step * images_a_step, **self.shown, **evaluate()}
                        )
                    if done or self.stopping or self.step % self.args.save_every == 0:
                        save()
        finally:
            bar.close()
            torch.set_flush_denormal(False)
            signal.signal(signal.SIGINT, previous)
        if self.stopping:
            sys.exit(f"stopped after step {self.step}; --resume goes on from there")

    def _stop_together(self) -> None:
        """If one process was told to stop, all do, after the same step: none may wait for the others in vain."""
        if self.accelerator.num_processes > 1:
            told = torch.tensor(float(self.stopping), device=self.accelerator.device)
            self.stopping = bool(self.accelerator.reduce(told) > 0)

    def _stop(self, *_: Any) -> None:
        if self.stopping:
            raise KeyboardInterrupt
        self.stopping = True

    def report(self, **figures: Tensor) -> None:
        """Show losses and norms of gradients of this step, before the optimizer takes them into the weights.

        Raises:
            SystemExit: if one is not finite; the weights are still good then.
        """
        # One transfer for all: each would wait for the device.
        values = torch.stack([figure.detach().float() for figure in figures.values()]).tolist()
        for name, value in zip(figures, values, strict=True):
            if not math.isfinite(value):
                sys.exit(
                    f"step {self.step}: {name} is {value}. The last good checkpoint is in {self.args.out}; "
                    f"start again with a smaller --lr than {self.args.lr:g}"
                )
            self.shown[name] = round(value, 5)

    def _write(self, line: dict[str, Any]) -> None:
        with open(self.metrics, "a") as file:
            file.write(json.dumps(line) + "\n")


def keep_freed_memory() -> None:
    """Tell glibc to use memory again instead of handing it back to the system, where there is a glibc.

    Activations of some megabytes would else be mapped anew at every step, and every page of them be cleared first: the
    first stages of EfficientNet-Lite2 take two and a half times as long for it.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    # Their numbers in malloc.h.
    M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 2**28)


@torch.inference_mode()
def evaluate_held_out(network: nn.Module, rgb: Tensor, folder: Path, step: int) -> dict[str, float]:
    """Ratio-of-sums loss and colourfulness over the original's on held-out images at a few hint counts.

    A sheet of fixed samples goes into `folder`.
    """
    training = network.training
    network.eval()
    L, ab = whole_batch(rgb)
    figures = {}
    for count in EVAL_COUNTS:
        hint_ab, hint_mask = simulate_hints(ab, random_stream(1, 0, 0, rgb.device), counts=count, sides=(3, 3))
        ab_pred = torch.cat(
            [network(*part) for part in zip(L.split(250), hint_ab.split(250), hint_mask.split(250), strict=True)]
        )
        figures[f"loss_at_{count}"] = squared_error(ab_pred, ab).sum() / squared_error(0 * ab, ab).sum()
        figures[f"colourfulness_at_{count}"] = colourfulness(to_rgb(L, ab_pred)).sum() / colourfulness(rgb).sum()
    network.train(training)
    save_sheet(
        folder / f"sample-{step:06d}.png",
        [
            ("hints", hinted_grey(L[:SAMPLES], hint_ab[:SAMPLES], hint_mask[:SAMPLES])),
            ("output", to_rgb(L[:SAMPLES], ab_pred[:SAMPLES])),
            ("original", rgb[:SAMPLES]),
        ],
    )
    return {name: round(float(figure), 4) for name, figure in figures.items()}
