"""The networks. Each colours a grey picture: `forward(L, hint_ab, hint_mask) -> ab_pred`, any size in and out."""

from collections.abc import Sequence

from torch import nn

from colouru.networks.autoencoder import Autoencoder
from colouru.networks.discriminator import Discriminator
from colouru.networks.generator import Generator
from colouru.networks.unet import UNet

COLOURIZERS: dict[str, type[nn.Module]] = {"autoencoder": Autoencoder, "unet": UNet, "generator": Generator}

__all__ = ["COLOURIZERS", "Autoencoder", "Discriminator", "Generator", "UNet", "build_colourizer"]


def build_colourizer(network: str, **widths: Sequence[int]) -> nn.Module:
    """The colourizing network of that name, untrained; the arguments are what `config.json` keeps."""
    if network not in COLOURIZERS:
        raise ValueError(f"expected a network out of {', '.join(COLOURIZERS)}, got {network!r}")
    return COLOURIZERS[network](**widths)
