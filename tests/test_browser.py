"""A person at the page in a real browser, with mouse, keys and finger: what they do shows on the page."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from colouru.hints import hints_from_json
from colouru.ui import words
from colouru.ui.examples import examples
from tests.browser import CHROMIUM, ROOT, running_app, visitor

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

SCREENSHOTS = ROOT / "screenshots"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
MEDIUM_SKIN = "#c68642"


@pytest.fixture(scope="module")
def address():
    SCREENSHOTS.mkdir(exist_ok=True)
    with running_app() as address:
        yield address


@pytest.fixture
def person(address, request):
    with visitor(address, **getattr(request, "param", {})) as person:
        yield person
        person.page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png", full_page=True)
        assert person.foreign_requests == []
        assert person.complaints == []


@pytest.fixture
def grey_photo(tmp_path):
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    return tmp_path / "camera.png"


def around(picture: np.ndarray, x: float, y: float, reach: int = 12) -> np.ndarray:
    """The pixels around a place in [0, 1]."""
    row, column = int(y * picture.shape[0]), int(x * picture.shape[1])
    return picture[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach]


def warmth(picture: np.ndarray, x: float, y: float) -> float:
    """How much more red than blue there is around a place."""
    pixels = around(picture, x, y)
    return pixels[..., 0].mean() - pixels[..., 2].mean()


def near(hint: dict, x: float, y: float, reach: int = 2) -> bool:
    return abs(hint["x"] - 100 * x) <= reach and abs(hint["y"] - 100 * y) <= reach


def test_a_click_colours_the_picture_near_it_and_undo_and_redo_take_it_back_and_forth(person, grey_photo):
    person.upload(grey_photo)
    assert words.BOARD_WORDS["invitation"] in person.page.locator("#board .invitation").inner_text()
    before = {role: person.picture(role) for role in ("gan", "baseline")}
    person.click(0.7, 0.3)
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot in the list")
    assert near(hint, 0.7, 0.3) and hint["colour"] == MEDIUM_SKIN
    coloured = {role: person.picture(role) for role in before}
    for role, without in before.items():
        assert warmth(coloured[role], 0.7, 0.3) > warmth(without, 0.7, 0.3) + 10, role
        change = np.abs(coloured[role] - without)
        assert around(change, 0.05, 0.95).mean() < 0.3 * around(change, 0.7, 0.3).mean(), role
    person.page.locator("#undo").click()
    person.wait_for_hints(lambda hints: hints == [], "the dot to be taken back")
    assert np.abs(person.picture() - before["gan"]).max() <= 1
    person.page.locator("#redo").click()
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot to come again")
    assert np.abs(person.picture() - coloured["gan"]).max() <= 1


def test_a_dot_is_moved_resized_and_deleted_with_the_mouse(person, grey_photo):
    person.upload(grey_photo)
    person.click(0.3, 0.3)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the first dot")
    person.click(0.7, 0.7)
    person.wait_for_hints(lambda hints: len(hints) == 2, "the second dot")
    person.drag((0.7, 0.7), (0.8, 0.2))
    hints = person.wait_for_hints(lambda hints: near(hints[1], 0.8, 0.2), "the dot to move")
    assert near(hints[0], 0.3, 0.3)
    small = person.page.locator("#board .dot.selected").bounding_box()["width"]
    person.page.locator("#board .size").fill("12")
    person.settle()
    assert person.page.locator("#board .dot.selected").bounding_box()["width"] > 2 * small
    person.click(0.3, 0.3, button="right")
    (left,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot to be deleted")
    assert near(left, 0.8, 0.2)
    person.page.locator("#hint-list .remove").click()
    person.wait_for_hints(lambda hints: hints == [], "the list to be empty")
    for step in (1, 2):
        person.page.locator("#undo").click()
        person.wait_for_hints(lambda hints, step=step: len(hints) == step, "a deleted dot to come back")
    person.page.locator("#clear").click()
    person.wait_for_hints(lambda hints: hints == [], "all dots to be cleared")


def test_a_colour_comes_from_a_code_the_plane_a_name_the_model_or_another_picture(person, tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    person.upload(tmp_path / "astronaut.png")
    page = person.page
    person.click(0.42, 0.24)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")

    def colour_after(action, what: str) -> str:
        before = person.hints()[0]["colour"]
        action()
        return person.wait_for_hints(lambda hints: hints[0]["colour"] != before, what)[0]["colour"]

    def enter(code: str) -> None:
        page.locator("#board .hex").fill(code)
        page.locator("#board .hex").press("Enter")

    assert colour_after(lambda: enter("#8A5A33"), "the code") == "#8a5a33"
    enter("mauve")
    assert person.hints()[0]["colour"] == "#8a5a33" and page.locator("#board .hex").input_value() == "#8a5a33"
    page.locator("#board .plane").click(position={"x": 70, "y": 40})
    assert "does not exist" not in page.locator("#board .gamut").inner_text()
    named = page.locator("#board .named button").nth(5)
    assert named.get_attribute("aria-label") == "sky"
    assert colour_after(named.click, "the named colour") == "#7db7e8"
    assert page.locator("#board .likely button").count() >= 1
    colour_after(page.locator("#board .likely button").first.click, "the likely colour")
    assert page.locator("#board .recent button").count() >= 3

    page.get_by_role("button", name="the original").click()
    x, y = person.at(0.24, 0.62)
    red, green, blue = bytes.fromhex(colour_after(lambda: page.mouse.click(x, y), "the suit's own colour")[1:])
    assert red > green > blue and red - blue > 60 and len(person.hints()) == 1
    Image.new("RGB", (60, 40), "#2255aa").save(tmp_path / "blue.png")
    page.locator("#board .file").set_input_files(tmp_path / "blue.png")
    page.wait_for_selector("#board .reference")
    assert colour_after(page.locator("#board .reference").click, "the other picture's colour") == "#2255aa"
    page.locator("#board .hex").fill("#ffff00")
    page.locator("#board .hex").press("Enter")
    person.wait_for_hints(lambda hints: hints[0]["colour"] == "#ffff00", "a colour too strong for the spot")
    assert "Nearest: #" in page.locator("#board .gamut").inner_text()
    assert page.locator("#hint-list .clipped").inner_text() == words.LIST_WORDS["clipped"]


def test_everything_can_be_done_with_keys_alone(person, grey_photo):
    person.upload(grey_photo)
    page, stage = person.page, person.page.locator("#board .stage")
    assert stage.get_attribute("aria-label") and stage.get_attribute("tabindex") == "0"
    page.get_by_role("button", name="Fit").focus()
    while not page.evaluate("document.activeElement.matches('.stage')"):
        page.keyboard.press("Tab")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "a dot at the cursor")
    assert near(hint, 0.3, 0.5)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowDown")
    person.wait_for_hints(lambda hints: near(hints[0], 0.3, 0.56, reach=1), "the dot to move")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    person.wait_for_hints(lambda hints: len(hints) == 2, "a second dot")
    page.keyboard.press("PageUp")
    assert "Dot 1 of 2" in page.locator("#board .status").inner_text() or person.settle() is None
    page.keyboard.press("Delete")
    (left,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the first dot to be deleted")
    assert near(left, 0.3, 0.46)
    page.keyboard.press("Control+z")
    person.wait_for_hints(lambda hints: len(hints) == 2, "the deleted dot to come back")
    page.keyboard.press("Control+Shift+z")
    person.wait_for_hints(lambda hints: len(hints) == 1, "it to go again")
    page.keyboard.press("+")
    assert page.locator("#board .zoom").inner_text() == "150 %"
    page.keyboard.press("0")
    assert page.locator("#board .zoom").inner_text() == "100 %"


def test_zoomed_in_and_panned_a_click_lands_where_it_was_aimed(person, grey_photo):
    person.upload(grey_photo)
    for _ in range(2):
        person.page.get_by_role("button", name="Zoom in").click()
    assert person.page.locator("#board .zoom").inner_text() == "225 %"
    # The middle stays the middle: half the board's width is 1 / 4.5 of the photo's.
    person.click(0.95, 0.5)
    hints = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    assert near(hints[0], 0.5 + 0.45 / 2.25, 0.5)
    person.drag((0.5, 0.2), (0.2, 0.2))
    person.settle()
    assert len(person.hints()) == 1
    person.click(0.5, 0.8)
    hints = person.wait_for_hints(lambda hints: len(hints) == 2, "the dot after the pan")
    assert near(hints[1], 0.5 + 0.3 / 2.25, 0.5 + 0.3 / 2.25)


def test_paint_and_dots_are_one_list_and_notes_survive_the_switch(person, grey_photo):
    person.upload(grey_photo)
    person.click(0.3, 0.3)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    person.page.locator("#hint-list .note").fill("coat: navy, from the pay book")
    person.page.locator("#hint-list .note").press("Enter")
    person.settle()
    person.open_sketch()
    without = person.picture()
    person.paint(0.7, 0.3)
    first, second = person.wait_for_hints(lambda hints: len(hints) == 2, "the painted dot in the list")
    assert near(second, 0.7, 0.3) and near(first, 0.3, 0.3) and first["note"] == "coat: navy, from the pay book"
    assert warmth(person.picture(), 0.7, 0.3) > warmth(without, 0.7, 0.3) + 10
    person.page.screenshot(path=SCREENSHOTS / "painted.png", full_page=True)
    person.tab("Click")
    person.wait_for(lambda: person.page.locator("#board .dot").count() == 2, "both dots on the board")
    person.click(0.5, 0.8)
    person.wait_for_hints(lambda hints: len(hints) == 3, "a third dot")
    person.open_sketch()
    person.page.locator("#undo").click()
    person.wait_for_hints(lambda hints: len(hints) == 2, "the click to be undone")
    person.page.locator("#undo").click()
    (left,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the paint to be undone")
    assert left == first and np.abs(person.picture() - without).max() <= 1


def test_a_dot_counts_in_a_browser_whose_sketch_cannot_be_read_directly(person, grey_photo):
    person.upload(grey_photo)
    person.open_sketch()
    person.page.evaluate("window.editor = undefined")
    person.paint(0.7, 0.3)
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot to become a hint")
    assert hint["colour"] == MEDIUM_SKIN
    person.complaints = [line for line in person.complaints if "the sketch cannot be read directly" not in line]


def test_another_photo_asks_before_it_drops_hints(person, grey_photo, tmp_path):
    person.upload(grey_photo)
    person.click(0.3, 0.3)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    Image.fromarray(astronaut()).save(tmp_path / "other.png")
    asked, kept = [], person.shown("gan")
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    person.page.locator("#photo input[type=file]").set_input_files(tmp_path / "other.png")
    person.wait_for(lambda: asked, "the question")
    person.settle()
    assert person.shown("gan") == kept and len(person.hints()) == 1
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    person.page.locator("#examples button.gallery-item").first.click()
    person.settle()
    assert person.shown("gan") == kept and len(person.hints()) == 1
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    person.upload(tmp_path / "other.png")
    assert asked == [words.ASK_BEFORE_DROPPING] * 3 and person.hints() == []


def test_work_is_saved_and_opened_again(person, tmp_path):
    Image.fromarray(astronaut()).resize((800, 700)).save(tmp_path / "portrait.jpg", quality=95)
    person.upload(tmp_path / "portrait.jpg")
    assert "Normalized loss 0." in person.page.locator("#gan-loss").inner_text()
    person.click(0.25, 0.6)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    person.page.locator("#hint-list .note").fill("suit: orange, from the museum")
    person.page.locator("#hint-list .note").press("Enter")
    person.settle()
    saved = person.hints()
    png, jpeg = person.download(words.DOWNLOADS["gan-png"]), person.download(words.DOWNLOADS["gan-jpg"])
    hints_file = person.download(words.DOWNLOADS["hints"])
    assert png.name == "portrait-gan.png" and Image.open(png).size == Image.open(jpeg).size == (800, 700)
    assert Image.open(person.download(words.DOWNLOADS["layer"])).mode == "RGBA"
    assert Image.open(person.download(words.DOWNLOADS["pair"])).size == (800, 1400)
    person.page.on("dialog", lambda dialog: dialog.accept())
    for picture in (png, jpeg):
        person.upload(picture)
        assert person.hints() == saved
        assert "no original to compare with" in person.page.locator("#meaning").inner_text()
    person.upload(tmp_path / "portrait.jpg")
    assert person.hints() == []
    with person.page.expect_file_chooser() as chooser:
        person.page.locator("#open").click()
    chooser.value.set_files(hints_file)
    assert person.wait_for_hints(lambda hints: hints, "the opened hints") == saved


def test_the_switches_change_what_is_seen(person):
    person.open_example(1)
    page, pale = person.page, person.picture()
    page.locator("#hint-list .number").first.click()
    page.locator("#board .likely button").first.wait_for()
    grey = page.locator("#gan img").first.get_attribute("src")
    page.locator("#versus input").check()
    person.wait_for(lambda: page.locator("#gan img").first.get_attribute("src") != grey, "the other network beside it")
    against = person.fetched(page.locator("#gan img").first.get_attribute("src"))
    assert np.abs(against - person.picture("baseline")).max() == 0
    before = person.shown("gan")
    slider = page.locator("#saturation input[type=number]")
    slider.fill("1.8")
    slider.press("Tab")
    person.wait_for(lambda: person.shown("gan") != before, "stronger colours")
    strong = person.picture()
    assert (strong.max(2) - strong.min(2)).mean() > 1.3 * (pale.max(2) - pale.min(2)).mean()
    page.locator("#advise input").check()
    page.locator("#board .marker").wait_for()
    page.locator("#doubt input").check()
    page.locator("#board .doubt").wait_for()
    assert page.locator("#board .likely button").first.is_visible()
    page.locator("#doubt input").uncheck()
    person.wait_for(lambda: not page.locator("#board .doubt").is_visible(), "the map to go")


def test_every_example_is_one_click_and_its_dots_lie_where_they_belong(person):
    person.page.on("dialog", lambda dialog: dialog.accept())
    for number, (_, hints_json) in enumerate(examples()):
        person.open_example(number)
        expected, found = hints_from_json(hints_json), person.hints()
        assert [hint["colour"] for hint in found] == [hint.colour for hint in expected]
        assert all(near(shown, hint.x, hint.y, reach=1) for shown, hint in zip(found, expected, strict=True))
    # The sketch shows them where they are, in photos that are not square too: what comes back is no change.
    person.open_example(2)
    before = person.hints()
    person.open_sketch()
    assert person.hints() == before


def test_a_file_that_is_no_photo_is_refused_in_words_and_nothing_is_lost(person, tmp_path):
    person.open_example(4)
    kept, hints = person.shown("gan"), person.hints()
    (tmp_path / "diary.jpg").write_text("Dear diary")
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.page.get_by_label("Remove Image").first.click()
    person.page.locator("#photo input[type=file]").set_input_files(tmp_path / "diary.jpg")
    toast = person.page.get_by_test_id("toast-body")
    toast.wait_for()
    assert "diary.jpg is not a picture that can be read" in toast.inner_text()
    assert "Traceback" not in person.page.content()
    assert person.shown("gan") == kept and person.hints() == hints


def test_many_photos_at_once_come_back_as_one_archive(person, grey_photo, tmp_path):
    (tmp_path / "camera.json").write_text(json.dumps([{"x": 0.75, "y": 0.15, "colour": "#8fb8dd"}]))
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.jpg")
    person.tab("Several photos")
    files = [grey_photo, tmp_path / "camera.json", tmp_path / "astronaut.jpg"]
    person.page.locator("#files input[type=file]").set_input_files(files)
    person.page.locator("#colour-all").click()
    link = person.page.locator("#archive a[download]").first
    link.wait_for(timeout=60_000)
    with person.page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["astronaut-gan.jpg", "camera-gan.png"]


@pytest.mark.parametrize("person", [PHONE | {"color_scheme": "dark"}], indirect=True)
def test_on_a_phone_a_finger_places_moves_and_zooms(person, grey_photo):
    page = person.page
    person.upload(grey_photo)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(*person.at(0.5, 0.4))
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot under the finger")
    assert near(hint, 0.5, 0.4)
    touch = page.context.new_cdp_session(page)

    def gesture(*frames: list[tuple[float, float]]) -> None:
        for kind, fingers in zip(["touchStart"] + ["touchMove"] * (len(frames) - 1), frames, strict=True):
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            page.wait_for_timeout(50)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    gesture([person.at(0.5, 0.4)], [person.at(0.55, 0.35)], [person.at(0.7, 0.2)])
    (hint,) = person.wait_for_hints(lambda hints: not near(hints[0], 0.5, 0.4), "the dot to follow the finger")
    assert near(hint, 0.7, 0.2, reach=3)
    gesture(*([person.at(0.5 - d, 0.5), person.at(0.5 + d, 0.5)] for d in (0.1, 0.15, 0.2, 0.3)))
    assert int(page.locator("#board .zoom").inner_text().rstrip(" %")) > 200
    person.settle()
    assert len(person.hints()) == 1
