"""Weights load completely and exactly, or not at all."""

import hashlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from colouru.model import MAX_WEIGHTS_BYTES, WeightsError, load_model, save_model, weights_bytes
from colouru.networks import build_colourizer
from colouru.pipeline import find_model
from colouru.quantization import dequantize, quantize

BIAS = "gan.automatic.bias"
MATRIX = "gan.phi.weight"


@pytest.fixture
def model_folder(untrained_model, tmp_path):
    """A copy of a valid model, to be damaged."""
    return shutil.copytree(untrained_model, tmp_path / "model")


# Each of these returns a function that damages the folder of a valid model.


def config(**changes):
    """Change keys of config.json; None removes a key."""

    def damage(folder):
        values = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps({k: v for k, v in values.items() if v is not None}))

    return damage


def config_text(text):
    return lambda folder: (folder / "config.json").write_text(text, encoding="latin-1")


def weights(content):
    """Replace the weights by other bytes and correct the sha256, so that the bytes themselves are found wrong."""

    def damage(folder):
        (folder / "model.safetensors").write_bytes(content)
        config(sha256=hashlib.sha256(content).hexdigest())(folder)

    return damage


def tensors(change):
    """Change the dictionary of tensors."""

    def damage(folder):
        state = load_file(folder / "model.safetensors")
        change(state)
        save_file(state, folder / "model.safetensors")
        weights((folder / "model.safetensors").read_bytes())(folder)

    return damage


def bias(*values, dtype=torch.float16):
    """Set one bias of two numbers to other values."""
    return tensors(lambda state: state.update({BIAS: torch.tensor(values).to(dtype)}))


def in_bytes(name, **changes):
    """Store a tensor quantized, with the scales of its rows, and change what is stored."""

    def change(state):
        numbers, scale = quantize(state[name])
        state.update({name: numbers, name + ".scale": scale} | {name + key: x for key, x in changes.items()})

    return tensors(change)


def header(change):
    """Change the JSON text of the header, without the bytes of the tensors."""

    def damage(folder):
        content = (folder / "model.safetensors").read_bytes()
        length = int.from_bytes(content[:8], "little")
        text = change(content[8 : 8 + length].decode()).encode()
        weights(len(text).to_bytes(8, "little") + text + content[8 + length :])(folder)

    return damage


def entry(**changes):
    """Change the header's entry of the bias."""

    def change(text):
        values = json.loads(text)
        values[BIAS] |= changes
        return json.dumps(values)

    return header(change)


def bytes_of_weights(change):
    """Change the file without the sha256 in config.json."""

    def damage(folder):
        content = bytearray((folder / "model.safetensors").read_bytes())
        change(content)
        (folder / "model.safetensors").write_bytes(content)

    return damage


def replaced(name, make):
    """Replace a file by something that is not a regular file."""

    def damage(folder):
        (folder / name).unlink()
        make(folder / name)

    return damage


def flip_last_bit(content):
    content[-1] ^= 1


def oversized(path):
    with open(path, "wb") as file:
        file.truncate(MAX_WEIGHTS_BYTES + 1)


class Payload:
    def __reduce__(self):
        return os.mkdir, ("it-ran",)


TWICE = '{"format": 3, "format": 3}'
A_TENSOR = f'"{BIAS}":{{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'
GENERATOR = {"network": "generator", "widths": [8, 8, 8], "semantic_widths": [8, 8, 8, 8]}

