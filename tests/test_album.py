"""Photos of one series tell each other what the same things look like."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.__main__ import main
from colouru.archive.manifest import MANIFEST_NAME
from colouru.hints import hints_to_json
from colouru.images.photo import provenance_of
from colouru.networks.album import MAX_PRECEDENTS, Album, Precedents
from tests.conftest import painted_scene
from train.evaluate.protocol import true_hint

SUN = Hint(x=0.5, y=0.5, colour="#f28c1a")


@pytest.fixture(scope="module")
def colourize():
    return pipeline()


@pytest.fixture
def crops() -> list[np.ndarray]:
    """Two views of one scene, which share its middle."""
    return [astronaut()[:360, :360], astronaut()[-360:, -360:]]


GIST = torch.ones(1, 8)


def told(phi: torch.Tensor, residual: float, gist: torch.Tensor = GIST) -> Precedents:
    return Precedents(phi, torch.full((len(phi), 2), residual), torch.ones(len(phi)), gist[0])


def test_what_is_alike_moves_and_what_is_not_stays():
    phi = torch.zeros(1, 3, 4, 4)
    phi[..., 2:] = 50
    moved = Album(3, 8)([told(torch.zeros(1, 3), 2.0)], phi, GIST)
    assert (moved[..., :2] > 0.5).all()
    assert moved[..., 2:].abs().max() < 1e-3


def test_of_very_many_precedents_those_are_heard_that_are_most_like_the_photo():
    strangers = told(torch.full((2 * MAX_PRECEDENTS, 3), 50.0), -1.0)
    moved = Album(3, 8)([strangers, told(torch.zeros(1, 3), 2.0), strangers], torch.zeros(1, 3, 8, 8), GIST)
    assert (moved > 0.5).all()


def test_a_photo_of_something_else_altogether_tells_nothing():
    album = Album(3, 8)
    torch.nn.init.zeros_(album.kind.bias)
    phi = torch.zeros(1, 3, 4, 4)
    stranger = told(torch.zeros(1, 3), 2.0, gist=-GIST)
    moved, alone = album([stranger], phi, GIST), album([told(torch.zeros(1, 3), 2.0)], phi, GIST)
    assert moved.abs().max() < 0.01 * alone.abs().max()


def test_hints_in_one_photo_lower_the_loss_of_another_of_the_same_things(colourize, crops):
    first, second = (colourize.open(crop) for crop in crops)
    alone = second().normalized_loss
    hints = [true_hint(crops[0], x, y, 8) for x, y in ((0.75, 0.9), (0.2, 0.3), (0.6, 0.45), (0.5, 0.95), (0.9, 0.6))]
    second.set_references([first.reference_hints(hints)])
    followed = second().normalized_loss
    assert followed["gan"] < 0.9 * alone["gan"]
    assert followed["baseline"] == alone["baseline"]
    second.set_references([])
    assert second().normalized_loss == alone


def test_the_photo_s_own_hints_hold_whatever_others_tell(colourize, crops):
    first, second = (colourize.open(crop) for crop in crops)
    own = [Hint(x=0.4, y=0.4, colour="#3c6ea0", size=0.1)]
    before = np.asarray(second(own).gan).astype(int)
    second.set_references([first.reference_hints([Hint(x=0.7, y=0.7, colour="#ff0000", size=0.2)])])
    after = np.asarray(second(own).gan).astype(int)
    assert abs(after - before).max() > 3
    inside = slice(130, 158)
    assert abs(after[inside, inside] - before[inside, inside]).max() <= 1


def test_an_album_is_each_photo_following_all_others(colourize, crops, tmp_path):
    hints = [[SUN], None]
    first, second = colourize.album(crops, hints)
    assert (first.provenance["gan"].album, second.provenance["gan"].album) == (0, 1)
    assert second.provenance["baseline"].album == 0
    canvas = colourize.open(crops[1])
    canvas.set_references([colourize.open(crops[0]).reference_hints([SUN])])
    assert np.array_equal(np.asarray(second.gan), np.asarray(canvas().gan))
    assert np.array_equal(np.asarray(first.gan), np.asarray(colourize(crops[0], [SUN]).gan))
    second.save(tmp_path / "second.jpg")
    assert provenance_of(tmp_path / "second.jpg").album == 1


def test_the_report_s_generator_says_that_it_knows_no_albums(report_model, crops):
    with pytest.raises(ValueError, match="no albums"):
        pipeline(report_model).open(crops[0]).reference_hints([SUN])


def test_in_a_folder_every_photo_is_coloured_anew_once_one_has_other_hints(untrained_model, tmp_path):
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(painted_scene(random, 64)).save(scans / f"{number}.png")

    def run(*more: str) -> list[dict]:
        before = len((out / MANIFEST_NAME).read_text().splitlines()) if out.exists() else 0
        with pytest.raises(SystemExit) as end:
            main([str(scans), "-o", str(out), "--model", str(untrained_model), *more])
        assert end.value.code == 0
        return [json.loads(line) for line in (out / MANIFEST_NAME).read_text().splitlines()[before:]]

    (scans / "0.json").write_text(hints_to_json([SUN]))
    records = run("--album")
    assert len(records) == 3 and len({record["album_sha256"] for record in records}) == 1
    assert [provenance_of(out / f"{number}.png").album for number in range(3)] == [0, 1, 1]
    assert run("--album") == []
    (scans / "1.json").write_text(hints_to_json([SUN]))
    assert len(run("--album")) == 3
    assert [provenance_of(out / f"{number}.png").album for number in range(3)] == [1, 1, 2]
    records = run()
    assert len(records) == 3 and {record["album_sha256"] for record in records} == {None}


def test_the_baseline_takes_no_album(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "-o", str(tmp_path / "out"), "--album", "--which", "baseline"])
    assert "the baseline knows no albums" in capsys.readouterr().err
