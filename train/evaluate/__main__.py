"""Measure a model on pictures it has not seen, beside Levin et al. (2004) on the same hints.

python -m train.evaluate --limit 1000 --photos FOLDER --out runs/evaluation

Protocol T, on small images: n hints of 3x3 pixels in the true colours, n in 0, 1, 2, 5, 10, 20, 50.
Protocol Z (Zhang et al. 2017), on --photos at 256 x 256: n hints of 6x6 pixels, each in the mean colour of its patch.
The report's test, on --photos 64, 256 and 512 pixels long: 0 to 8 hints of 1 to 9 pixels.
Centres are normal around the middle with a standard deviation of a quarter of the sides; of T and Z also, "on colour",
where the colour is, as people set them. Hints depend on the seed alone, so two models see the same ones.
"""

import argparse
import csv
import functools
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colouru.model import ROLES
from colouru.pipeline import Colourizer, pipeline
from train.data import (
    PINNED_REVISIONS,
    add_data_arguments,
    data_options,
    load_images,
    load_photos,
    random_stream,
    whole_batch,
)
from train.evaluate.contact_sheet import hinted_grey, save_sheet, to_rgb
from train.evaluate.curve import save_gain_curve, save_loss_curve
from train.evaluate.figures import COLUMNS, Figures, summary
from train.evaluate.guidance import palette_recall, where_next
from train.evaluate.levin import levin
from train.evaluate.protocol import (
    CHUNK,
    COLOUR_COUNTS,
    REPORT_SIZES,
    T_SIDE,
    Results,
    lone_dot,
    original,
    protocol_t,
    protocol_z,
    reach,
    report_test,
    resized,
    true_hints,
    vividness,
)
from train.hints import simulate_hints

SHEET_HINTS = 5
SHEET_ROWS = 24
SHEET_SIZE = 192

# Training images whose commonest colours the palette is compared with.
COMMON_IMAGES = 5000


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder with the weights, or Hub id (the embedded ones)")
    parser.add_argument("--model-revision", help="branch, tag or commit of the model on the Hub")
    add_data_arguments(parser)
    parser.add_argument("--split", default="valid", help="of the small images (%(default)s)")
    parser.add_argument("--photos-split", default="test", help="of the photographs (%(default)s)")
    parser.add_argument("--limit", type=int, help="so many small images, and photographs, spread evenly over the split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder for tables, JSON, CSV, curves and sheets")
    args = parser.parse_args(argv)
    try:
        evaluate(args)
    except ValueError as error:
        sys.exit(f"train.evaluate: {error}")


def evaluate(args: argparse.Namespace) -> None:
    options = data_options(args)
    colourize = pipeline(args.model, revision=args.model_revision, device="cpu")
    rgb, classes = load_images(args.split, limit=args.limit, **options)
    photos = load_photos(args.photos_split, datasets=args.photos, limit=args.limit)
    args.out.mkdir(parents=True, exist_ok=True)

    results = {
        "Protocol T": protocol_t(colourize, rgb, args.seed),
        "Protocol T, on colour": protocol_t(colourize, rgb, args.seed, COLOUR_COUNTS, colourful=True),
    }
    findings: dict = {
        "by class": by_class(colourize, rgb, classes, args.seed),
        "vividness": vividness(colourize, rgb, args.seed),
    }
    if photos:
        results["Protocol Z"] = protocol_z(colourize, photos, args.seed)
        results["Protocol Z, on colour"] = protocol_z(colourize, photos, args.seed, COLOUR_COUNTS, colourful=True)
        for size in REPORT_SIZES:
            results[f"report's test, {size} px"] = report_test(colourize, photos, size, args.seed)
        findings["reach of one dot"] = reach(colourize, photos, args.seed)
        findings["one dot on the most colourful spot"] = lone_dot(colourize, photos)
        if colourize.supports_guidance:
            training, _ = load_images("train", limit=COMMON_IMAGES, **options)
            findings["where next"] = where_next(colourize, photos, args.seed)
            findings["palette"] = palette_recall(colourize, photos, training, args.seed)

    summaries = {
        protocol: {n: {name: summary(figures) for name, figures in by_name.items()} for n, by_name in by_count.items()}
        for protocol, by_count in results.items()
    }
    about = {
        "model": colourize.source,
        "sha256": colourize.model.config.sha256,
        "dataset": _name(args.dataset),
        "revision": args.revision or PINNED_REVISIONS.get(args.dataset),
        "split": args.split,
        "classes": options["classes"] or "all",
        "images": len(rgb),
        "photos": len(photos),
        "seed": args.seed,
    }
    everything = {**about, "protocols": summaries, **findings}
    (args.out / "metrics.json").write_text(json.dumps(everything, indent=2) + "\n")
    (args.out / "table.md").write_text(tables(about, summaries, findings))
    save_rows(args.out / "pictures.csv", results)
    save_loss_curve(args.out / "curve.png", summaries["Protocol T"])
    save_small_sheet(args.out / "sheet.png", colourize, rgb, args.seed)
    if photos:
        save_gain_curve(args.out / "gain.png", summaries["Protocol Z"])
        save_photo_sheet(args.out / "photos.png", colourize, photos, args.seed)
    print((args.out / "table.md").read_text())


