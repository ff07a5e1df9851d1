"""Images to train and measure on: from the Hub or a folder into memory once, then batches made on the device.

Knows nothing of networks. Everything random takes a `torch.Generator`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from datasets import Dataset, DatasetDict, load_dataset
from datasets.exceptions import DatasetsError
from PIL import Image, ImageOps
from torch import Tensor

from colouru.colour import linear_light, linear_to_lab, to_network
from colouru.metrics import is_coloured
from train.preset import PRESETS

TINY_IMAGENET = "zh-plus/tiny-imagenet"

# The Hub's branches move; a commit does not.
PINNED_REVISIONS = {TINY_IMAGENET: "5a77092c28e51558c5586e9c5eb71a7e17a5e43f"}


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which images, for `data_options` to read."""
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", default=TINY_IMAGENET, help="Hub id or folder of the same form (%(default)s)")
    group.add_argument("--revision", help="commit of the Hub dataset (a pinned one for the default dataset)")
    group.add_argument("--image-column", default="image", help="(%(default)s)")
    group.add_argument("--preset", choices=PRESETS, default="report", help="classes, hints and networks (%(default)s)")
    group.add_argument(
        "--all-classes", action="store_true", help="every image of the dataset, not the preset's classes"
    )


def data_options(args: argparse.Namespace) -> dict:
    """What `load_images` takes beside the split."""
    preset = PRESETS[args.preset]
    return {
        "dataset": args.dataset,
        "revision": args.revision,
        "image_column": args.image_column,
        "classes": None if args.all_classes else preset.classes,
        "size": preset.size,
    }


def load_images(
    split: str,
    *,
    dataset: str,
    classes: Sequence[str] | None = None,
    size: int = 64,
    image_column: str = "image",
    revision: str | None = None,
    limit: int | None = None,
) -> Tensor:
    """The coloured images of a split, (N,3,size,size) uint8: others are resized to fit and cropped in the middle.

    Greyscale photographs stored as colour ones, of which Tiny ImageNet has some, are left out: they teach a colourizer
    nothing and have no normalized loss.

    Args:
        dataset: a Hub id, or a folder of the same form. Tiny ImageNet comes from a pinned commit unless told otherwise.
        classes: names of the classes to keep, of the column `label`.
        limit: keep at most this many.

    Raises:
        ValueError: if the split, the column, a class or any coloured image does not exist.
    """
    rows = _open_split(dataset, split, revision or PINNED_REVISIONS.get(dataset))
    if image_column not in rows.column_names:
        raise ValueError(f"{dataset} has no column {image_column!r}; it has {', '.join(rows.column_names)}")
    if classes is not None:
        names = getattr(rows.features.get("label"), "names", [])
        if unknown := sorted(set(classes) - set(names)):
            raise ValueError(f"{dataset} has no class {unknown[0]!r}")
        wanted = [names.index(name) for name in classes]
        # The column of labels alone: no image is decoded here.
        rows = rows.select(np.flatnonzero(np.isin(np.asarray(rows["label"]), wanted)))
    pictures = []
    for row in rows:
        picture = _fit(row[image_column], size)
        if is_coloured(picture):
            pictures.append(picture)
        if limit and len(pictures) == limit:
            break
    if not pictures:
        raise ValueError(f"{dataset}, split {split}, holds no coloured image")
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def _open_split(dataset: str, split: str, revision: str | None) -> Dataset:
    if Path(dataset).is_dir():
        revision = None
    try:
        found = load_dataset(dataset, revision=revision)
    except (OSError, ValueError, DatasetsError) as error:
        raise ValueError(f"{dataset} cannot be loaded: {str(error).splitlines()[0]}") from None
    assert isinstance(found, DatasetDict)
    if split not in found:
        raise ValueError(f"{dataset} has no split {split!r}; it has {', '.join(found)}")
    return found[split]


def _fit(picture: Image.Image, size: int) -> np.ndarray:
    picture = picture.convert("RGB")
    if picture.size != (size, size):
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def hold_out(rgb: Tensor, every: int = 20) -> tuple[Tensor, Tensor]:
    """Two parts of a training split: what to learn from, and every twentieth image to watch progress by."""
    watched = torch.arange(len(rgb)) % every == 0
    return rgb[~watched], rgb[watched]


def random_stream(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """The source of chance of one step in one process.

    It depends on nothing but its arguments, so a run that resumes at a step goes on exactly as if it had never stopped.
    """
    return torch.Generator(device).manual_seed(((seed * 1_000_003 + step) * 1_009 + rank) % 2**63)


def draw_batch(rgb: Tensor, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`L` (B,1,H,W) and `ab` (B,2,H,W) of images drawn with replacement from `rgb` (N,3,H,W) uint8, augmented.

    Each is mirrored half of the time and zoomed into by up to a quarter.
    """
    chosen = torch.randint(len(rgb), (batch_size,), device=rgb.device, generator=generator)
    return to_network(linear_to_lab(augment(linear_light(rgb[chosen]), generator)))


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """`images` (N,C,H,W), each mirrored with probability 1/2 and cropped to 75-100% of its sides, same shape."""
    N, _, height, width = images.shape
    zoom, mirror, shift_x, shift_y = torch.rand(4, N, 1, device=images.device, generator=generator)
    zoom = 1 - 0.25 * zoom
    # Where each column and row looks, in the coordinates of grid_sample, -1 to 1 from border to border.
    x = _centres(width, images) * zoom * torch.where(mirror < 0.5, -1.0, 1.0) + (2 * shift_x - 1) * (1 - zoom)  # (N,W)
    y = _centres(height, images) * zoom + (2 * shift_y - 1) * (1 - zoom)  # (N,H)
    grid = torch.stack([x[:, None].expand(N, height, width), y[:, :, None].expand(N, height, width)], dim=-1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _centres(length: int, like: Tensor) -> Tensor:
    return (2 * torch.arange(length, device=like.device) + 1) / length - 1


def whole_batch(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """`L` (N,1,H,W) and `ab` (N,2,H,W) of `rgb` (N,3,H,W) uint8, as they are."""
    return to_network(linear_to_lab(linear_light(rgb)))