# Damage to a valid model, and words that the error must have.
HOSTILE = {
    "a format from the future": (config(format=4), "config.json is not of format 3"),
    "no format": (config(format=None), "config.json is not of format 3"),
    "an unknown key": (config(palette="ab313"), "has the unknown key 'palette'"),
    "a class to import": (config(_target_="os.system"), "has the unknown key '_target_'"),
    "a missing key": (config(working_size=None), "lacks 'working_size'"),
    "a size that is a number": (config(working_size=64), "working_size must have exactly baseline and gan"),
    "a size that is a truth": (config(working_size={"baseline": 64, "gan": True}), "must be whole numbers"),
    "a size beyond all memory": (config(working_size={"baseline": 64, "gan": 10**9}), "must be whole numbers"),
    "a size of many digits": (config(working_size={"baseline": 64, "gan": 10**3000}), "must be whole numbers"),
    "a network of a module": (config(gan={"network": "os.path", "widths": [4]}), "gan must be one of autoencoder"),
    "a network that is a list": (config(gan={"network": ["unet"], "widths": [4]}), "gan must be one of autoencoder"),
    "a network without widths": (config(gan={"network": "unet"}), "gan must have exactly network and widths"),
    "a network that is a string": (config(gan="unet"), "gan must be an object that names its network"),
    "an argument of a network": (
        config(gan=GENERATOR | {"path": "/"}),
        "gan must have exactly network and widths",
    ),
    "a width beyond all memory": (config(gan=GENERATOR | {"widths": [8, 8, 10**9]}), "from 2 to 1024"),
    "a width that is broken": (config(gan=GENERATOR | {"widths": [8, 8, 8.0]}), "from 2 to 1024"),
    "a width that is negative": (config(gan=GENERATOR | {"semantic_widths": [8, 8, 8, -8]}), "from 2 to 1024"),
    "no widths": (config(gan=GENERATOR | {"widths": []}), "a list of one to eight numbers"),
    "a thousand widths": (config(gan=GENERATOR | {"widths": [8] * 1000}), "a list of one to eight numbers"),
    "too few widths": (config(gan=GENERATOR | {"widths": [8, 8]}), "expected 3 widths that are multiples of 8"),
    "an odd width": (config(gan=GENERATOR | {"widths": [8, 8, 9]}), "expected 3 widths that are multiples of 8"),
    "widths of other weights": (config(gan=GENERATOR | {"widths": [8, 8, 16]}), "where the network has"),
    "a network of other weights": (config(gan={"network": "autoencoder", "widths": [4, 8]}), "tensors"),
    "a sha256 that is a number": (config(sha256=7), "sha256 must be 64 hexadecimal digits"),
    "a sha256 of no digits": (config(sha256="z" * 64), "sha256 must be 64 hexadecimal digits"),
    "a sha256 of other weights": (config(sha256="0" * 64), "is damaged: its sha256 is not the one in config.json"),
    "an empty config": (config_text(""), "config.json is not valid JSON"),
    "half a config": (config_text('{"format": 3,'), "config.json is not valid JSON"),
    "a web page for a config": (config_text("<!doctype html>"), "config.json is not valid JSON"),
    "a config of bytes": (config_text("\xff\xfe\x00"), "config.json is not valid JSON"),
    "a config with a key twice": (config_text(TWICE), "a key comes twice"),
    "a config nested without end": (config_text("[" * 60_000), "config.json is not valid JSON"),
    "a config that is a list": (config_text("[]"), "config.json must hold an object"),
    "a config that is null": (config_text("null"), "config.json must hold an object"),
    "a config of blanks": (config_text(" " * 70_000), "config.json has 70,000 bytes; at most 65,536 are read"),
    "no config": (replaced("config.json", lambda path: None), "config.json: No such file"),
    "a folder for a config": (replaced("config.json", Path.mkdir), "config.json"),
    "no weights": (replaced("model.safetensors", lambda path: None), "model.safetensors: No such file"),
    "a folder for weights": (replaced("model.safetensors", Path.mkdir), "model.safetensors"),
    "a pipe for weights": (replaced("model.safetensors", os.mkfifo), "is no file with content of its own"),
    "a device for weights": (replaced("model.safetensors", lambda path: path.symlink_to("/dev/zero")), "is no file"),
    "weights beyond all memory": (replaced("model.safetensors", oversized), "at most 536,870,912 are read"),
    "one flipped bit": (bytes_of_weights(flip_last_bit), "is damaged: its sha256 is not the one in config.json"),
    "half the weights": (bytes_of_weights(lambda content: content.__delitem__(slice(900, None))), "is damaged"),
    "empty weights": (weights(b""), "model.safetensors is not a valid safetensors file"),
    "a web page for weights": (weights(b"<html>not found</html>"), "its header is too large"),
    "a header without end": (weights(b"\xff" * 64), "its header is too large"),
    "a header that is cut": (weights((99).to_bytes(8, "little") + b'{"a":'), "is not a valid safetensors file"),
    "a header of no text": (weights((4).to_bytes(8, "little") + b"\xff\xfe{}"), "is not a valid safetensors file"),
    "a header that is a list": (weights((2).to_bytes(8, "little") + b"[]"), "its header is no object"),
    "a header nested without end": (header(lambda text: "[" * 60_000), "is not a valid safetensors file"),
    "no tensors": (weights((2).to_bytes(8, "little") + b"{}"), "model.safetensors lacks"),
    "a pickle that runs": (weights(pickle.dumps(Payload())), "model.safetensors"),
    "a tensor twice": (header(lambda text: "{" + A_TENSOR + "," + text[1:]), "a key comes twice"),
    "a tensor of nothing": (
        header(lambda text: re.sub(r'"gan.automatic.bias":\{[^}]*\}', f'"{BIAS}":7', text)),
        "shape",
    ),
    "a tensor too few": (tensors(lambda state: state.pop(BIAS)), f"lacks 1 tensors, {BIAS} among them"),
    "a tensor too many": (tensors(lambda state: state.update(more=torch.zeros(1))), "1 tensors, 'more' among them"),
    "a tensor with another name": (tensors(lambda state: state.update(it=state.pop(BIAS))), f"2 tensors, {BIAS}"),
    "a tensor of another shape": (bias(0.0, 0.0, 0.0), f"{BIAS} has shape [3], where the network has [2]"),
    "a tensor of another rank": (entry(shape=[1, 2]), f"{BIAS} has shape [1, 2], where the network has [2]"),
    "a tensor of impossible shape": (entry(shape=[-2]), f"{BIAS} has shape [-2], where the network has [2]"),
    "a tensor of whole numbers": (bias(1, 2, dtype=torch.int64), f"{BIAS} is stored as 'I64'"),
    "a tensor of double precision": (bias(1.0, 2.0, dtype=torch.float64), f"{BIAS} is stored as 'F64'"),
    "a tensor of truths": (bias(1, 0, dtype=torch.bool), f"{BIAS} is stored as 'BOOL'"),
    "a tensor of an unknown type": (entry(dtype=["F16"]), f"{BIAS} is stored as ['F16']"),
    "a tensor of a larger type": (entry(dtype="F32"), "is not a valid safetensors file"),
    "a tensor outside the file": (entry(data_offsets=[10**9, 10**9 + 4]), "is not a valid safetensors file"),
    "a tensor over another": (entry(data_offsets=[0, 4]), "is not a valid safetensors file"),
    "bytes that belong to nothing": (
        lambda folder: weights((folder / "model.safetensors").read_bytes() + b"more")(folder),
        "is not a valid safetensors file",
    ),
    "not a number": (bias(0.0, float("nan")), f"holds values that are not finite, in {BIAS}"),
    "infinity": (bias(float("inf"), 0.0), f"holds values that are not finite, in {BIAS}"),
    "bytes without scales": (tensors(lambda state: state.update({MATRIX: state[MATRIX].char()})), f"{MATRIX}.scale"),
    "bytes that are no matrix": (
        tensors(lambda state: state.update({BIAS: state[BIAS].char(), f"{BIAS}.scale": torch.ones(2)})),
        f"{BIAS} is stored as 'I8'",
    ),
    "scales of other rows": (in_bytes(MATRIX, **{".scale": torch.ones(3)}), f"{MATRIX}.scale has shape [3]"),
    "scales of whole numbers": (in_bytes(MATRIX, **{".scale": torch.ones(16).long()}), f"{MATRIX}.scale is stored as"),
    "an infinite scale": (in_bytes(MATRIX, **{".scale": torch.full((16,), float("inf"))}), f"not finite, in {MATRIX}"),
    "infinity of another type": (bias(float("inf"), 0.0, dtype=torch.bfloat16), "values that are not finite"),
}


