"""Colorization Using Optimization, Levin, Lischinski and Weiss (2004): no learning at all, the reference to beat.

Every pixel without a hint takes the weighted mean of its eight neighbours, the more alike in lightness the more weight;
hinted pixels keep their colour. That is one sparse linear system a picture.
"""

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

# The least variance of lightness in a window, as in the authors' own implementation, lightness being in [0, 1].
LEAST_VARIANCE = 2e-6
SHARE_OF_VARIANCE = 0.6
LEAST_WEIGHT = 0.01


def levin(L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
    """`ab_pred` (N,2,H,W) from `L` (N,1,H,W), `hint_ab` (N,2,H,W) and `hint_mask` (N,1,H,W); grey without hints."""
    solved = [
        _solve(((lightness[0] + 1) / 2).double().numpy(), ab.double().numpy(), mask[0].numpy() > 0)
        for lightness, ab, mask in zip(L, hint_ab, hint_mask, strict=True)
    ]
    return torch.from_numpy(np.stack(solved)).to(hint_ab)


def _solve(lightness: np.ndarray, ab: np.ndarray, hinted: np.ndarray) -> np.ndarray:
    """(2,H,W) from lightness (H,W) in [0, 1], ab (2,H,W), and where ab is known (H,W) bool."""
    if not hinted.any():
        return np.zeros_like(ab)
    height, width = lightness.shape
    pixel = np.arange(height * width).reshape(height, width)
    weights, neighbours = neighbour_weights(lightness)  # (8,H,W) each
    free = ~hinted & (weights.sum(0) > 0)
    rows = np.broadcast_to(pixel, weights.shape)[:, free].ravel()
    mean_of_neighbours = sparse.csc_matrix(
        (weights[:, free].ravel(), (rows, neighbours[:, free].ravel())), shape=(pixel.size, pixel.size)
    )
    system = sparse.identity(pixel.size, format="csc") - mean_of_neighbours
    known = np.where(hinted, ab, 0).reshape(2, -1).T  # (HW,2)
    # The neighbours of a neighbour are neighbours: orderings for symmetric patterns halve the time.
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return solver.solve(known).T.reshape(ab.shape)


def neighbour_weights(lightness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (8,H,W) of the neighbours of each pixel, of sum 1, zero outside the picture, and their places (8,H,W)."""
    height, width = lightness.shape
    padded = np.pad(lightness, 1, constant_values=np.nan)
    places = np.pad(np.arange(height * width).reshape(height, width), 1)
    shifts = [(y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)]
    around = np.stack([padded[y : y + height, x : x + width] for y, x in shifts])
    neighbours = np.stack([places[y : y + height, x : x + width] for y, x in shifts])
    window = np.concatenate([around, lightness[None]])
    squared_difference = (around - lightness) ** 2
    variance = SHARE_OF_VARIANCE * np.nanvar(window, axis=0)
    # Even the most alike neighbour keeps some weight.
    least = np.nanmin(np.where(np.isnan(squared_difference), np.inf, squared_difference), axis=0)
    variance = np.maximum(variance, np.where(np.isfinite(least), least, 0) / -np.log(LEAST_WEIGHT))
    weights = np.nan_to_num(np.exp(-squared_difference / np.maximum(variance, LEAST_VARIANCE)))
    return weights / np.maximum(weights.sum(0), 1e-12), neighbours
