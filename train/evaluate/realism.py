"""How much colourings look like photographs: the Frechet distance between features of both, over a set.

The features are pooled ones of EfficientNet-Lite1, so the figures compare with one another and with no published FID.
"""

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from train.projected_gan import ImageFeatures

# The network that discriminates in training is another, EfficientNet-Lite0.
VARIANT = 1
SIZE = 128


class FrechetDistance:
    """The Frechet distance (Heusel et al. 2017) of sets of colourings from the originals of the same pictures."""

    def __init__(self, originals: list[tuple[Tensor, Tensor]]):
        """`originals` are batches of `L` (N,1,H,W) and `ab` (N,2,H,W), some hundreds of pictures or more in all."""
        self.features = ImageFeatures(VARIANT, SIZE)
        self.lightness = [L for L, _ in originals]
        self.mean, self.covariance = self._statistics([ab for _, ab in originals])

    def __call__(self, colourings: list[Tensor]) -> float:
        """Of `ab_pred` (N,2,H,W) of the same batches: 0 if they are the originals."""
        mean, covariance = self._statistics(colourings)
        root = scipy.linalg.sqrtm(covariance @ self.covariance).real
        squared = np.square(mean - self.mean).sum() + np.trace(covariance + self.covariance - 2 * root)
        return float(squared)

    @torch.inference_mode()
    def _statistics(self, ab: list[Tensor]) -> tuple[np.ndarray, np.ndarray]:
        pooled = [self.features(*batch)[-1].mean((2, 3)) for batch in zip(self.lightness, ab, strict=True)]
        samples = torch.cat(pooled).double().numpy()
        return samples.mean(0), np.cov(samples.T)
