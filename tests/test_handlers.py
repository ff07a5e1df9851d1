"""The handlers of the page without a browser, for valid and invalid requests."""

import base64
import gc
import io
import json
import re
import weakref
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab
from skimage.data import astronaut, camera

from colouru.hints import Hint, hints_from_json
from colouru.ui import handlers, i18n, messages, page, views
from colouru.ui.examples import example_pictures, examples
from colouru.ui.i18n import LANGUAGES, page_words
from colouru.ui.page import SCRIPTS, script
from colouru.ui.palette import SWATCHES
from colouru.ui.session import PREVIEW_SIDE, ViewSettings

DOT = Hint(x=0.7, y=0.3, colour="#d02020", size=0.06)

pytestmark = pytest.mark.usefixtures("notices")


def edit_request(hints, **more) -> dict:
    """An edit request as it arrives from a browser."""
    hints = [hint.to_dict() if isinstance(hint, Hint) else hint for hint in hints]
    return json.loads(json.dumps({"hints": hints, "selected": -1, "stamp": 1.0} | more))


def start(path: Path, **more) -> tuple:
    """Open an uploaded file; returns the session and the message."""
    return handlers.start_session({"path": str(path), "hints": None, "stamp": 1.0} | more)


def edited(session, value) -> tuple:
    """Edit; returns the session and the complete message."""
    *_, answer = handlers.edit(session, value)
    return answer


def picture_of(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


@pytest.fixture
def uploads(tmp_path, monkeypatch) -> Path:
    """The upload folder."""
    monkeypatch.setattr(messages, "get_upload_folder", lambda: str(tmp_path))
    return tmp_path


@pytest.fixture
def save(uploads):
    """A function that saves a picture as an upload and returns its path."""

    def save(picture: np.ndarray, name: str = "photo.png") -> Path:
        Image.fromarray(picture).save(uploads / name)
        return uploads / name

    return save


@pytest.fixture
def session(save):
    return start(save(camera()))[0]


# Photos.


def test_a_photo_is_shown_as_lightness_with_the_colours_of_both_networks(save):
    session, shown = start(save(astronaut()))
    assert shown["hints"] == [] and session.hints == ()
    assert picture_of(shown["photo"]["lightness"]).shape == (512, 512)
    assert picture_of(shown["photo"]["original"]).shape == (512, 512, 3)
    for role in ("gan", "baseline"):
        assert picture_of(shown["chroma"][role]).shape[:2] == picture_of(shown["photo"]["coarse"][role]).shape
        assert 0 < shown["losses"][role] < 1.5


def test_a_grey_photo_says_why_it_has_no_loss_and_offers_no_original(save):
    _, shown = start(save(camera()))
    assert shown["losses"] == {"gan": None, "baseline": None} and shown["photo"]["original"] == ""
    assert "no colour to compare with" in shown["photo"]["no_loss_because"]


def test_a_large_photo_is_shown_at_1600_pixels_and_closely_in_its_own(save):
    path = save(np.asarray(Image.fromarray(astronaut()).resize((2400, 1800))))
    session, shown = start(path)
    assert max(picture_of(shown["photo"]["lightness"]).shape) == PREVIEW_SIDE == 1600
    assert (shown["photo"]["width"], shown["photo"]["height"]) == (2400, 1800)
    detail = handlers.crop(session, [0.25, 0.5, 0.5, 0.75])
    assert detail["window"] == [0.25, 0.5, 0.5, 0.75] and picture_of(detail["lightness"]).shape == (450, 600)
    for nonsense in (None, [], [0, 0, 1], [0.5, 0, 0.5, 1], [0, 0, 2, 1], ["0", 0, 1, 1]):
        with pytest.raises(gr.Error):
            handlers.crop(session, nonsense)


def test_the_losses_on_a_small_copy_are_those_at_full_size_to_two_digits(save):
    session, shown = start(save(np.asarray(Image.fromarray(astronaut()).resize((1200, 900)))))
    full = session.canvas.losses(session.canvas.chroma(()), ())
    for role, loss in shown["losses"].items():
        assert abs(loss - full[role]) < 0.01


def test_every_example_opens_with_its_hints_and_has_a_picture_on_the_first_screen():
    pictures = example_pictures([])
    for number, (path, hints_json) in enumerate(examples()):
        session, _ = handlers.start_session({"example": number, "hints": None, "stamp": 1.0})
        assert session.path == path and list(session.hints) == hints_from_json(hints_json)
        pair = picture_of(pictures[number]["picture"]).astype(int)
        half = pair.shape[1] // 2
        assert np.ptp(pair[:, : half - 8], axis=2).mean() < 3 < np.ptp(pair[:, half + 8 :], axis=2).mean()


def test_a_photo_opens_with_the_hints_that_a_browser_kept(save):
    session, shown = start(save(camera()), hints=[DOT.to_dict()], saturation=1.4)
    assert (
        session.hints == (DOT,) and shown["hints"] == [DOT.to_dict()] and session.view == ViewSettings(saturation=1.4)
    )


def hostile_pictures(folder: Path) -> dict[str, tuple[int, int] | None]:
    """Write unusual pictures; returns the size of each by name, None for those that cannot be used."""
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
    sizes = {"rotated.jpg": (32, 64), "line.png": (1, 5000), "dot.png": (1, 1), "cut.png": None, "empty.png": None}
    return {path.name: sizes.get(path.name, (64, 64)) for path in folder.iterdir()} | {"bomb.png": None}


def test_whatever_picture_is_brought_opens_or_is_refused_with_a_sentence(uploads, notices):
    for name, size in hostile_pictures(uploads).items():
        notices.clear()
        session, shown = start(uploads / name)
        if size is None:
            assert session == gr.skip() and shown == {"type": "refused", "stamp": 1.0}
            assert len(notices) == 1 and name in notices[0]
        else:
            assert session.size == size == (shown["photo"]["width"], shown["photo"]["height"]), name


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"path": "/etc/passwd"},
        {"path": "../../etc/passwd"},
        {"path": 7},
        {"path": "a\0b"},
        {"example": 99},
        {"example": -1},
        {"example": True},
        {"example": "0"},
    ],
)
def test_only_what_was_uploaded_is_opened(uploads, notices, value):
    session, shown = handlers.start_session(value)
    assert session == gr.skip() and shown["type"] == "refused" and i18n.NO_PHOTO in notices[0]


