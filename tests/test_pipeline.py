"""The public API and the command line: photos and hints in, photos in colour out."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, camera

from colouru import Hint, normalized_loss, pipeline
from colouru.colour import hex_colour, rgb_to_lab
from colouru.hint_layer import layer_from_hints
from colouru.hints import hints_to_json
from colouru.images.photo import open_photo

RED = Hint(x=0.5, y=0.5, colour="#d02020", size=0.1)


@pytest.fixture(scope="module")
def colourize():
    return pipeline(device="cpu")


def lab(rgb) -> torch.Tensor:
    return rgb_to_lab(torch.tensor(np.asarray(rgb)).movedim(-1, 0)[None].float() / 255)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 5000), (5000, 1), (64, 64), (37, 211), (700, 450)])
def test_output_has_the_size_of_the_photo(colourize, height, width):
    result = colourize(np.full((height, width), 120, np.uint8), [RED])
    assert result.gan.size == result.baseline.size == (width, height)


def test_output_has_the_lightness_of_the_photo(colourize):
    photo = astronaut()
    difference = (lab(colourize(photo, [RED]).gan)[:, 0] - lab(photo)[:, 0]).abs()
    # With eight bits a channel, not every lightness of every colour can be stored.
    assert difference.mean() < 0.25 and difference.max() < 2


def test_normalized_loss_is_that_of_the_picture_returned(colourize):
    photo = astronaut()[:200, :300]
    result = colourize(photo, [RED])
    for role in ("baseline", "gan"):
        returned = normalized_loss(lab(getattr(result, role))[:, 1:], lab(photo)[:, 1:])
        assert float(returned) == pytest.approx(result.normalized_loss[role], rel=0.01)
    assert result.no_loss_because == ""


def test_a_grey_photo_has_no_loss_and_a_sentence_says_why(colourize):
    result = colourize(camera())
    assert result.normalized_loss == {"baseline": None, "gan": None}
    assert result.no_loss_because == "The original has no colour to compare with."


def test_true_hints_lower_the_loss(colourize):
    photo = astronaut()
    spots = [(0.25, 0.7), (0.3, 0.9), (0.42, 0.24), (0.5, 0.6), (0.9, 0.3), (0.85, 0.95), (0.05, 0.3), (0.15, 0.8)]
    hints = [Hint(x=x, y=y, colour=hex_colour(photo[int(y * 512), int(x * 512)]), size=0.05) for x, y in spots]
    without, with_hints = colourize(photo), colourize(photo, hints)
    for role in ("baseline", "gan"):
        assert with_hints.normalized_loss[role] < without.normalized_loss[role]


def test_the_networks_never_see_the_colours_of_the_photo(colourize):
    photo = astronaut()
    grey = colourize.open(photo).grey()
    chroma = (lab(colourize(photo).gan)[:, 1:] - lab(colourize(grey).gan)[:, 1:]).abs()
    assert chroma.mean() < 0.5


def test_hints_in_every_form_give_the_same_picture(colourize, tmp_path):
    photo = camera()[:128, :128]
    file = tmp_path / "hints.json"
    file.write_text(hints_to_json([RED]))
    expected = np.asarray(colourize(photo, [RED]).gan)
    layer = Image.fromarray(layer_from_hints([RED], 256, 256))
    for form in ([RED.to_dict()], str(file), hints_to_json([RED])):
        assert np.array_equal(colourize(photo, form).gan, expected)
    assert np.abs(np.asarray(colourize(photo, layer).gan).astype(int) - expected).mean() < 2


def test_a_list_of_photos_gives_a_list_of_results(colourize):
    photos = [camera()[:64, :64], camera()[:32, :48]]
    first, second = colourize(photos, [[RED], None])
    assert first.hints == (RED,) and second.hints == () and second.gan.size == (48, 32)
    assert len(colourize(photos)) == 2
    with pytest.raises(ValueError, match="one entry of hints for each of the 2 photos"):
        colourize(photos, [RED])


def test_an_open_canvas_answers_as_the_pipeline_does(colourize):
    canvas = colourize.open(camera())
    assert np.array_equal(canvas([RED]).gan, colourize(camera(), [RED]).gan)


def test_a_model_that_is_asked_for_and_missing_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="there is no ColourU model in"):
        pipeline(tmp_path)


def test_a_model_from_a_folder_is_used(untrained_model):
    assert pipeline(untrained_model).source.startswith(str(untrained_model))


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "colouru", *arguments], capture_output=True, text=True)


@pytest.mark.slow
def test_the_command_line_colours_a_photo_and_a_folder(tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    Image.fromarray(camera()).save(scans / "camera.png")
    (scans / "camera.json").write_text(json.dumps([RED.to_dict()]))
    (scans / "broken.jpg").write_bytes(b"no picture")
    one = run(str(scans / "camera.png"), "--hints", str(scans / "camera.json"), "-o", str(tmp_path / "one.png"))
    assert one.returncode == 0, one.stderr
    many = run(str(scans), "-o", str(tmp_path / "coloured"))
    assert many.returncode == 3 and "broken.jpg is not a picture" in many.stderr and "Traceback" not in many.stderr
    assert np.array_equal(Image.open(tmp_path / "coloured" / "camera.png"), Image.open(tmp_path / "one.png"))


@pytest.mark.slow
def test_the_command_line_goes_on_from_a_saved_picture_unless_given_other_hints(tmp_path):
    (tmp_path / "hints.json").write_text(json.dumps([RED.to_dict()]))
    (tmp_path / "none.json").write_text("[]")
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    first, again, without = (str(tmp_path / name) for name in ("first.png", "again.jpg", "without.webp"))
    assert run(str(tmp_path / "camera.png"), "--hints", str(tmp_path / "hints.json"), "-o", first).stderr == ""
    going_on = run(first, "-o", again)
    assert going_on.returncode == 0 and going_on.stderr == (
        "first.png was saved by ColourU: its own hints, 1 of them, are used again.\n"
    )
    assert open_photo(again).provenance.hints == (RED,)
    assert run(first, "--hints", str(tmp_path / "none.json"), "-o", without).stderr == ""
    assert open_photo(without).provenance.hints == ()


@pytest.mark.slow
def test_the_command_line_says_in_one_line_what_is_wrong(tmp_path):
    over_itself = run(str(tmp_path), "-o", str(tmp_path))
    assert over_itself.returncode == 1 and "nothing is written over them" in over_itself.stderr
    assert list(tmp_path.iterdir()) == []
    hints_for_many = run(str(tmp_path), "--hints", "hints.json", "-o", str(tmp_path / "out"))
    assert hints_for_many.returncode != 0 and "--hints is for one photo" in hints_for_many.stderr
    unknown = run("no-such-photo.jpg", "-o", str(tmp_path / "out.gif"))
    assert unknown.stderr == "colouru: out.gif cannot be saved: its name must end in .png, .jpg, .webp or .tif\n"
    missing = run("no-such-photo.jpg", "-o", str(tmp_path / "out.png"))
    assert missing.returncode != 0 and missing.stderr == "colouru: there is no file no-such-photo.jpg\n"
