"""A checkpoint is as it was written, or one sentence; a disk that is full costs nothing but the newest one."""

import errno
import io
import os
import random

import pytest
import torch

from colouru.networks import build_colourizer
from train.checkpoint import NAME, load_checkpoint, save_checkpoint, weights_around

STATE = {
    "colourizer": {"network": "autoencoder", "widths": [4, 8]},
    "weights": {"a": torch.arange(50_000.0)},
    "step": 3,
}


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tmp_path, STATE)
    return tmp_path


def test_a_checkpoint_comes_back_as_it_was_written(folder):
    state = load_checkpoint(folder)
    assert state["step"] == 3 and torch.equal(state["weights"]["a"], STATE["weights"]["a"])
    assert [path.name for path in folder.iterdir()] == [NAME]


@pytest.mark.parametrize("flipped", [1, 360])
def test_flipped_bits_are_refused(folder, flipped):
    content = bytearray((folder / NAME).read_bytes())
    for place in random.Random(0).sample(range(2000, len(content) - 2000), flipped):
        content[place] ^= 1
    (folder / NAME).write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: its sha256 is not"):
        load_checkpoint(folder)


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"Dear diary", "is no checkpoint of ColourU; give the --out folder"),
        (saved({"epoch": 3}), "is no checkpoint of ColourU; give the --out folder"),
        (saved(torch.zeros(3)), "is no checkpoint of ColourU; give the --out folder"),
        (saved(os.system), "is no checkpoint of ColourU; give the --out folder"),
        (saved(STATE)[:9000], "is no checkpoint of ColourU; give the --out folder"),
    ],
)
def test_what_is_no_checkpoint_is_named_in_one_sentence(tmp_path, content, message):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_checkpoint(tmp_path)
    assert "\n" not in str(caught.value) and "weights_only" not in str(caught.value)


def test_a_folder_in_its_place_is_named_too(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        load_checkpoint(tmp_path)


def test_a_full_disk_is_one_sentence_and_leaves_the_checkpoint_before(folder, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    before = (folder / NAME).read_bytes()
    with pytest.raises(SystemExit, match=r"cannot be written \(No space left on device\); make room"):
        save_checkpoint(folder, STATE | {"step": 4})
    assert (folder / NAME).read_bytes() == before and [path.name for path in folder.iterdir()] == [NAME]


@pytest.mark.parametrize("deepest", [8, 16])
def test_a_generator_goes_on_around_another_semantic_network(tmp_path, deepest):
    torch.manual_seed(0)
    before = {"network": "generator", "widths": [8, 8, 8], "semantic_widths": [8, 8, 8, 8]}
    after = before | {"semantic_widths": [8, 8, 8, deepest]}
    kept = build_colourizer(**before).state_dict()
    save_checkpoint(tmp_path, {"step": 1, "colourizer": before, "weights": kept})
    weights = weights_around(tmp_path, after)
    build_colourizer(**after).load_state_dict(weights)
    assert torch.equal(weights["phi.weight"], kept["phi.weight"])
    # Of other widths, it is heard anew.
    assert torch.equal(weights["told.weight"], kept["told.weight"]) == (deepest == 8)
    with pytest.raises(ValueError, match="holds no generator of the widths"):
        weights_around(tmp_path, after | {"widths": [8, 8, 16]})