# Dots.


def test_a_dot_colours_its_surroundings_more_than_a_far_corner(session):
    before = views.colours_view(session, selected=-1, stamp=0)["chroma"]["gan"]
    after, shown = edited(session, edit_request([DOT]))
    change = np.abs(picture_of(shown["chroma"]["gan"]).astype(int) - picture_of(before)).sum(2)
    height, width = change.shape
    row, column = int(0.3 * height), int(0.7 * width)
    assert change[row - 8 : row + 8, column - 8 : column + 8].mean() > 2 * change[-20:, :20].mean()
    assert after.hints == (DOT,)


@pytest.mark.parametrize(("network", "other"), [("gan", "baseline"), ("baseline", "gan")])
def test_the_picture_on_the_canvas_is_answered_before_the_rest(session, network, other):
    (_, first), (_, all_of_it) = handlers.edit(session, edit_request([DOT], network=network, selected=0))
    assert list(first["chroma"]) == [network] and first["hints"] == [DOT.to_dict()] and "losses" not in first
    assert set(all_of_it["chroma"]) == {network, other} and all_of_it["likely"] and all_of_it["losses"]
    assert first["chroma"][network] == all_of_it["chroma"][network]


def test_a_dot_without_a_colour_takes_the_likeliest_for_its_place(session):
    bare = {"x": 0.5, "y": 0.2, "size": 0.05}
    after, shown = edited(session, edit_request([DOT, bare], selected=1))
    assert after.hints[0] == DOT and shown["likely"][0][0] == after.hints[1].colour
    assert after.hints[1].colour == session.canvas.suggest(0.5, 0.2, [DOT])[0].colour


def test_the_selected_dot_is_offered_likely_colours(session):
    likely = edited(session, edit_request([DOT], selected=0))[1]["likely"]
    assert 1 <= len(likely) <= 9 and [chance for _, chance in likely] == sorted((c for _, c in likely), reverse=True)
    assert edited(session, edit_request([DOT]))[1]["likely"] == []


def test_a_dot_in_a_colour_that_does_not_exist_there_is_named(save):
    session, _ = start(save(np.full((64, 64), 250, np.uint8)))
    possible, impossible = (Hint(x=0.5, y=0.5, colour=colour) for colour in ("#fff4f0", "#0000ff"))
    assert edited(session, edit_request([possible, impossible]))[1]["clipped"] == [1]


def test_an_answer_says_which_list_it_answers(session):
    assert edited(session, edit_request([DOT], stamp=1234.5))[1]["stamp"] == 1234.5