def _name(dataset: str) -> str:
    return Path(dataset).name if Path(dataset).is_dir() else dataset


@torch.inference_mode()
def by_class(colourize: Colourizer, rgb: Tensor, classes: list[str], seed: int) -> dict[str, dict[str, float]]:
    """Loss at five hints of Protocol T on the images of each class, ratio of sums."""
    L, ab = whole_batch(rgb)
    hints = simulate_hints(ab, random_stream(seed, 0, 0, ab.device), counts=SHEET_HINTS, sides=(T_SIDE, T_SIDE))
    parts: dict[str, list[Tensor]] = {role: [] for role in ROLES}
    for L_part, ab_part, *hints_part in zip(*(x.split(CHUNK) for x in (L, ab, *hints)), strict=True):
        for role, answer in colourize.networks_on(L_part).items():
            parts[role].append((answer(*hints_part) - ab_part).square().sum((1, 2, 3)))
    errors = {role: torch.cat(each) for role, each in parts.items()}
    grey = ab.square().sum((1, 2, 3))
    found = {}
    for name in sorted(set(classes)):
        of_class = torch.tensor([one == name for one in classes])
        found[name] = {
            role: round(float(error[of_class].sum() / grey[of_class].sum()), 4) for role, error in errors.items()
        }
    return found


def tables(about: dict, summaries: dict, findings: dict) -> str:
    """All figures as Markdown: one table a protocol, one row a hint count and colourizer; then what else was found."""
    lines = [
        f"{about['images']} images of {about['dataset']}, split {about['split']}; {about['photos']} photographs; "
        f"{about['model']}"
    ]
    for protocol, by_count in summaries.items():
        lines += ["", f"## {protocol}", "", "| hints | colourizer | " + " | ".join(COLUMNS.values()) + " |"]
        lines.append("|---|---|" + "---|" * len(COLUMNS))
        for n, by_name in by_count.items():
            for name, figures in by_name.items():
                cells = ["-" if figures[column] is None else f"{figures[column]:.3f}" for column in COLUMNS]
                lines.append(f"| {n} | {name} | " + " | ".join(cells) + " |")
    for finding, values in findings.items():
        lines += ["", f"## {finding}", ""]
        lines += [f"- {key}: {_words(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _words(value: float | dict[str, float]) -> str:
    return ", ".join(f"{name} {part}" for name, part in value.items()) if isinstance(value, dict) else str(value)


def save_rows(path: Path, results: dict[str, Results]) -> None:
    """Every figure of every picture as CSV."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        header: list[str] = []
        for protocol, by_count in results.items():
            for n, by_name in by_count.items():
                for name, figures in by_name.items():
                    if not header:
                        header = list(figures)
                        writer.writerow(["protocol", "hints", "colourizer", "picture", *header])
                    for picture, values in enumerate(_rows(figures, header)):
                        writer.writerow([protocol, n, name, picture, *values])


def _rows(figures: Figures, header: list[str]) -> list[list[str]]:
    return [[f"{value:.6g}" for value in row] for row in torch.stack([figures[name] for name in header], 1).tolist()]


@torch.inference_mode()
def save_small_sheet(path: Path, colourize: Colourizer, rgb: Tensor, seed: int) -> None:
    """A sheet of small images spread evenly over the set, at `SHEET_HINTS` hints of Protocol T."""
    rgb = rgb[torch.linspace(0, len(rgb) - 1, min(SHEET_ROWS, len(rgb))).long()]
    L, ab = whole_batch(rgb)
    rng = random_stream(seed, SHEET_HINTS, 0, ab.device)
    hints = simulate_hints(ab, rng, counts=SHEET_HINTS, sides=(T_SIDE, T_SIDE))
    colourizers = {**colourize.networks_on(L), "levin": functools.partial(levin, L)}
    outputs = [(name, to_rgb(L, answer(*hints))) for name, answer in colourizers.items()]
    save_sheet(path, [("hints", hinted_grey(L, *hints)), *outputs, ("original", rgb)])


def save_photo_sheet(path: Path, colourize: Colourizer, photos: list[Tensor], seed: int) -> None:
    """A sheet of photographs spread evenly over the set, without hints and with five."""
    chosen = torch.linspace(0, len(photos) - 1, min(SHEET_ROWS, len(photos))).long().tolist()
    columns: dict[str, list[Tensor]] = {}
    for number in chosen:
        photo = resized(photos[number], SHEET_SIZE, SHEET_SIZE)
        hints = true_hints(photo, SHEET_HINTS, (6, 6), random_stream(seed, SHEET_HINTS, number, torch.device("cpu")))
        canvas = colourize.open(photo)
        pictures = {"grey": canvas.grey()}
        for n, given in ((0, []), (SHEET_HINTS, hints)):
            pictures |= {f"{role}, {n} hints": picture for role, (picture, _) in canvas.colour(given).items()}
        for name, picture in pictures.items():
            columns.setdefault(name, []).append(original(np.asarray(picture))[0])
        columns.setdefault("original", []).append(original(photo)[0])
    save_sheet(path, [(name, torch.cat(rows)) for name, rows in columns.items()], scale=1)


if __name__ == "__main__":
    main()
