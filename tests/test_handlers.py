"""What the page does with what it is sent, right or wrong, without a browser."""

import base64
import json
import re
import struct
import zlib
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from colouru.hints import Hint, hints_from_json, layer_from_hints
from colouru.ui import board, handlers, words
from colouru.ui.examples import examples
from colouru.ui.handlers import View
from colouru.ui.palette import SWATCHES

DOT = Hint(x=0.7, y=0.3, colour="#d02020", size=0.06)
PLAIN = View()

pytestmark = pytest.mark.usefixtures("said")


class Page:
    """What the outputs of a handler are on the page, by name."""

    NAMES = "work gan baseline gan_loss baseline_loss meaning board list undo redo clear".split()

    def __init__(self, values: tuple):
        self.__dict__.update(zip(self.NAMES, values[-len(self.NAMES) :], strict=True))
        self.first = values[: -len(self.NAMES)]

    @property
    def hints(self) -> list[Hint]:
        return list(self.work.hints)

    def picture(self, role: str = "gan") -> np.ndarray:
        return np.asarray(Image.open(getattr(self, role)[1])).astype(int)


def start(tmp_path, picture: np.ndarray, view: View = PLAIN, before=None) -> Page:
    """What the page gets for an uploaded picture."""
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return Page(handlers.start(str(tmp_path / "photo.png"), before, *view))


def edit(work, hints, selected: int = -1, view: View = PLAIN, stamp: float = 1.0) -> Page:
    value = {"hints": [hint.to_dict() for hint in hints], "selected": selected, "stamp": stamp}
    return Page(handlers.edit(work, json.loads(json.dumps(value)), *view))


def paint(work, layer: np.ndarray) -> Page:
    return Page(handlers.paint(work, handlers.to_data_url(layer), *PLAIN))


@pytest.fixture
def work(tmp_path):
    return start(tmp_path, camera()).work


# Photos.


def test_a_photo_is_shown_grey_and_coloured_before_any_dot(tmp_path):
    page = start(tmp_path, astronaut())
    assert page.hints == [] and page.board["hints"] == []
    assert Image.open(page.gan[0]).size == page.picture().shape[:2] == (512, 512)
    assert page.gan_loss.startswith("Normalized loss **0.") and page.baseline_loss.startswith("Normalized loss **0.")
    assert page.board["picture"].startswith("data:image/jpeg") and page.board["original"].startswith("data:image/jpeg")
    assert not page.undo.interactive and not page.clear.interactive


def test_a_grey_photo_says_once_why_it_has_no_loss_and_offers_no_original(tmp_path):
    page = start(tmp_path, camera())
    assert page.gan_loss == page.baseline_loss == "" and "no colour to compare with" in page.meaning
    assert page.board["original"] == ""


def test_a_large_photo_is_shown_small_and_the_loss_says_so(tmp_path):
    page = start(tmp_path, np.asarray(Image.fromarray(astronaut()).resize((900, 700))))
    assert max(page.picture().shape) == 640 and page.gan_loss.endswith("on this preview")


def test_a_person_who_would_rather_keep_their_hints_keeps_the_photo_too(work):
    photo, *rest = handlers.start(None, work, *PLAIN)
    assert photo == work.path and len(rest) == 1 + len(Page.NAMES)
    assert len(handlers.start_example(0, True, work, *PLAIN)) == len(rest) + 1


def test_every_example_opens_with_its_hints():
    for number, (path, hints_json) in enumerate(examples()):
        values = handlers.start_example(number, False, None, *PLAIN)
        assert values[0] == path and Page(values).hints == hints_from_json(hints_json)


def hostile_pictures(folder: Path) -> dict[str, tuple[int, int] | None]:
    """Pictures that people do bring, by name, with their size on the page, or None where they cannot be used."""
    rgb = Image.fromarray(astronaut()[::8, ::8])  # 64 x 64
    rotated = Image.Exif()
    rotated[0x0112] = 6
    rgb.crop((0, 0, 64, 32)).save(folder / "rotated.jpg", exif=rotated)
    rgb.convert("CMYK").save(folder / "cmyk.jpg")
    rgb.quantize(16).save(folder / "palette.png")
    rgb.convert("L").save(folder / "grey.png")
    rgb.convert("RGBA").save(folder / "alpha.png")
    Image.fromarray(camera().astype(np.uint16)[::8, ::8] * 257).save(folder / "sixteen.png")
    rgb.save(folder / "animated.gif", save_all=True, append_images=[rgb.rotate(90)])
    Image.new("RGB", (1, 1), "red").save(folder / "dot.png")
    Image.new("RGB", (1, 5000), "red").save(folder / "line.png")
    (folder / "cut.png").write_bytes((folder / "grey.png").read_bytes()[:300])
    (folder / "empty.png").write_bytes(b"")
    Image.new("1", (9000, 9000)).save(folder / "bomb.png")
    square = (64, 64)
    sizes = {"rotated.jpg": (32, 64), "line.png": (1, 640), "dot.png": (1, 1), "cut.png": None, "empty.png": None}
    return {path.name: sizes.get(path.name, square) for path in folder.iterdir()} | {"bomb.png": None}


