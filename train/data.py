"""Images to train and measure on: from the Hub or a folder into memory once, then batches made on the device.

Knows nothing of networks. Everything random takes a `torch.Generator`.
"""

import argparse
import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from datasets import Dataset, DatasetDict, load_dataset
from datasets.exceptions import DatasetsError
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader

from colouru.colour import linear_table, linear_to_lab, to_network
from colouru.hub import root_cause
from colouru.metrics import is_coloured
from colouru.networks.generator import CAST, TINT
from train.hints import simulate_hints
from train.preset import PRESETS, Preset

TINY_IMAGENET = "zh-plus/tiny-imagenet"

# The Hub's branches move; a commit does not.
PINNED_REVISIONS = {TINY_IMAGENET: "5a77092c28e51558c5586e9c5eb71a7e17a5e43f"}

# The column of a dataset that holds the images.
IMAGE_COLUMN = "image"

# Rows that a process decodes at a time; it is worth starting one for four times as many.
ROWS = 100

# How little of each side of a small image may be seen where hints are learned. Without them more is cropped, against
# learning by heart.
LEAST_CROP = 0.9


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which images, for `data_options` to read."""
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", default=TINY_IMAGENET, help="Hub id or folder of the same form (%(default)s)")
    group.add_argument("--revision", help="commit of the Hub dataset (a pinned one for the default dataset)")
    group.add_argument("--preset", choices=PRESETS, default="full", help="classes, hints and networks (%(default)s)")
    group.add_argument(
        "--photos",
        nargs="+",
        default=[],
        help="Hub ids or folders of larger photographs, which the preset full learns from too",
    )


def data_options(args: argparse.Namespace) -> dict:
    """What `load_images` takes beside the split."""
    preset = PRESETS[args.preset]
    return {
        "dataset": args.dataset,
        "revision": args.revision,
        "classes": preset.classes,
        "size": preset.size,
    }


def load_images(
    split: str,
    *,
    dataset: str,
    classes: Sequence[str] | None = None,
    size: int = 64,
    revision: str | None = None,
    limit: int | None = None,
) -> tuple[Tensor, list[str]]:
    """The coloured images of a split, (N,3,size,size) uint8, and the name of the class of each, "" where it has none.

    Those of another size are resized to fit and cropped in the middle.

    Greyscale photographs stored as colour ones, of which Tiny ImageNet has some, are left out: they teach a colourizer
    nothing and have no normalized loss.

    Args:
        dataset: a Hub id, or a folder of the same form. Tiny ImageNet comes from a pinned commit unless told otherwise.
        classes: names of the classes to keep, of the column `label`.
        limit: look at no more than so many, spread evenly over the split.

    Raises:
        ValueError: if the split, the column, a class or any coloured image does not exist.
    """
    rows = _open_split(dataset, split, revision or PINNED_REVISIONS.get(dataset))
    names = getattr(rows.features.get("label"), "names", [])
    if classes is not None:
        if unknown := sorted(set(classes) - set(names)):
            raise ValueError(f"{dataset} has no class {unknown[0]!r}")
        wanted = [names.index(name) for name in classes]
        # The column of labels alone: no image is decoded here.
        rows = rows.select(np.flatnonzero(np.isin(np.asarray(rows["label"]), wanted)))

    def coloured(row: dict[str, Any]) -> tuple[np.ndarray, str] | None:
        picture = _fit(row[IMAGE_COLUMN], size)
        return (picture, names[row["label"]] if names else "") if is_coloured(picture) else None

    found = _decoded(_spread(rows, limit), coloured)
    if not found:
        raise ValueError(f"{dataset}, split {split}, holds no coloured image")
    pictures = torch.from_numpy(np.stack([picture for picture, _ in found]))
    return pictures.permute(0, 3, 1, 2).contiguous(), [label for _, label in found]


def _spread(rows: Dataset, limit: int | None) -> Dataset:
    """At most `limit` rows, evenly spread: the classes may lie one after the other."""
    return rows.select(range(0, len(rows), -(-len(rows) // limit))) if limit else rows


def _decoded(rows: Dataset, decode: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """What `decode` makes of every row, in order, without None; many rows are shared out over the processor's cores."""

    def decoded(part: list[dict[str, Any]]) -> list[Any]:
        return [made for row in part if (made := decode(row)) is not None]

    workers = min(os.cpu_count() or 1, len(rows) // (4 * ROWS))
    loader = DataLoader(rows, batch_size=ROWS, num_workers=workers, collate_fn=decoded)
    return [made for part in loader for made in part]


def _open_split(dataset: str, split: str, revision: str | None) -> Dataset:
    if Path(dataset).is_dir():
        revision = None
    try:
        found = load_dataset(dataset, revision=revision)
    except (OSError, ValueError, DatasetsError) as error:
        raise ValueError(f"{dataset} cannot be loaded: {root_cause(error)}") from None
    assert isinstance(found, DatasetDict)
    if split not in found:
        raise ValueError(f"{dataset} has no split {split!r}; it has {', '.join(found)}")
    rows = found[split]
    if IMAGE_COLUMN not in rows.column_names:
        raise ValueError(f"{dataset} has no column {IMAGE_COLUMN!r}; it has {', '.join(rows.column_names)}")
    return rows


def _fit(picture: Image.Image, size: int) -> np.ndarray:
    picture = picture.convert("RGB")
    if picture.size != (size, size):
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def held_out(count: int) -> Tensor:
    """Which of so many images of a training split, (count,) bool, are only to be watched: a twentieth, 1000 at most."""
    return torch.arange(count) % max(20, count // 1000) == 0


def hold_out_photos(photos: list[Any]) -> tuple[list[Any], list[Any]]:
    """The same of photographs: every twentieth is left for whoever has a choice to make, such as the working size."""
    learned = [photo for number, photo in enumerate(photos) if number % 20]
    return learned, photos[::20]


def random_stream(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """The source of randomness of one step in one process.

    It depends on nothing but its arguments, so a run that resumes at a step goes on exactly as if it had never stopped.
    """
    return torch.Generator(device).manual_seed(((seed * 1_000_003 + step) * 1_009 + rank) % 2**63)


def load_photos(
    split: str,
    *,
    datasets: Sequence[str],
    longest: int = 512,
    shortest: int | None = None,
    limit: int | None = None,
) -> list[Tensor]:
    """The coloured photographs of a split of each dataset, one after the other, each (3,h,w) uint8 in its own shape.

    Args:
        longest, shortest: what the longer and the shorter side are brought down to if they are longer.
        limit: look at no more than so many of each, spread evenly over its split.

    Raises:
        ValueError: as `load_images`.
    """

    def coloured(row: dict[str, Any]) -> np.ndarray | None:
        picture = row[IMAGE_COLUMN].convert("RGB")
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        if shortest and min(picture.size) > shortest:
            picture = ImageOps.cover(picture, (shortest, shortest), Image.Resampling.LANCZOS)
        photo = np.array(picture)
        return photo if is_coloured(photo) else None

    photos = []
    for dataset in datasets:
        found = _decoded(_spread(_open_split(dataset, split, None), limit), coloured)
        if not found:
            raise ValueError(f"{dataset}, split {split}, holds no coloured photograph")
        photos += [torch.from_numpy(photo).permute(2, 0, 1).contiguous() for photo in found]
    return photos


@dataclasses.dataclass(frozen=True)
class Pictures:
    """What a stage learns from: small images (N,3,size,size) uint8, and photographs, each (3,h,w) uint8.

    `labels` (N,) are the numbers of the images' classes, -1 where there are none.
    """

    images: Tensor
    labels: Tensor
    photos: list[Tensor]


def draw_examples(
    pictures: Pictures, preset: Preset, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`L`, `ab`, `hint_ab` and `hint_mask` of a batch as the preset has it.

    Either small images or crops of photographs of one of its sizes; of larger crops fewer, so that every step sees
    about as many pixels.
    """
    if preset.crop_share and float(torch.rand(1, device=generator.device, generator=generator)) < preset.crop_share:
        pixels = batch_size * preset.size**2
        L, ab = draw_crops_of_some_size(pictures.photos, preset.crop_sizes, pixels, generator)
    else:
        L, ab = draw_batch(pictures.images, batch_size, generator)
    if preset.aged:
        L = film_degradation(L, preset.aged, generator)
    if preset.tinted:
        ab = colour_jitter(ab, preset.tinted, generator)
    hint_ab, hint_mask = simulate_hints(
        ab,
        generator,
        counts=preset.hint_counts,
        # Between as many pixels and as large a part of the picture: hints are placed at both scales.
        sides=(preset.hint_sides[0], round(preset.hint_sides[1] * max(1, L.shape[3] / 64) ** 0.5)),
        strokes=preset.strokes,
        flat=preset.flat,
        colourful=preset.colourful,
        lone=preset.lone,
    )
    return L, ab, hint_ab, hint_mask


def draw_batch(rgb: Tensor, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`L` (B,1,H,W) and `ab` (B,2,H,W) of images drawn with replacement from `rgb` (N,3,H,W) uint8, augmented.

    Each is mirrored half of the time and cropped, as `augment` does.
    """
    return augmented_batch(rgb[draw_numbers(len(rgb), batch_size, generator)], generator)


def draw_numbers(count: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """(batch_size,): which of `count` images a batch is made of, drawn with replacement."""
    return torch.randint(count, (batch_size,), device=generator.device, generator=generator)


def augmented_batch(
    rgb: Tensor, generator: torch.Generator, least: float = LEAST_CROP, size: int | None = None
) -> tuple[Tensor, Tensor]:
    """`L` (N,1,.,.) and `ab` (N,2,.,.) of `rgb` (N,3,H,W) uint8, each differently augmented, as `augment` does."""
    return to_network(linear_to_lab(augment(_linear_light(rgb), generator, least, size)))


def draw_crops_of_some_size(
    photos: Sequence[Tensor], sizes: Sequence[int], pixels: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """As `draw_crops`, of one of these sizes; of larger crops fewer, about as many `pixels` in all."""
    size = sizes[int(torch.randint(len(sizes), (1,), device=generator.device, generator=generator))]
    return draw_crops(photos, size, max(1, round(pixels / size**2)), generator)


def draw_crops(
    photos: Sequence[Tensor], size: int, batch_size: int, generator: torch.Generator, least: float = 0.0
) -> tuple[Tensor, Tensor]:
    """`L` (B,1,size,size) and `ab` (B,2,size,size) of square crops of photographs drawn with replacement.

    Each is anything between the whole short side and a crop at its own resolution, and mirrored half of the time.

    Args:
        least: share of the short side that every crop has at the least.
    """
    device = photos[0].device
    crops = []
    for draw in torch.rand(batch_size, 5, device=generator.device, generator=generator).tolist():
        photo = photos[int(draw[0] * len(photos))]
        shortest = min(photo.shape[1:])
        smallest = min(shortest, max(size, least * shortest))
        side = round(smallest + draw[1] * (shortest - smallest))
        top, left = int(draw[2] * (photo.shape[1] - side + 1)), int(draw[3] * (photo.shape[2] - side + 1))
        crop = _linear_light(photo[None, :, top : top + side, left : left + side])
        crop = F.interpolate(crop, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
        crops.append(crop.flip(3) if draw[4] < 0.5 else crop)
    return to_network(linear_to_lab(torch.cat(crops).to(device)))


def film_degradation(L: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """`L` (N,1,H,W), of which that share looks like an old photograph's: faded, blurred, grained, dusty, in [-1, 1]."""
    N, _, height, width = L.shape
    chosen, contrast, shift, gamma, blur, grain, dust = torch.rand(7, N, 1, 1, 1, device=L.device, generator=generator)
    lightness = ((L + 1) / 2).clamp(0, 1) ** (0.6 + gamma)
    lightness = 0.5 + (lightness - 0.5) * (0.5 + 0.5 * contrast) + 0.2 * (shift - 0.5)
    soft = F.avg_pool2d(F.pad(lightness, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    lightness = torch.lerp(lightness, soft, blur)
    noise = torch.randn(lightness.shape, device=L.device, generator=generator)
    lightness = lightness + 0.06 * grain * noise
    speck = torch.rand(lightness.shape, device=L.device, generator=generator) < 0.003 * dust
    lightness = torch.where(speck, 1.0, lightness)
    return torch.where(chosen < share, (2 * lightness - 1).clamp(-1, 1), L)


def colour_jitter(ab: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """`ab` (N,2,H,W), where that share of pictures are as a whole paler, more vivid or of other hues, and have a cast.

    Hints would else tell little of the whole of pictures that the networks know by heart. By as much as this, the
    generator's `TINT` and `CAST`, pictures that they do not know were found to be unlike what they expected.
    """
    N = len(ab)
    chosen = torch.rand(N, 1, 1, device=ab.device, generator=generator) < share
    mixing = TINT * torch.randn(N, 2, 2, device=ab.device, generator=generator) * chosen  # (N,2,2)
    cast = CAST * torch.randn(N, 2, 1, device=ab.device, generator=generator) * chosen
    flat = ab.flatten(2)
    return (flat + mixing @ flat + cast).view(ab.shape)


def cutmix(
    L: Tensor, ab: Tensor, labels: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """`L` (N,1,H,W), `ab` (N,2,H,W) and `labels` (N,), where that share of pictures have a rectangle of another.

    These are of no class, -1. What stands around a thing then tells less of the whole (CutMix, Yun et al. 2019).
    """
    inside, chosen = _rectangles(L, share, 0.7, generator)
    L, ab = (torch.where(inside, x.roll(1, 0), x) for x in (L, ab))
    return L, ab, torch.where(chosen.flatten(), -1, labels)


def cutout(L: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """`L` (N,1,H,W), where that share of pictures have a rectangle of one grey: its colours the rest has to tell."""
    inside, _ = _rectangles(L, share, 0.5, generator)
    grey = 2 * torch.rand(len(L), 1, 1, 1, device=L.device, generator=generator) - 1
    return torch.where(inside, grey, L)


def _rectangles(L: Tensor, share: float, most: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which pixels (N,1,H,W) lie in a rectangle, of up to `most` of each side, and which pictures (N,1,1,1) have it."""
    chosen, *draws = torch.rand(5, len(L), 1, 1, 1, device=L.device, generator=generator)
    chosen = chosen < share
    inside = chosen
    for dim, (extent, start) in zip((2, 3), (draws[:2], draws[2:]), strict=True):
        extent = most * (0.3 + 0.7 * extent)
        place = (torch.arange(L.shape[dim], device=L.device) + 0.5) / L.shape[dim] - start * (1 - extent)
        within = (place >= 0) & (place < extent)  # (N,1,1,length)
        inside = inside & (within.mT if dim == 2 else within)
    return inside, chosen


def _linear_light(rgb: Tensor) -> Tensor:
    """Linear RGB in [0, 1] of `rgb` (N,3,H,W) uint8, on its device."""
    return _linear_table(rgb.device).index_select(0, rgb.flatten().int()).view(rgb.shape)


@functools.cache
def _linear_table(device: torch.device) -> Tensor:
    return linear_table(np.uint8).to(device)


def augment(images: Tensor, generator: torch.Generator, least: float = LEAST_CROP, size: int | None = None) -> Tensor:
    """`images` (N,C,H,W), each mirrored with probability 1/2, with `least` to all of each side.

    Of the same shape, or of `size` pixels a side.
    """
    N = len(images)
    height, width = (size, size) if size else images.shape[2:]
    mirror, *zooms, shift_x, shift_y = torch.rand(5, N, 1, device=images.device, generator=generator)
    zoom_x, zoom_y = (1 - (1 - least) * zoom for zoom in zooms)
    # Where each column and row looks, in the coordinates of grid_sample, -1 to 1 from border to border.
    x = _centres(width, images) * zoom_x * torch.where(mirror < 0.5, -1.0, 1.0) + (2 * shift_x - 1) * (1 - zoom_x)
    y = _centres(height, images) * zoom_y + (2 * shift_y - 1) * (1 - zoom_y)  # (N,H), and x (N,W)
    grid = torch.stack([x[:, None].expand(N, height, width), y[:, :, None].expand(N, height, width)], dim=-1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _centres(length: int, like: Tensor) -> Tensor:
    return (2 * torch.arange(length, device=like.device) + 1) / length - 1


def whole_batch(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """`L` (N,1,H,W) and `ab` (N,2,H,W) of `rgb` (N,3,H,W) uint8, as they are."""
    return to_network(linear_to_lab(_linear_light(rgb)))
