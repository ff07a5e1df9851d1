"""What is measured of one picture in colour, and the summary of many."""

import torch
from torch import Tensor

from colouru.colour import AB_SCALE, from_network, into_gamut, to_bytes
from colouru.metrics import ciede2000, colourfulness, psnr, squared_error

# An area is flat where the ab of the original changes by less than this a pixel.
FLAT = 0.5

# A hint further than this outside the gamut, in ab units, cannot be kept and does not count.
IN_GAMUT = 0.1

# Figures of single pictures, by name, each (N,).
Figures = dict[str, Tensor]


def shown(L: Tensor, ab_pred: Tensor) -> tuple[Tensor, Tensor]:
    """What a person is shown of `ab_pred` (N,2,H,W): (N,3,H,W) CIELAB in the gamut of sRGB, and (N,3,H,W) uint8."""
    lab_pred, rgb_pred = into_gamut(from_network(L, ab_pred))
    return lab_pred, to_bytes(rgb_pred)


def measure(
    lab_pred: Tensor, rgb_pred: Tensor, rgb: Tensor, L: Tensor, ab: Tensor, hint_ab: Tensor, hint_mask: Tensor
) -> Figures:
    """The figures of each picture, (N,).

    Args:
        lab_pred, rgb_pred: what a person is shown, see `shown`.
        rgb: (N,3,H,W) uint8, the original, and its `L` (N,1,H,W) and `ab` (N,2,H,W).
        hint_ab, hint_mask: (N,2,H,W), (N,1,H,W), as the picture was given them.
    """
    asked = from_network(L, hint_ab)
    possible = (into_gamut(asked)[0] - asked).norm(dim=1) < IN_GAMUT  # (N,H,W)
    missed = (lab_pred - asked)[:, 1:].norm(dim=1)
    kept = (hint_mask[:, 0] > 0) & possible
    flat = gradient(ab * AB_SCALE) < FLAT
    count = kept.sum((1, 2))
    return {
        "error": squared_error(lab_pred[:, 1:] / AB_SCALE, ab),
        "grey_error": squared_error(torch.zeros_like(ab), ab),
        "psnr": psnr(rgb_pred, rgb),
        "grey_psnr": psnr(to_bytes(into_gamut(from_network(L, 0 * ab))[1]), rgb),
        "ciede2000": ciede2000(sample(lab_pred), sample(from_network(L, ab))),
        "colourfulness": colourfulness(rgb_pred),
        "original_colourfulness": colourfulness(rgb),
        # NaN where nothing is hinted.
        "hint_error_mean": (missed * kept).sum((1, 2)) / torch.where(count > 0, count, torch.nan),
        "hint_error_worst": torch.where(count > 0, (missed * kept).amax((1, 2)), torch.nan),
        "flat_gradient": (gradient(lab_pred[:, 1:]) * flat).sum((1, 2)),
        "original_flat_gradient": (gradient(ab * AB_SCALE) * flat).sum((1, 2)),
    }


def sample(lab: Tensor) -> Tensor:
    """Every n-th pixel each way of a large picture: CIEDE2000 is slow, and its mean does not need them all."""
    step = max(1, max(lab.shape[2:]) // 128)
    return lab[..., ::step, ::step]


def gradient(ab: Tensor) -> Tensor:
    """The length (N,H-1,W-1) of the change of `ab` (N,2,H,W) from a pixel to the next right and below."""
    right, below = ab.diff(dim=3)[:, :, :-1], ab.diff(dim=2)[:, :, :, :-1]
    return (right.square() + below.square()).sum(1).sqrt()


COLUMNS = {
    "normalized_loss": "loss, ratio of sums",
    "normalized_loss_median": "loss, median",
    "share_worse_than_grey": "worse than grey",
    "psnr": "PSNR dB",
    "psnr_gain": "gain over grey dB",
    "ciede2000": "CIEDE2000",
    "colourfulness_ratio": "colourfulness / original's",
    "hint_error_mean": "hint error, mean",
    "hint_error_worst": "worst",
    "flat_gradient_ratio": "colour change in flat areas / original's",
}


def summary(each: Figures) -> dict[str, float | None]:
    """Figures of a set from those of its pictures. Loss is a ratio of sums: near-grey ones blow up a mean of ratios."""
    losses = each["error"] / each["grey_error"]
    hinted = each["hint_error_mean"].isfinite()
    flat = each["original_flat_gradient"].sum()
    figures = {
        "normalized_loss": each["error"].sum() / each["grey_error"].sum(),
        "normalized_loss_median": losses.median(),
        "share_worse_than_grey": (losses > 1).float().mean(),
        "psnr": each["psnr"].mean(),
        "psnr_gain": (each["psnr"] - each["grey_psnr"]).mean(),
        "ciede2000": each["ciede2000"].mean(),
        "colourfulness_ratio": each["colourfulness"].sum() / each["original_colourfulness"].sum(),
        "hint_error_mean": each["hint_error_mean"][hinted].mean() if hinted.any() else None,
        "hint_error_worst": each["hint_error_worst"][hinted].max() if hinted.any() else None,
        "flat_gradient_ratio": each["flat_gradient"].sum() / flat if flat else None,
    }
    return {name: None if value is None else round(float(value), 4) for name, value in figures.items()}


def joined(parts: list[Figures]) -> Figures:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