def test_whatever_picture_is_brought_opens_or_is_refused_with_a_sentence(tmp_path):
    before = start(tmp_path, camera()).work
    (tmp_path / "photo.png").unlink()
    for name, size in hostile_pictures(tmp_path).items():
        if size is None:
            with pytest.raises(gr.Error, match=name):
                handlers.start(str(tmp_path / name), before, *PLAIN)
        else:
            page = Page(handlers.start(str(tmp_path / name), before, *PLAIN))
            assert Image.open(page.gan[1]).size == size, name


def test_a_file_that_is_no_photo_says_what_is_wrong(tmp_path):
    (tmp_path / "diary.jpg").write_text("Dear diary")
    with pytest.raises(gr.Error, match="diary.jpg is not a picture that can be read"):
        handlers.start(str(tmp_path / "diary.jpg"), None, *PLAIN)


# Dots.


def test_a_dot_colours_its_surroundings_more_than_a_far_corner(tmp_path):
    page = start(tmp_path, camera())
    before = page.picture()
    after = edit(page.work, [DOT])
    change = np.abs(after.picture() - before).sum(2)
    assert change[140:170, 345:375].mean() > 2 * change[-40:, :40].mean()
    assert after.hints == [DOT] and after.undo.interactive and after.clear.interactive


def test_the_selected_dot_is_offered_likely_colours(work):
    likely = edit(work, [DOT], selected=0).board["likely"]
    assert 1 <= len(likely) <= 9 and [chance for _, chance in likely] == sorted((c for _, c in likely), reverse=True)
    assert edit(work, [DOT]).board["likely"] == []


def test_to_select_a_dot_changes_no_picture(work):
    page = edit(edit(work, [DOT]).work, [DOT], selected=0)
    assert page.gan == gr.skip() and page.board["selected"] == 0 and len(page.work.history.past) == 1


def test_a_dot_in_a_colour_that_does_not_exist_there_is_named(tmp_path):
    work = start(tmp_path, np.full((64, 64), 250, np.uint8)).work
    possible, impossible = (Hint(x=0.5, y=0.5, colour=colour) for colour in ("#fff4f0", "#0000ff"))
    assert edit(work, [possible, impossible]).board["clipped"] == [1]


def test_undo_redo_and_clear_go_over_dots_and_paint_alike(work):
    page = edit(work, [DOT])
    page = Page(handlers.undo(page.work, *PLAIN))
    assert page.hints == [] and page.redo.interactive
    page = Page(handlers.redo(page.work, *PLAIN))
    assert page.hints == [DOT]
    painting, sketch = handlers.to_paint(page.work)
    assert sketch["composite"] is None and len(sketch["layers"]) == 1
    added = painting.sketch.copy()
    added[400:420, 100:120] = (20, 160, 20, 255)
    page = paint(painting, added)
    assert page.hints[0] == DOT and page.hints[1].colour == "#14a014"
    page = Page(handlers.undo(page.work, *PLAIN))
    assert page.hints == [DOT] and page.first[0]["layers"]
    page = Page(handlers.clear(page.work, *PLAIN))
    assert page.hints == [] and Page(handlers.undo(page.work, *PLAIN)).hints == [DOT]


def test_an_answer_says_which_list_it_answers(work):
    assert edit(work, [DOT], stamp=1234.5).board["stamp"] == 1234.5


@pytest.mark.parametrize(
    "value",
    [
        None,
        "hints",
        [],
        {"hints": "x"},
        {"hints": [{"x": 0.5, "y": 0.5}]},
        {"hints": [{"x": "0", "y": 0.5, "colour": "#000000"}]},
        {"hints": [{"x": float("nan"), "y": 0.5, "colour": "#000000"}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "#000000", "note": "x" * 10_000_000}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "../../etc/passwd"}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "#000000"}] * 1_000_000},
        {"hints": [], "selected": 7},
        {"hints": [], "selected": "0"},
        {"hints": [], "stamp": "now"},
        {"hints": [], "stamp": float("inf")},
    ],
)
def test_what_is_no_list_of_hints_is_refused_and_the_page_set_right(work, said, value):
    page = Page(handlers.edit(edit(work, [DOT]).work, value, *PLAIN))
    assert len(said) == 1 and len(said[0]) < 200
    assert page.hints == [DOT] and page.board["hints"] == [DOT.to_dict()]


def test_dots_on_a_photo_that_is_no_longer_kept_are_answered_in_words(said):
    assert handlers.edit(None, {"hints": []}, *PLAIN) == handlers.unchanged() and said == [words.PHOTO_DROPPED]


# Switches.


def test_the_two_can_be_compared_with_each_other(work):
    page = Page(handlers.look(work, *View(versus=True)))
    assert Path(page.gan[0]).name == "baseline.jpg" and Path(page.baseline[0]).name == "gan.jpg"


