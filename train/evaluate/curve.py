"""Curves over the number of hints, for eyes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402, the backend must be chosen first

# Zhang et al. (2017), figure 6: gain in PSNR over greyscale of their network, iDeepColor, on images of their own.
IDEEPCOLOR_GAIN = {0: 1.6, 1: 2.6, 5: 4.6, 10: 5.6, 20: 6.5, 50: 7.6, 100: 8.3}


def save_loss_curve(path: Path, summaries: dict) -> None:
    """Normalized loss over the number of hints, a line for each colourizer."""
    _save(
        path,
        {
            name: {n: by_name[name]["normalized_loss"] for n, by_name in summaries.items()}
            for name in next(iter(summaries.values()))
        },
        baseline=(1, "greyscale"),
        labels=("hints of 3 x 3 pixels, images of 64 x 64", "normalized loss (ratio of sums)"),
    )


def save_gain_curve(path: Path, summaries: dict) -> None:
    """Gain in PSNR over greyscale, beside the published line of iDeepColor, whose images are others."""
    lines = {
        name: {n: by_name[name]["psnr_gain"] for n, by_name in summaries.items() if name in by_name}
        for name in ("baseline", "gan", "levin")
    }
    _save(
        path,
        {**lines, "iDeepColor, as published, on other images": IDEEPCOLOR_GAIN},
        baseline=(0, "greyscale"),
        labels=("hints of 6 x 6 pixels, photographs at 256 x 256", "gain in PSNR over greyscale, dB"),
    )


def _save(
    path: Path, lines: dict[str, dict[int, float]], *, baseline: tuple[float, str], labels: tuple[str, str]
) -> None:
    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    counts = sorted({n for line in lines.values() for n in line})
    for name, line in lines.items():
        axes.plot([counts.index(n) for n in line], list(line.values()), marker="o", label=name)
    axes.axhline(baseline[0], color="grey", linestyle=":", label=baseline[1])
    axes.set_xticks(range(len(counts)), [str(n) for n in counts])
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
