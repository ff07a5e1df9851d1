"""Weights load completely and exactly, or not at all."""

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from colouru.hub import WeightsError, load_model


@pytest.fixture
def model_folder(untrained_model, tmp_path):
    """A copy of a good model, to be damaged."""
    return shutil.copytree(untrained_model, tmp_path / "model")


def rewrite_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def rewrite_weights(folder, change):
    """Change the tensors and make the sha256 right again, so that only what is inside can be found wrong."""
    state = change(load_file(folder / "model.safetensors"))
    save_file(state, folder / "model.safetensors")
    rewrite_config(folder, sha256=hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest())


def test_a_saved_model_computes_the_same_again(model_folder):
    first, second = load_model(model_folder), load_model(model_folder / "model.safetensors")
    L, hints = torch.rand(1, 1, 16, 16), (torch.zeros(1, 2, 16, 16), torch.zeros(1, 1, 16, 16))
    assert torch.equal(first.gan(L, *hints), second.gan(L, *hints))
    assert first.baseline(L, *hints).dtype == torch.float32
    assert not first.gan.training and not any(p.requires_grad for p in first.gan.parameters())


def test_the_embedded_model_loads_without_being_asked_where_from():
    assert load_model().source.startswith("embedded (sha256 ")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format": 2}, "not of format 1"),
        ({"format": None}, "not of format 1"),
        ({"palette": "ab313"}, "unknown key 'palette'"),
        ({"working_size": None}, "lacks 'working_size'"),
        ({"working_size": 64}, "working_size must have exactly baseline and gan"),
        ({"working_size": {"baseline": 64, "gan": True}}, "working_size must be whole numbers"),
        ({"working_size": {"baseline": 64, "gan": 10**9}}, "working_size must be whole numbers"),
        ({"gan": {"network": "pickle", "widths": [4]}}, "gan must be one of autoencoder, unet"),
        ({"gan": {"network": ["unet"], "widths": [4]}}, "gan must be one of autoencoder, unet"),
        ({"gan": {"network": "unet"}}, "gan must have exactly network and widths"),
        ({"gan": {"network": "unet", "widths": [10**9]}}, "whole numbers from 2 to 1024"),
        ({"gan": {"network": "unet", "widths": []}}, "one to eight numbers"),
        ({"gan": {"network": "generator", "widths": [8, 8, 8, 16]}}, "where the network has"),
        ({"gan": {"network": "generator", "widths": [8, 8, 8]}}, "expected four widths that are multiples of 8"),
        ({"gan": {"network": "generator", "widths": [8, 8, 8, 9]}}, "expected four widths that are multiples of 8"),
        ({"gan": {"network": "autoencoder", "widths": [4, 8]}}, "lacks|does not"),
        ({"gan": {"network": "unet", "widths": [4]}}, "the network does not"),
        ({"sha256": "0" * 64}, "is damaged: its sha256"),
        ({"sha256": 7}, "sha256 must be 64 hexadecimal digits"),
    ],
)
def test_a_config_that_is_wrong_is_refused(model_folder, changes, message):
    rewrite_config(model_folder, **changes)
    with pytest.raises(WeightsError, match=message):
        load_model(model_folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff\xfe", "null", " " * 70_000])
def test_a_config_that_is_none_is_refused(model_folder, text):
    (model_folder / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(WeightsError, match="config.json"):
        load_model(model_folder)


def without_one(state):
    del state["gan.automatic.weight"]
    return state


@pytest.mark.parametrize(
    "change, message",
    [
        (without_one, "lacks 1 tensors, gan.automatic.weight"),
        (lambda state: state | {"gan.more": torch.zeros(1)}, "does not, 1 tensors, gan.more"),
        (lambda state: state | {"gan.automatic.bias": torch.zeros(3)}, r"gan.automatic.bias has shape \[3\]"),
        (lambda state: state | {"gan.automatic.bias": torch.zeros(2, dtype=torch.int64)}, "is stored as I64"),
        (
            lambda state: state | {"gan.automatic.bias": torch.tensor([0.0, float("nan")])},
            "not finite, in gan.automatic.bias",
        ),
        (
            lambda state: state | {"gan.automatic.bias": torch.tensor([float("inf"), 0])},
            "not finite, in gan.automatic.bias",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(model_folder, change, message):
    rewrite_weights(model_folder, change)
    with pytest.raises(WeightsError, match=message):
        load_model(model_folder)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\xff" * 64, (2).to_bytes(8, "little") + b"{}"])
def test_files_that_are_no_weights_are_refused(model_folder, content):
    (model_folder / "model.safetensors").write_bytes(content)
    rewrite_config(model_folder, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(WeightsError, match="model.safetensors"):
        load_model(model_folder)


def test_one_flipped_bit_is_found(model_folder):
    content = bytearray((model_folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (model_folder / "model.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="is damaged"):
        load_model(model_folder)


def test_what_is_not_there_is_said_and_never_replaced(tmp_path):
    for source in (tmp_path / "nowhere", tmp_path / "nowhere" / "model.safetensors", tmp_path):
        with pytest.raises(WeightsError, match="there is no ColourU model in"):
            load_model(source)
    with pytest.raises(WeightsError, match="expected a folder"):
        load_model(tmp_path / "other.safetensors")
