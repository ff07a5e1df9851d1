"""A photo and hints in, the photo in colour out, at its own size and in its own lightness."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, camera

from colouru import Hint, normalized_loss, pipeline
from colouru.colour import AB_SCALE, into_gamut, rgb_to_lab
from colouru.hint_layer import layer_from_hints
from colouru.hint_maps import hint_squares
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
    # Eight bits a channel cannot hold every lightness of every colour.
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
    hints = [
        Hint(x=x, y=y, colour="#{:02x}{:02x}{:02x}".format(*photo[int(y * 512), int(x * 512)]), size=0.05)
        for x, y in spots
    ]
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


@pytest.fixture(scope="module")
def exact(untrained_model):
    """A generator that has learned nothing: what it owes a hint it owes untrained."""
    return pipeline(untrained_model, device="cpu")


def test_a_hint_is_kept_exactly_at_the_size_of_the_photo(exact):
    photo = astronaut()[:301, :467]
    hints = [Hint(x=0.3, y=0.4, colour="#b08060", size=0.05), Hint(x=0.999, y=0.001, colour="#6080a0", size=0.03)]
    result = exact(photo, hints)
    coloured = lab(result.gan)
    for rows, columns, ab in hint_squares(hints, 301, 467):
        # Where sRGB has the colour at that lightness; bytes leave a rounding error, the larger the darker.
        asked = torch.cat(
            [
                coloured[0, :1, rows, columns],
                (ab * AB_SCALE)[:, None, None].expand(2, *coloured[0, 0, rows, columns].shape),
            ]
        )
        possible = (into_gamut(asked[None])[0][0] - asked).norm(dim=0) < 0.1
        missed = (coloured[0, 1:, rows, columns] - ab[:, None, None] * AB_SCALE).norm(dim=0)[possible]
        assert possible.any() and missed.mean() < 0.5 and missed.max() < 2


def test_of_two_hints_on_one_spot_the_later_one_holds(exact):
    photo = np.full((100, 100, 3), 120, np.uint8)
    first, second = (Hint(x=0.5, y=0.5, colour=colour, size=0.1) for colour in ("#a06060", "#6060a0"))
    a, b = lab(exact(photo, [first, second]).gan)[0, 1:, 50, 50]
    assert a > 0 > b and abs(float(a) - 14) < 6


def test_a_colour_that_does_not_exist_at_that_lightness_is_named(exact):
    photo = np.full((64, 64, 3), 250, np.uint8)
    photo[:, 32:] = 110
    hints = [
        Hint(x=0.1, y=0.5, colour="#0000ff"),
        Hint(x=0.9, y=0.5, colour="#a06060"),
        Hint(x=0.1, y=0.1, colour="#808080"),
    ]
    assert exact(photo, hints).clipped == (0,)
    assert exact(photo).clipped == ()


def test_what_is_likely_is_the_same_whatever_was_answered_before(exact):
    fresh, answered = exact.open(astronaut()), exact.open(astronaut())
    answered.chroma([RED])
    assert answered.suggest(0.3, 0.6, [RED]) == fresh.suggest(0.3, 0.6, [RED])
    answered.chroma([])
    assert answered.suggest(0.6, 0.3, [RED]) == fresh.suggest(0.6, 0.3, [RED])


def test_a_spot_has_up_to_nine_likely_colours(exact):
    canvas = exact.open(astronaut())
    found = canvas.suggest(0.999, 1.0, [RED])
    assert 1 <= len(found) <= 9 and len({suggestion.colour for suggestion in found}) == len(found)
    assert [s.likelihood for s in found] == sorted((s.likelihood for s in found), reverse=True)
    with pytest.raises(ValueError, match="expected a spot inside the picture, x and y from 0 to 1, got 1.5, 0.5"):
        canvas.suggest(1.5, 0.5)


@pytest.mark.parametrize("shape", [(512, 512), (1, 900), (900, 1), (1, 1), (3, 2)])
def test_the_next_dot_is_advised_inside_the_picture(exact, shape):
    advice = exact.open(np.full(shape, 90, np.uint8)).where_next([RED])
    assert 0 <= advice.x <= 1 and 0 <= advice.y <= 1
    assert advice.gain.shape == advice.deviation.shape and np.isfinite(advice.gain).all()


def test_the_next_dot_is_not_advised_where_one_is(exact):
    canvas = exact.open(astronaut())
    first = canvas.where_next()
    second = canvas.where_next([Hint(x=first.x, y=first.y, colour="#808080", size=0.1)])
    assert (first.x, first.y) != (second.x, second.y) and second.gain.max() < first.gain.max()


def test_the_generator_of_the_report_gives_no_advice(report_model):
    canvas = pipeline(report_model, device="cpu").open(camera())
    assert canvas([RED]).gan.size == (512, 512)
    for ask in (canvas.where_next, lambda: canvas.suggest(0.5, 0.5)):
        with pytest.raises(ValueError, match="this model's generator is the report's"):
            ask()


def test_without_features_what_belongs_to_a_spot_is_what_is_as_light(report_model):
    canvas = pipeline(report_model, device="cpu").open(
        np.repeat(np.uint8([[30], [220]]), 32, axis=0).repeat(64, axis=1)
    )
    assert (canvas.similarity_mask(0.5, 0.1)[:14] > 250).all() and (canvas.similarity_mask(0.5, 0.1)[18:] < 10).all()
    with pytest.raises(ValueError, match="inside the picture"):
        canvas.similarity_mask(1.5, 0)


def test_a_layer_of_other_proportions_is_refused(colourize):
    with pytest.raises(ValueError, match="the photo's proportions, 200 x 100, got 100 x 100"):
        colourize(np.zeros((100, 200), np.uint8), layer_from_hints([RED], 100, 100))


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


def test_bands_leave_no_seam(colourize, monkeypatch):
    photo = astronaut()[:150]
    whole = np.asarray(colourize(photo, [RED]).gan)
    monkeypatch.setattr("colouru.images.pixels.BAND_PIXELS", 512 * 7)
    assert np.array_equal(np.asarray(colourize(photo, [RED]).gan), whole)


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
