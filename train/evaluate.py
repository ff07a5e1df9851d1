"""Measure a model on images it has not seen: baseline, GAN and Levin et al. (2004) on the same hints (Protocol T).

python -m train.evaluate --dataset zh-plus/tiny-imagenet --out runs/evaluation

Protocol T: n hints of 3x3 pixels in the true colours, centres normal around the middle with a standard deviation of a
quarter of the side, n in 0, 1, 2, 5, 10, 20, 50. Hints depend on the seed alone, so two models see the same ones.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import torch
from torch import Tensor
from tqdm import tqdm

from colouru.colour import AB_SCALE, from_network, into_gamut, to_bytes
from colouru.hints import simulate_hints
from colouru.hub import ROLES, load_model
from colouru.metrics import ciede2000, colourfulness, hint_error, psnr, squared_error
from train.data import add_data_arguments, data_options, load_images, random_stream, whole_batch
from train.levin import levin
from train.sheet import hinted_grey, save_sheet, to_rgb

# From L, hint_ab and hint_mask to ab_pred, as the networks do.
Colourizer = Callable[[Tensor, Tensor, Tensor], Tensor]

HINT_COUNTS = (0, 1, 2, 5, 10, 20, 50)
HINT_SIDE = 3

# Images measured at a time. Each chunk has its own stream of chance, so changing this changes the hints.
CHUNK = 250

SHEET_HINTS = 5
SHEET_ROWS = 24

COLUMNS = {
    "normalized_loss": "loss, ratio of sums",
    "normalized_loss_median": "loss, median",
    "share_worse_than_grey": "worse than grey",
    "psnr": "PSNR dB",
    "ciede2000": "CIEDE2000",
    "colourfulness_ratio": "colourfulness / original's",
    "hint_error_mean": "hint error, mean",
    "hint_error_worst": "worst",
}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder with the weights (the embedded ones)")
    add_data_arguments(parser)
    parser.add_argument("--split", default="valid", help="(%(default)s)")
    parser.add_argument("--limit", type=int, help="the first so many images only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder for table, JSON, curve and sheet")
    args = parser.parse_args(argv)
    options = data_options(args)
    try:
        model = load_model(args.model)
        rgb = load_images(args.split, limit=args.limit, **options)
    except ValueError as error:
        sys.exit(f"train.evaluate: {error}")
    colourizers = {**{role: getattr(model, role) for role in ROLES}, "levin": levin}
    results = {
        "model": model.source,
        "dataset": args.dataset if not Path(args.dataset).is_dir() else Path(args.dataset).name,
        "split": args.split,
        "classes": options["classes"] or "all",
        "images": len(rgb),
        "seed": args.seed,
        "hints": {str(n): measure(colourizers, rgb, n, args.seed) for n in tqdm(HINT_COUNTS, unit="hint count")},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "metrics.json").write_text(json.dumps(results, indent=2) + "\n")
    (args.out / "table.md").write_text(table(results))
    save_curve(args.out / "curve.png", results)
    save_samples(args.out / "sheet.png", colourizers, rgb, args.seed)
    print(table(results))


@torch.inference_mode()
def measure(colourizers: dict[str, Colourizer], rgb: Tensor, n: int, seed: int) -> dict[str, dict[str, float]]:
    """All measures at `n` hints, of each way to colour on the same hints."""
    parts: dict[str, list[dict[str, Tensor]]] = {name: [] for name in colourizers}
    for number, chunk in enumerate(rgb.split(CHUNK)):
        L, ab = whole_batch(chunk)
        hints = simulate_hints(ab, random_stream(seed, n, number, ab.device), counts=n, sides=(HINT_SIDE, HINT_SIDE))
        for name, colourize in colourizers.items():
            parts[name].append(measure_chunk(colourize(L, *hints), chunk, L, ab, *hints))
    return {
        name: summary({figure: torch.cat([chunk[figure] for chunk in chunks]) for figure in chunks[0]})
        for name, chunks in parts.items()
    }


def measure_chunk(
    ab_pred: Tensor, rgb: Tensor, L: Tensor, ab: Tensor, hint_ab: Tensor, hint_mask: Tensor
) -> dict[str, Tensor]:
    """The measures of each image, (N,), of what is shown in the end: `ab_pred` brought into the gamut of sRGB."""
    lab_pred, rgb_pred = into_gamut(from_network(L, ab_pred))
    rgb_pred = to_bytes(rgb_pred)
    return {
        "error": squared_error(lab_pred[:, 1:] / AB_SCALE, ab),
        "grey_error": squared_error(torch.zeros_like(ab), ab),
        "psnr": psnr(rgb_pred, rgb),
        "ciede2000": ciede2000(lab_pred, from_network(L, ab)),
        "colourfulness": colourfulness(rgb_pred),
        "original_colourfulness": colourfulness(rgb),
        "hint_error": hint_error(lab_pred[:, 1:], hint_ab * AB_SCALE, hint_mask),
    }


def summary(each: dict[str, Tensor]) -> dict[str, float]:
    """Figures of a set from those of its images. Loss is a ratio of sums: near-grey images blow up a mean of ratios."""
    losses = each["error"] / each["grey_error"]
    hinted = each["hint_error"]
    figures = {
        "normalized_loss": each["error"].sum() / each["grey_error"].sum(),
        "normalized_loss_median": losses.median(),
        "share_worse_than_grey": (losses > 1).float().mean(),
        "psnr": each["psnr"].mean(),
        "ciede2000": each["ciede2000"].mean(),
        "colourfulness_ratio": each["colourfulness"].sum() / each["original_colourfulness"].sum(),
        "hint_error_mean": hinted.mean() if len(hinted) else None,
        "hint_error_worst": hinted.max() if len(hinted) else None,
    }
    return {name: None if value is None else round(float(value), 4) for name, value in figures.items()}


def table(results: dict) -> str:
    """The figures as a Markdown table, one row a hint count and colourizer."""
    lines = [
        f"{results['images']} images of {results['dataset']}, split {results['split']}; {results['model']}",
        "",
        "| hints | colourizer | " + " | ".join(COLUMNS.values()) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for n, by_name in results["hints"].items():
        for name, figures in by_name.items():
            cells = ["-" if figures[column] is None else f"{figures[column]:.3f}" for column in COLUMNS]
            lines.append(f"| {n} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def save_curve(path: Path, results: dict) -> None:
    """Normalized loss over the number of hints, a line for each colourizer."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    counts = [int(n) for n in results["hints"]]
    for name in results["hints"]["0"]:
        losses = [by_name[name]["normalized_loss"] for by_name in results["hints"].values()]
        axes.plot(range(len(counts)), losses, marker="o", label=name)
    axes.axhline(1, color="grey", linestyle=":", label="greyscale")
    axes.set_xticks(range(len(counts)), [str(n) for n in counts])
    axes.set(xlabel="hints of 3x3 pixels", ylabel="normalized loss (ratio of sums)", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


@torch.inference_mode()
def save_samples(path: Path, colourizers: dict[str, Colourizer], rgb: Tensor, seed: int) -> None:
    """A sheet of images spread evenly over the set, at `SHEET_HINTS` hints."""
    rgb = rgb[torch.linspace(0, len(rgb) - 1, min(SHEET_ROWS, len(rgb))).long()]
    L, ab = whole_batch(rgb)
    hints = simulate_hints(
        ab, random_stream(seed, SHEET_HINTS, 0, ab.device), counts=SHEET_HINTS, sides=(HINT_SIDE, HINT_SIDE)
    )
    outputs = [(name, to_rgb(L, colourize(L, *hints))) for name, colourize in colourizers.items()]
    save_sheet(path, [("hints", hinted_grey(L, *hints)), *outputs, ("original", rgb)])


if __name__ == "__main__":
    main()
