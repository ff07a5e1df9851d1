"""What the page does with what it is sent, right or wrong, without a browser."""

import base64
import struct
import zlib
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from colouru.hints import Hint, hints_from_json, hints_from_layer, layer_from_hints
from colouru.ui import handlers, words
from colouru.ui.examples import examples
from colouru.ui.palette import SWATCHES

DOT = Hint(x=0.7, y=0.3, colour="#d02020", size=0.06)


def start(tmp_path, picture: np.ndarray):
    """What the page gets for an uploaded picture."""
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return handlers.start(str(tmp_path / "photo.png"))


@pytest.fixture
def work(tmp_path):
    return start(tmp_path, camera())[1]


def test_a_photo_is_shown_grey_and_coloured_before_any_dot(tmp_path):
    sketch, work, baseline, gan, baseline_loss, gan_loss, hints_json, hints = start(tmp_path, astronaut())
    assert hints == [] and hints_from_json(hints_json) == []
    assert baseline[0] is gan[0] is work.grey and gan[1].size == (512, 512)
    assert baseline_loss.startswith("Normalized loss **0.") and gan_loss.startswith("Normalized loss **0.")
    assert sketch["composite"] is None and sketch["background"].size == (512, 512)


def test_a_painted_dot_colours_its_surroundings_more_than_a_far_corner(work):
    _, (_, before), *_ = handlers.outputs(work, [])
    _, (_, after), _, sentence, _, _, hints = handlers.recolour(
        work, handlers.to_data_url(layer_from_hints([DOT], 512, 512))
    )
    change = np.abs(np.asarray(after).astype(int) - np.asarray(before)).sum(2)
    assert change[140:170, 345:375].mean() > 2 * change[-40:, :40].mean()
    assert len(hints) == 1 and sentence == words.NO_LOSS.format(reason="The original has no colour to compare with.")


def test_a_dot_in_a_colour_that_does_not_exist_there_is_named(tmp_path):
    work = start(tmp_path, np.full((64, 64), 250, np.uint8))[1]
    possible, impossible = (Hint(x=0.5, y=0.5, colour=colour) for colour in ("#fff4f0", "#0000ff"))
    assert words.CLIPPED.format(numbers="2") in handlers.outputs(work, [possible, impossible])[4]
    assert handlers.clipped_sentence(work.canvas([possible])) == ""


def test_the_editor_itself_is_read_where_the_layer_cannot_be(work):
    value = {"background": None, "layers": [layer_from_hints([DOT], 512, 512)], "composite": None}
    assert len(handlers.recolour_from_editor(work, value)[-1]) == 1
    assert handlers.recolour_from_editor(work, {"background": None, "layers": [], "composite": None})[-1] == []
    assert handlers.recolour_from_editor(work, None)[-1] == []


def test_a_large_photo_is_shown_small_and_the_loss_says_so(tmp_path):
    large = np.asarray(Image.fromarray(astronaut()).resize((900, 700)))
    sketch, _, _, gan, _, gan_loss, *_ = start(tmp_path, large)
    assert max(gan[1].size) == handlers.PREVIEW_SIDE and max(sketch["background"].size) == handlers.SKETCH_SIDE
    assert gan_loss.endswith("measured on this preview")


def test_a_strip_can_be_painted_on(tmp_path):
    sketch, _, _, gan, *_ = start(tmp_path, np.full((1, 5000), 90, np.uint8))
    assert min(sketch["background"].size) == handlers.SKETCH_LEAST_SIDE and gan[1].size == (640, 1)


def test_the_download_has_the_photo_s_own_size_and_leaves_nothing_behind(tmp_path):
    large = np.asarray(Image.fromarray(astronaut()).resize((900, 700)))
    download = handlers.full_size("gan", start(tmp_path, large)[1], [DOT])
    file = next(download)
    assert file.endswith("photo-gan.png") and Image.open(file).size == (900, 700)
    assert list(download) == []
    with pytest.raises(FileNotFoundError):
        Image.open(file)


def png_of(side: int) -> str:
    """The beginning of a PNG that claims to be that large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return "data:image/png;base64," + base64.b64encode(content).decode()


@pytest.mark.parametrize(
    "layer_url",
    [
        "data:text/html;base64,PGI+",
        "data:image/png;base64,!!!",
        "data:image/png;base64,AAAA",
        "x",
        "x" * (9 << 20),
        "é",
        png_of(60_000),
    ],
)
def test_a_sketch_that_is_none_is_refused_with_a_sentence(work, layer_url):
    with pytest.raises(gr.Error, match="could not be read"):
        handlers.recolour(work, layer_url)


def test_a_sketch_larger_than_any_of_ours_is_refused(work):
    with pytest.raises(gr.Error, match="could not be read"):
        handlers.recolour(work, handlers.to_data_url(np.zeros((1, 2000, 4), np.uint8)))


def test_work_without_a_photo_says_what_to_do(work):
    with pytest.raises(gr.Error, match="Choose a photo first"):
        handlers.recolour(None, "")
    with pytest.raises(gr.Error, match="dropped an hour after"):
        handlers.recolour(None, handlers.to_data_url(layer_from_hints([DOT], 64, 64)))
    with pytest.raises(gr.Error, match="Choose a photo first"):
        next(handlers.full_size("gan", None, []))
    Path(work.path).unlink()
    with pytest.raises(gr.Error, match="dropped an hour after"):
        next(handlers.full_size("gan", work, []))


def test_a_file_that_is_no_photo_says_what_is_wrong(tmp_path):
    (tmp_path / "diary.jpg").write_text("Dear diary")
    with pytest.raises(gr.Error, match="diary.jpg is not a picture that can be read"):
        handlers.start(str(tmp_path / "diary.jpg"))


def test_every_example_opens_and_its_hints_are_found_in_its_sketch():
    for path, hints_json in examples():
        sketch, *_, hints = handlers.start(path, hints_json)
        width, height = sketch["background"].size
        (layer,) = sketch["layers"]
        assert hints == hints_from_json(hints_json) and layer.shape == (512, 512, 4)
        assert {hint.colour for hint in hints_from_layer(layer[:height, :width])} == {hint.colour for hint in hints}


def test_every_swatch_is_a_colour():
    for colour in SWATCHES.values():
        Hint(x=0, y=0, colour=colour)