@pytest.mark.parametrize("damage, words", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_wrong_with_a_model_is_said_in_a_sentence(model_folder, monkeypatch, damage, words):
    monkeypatch.chdir(model_folder)
    damage(model_folder)
    started = time.monotonic()
    with pytest.raises(WeightsError) as error:
        load_model(model_folder)
    assert time.monotonic() - started < 2
    assert words in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    assert not Path("it-ran").exists()


def test_a_saved_model_computes_the_same_again(model_folder):
    first, second = load_model(model_folder), load_model(model_folder / "model.safetensors")
    L, hints = torch.rand(1, 1, 16, 16), (torch.zeros(1, 2, 16, 16), torch.zeros(1, 1, 16, 16))
    assert torch.equal(first.gan(L, *hints), second.gan(L, *hints))
    assert first.baseline(L, *hints).dtype == torch.float32
    assert not first.gan.training and not any(p.requires_grad for p in first.gan.parameters())


def test_single_precision_and_bfloat16_are_read_as_well(model_folder):
    model = load_model(model_folder)
    expected = model.gan.state_dict()
    (model_folder / "model.safetensors").write_bytes(weights_bytes(model.baseline, model.gan, whole=True))
    for dtype in (torch.float32, torch.bfloat16):
        tensors(lambda state: state.update({name: state[name].to(dtype) for name in state}))(model_folder)  # noqa: B023
        found = load_model(model_folder).gan.state_dict()
        assert all(torch.allclose(found[name], expected[name], atol=1e-2) for name in expected)


def test_matrices_are_stored_in_bytes_and_read_nearly_as_they_were(model_folder):
    expected = load_model(model_folder).gan.phi.weight
    in_bytes(MATRIX)(model_folder)
    found = load_model(model_folder).gan.phi.weight
    assert found.dtype == torch.float32 and not torch.equal(found, expected)
    assert ((found - expected).abs() <= expected.abs().amax((1, 2, 3), keepdim=True) / 254 * 1.001).all()


def test_every_row_of_a_matrix_has_a_scale_of_its_own_even_one_of_zeros():
    weight = torch.tensor([[1.0, -1e-3], [1e-3, 2e-3], [0, 0]])
    numbers, scale = quantize(weight)
    assert numbers.dtype == torch.int8 and numbers[:2].abs().amax(1).tolist() == [127, 127]
    torch.testing.assert_close(dequantize(numbers, scale)[1:], weight[1:], atol=1e-5, rtol=0)


def test_a_model_of_large_matrices_takes_a_byte_for_each_of_their_numbers(tmp_path):
    describe = {role: {"network": "autoencoder", "widths": [16, 64]} for role in ("baseline", "gan")}
    networks = {role: build_colourizer(**values) for role, values in describe.items()}
    save_model(tmp_path, **networks, working_size={"baseline": 32, "gan": 32}, describe=describe)
    stored = load_file(tmp_path / "model.safetensors")
    large = [name for name, tensor in stored.items() if tensor.dtype == torch.int8]
    assert large and all(f"{name}.scale" in stored for name in large)
    numbers = sum(p.numel() for p in networks["gan"].parameters())
    assert (tmp_path / "model.safetensors").stat().st_size < 1.2 * 2 * numbers + 4000
    read = load_model(tmp_path)
    hints = torch.rand(1, 1, 32, 32), torch.zeros(1, 2, 32, 32), torch.zeros(1, 1, 32, 32)
    torch.testing.assert_close(read.gan(*hints), networks["gan"](*hints), atol=1e-3, rtol=0.03)


def test_the_same_networks_always_make_the_same_file(tmp_path):
    describe = {role: {"network": "autoencoder", "widths": [4, 8]} for role in ("baseline", "gan")}
    networks = {role: build_colourizer(**values) for role, values in describe.items()}
    sizes = {"baseline": 32, "gan": 32}
    first, second = (save_model(tmp_path / n, **networks, working_size=sizes, describe=describe) for n in "ab")
    assert first == second


def test_what_is_loaded_is_what_was_hashed(model_folder, monkeypatch):
    sha256 = hashlib.sha256

    def then_exchanged(content):
        (model_folder / "model.safetensors").write_bytes(b"other weights")
        return sha256(content)

    monkeypatch.setattr(hashlib, "sha256", then_exchanged)
    load_model(model_folder)


def test_the_embedded_model_loads_without_being_asked_where_from():
    assert load_model().source.startswith("embedded (sha256 ")


def test_what_is_not_there_is_said_and_never_replaced(tmp_path):
    for source in (tmp_path / "nowhere", tmp_path / "nowhere" / "model.safetensors", tmp_path):
        with pytest.raises(WeightsError, match="there is no ColourU model in"):
            load_model(source)
    with pytest.raises(WeightsError, match="expected a folder"):
        load_model(tmp_path / "other.safetensors")


@pytest.mark.parametrize("source", ["gpt2", "a/b/c", "./user/name", "https://huggingface.co/user/name", "user/", "\0"])
def test_what_is_neither_a_folder_nor_a_hub_id_is_said(hub, source):
    with hub.recorded() as requests, pytest.raises(WeightsError, match="or a Hub id of the form user/name"):
        find_model(source)
    assert not requests


def test_a_revision_is_for_the_hub_alone(model_folder):
    for source in (None, model_folder):
        with pytest.raises(WeightsError, match="a revision is for models on the Hub"):
            find_model(source, revision="main")


def test_a_folder_wins_over_a_model_of_its_name_on_the_hub(hub, model_folder, monkeypatch):
    shutil.copytree(model_folder, model_folder.parent / "user" / "name")
    monkeypatch.chdir(model_folder.parent)
    with hub.recorded() as requests:
        assert find_model("user/name").source.startswith("user/name (sha256 ")
    assert not requests


def test_who_takes_nothing_from_the_hub_does_not_wait_for_its_client(model_folder):
    program = "import sys, colouru; colouru.pipeline(sys.argv[1]); sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", program, str(model_folder)], check=True)


def test_a_file_that_grows_while_it_is_read_is_not_read_to_its_end(tmp_path, untrained_model, monkeypatch):
    for path in untrained_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = os.stat(tmp_path / "config.json")
    with open(tmp_path / "config.json", "ab") as file:
        file.write(b" " * 2_000_000)
    monkeypatch.setattr("colouru.model.os.fstat", lambda _: told)
    with pytest.raises(WeightsError, match="grew while it was read, beyond"):
        load_model(tmp_path)