@pytest.mark.parametrize(
    "value",
    [
        None,
        "hints",
        [],
        {"hints": "x"},
        {"hints": [7]},
        {"hints": [{"x": 0.5, "colour": "#000000"}]},
        {"hints": [{"x": "0", "y": 0.5, "colour": "#000000"}]},
        {"hints": [{"x": "0", "y": 0.5}]},
        {"hints": [{"x": float("nan"), "y": 0.5, "colour": "#000000"}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "#000000", "note": "x" * 10_000_000}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "../../etc/passwd"}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": None}]},
        {"hints": [{"x": 0.5, "y": 0.5, "colour": "#000000"}] * 1_000_000},
        {"hints": [], "selected": 7},
        {"hints": [], "selected": "0"},
        {"hints": [], "stamp": "now"},
        {"hints": [], "stamp": float("inf")},
        {"hints": [], "saturation": 5},
        {"hints": [], "saturation": float("nan")},
        {"hints": [], "saturation": "much"},
        {"hints": [], "network": "unet"},
    ],
)
def test_what_is_no_list_of_hints_is_refused_and_the_page_set_right(session, notices, value):
    session, _ = edited(session, edit_request([DOT]))
    after, shown = edited(session, value)
    assert len(notices) == 1 and len(notices[0]) < 200
    assert after.hints == (DOT,) and shown["hints"] == [DOT.to_dict()]


def test_a_photo_that_is_no_longer_kept_is_asked_for_again():
    assert edited(None, edit_request([DOT]))[1] == {"type": "refused", "stamp": 1.0, "session_lost": True}


def test_what_belongs_to_a_spot_is_shown_with_its_likely_colours(session):
    shown = handlers.outline(session, {"x": 0.3, "y": 0.6, "stamp": 5.0})
    similarity = picture_of(shown["similarity"])
    assert shown["stamp"] == 5.0 and similarity.shape == tuple(session.canvas.L["gan"].shape[2:])
    # The photographer's coat is similar to the spot, the sky is not.
    assert similarity[int(0.6 * 256), int(0.3 * 256)] > 200 and similarity[20, 20] < 60
    assert shown["likely"][0][0] == session.canvas.suggest(0.3, 0.6)[0].colour
    nan = float("nan")
    for nonsense in (None, {}, {"x": 2, "y": 0, "stamp": 1}, {"x": nan, "y": 0, "stamp": 1}, {"x": "0", "y": 0}):
        with pytest.raises(gr.Error):
            handlers.outline(session, nonsense)
    with pytest.raises(gr.Error, match="Choose a photo first"):
        handlers.outline(None, {"x": 0.5, "y": 0.5, "stamp": 1})


# The view.


def test_saturation_is_part_of_the_loss_that_is_shown(save):
    session, shown = start(save(astronaut()))
    stronger = edited(session, edit_request([], saturation=2))[1]["losses"]
    assert edited(session, edit_request([], saturation=0))[1]["losses"]["gan"] == pytest.approx(1, abs=1e-3)
    assert stronger["gan"] != shown["losses"]["gan"]


def test_the_spot_where_a_dot_helps_and_what_is_least_sure_are_shown_on_demand(session):
    shown = edited(session, edit_request([], advice=True, uncertainty=True))[1]
    assert 0 <= shown["advice"]["x"] <= 1
    tinted = (picture_of(shown["uncertainty"])[..., 3] > 0).mean()
    assert 0.15 < tinted <= 0.21
    shown = edited(session, edit_request([]))[1]
    assert shown["advice"] is None and shown["uncertainty"] is None


# The words and the colours.


def test_every_swatch_is_a_colour_and_skin_is_as_pale_as_skin():
    for name, colour in SWATCHES.items():
        Hint(x=0, y=0, colour=colour)
        if name.startswith("skin"):
            _, a, b = rgb2lab(np.array([[list(bytes.fromhex(colour[1:]))]], np.uint8))[0, 0]
            assert 15 <= np.hypot(a, b) <= 25, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_names_filled_in(language):
    def blanks(words: dict) -> dict:
        return {key: sorted(re.findall(r"\{\w+\}", sentence)) for key, sentence in words.items()}

    assert blanks(page_words()[language]) == blanks(page_words()["en"])


def test_every_word_of_the_page_is_in_one_place_and_none_is_left_over():
    text = script(*SCRIPTS) + page.html_arguments("")["html_template"]
    used = set(re.findall(r"words\.(\w+)", text)) | set(re.findall(r'data-(?:word|title|label)="([^"]+)"', text))
    words = page_words()["en"].keys()
    assert SWATCHES.keys() <= words and used == words - SWATCHES.keys()


def test_an_error_that_is_kept_keeps_nothing_of_the_photo_it_was_about():
    class Large:
        pass

    seen = []

    def go_wrong():
        large = Large()
        seen.append(weakref.ref(large))
        try:
            raise OSError
        except OSError:
            raise ValueError("damaged") from None

    with pytest.raises(gr.Error, match="damaged") as kept, handlers.errors_as_messages():
        go_wrong()
    gc.collect()
    assert kept.value and seen[0]() is None