def test_saturation_makes_colours_stronger_or_takes_them_away(tmp_path):
    work = start(tmp_path, astronaut()).work

    def chroma(saturation: float) -> float:
        picture = Page(handlers.look(work, *View(saturation=saturation))).picture()
        return (picture.max(2) - picture.min(2)).mean()

    assert chroma(0) <= 1 < chroma(1) < chroma(1.6)
    for nonsense in (-1, 5, float("nan"), "much", None):
        with pytest.raises(gr.Error, match="from 0 to 2"):
            handlers.look(work, *View(saturation=nonsense))


def test_the_spot_where_a_dot_helps_and_the_map_of_doubt_are_shown_on_demand(work):
    page = Page(handlers.look(work, *View(advise=True, doubt=True)))
    assert 0 <= page.board["marker"]["x"] <= 1 and page.board["doubt"].startswith("data:image/png")
    page = Page(handlers.look(work, *PLAIN))
    assert page.board["marker"] is None and page.board["doubt"] is None


# Paint.


def test_a_sketch_shows_the_hints_and_comes_back_without_a_change(work):
    painting, sketch = handlers.to_paint(edit(work, [DOT]).work)
    width, height = sketch["background"].size
    assert (width, height) == (512, 512)
    page = paint(painting, layer_from_hints([DOT], height, width))
    assert page.gan == gr.skip() and page.hints == [DOT]


def test_what_the_sketch_tells_of_the_layer_that_was_just_replaced_is_no_painting(work):
    painting, _ = handlers.to_paint(edit(work, [DOT]).work)
    replaced = painting.sketch
    page = Page(handlers.undo(painting, *PLAIN))
    late = paint(page.work, replaced)
    assert late.gan == gr.skip() and late.work == gr.skip()
    page = paint(page.work, np.zeros_like(replaced))
    assert page.work.hints == () and paint(page.work, replaced).hints != []


def test_a_strip_can_be_painted_on(tmp_path):
    page = start(tmp_path, np.full((1, 5000), 90, np.uint8))
    _, sketch = handlers.to_paint(page.work)
    assert min(sketch["background"].size) == handlers.SKETCH_LEAST_SIDE and page.picture().shape == (1, 640, 3)


def test_the_editor_itself_is_read_where_the_layer_cannot_be(work):
    value = {"background": None, "layers": [layer_from_hints([DOT], 512, 512)], "composite": None}
    assert len(Page(handlers.paint_from_editor(work, value, *PLAIN)).hints) == 1
    for empty in ({"background": None, "layers": [], "composite": None}, None):
        assert Page(handlers.paint_from_editor(work, empty, *PLAIN)).hints == []


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
        handlers.to_data_url(np.zeros((1, 2000, 4), np.uint8)),
        handlers.to_data_url(np.zeros((100, 100, 4), np.uint8)),
    ],
)
def test_a_sketch_that_is_none_is_refused_with_a_sentence(work, layer_url):
    with pytest.raises(gr.Error, match="could not be read"):
        handlers.paint(work, layer_url, *PLAIN)


def test_paint_without_a_photo_says_what_to_do():
    with pytest.raises(gr.Error, match="Choose a photo first"):
        handlers.paint(None, "", *PLAIN)
    with pytest.raises(gr.Error, match="dropped an hour after"):
        handlers.paint(None, handlers.to_data_url(layer_from_hints([DOT], 64, 64)), *PLAIN)


# Hints from a file.


def test_hints_saved_as_json_open_on_the_photo_and_undo_brings_the_earlier_ones_back(work, tmp_path, said):
    (tmp_path / "hints.json").write_text('[{"x": 0.1, "y": 0.2, "colour": "#334455", "note": "Mützenband"}]', "utf-8")
    page = Page(handlers.open_hints(edit(work, [DOT]).work, str(tmp_path / "hints.json"), *PLAIN))
    assert [hint.note for hint in page.hints] == ["Mützenband"] and said == [words.HINTS_OPENED.format(count=1)]
    assert Page(handlers.undo(page.work, *PLAIN)).hints == [DOT]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe\x00", b"[{}]", b"[" * 100_000])
def test_a_file_that_holds_no_hints_is_refused_with_a_sentence(work, tmp_path, content):
    (tmp_path / "hints.json").write_bytes(content)
    with pytest.raises(gr.Error):
        handlers.open_hints(work, str(tmp_path / "hints.json"), *PLAIN)


# The words and the board.


def test_every_swatch_is_a_colour():
    for colour in SWATCHES.values():
        Hint(x=0, y=0, colour=colour)


@pytest.mark.parametrize("name, said", [("board", words.BOARD_WORDS), ("hint_list", words.LIST_WORDS)])
def test_every_word_of_the_board_and_the_list_is_in_one_place(name, said):
    parts = board.parts(name, said)
    assert "$" not in parts["html_template"]
    used = set(re.findall(r"words\.(\w+)", parts["js_on_load"]))
    assert used <= said.keys()
