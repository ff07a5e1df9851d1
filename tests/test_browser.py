"""A person at the page in a real browser, with mouse, keys and finger: what they do shows on the page."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from axe_core_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut, camera

from colouru.hints import hints_from_json
from colouru.images.photo import open_photo
from colouru.ui.examples import examples
from colouru.ui.i18n import page_words
from tests.browser import CHROMIUM, PHONE, ROOT, near, running_app, visitor

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

SCREENSHOTS = ROOT / "screenshots"
WORDS = page_words()["en"]
ORANGE = "#e07020"


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


@pytest.fixture
def colour_photo(tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    return tmp_path / "astronaut.png"


def around(picture: np.ndarray, x: float, y: float, reach: float = 0.025) -> np.ndarray:
    """The pixels around a place in [0, 1]."""
    row, column, reach = int(y * picture.shape[0]), int(x * picture.shape[1]), int(reach * picture.shape[0])
    return picture[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach]


def warmth(picture: np.ndarray, x: float, y: float) -> float:
    """How much more red than blue there is around a place."""
    pixels = around(picture, x, y)
    return pixels[..., 0].mean() - pixels[..., 2].mean()


def download_all(person) -> Path:
    """The zip of all photos of the gallery."""
    with person.page.expect_download() as download:
        person.do("download-all")
    return download.value.path()


def choose_code(person, code: str) -> None:
    person.page.locator("#page .hex").fill(code)
    person.page.locator("#page .hex").press("Enter")


def test_a_click_colours_the_canvas_under_it_and_undo_and_redo_take_it_back_and_forth(person, grey_photo):
    person.upload(grey_photo)
    expect(person.page.locator("#page .hint")).to_have_text(WORDS["click_here"])
    choose_code(person, ORANGE)
    before, cards = person.picture(), {role: person.card(role) for role in ("gan", "baseline")}
    person.click(0.7, 0.3)
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot in the list")
    assert near(hint, 0.7, 0.3) and hint["colour"] == ORANGE
    coloured = person.picture()
    for role, without in cards.items():
        assert warmth(person.card(role), 0.7, 0.3) > warmth(without, 0.7, 0.3) + 10, role
    change = np.abs(coloured - before)
    assert around(change, 0.05, 0.95).mean() < 0.3 * around(change, 0.7, 0.3).mean()
    person.page.keyboard.press("Control+z")
    person.wait_for_hints(lambda hints: hints == [], "the dot to be taken back")
    assert np.abs(person.picture() - before).max() <= 1
    person.do("redo")
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot to come again")
    assert np.abs(person.picture() - coloured).max() <= 1


def test_a_dot_is_moved_resized_erased_and_deleted_with_the_mouse(person, grey_photo):
    person.upload(grey_photo)
    for number, place in enumerate([(0.3, 0.3), (0.7, 0.7), (0.5, 0.9)], start=1):
        person.click(*place)
        person.wait_for_hints(lambda hints, number=number: len(hints) == number, "the dot")
    person.drag((0.7, 0.7), (0.8, 0.2))
    hints = person.wait_for_hints(lambda hints: near(hints[1], 0.8, 0.2), "the dot to move")
    assert near(hints[0], 0.3, 0.3)
    small = person.page.locator("#page .dot.selected").bounding_box()["width"]
    person.page.locator("#page .size").fill("12")
    person.settle()
    assert person.page.locator("#page .dot.selected").bounding_box()["width"] > 2 * small
    person.tool("erase")
    person.drag((0.45, 0.9), (0.55, 0.9))
    assert len(person.wait_for_hints(lambda hints: len(hints) == 2, "the dot to be erased")) == 2
    person.tool("dots")
    person.click(0.3, 0.3, button="right")
    (left,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot to be deleted")
    assert near(left, 0.8, 0.2)
    person.page.locator("#page .hint-list .remove").click()
    person.wait_for_hints(lambda hints: hints == [], "the list to be empty")
    for step in (1, 2, 3):
        person.do("undo")
        person.wait_for_hints(lambda hints, step=step: len(hints) == step, "a dot to come back")
    person.do("clear")
    person.wait_for_hints(lambda hints: hints == [], "all dots to be cleared")


def test_a_colour_comes_from_a_code_the_plane_a_name_the_model_or_another_picture(person, colour_photo, tmp_path):
    person.upload(colour_photo)
    page = person.page
    person.click(0.42, 0.24)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    likely = page.locator("#page .likely button")
    assert person.hints()[0]["colour"] == likely.first.get_attribute("data-colour")

    def colour_after(action, what: str) -> str:
        before = person.hints()[0]["colour"]
        action()
        return person.wait_for_hints(lambda hints: hints[0]["colour"] != before, what)[0]["colour"]

    assert colour_after(lambda: choose_code(person, "#8A5A33"), "the code") == "#8a5a33"
    choose_code(person, "mauve")
    assert person.hints()[0]["colour"] == "#8a5a33" and page.locator("#page .hex").input_value() == "#8a5a33"
    colour_after(lambda: page.locator("#page .plane").click(position={"x": 70, "y": 50}), "the plane")
    assert page.locator("#page .gamut").inner_text() == ""
    sky = page.locator("#page .named button").filter(has_text="sky")
    red, green, blue = bytes.fromhex(colour_after(sky.click, "the named colour")[1:])
    assert blue > green > red
    colour_after(likely.nth(1).click, "the likely colour")
    assert page.locator("#page .recent button").count() >= 3

    person.do("pick")
    red, green, blue = bytes.fromhex(colour_after(lambda: person.click(0.24, 0.62), "the suit's own colour")[1:])
    assert red > green > blue and red - blue > 60 and len(person.hints()) == 1
    Image.new("RGB", (60, 40), "#2255aa").save(tmp_path / "blue.png")
    page.locator("#page .reference-file").set_input_files(tmp_path / "blue.png")
    page.wait_for_selector("#page .reference")
    assert colour_after(page.locator("#page .reference").click, "the other picture's colour") == "#2255aa"
    colour_after(lambda: choose_code(person, "#ffff00"), "a colour too strong for the spot")
    assert "Nearest: #" in page.locator("#page .gamut").inner_text()
    assert page.locator("#page .hint-list .clipped").inner_text() == WORDS["clipped"]


def test_a_colour_for_the_next_dot_leaves_the_last_one_as_it_is(person, colour_photo):
    person.upload(colour_photo)
    which = person.page.locator("#page .which")
    expect(which).to_have_text("Next dot")
    person.click(0.5, 0.2)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    expect(which).to_have_text("Dot 1 of 1")
    (first,) = person.hints()
    person.do("for-next")
    expect(which).to_have_text("Next dot")
    choose_code(person, ORANGE)
    assert person.hints() == [first]
    person.click(0.2, 0.6)
    hints = person.wait_for_hints(lambda hints: len(hints) == 2, "the second dot")
    assert hints[0] == first and hints[1]["colour"] == ORANGE
    expect(which).to_have_text("Dot 2 of 2")
    person.do("for-next")
    person.do("true-colour")
    person.click(0.24, 0.62)
    hints = person.wait_for_hints(lambda hints: len(hints) == 3, "a dot of the original's colour")
    truth = astronaut()[int(0.62 * 512), int(0.24 * 512)].astype(int)
    assert np.abs(np.array(list(bytes.fromhex(hints[2]["colour"][1:]))) - truth).max() < 25
    person.page.locator("#page summary").click()
    person.page.locator("#page .how-many").fill("3")
    person.do("random-dots")
    person.wait_for_hints(lambda hints: len(hints) == 6, "three random true dots")
    expect(person.page.locator("#page .random-dots")).to_be_enabled()
    expect(person.page.locator("#page .curve polyline")).to_have_count(2)
    with person.page.expect_download() as download:
        person.do("curve-file")
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "dots,gan,baseline" and [row.split(",")[0] for row in rows[1:]] == list("0123456")
    person.do("undo")
    person.wait_for_hints(lambda hints: len(hints) == 3, "all three to be taken back in one step")


def test_everything_can_be_done_with_keys_alone(person, grey_photo):
    person.upload(grey_photo)
    page, stage = person.page, person.page.locator("#page .stage")
    assert stage.get_attribute("aria-label") and stage.get_attribute("tabindex") == "0"
    page.locator("#page [data-do=reference]").focus()
    for _ in range(5):
        if page.evaluate("document.activeElement.matches('.stage')"):
            break
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
    person.settle()
    assert "Dot 1 of 2" in page.locator("#page .status").inner_text()
    page.keyboard.press("Delete")
    (left,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the first dot to be deleted")
    assert near(left, 0.3, 0.46)
    page.keyboard.press("Control+z")
    person.wait_for_hints(lambda hints: len(hints) == 2, "the deleted dot to come back")
    page.keyboard.press("Control+Shift+z")
    person.wait_for_hints(lambda hints: len(hints) == 1, "it to go again")
    page.keyboard.press("+")
    person.wait_for(lambda: page.locator("#page .zoom").inner_text() == "150 %", "the zoom to be told")
    page.keyboard.press("0")
    person.wait_for(lambda: page.locator("#page .zoom").inner_text() == "100 %", "the whole photo to be told")
    coloured = person.picture()
    page.keyboard.down("g")
    person.wait_for(lambda: np.ptp(person.picture(), axis=2).max() == 0, "the photo in grey")
    page.keyboard.up("g")
    person.wait_for(lambda: (person.picture() == coloured).all(), "the colours again")


def test_zoomed_in_a_click_lands_where_it_was_aimed_and_the_photo_s_own_detail_shows(person, tmp_path):
    # Stripes a pixel wide, which no preview shows.
    stripes = np.full((2400, 3200), 60, np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    person.upload(tmp_path / "stripes.png")
    left, top, width, height = person.place()
    assert person.picture().std() < 10
    for _ in range(2):
        person.do("zoom-in")
    person.wait_for(lambda: person.page.locator("#page .zoom").inner_text() == "225 %", "the zoom to be told")
    middle = left + width / 2, top + height / 2
    person.page.mouse.click(middle[0] + 0.25 * width, middle[1])
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    assert near(hint, 0.5 + 0.25 / 2.25, 0.5)
    person.page.mouse.move(*middle)
    person.page.mouse.down()
    person.page.mouse.move(middle[0] - 0.2 * width, middle[1], steps=5)
    person.page.mouse.up()
    person.settle()
    assert len(person.hints()) == 1
    person.page.mouse.click(middle[0], middle[1] + 0.2 * height)
    hints = person.wait_for_hints(lambda hints: len(hints) == 2, "the dot after the pan")
    assert near(hints[1], 0.5 + 0.2 / 2.25, 0.5 + 0.2 / 2.25)
    for _ in range(3):
        person.do("zoom-in")
    person.wait_for(lambda: person.picture()[:200].std() > 30, "the photo's own pixels")


def test_a_photo_is_sent_once_and_neither_dots_nor_strokes_send_what_is_on_the_page(person, grey_photo):
    person.upload(grey_photo)
    person.click(0.3, 0.3)
    person.wait_for_hints(len, "a dot")
    person.tool("paint")
    person.paint((0.6, 0.6))
    person.wait_for_hints(lambda hints: len(hints) == 2, "a stroke")
    assert len(person.uploads) == 1


def test_paint_covers_what_is_under_it_and_quick_strokes_are_all_read(person, grey_photo):
    person.upload(grey_photo)
    choose_code(person, ORANGE)
    person.tool("paint")
    without = person.picture()
    places = [(0.2, 0.2), (0.5, 0.2), (0.8, 0.2)]
    for place in places:
        person.paint(place)
    hints = person.wait_for_hints(lambda hints: len(hints) == 3, "three dots")
    assert all(near(hint, *place) for hint, place in zip(sorted(hints, key=lambda h: h["x"]), places, strict=True))
    assert {hint["colour"] for hint in hints} == {ORANGE}
    assert warmth(person.picture(), 0.5, 0.2) > warmth(without, 0.5, 0.2) + 10
    person.paint((0.2, 0.8), (0.8, 0.8))
    hints = person.wait_for_hints(lambda hints: len(hints) > 8, "a stroke")[3:]
    assert all(abs(hint["y"] - 80) <= 2 for hint in hints)
    # The sketch lies where the photo does at every zoom.
    person.do("zoom-in")
    person.page.mouse.move(10, 10)
    count = len(person.hints())
    box = person.page.locator("#page .stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    person.page.mouse.move(x - 3, y)
    person.page.wait_for_timeout(200)
    person.page.mouse.move(x, y)
    person.page.wait_for_timeout(200)
    person.page.mouse.down()
    person.page.mouse.up()
    hints = person.wait_for_hints(lambda hints: len(hints) > count, "a dot while zoomed in")
    assert near(hints[-1], 0.5, 0.5)


def test_another_photo_asks_before_it_drops_hints(person, grey_photo, colour_photo):
    person.upload(grey_photo)
    person.click(0.3, 0.3)
    (kept,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    asked = []
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    person.upload(colour_photo)
    assert person.hints() == [kept]
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    person.open_example(0)
    assert person.hints() == [kept]
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    person.upload(colour_photo)
    assert asked == [WORDS["ask_before_dropping"]] * 3 and person.hints() == []


def test_a_photo_is_dropped_or_pasted_anywhere(person, colour_photo):
    content = list(colour_photo.read_bytes())
    for kind in ("drop", "paste"):
        person.page.evaluate(
            """([kind, content]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(content)], kind + ".png", { type: "image/png" }));
                const values = { bubbles: true, cancelable: true };
                const event = kind === "drop" ? new DragEvent("drop", { ...values, dataTransfer: data })
                    : new ClipboardEvent("paste", { ...values, clipboardData: data });
                document.querySelector("#page .bar").dispatchEvent(event);
            }""",
            [kind, content],
        )
        person.settle()
        assert person.picture().shape[0] == person.picture().shape[1]
        person.page.goto(person.address)
        person.wait_until_ready()
        expect(person.page.locator("#page .continue")).to_contain_text(f"{kind}.png")


def test_work_is_saved_and_opened_again(person, tmp_path):
    Image.fromarray(astronaut()).resize((800, 700)).save(tmp_path / "portrait.jpg", quality=95)
    person.upload(tmp_path / "portrait.jpg")
    assert "Normalized loss 0." in person.page.locator("#gan-loss").inner_text()
    person.click(0.25, 0.6)
    person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    person.write_note(0, "suit: orange, from the museum")
    saved = person.hints()
    png, jpeg, hints_file = (person.download(kind) for kind in ("gan-png", "gan-jpg", "hints"))
    assert png.name == "portrait-gan.png" and Image.open(png).size == Image.open(jpeg).size == (800, 700)
    assert Image.open(person.download("layer")).mode == "RGBA"
    assert Image.open(person.download("pair")).size == (800, 1400)
    person.page.on("dialog", lambda dialog: dialog.accept())
    for picture in (png, jpeg):
        person.upload(picture)
        assert person.hints() == saved
        assert "no original to compare with" in person.page.locator("#page .meaning").text_content()
    person.upload(tmp_path / "portrait.jpg")
    assert person.hints() == []
    person.choose(hints_file)
    assert person.wait_for_hints(lambda hints: hints, "the opened hints") == saved


def test_views_and_layers_change_what_is_seen(person):
    person.open_example(1)
    page, coloured = person.page, person.picture()
    person.view("grey")
    person.settle()
    grey = person.picture()
    assert np.ptp(grey, axis=2).max() == 0
    person.view("split")
    person.settle()
    split, half = person.picture(), coloured.shape[1] // 2
    assert (split[:, : half - 30] == grey[:, : half - 30]).all()
    assert (split[:, half + 30 :] == coloured[:, half + 30 :]).all()
    page.locator("#page .divider").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    person.settle()
    assert (person.picture()[:, half + 5] == grey[:, half + 5]).all()
    person.view("original")
    person.settle()
    assert np.abs(person.picture() - coloured).mean() > 3
    person.view("colour")
    page.locator("#page [data-network=baseline]").click()
    person.settle()
    assert np.abs(person.picture() - coloured).mean() > 1
    page.locator("#page [data-network=gan]").click()
    person.do("advise")
    page.locator("#page .marker").wait_for()
    person.do("doubt")
    page.locator("#page .legend").wait_for()
    person.settle()
    tinted = (np.abs(person.picture() - coloured).max(2) > 6).mean()
    assert 0.1 < tinted < 0.3


def test_every_example_is_one_click_and_its_dots_lie_where_they_belong(person):
    person.page.on("dialog", lambda dialog: dialog.accept())
    for number, (_, hints_json) in enumerate(examples()):
        person.open_example(number)
        expected, found = hints_from_json(hints_json), person.hints()
        assert [hint["colour"] for hint in found] == [hint.colour for hint in expected]
        assert all(near(shown, hint.x, hint.y, reach=1) for shown, hint in zip(found, expected, strict=True))


def test_an_object_that_is_clicked_is_seen_and_then_coloured_or_let_go(person, colour_photo):
    person.upload(colour_photo)
    person.tool("area")
    without = person.picture()

    def blueness(x: float, y: float) -> float:
        return -warmth(person.picture(), x, y)

    before = blueness(0.24, 0.62)
    person.click(0.24, 0.62)
    box = person.page.locator("#page .area-box")
    box.wait_for()
    choose_code(person, "#2040ff")
    person.wait_for(lambda: blueness(0.24, 0.62) > before + 30, "the area in its colour")
    # The suit and not what is behind it; and nothing is taken yet.
    assert np.abs(around(person.picture() - without, 0.6, 0.05)).max() <= 1 and person.hints() == []
    person.page.locator("#page .stage").focus()
    person.page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    person.wait_for(lambda: (person.picture() == without).all(), "the picture as it was")

    person.click(0.24, 0.62)
    box.wait_for()
    narrow = (np.abs(person.picture() - without).max(2) > 8).mean()
    person.page.locator("#page .reach").fill("75")
    person.wait_for(lambda: (np.abs(person.picture() - without).max(2) > 8).mean() > narrow, "a wider reach")
    choose_code(person, "#2040ff")
    person.page.locator("#page .area-note").fill("from the museum")
    person.page.locator("#page .area-note").press("Enter")
    hints = person.wait_for_hints(lambda hints: hints, "the area as hints")
    assert {(hint["colour"], hint["note"]) for hint in hints} == {("#2040ff", "from the museum")}
    person.wait_for(lambda: blueness(0.24, 0.62) > before + 30, "the coloured suit")
    person.page.keyboard.press("Control+z")
    person.wait_for_hints(lambda hints: hints == [], "the area to be taken back in one step")
    person.page.keyboard.press("Control+y")
    assert person.wait_for_hints(lambda hints: hints, "the area once more") == hints

    # One row, whose colour and note are those of all its dots, until a dot of it gets another.
    rows = person.page.locator("#page .hint-list > li")
    fold = rows.locator(".fold")
    expect(fold).to_have_text(f"Area, {len(hints)} dots")
    rows.locator("> input[type=color]").fill("#2f8f4f")
    person.wait_for_hints(lambda hints: {hint["colour"] for hint in hints} == {"#2f8f4f"}, "the area in green")
    rows.locator("> .note").fill("from his letters")
    rows.locator("> .note").press("Enter")
    hints = person.wait_for_hints(lambda hints: {hint["note"] for hint in hints} == {"from his letters"}, "the note")
    person.reload()
    person.carry_on()
    assert person.hints() == hints
    expect(rows).to_have_count(1)
    expect(rows.locator(".number").first).to_be_hidden()
    fold.click()
    rows.locator(".its-dots input[type=color]").first.fill("#d02020")
    person.settle()
    expect(rows).to_have_count(2)
    expect(fold).to_have_text(f"Area, {len(hints) - 1} dots")
    person.page.locator("#page .hint-list > .whole > .remove").click()
    (dot,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the area to go as one")
    assert dot["colour"] == "#d02020"


def test_what_a_lasso_goes_around_is_kept_grey(person):
    person.open_example(2)
    count = len(person.hints())
    person.tool("area")
    corners = [(0.1, 0.6), (0.4, 0.6), (0.4, 0.95), (0.1, 0.95)]
    person.page.mouse.move(*person.at(*corners[0]))
    person.page.mouse.down()
    for corner in (*corners[1:], corners[0]):
        person.page.mouse.move(*person.at(*corner), steps=3)
    person.page.mouse.up()
    person.page.locator("#page .area-box").wait_for()
    person.do("keep-grey")
    hints = person.wait_for_hints(lambda hints: len(hints) > count, "the grey area")[count:]
    assert {hint["colour"] for hint in hints} == {"#808080"}
    assert all(10 <= hint["x"] <= 40 and 60 <= hint["y"] <= 95 for hint in hints)
    person.wait_for(lambda: np.ptp(around(person.picture(), 0.25, 0.8), axis=2).max() <= 4, "no colour in the area")
    assert np.ptp(around(person.picture(), 0.57, 0.42, reach=0.01), axis=2).mean() > 30
    all_hints = person.hints()
    person.reload()
    person.carry_on()
    assert person.hints() == all_hints


def test_several_photos_are_a_gallery_whose_dots_stay(person, grey_photo, tmp_path):
    (tmp_path / "camera.json").write_text(json.dumps([{"x": 0.75, "y": 0.15, "colour": "#8fb8dd"}]))
    (tmp_path / "uncle.json").write_text("[]")
    (tmp_path / "diary.jpg").write_text("Dear diary")
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.jpg")
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.do("several")
    names = ("camera.png", "camera.json", "astronaut.jpg", "uncle.json", "diary.jpg")
    person.page.locator("#page .photos").set_input_files([tmp_path / name for name in names])
    tiles, done = person.page.locator("#page .tile"), person.page.locator("#page .tile[data-state=done]")
    expect(done).to_have_count(2)
    expect(person.page.locator("#page .strays")).to_contain_text("uncle.json")
    expect(tiles.nth(2)).to_contain_text("not a picture that can be read")
    expect(tiles.nth(0)).to_contain_text("1 dot")

    person.page.locator("#page .tile .show").nth(1).click()
    person.page.wait_for_selector("#page .colouru[data-state=working]")
    person.settle()
    person.click(0.24, 0.62)
    (dot,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    person.do("several")
    expect(tiles.nth(1)).to_contain_text("1 dot")
    expect(done).to_have_count(2)
    for name in ("baseline", "losses"):
        person.page.locator(f"#page .with-{name}").check()
    with zipfile.ZipFile(download_all(person)) as archive:
        pictures = ["astronaut-baseline.jpg", "astronaut-gan.jpg", "camera-baseline.png", "camera-gan.png"]
        assert sorted(archive.namelist()) == [*pictures, "losses.csv"]
        assert archive.read("losses.csv").decode().splitlines()[2].startswith("astronaut.jpg,1,0.")
    expect(person.page.locator("#page .download-all")).to_be_enabled()

    person.reload()
    expect(person.page.locator("#page [data-do=several]")).to_have_text("Several photos (3)")
    person.do("several")
    person.page.locator("#page .tile .show").nth(1).click()
    person.page.wait_for_selector("#page .colouru[data-state=working]")
    person.settle()
    assert person.hints() == [dot]
    person.do("several")
    person.do("forget-all")
    expect(tiles).to_have_count(0)


def test_a_photo_of_several_that_did_not_arrive_is_sent_again_with_a_click(person, grey_photo):
    person.do("several")
    person.page.route("**/gradio_api/upload*", lambda route: route.abort())
    person.page.locator("#page .photos").set_input_files([grey_photo])
    person.page.locator("#page .tile[data-state=problem]").wait_for()
    assert person.page.locator("#page .tile .about").inner_text().endswith("Click to try again.")
    # The browser's own, of the request that failed.
    person.complaints.clear()
    person.page.unroute("**/gradio_api/upload*")
    person.page.locator("#page .tile .show").click()
    person.page.locator("#page .tile[data-state=done]").wait_for()


def test_photos_of_one_series_take_colour_from_each_other_s_dots_on_request(person, tmp_path):
    for name, crop in (("first.png", astronaut()[:360, :360]), ("second.png", astronaut()[-360:, -360:])):
        Image.fromarray(crop).save(tmp_path / name)
    page = person.page
    person.do("several")
    page.locator("#page .photos").set_input_files([tmp_path / name for name in ("first.png", "second.png")])
    done = page.locator("#page .tile[data-state=done]")
    expect(done).to_have_count(2)

    def shown(number: int) -> str:
        return page.locator("#page .tile img").nth(number).get_attribute("src")

    def open_tile(number: int) -> None:
        page.locator("#page .tile .show").nth(number).click()
        page.wait_for_selector("#page .colouru[data-state=working]")
        person.settle()

    open_tile(1)
    plain = person.card("gan")
    person.do("several")
    alone = shown(1)
    page.locator("#page .with-album").check()
    open_tile(0)
    for count, place in enumerate(((0.75, 0.9), (0.5, 0.95)), start=1):
        choose_code(person, "#2040ff")
        person.click(*place)
        person.wait_for_hints(lambda hints: len(hints) == count, "the dot")  # noqa: B023
    person.do("several")
    person.wait_for(lambda: shown(1) != alone and done.count() == 2, "the second photo to follow the first")
    followed = shown(1)
    open_tile(1)
    assert np.abs(person.card("gan") - plain).max() > 8 and person.hints() == []
    person.do("several")
    with zipfile.ZipFile(download_all(person)) as archive:
        archive.extractall(tmp_path)
    assert [open_photo(tmp_path / f"{name}-gan.png").provenance.album for name in ("first", "second")] == [0, 1]

    person.reload()
    person.do("several")
    expect(page.locator("#page .with-album")).to_be_checked()
    assert shown(1) == followed
    page.locator("#page .with-album").uncheck()
    person.wait_for(lambda: shown(1) == alone and done.count() == 2, "each photo on its own again")


def test_a_full_queue_says_so_before_the_upload_and_is_tried_again_by_itself(person, grey_photo):
    page, refused, full = person.page, [], [True]

    def queue(route) -> None:
        if len(refused) % 2 == 0:
            refused.append(route.request.url)
            return route.fulfill(status=503, json={"detail": "Queue is full."})
        refused.append("")
        route.continue_()

    def line(route) -> None:
        if route.request.post_data_json["fn_name"] != "queue_status" or not full[0]:
            return route.continue_()
        route.fulfill(json={"before": 32, "seconds": 12.4, "full": True})

    page.route("**/component_server**", line)
    uploads = []
    page.on("request", lambda request: uploads.append(request.url) if "/upload" in request.url else None)
    person.choose(grey_photo)
    progress = page.locator("#page .progress")
    expect(progress).to_contain_text("32 are waiting. About 12 s. camera.png is sent as soon as there is room")
    assert uploads == []
    page.route("**/queue/join**", queue)
    full[0] = False
    expect(progress).to_contain_text("Nothing is lost")
    page.wait_for_selector("#page .colouru[data-state=working]")
    person.settle()
    person.click(0.3, 0.3)
    person.wait_for_hints(lambda hints: len(hints) == 1 and hints[0]["colour"] != "#808080", "the dot's answer")
    assert len(refused) == 4 and page.get_by_test_id("toast-body").count() == 0
    # The refusals are the browser's to note, and nobody else's.
    person.complaints = [each for each in person.complaints if "503" not in each]


@pytest.mark.parametrize("person", [PHONE | {"color_scheme": "dark"}], indirect=True)
def test_on_a_phone_a_finger_places_moves_and_zooms_without_a_scroll(person, grey_photo):
    page = person.page
    person.upload(grey_photo)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(*person.at(0.5, 0.4))
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot under the finger")
    assert near(hint, 0.5, 0.4)
    touch = page.context.new_cdp_session(page)

    def gesture(*frames: list[tuple[float, float]], during=lambda: None) -> None:
        for kind, fingers in zip(["touchStart"] + ["touchMove"] * (len(frames) - 1), frames, strict=True):
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            page.wait_for_timeout(50)
        during()
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    places = [person.at(0.5, 0.4), person.at(0.55, 0.35), person.at(0.7, 0.2)]
    seen = []
    gesture(*([place] for place in places), during=lambda: seen.append(page.locator("#page .loupe").is_visible()))
    (hint,) = person.wait_for_hints(lambda hints: not near(hints[0], 0.5, 0.4), "the dot to follow the finger")
    assert near(hint, 0.7, 0.2, reach=3) and seen == [True] and not page.locator("#page .loupe").is_visible()
    # Colours are within reach of the thumb.
    page.locator("#page .named button").first.tap()
    person.settle()
    assert person.hints()[0]["colour"] != hint["colour"] and page.evaluate("scrollY") == 0
    spread = [[person.at(0.5 - d, 0.5), person.at(0.5 + d, 0.5)] for d in (0.1, 0.15, 0.2, 0.3)]
    gesture(*spread)
    zoom = page.locator("#page .zoom")
    person.wait_for(lambda: int(zoom.text_content().rstrip(" %")) > 200, "the fingers to zoom")
    person.settle()
    assert len(person.hints()) == 1
    person.do("fit")
    page.evaluate("scrollTo(0, 500)")
    person.wait_for(lambda: page.evaluate("scrollY") > 100, "the sheet to scroll")
    bar, middle = (page.locator(f"#page .{name}").bounding_box() for name in ("bar", "middle"))
    assert bar["y"] == 0 and abs(middle["y"] - bar["height"]) <= 1
    page.evaluate("scrollTo(0, 0)")
    page.locator("#page button[data-tool=area]").tap()
    page.touchscreen.tap(*person.at(0.8, 0.2))
    page.locator("#page .area-box").wait_for()
    person.settle()
    _, top, _, height = person.place()
    panel = page.locator("#page .area-box").bounding_box()
    assert top + height <= panel["y"] and panel["y"] + panel["height"] <= PHONE["viewport"]["height"]
    for state in ("area", "gallery"):
        if state == "gallery":
            page.set_input_files("#page .photos", [grey_photo])
            page.locator("#page .tile[data-state=done]").wait_for()
        small = page.evaluate(
            """() => [...document.querySelectorAll("#page :is(button, input, summary, .gallery label)")]
                .filter((node) => node.type !== "checkbox")
                .filter((node) => node.offsetParent).map((node) => [node.className, node.getBoundingClientRect()])
                .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""
        )
        assert small == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("person", [PHONE], indirect=True)
def test_on_a_phone_the_bar_has_two_rows_in_every_language(person):
    person.open_example(0)
    bar = person.page.locator("#page .bar")
    for language, words_of in page_words().items():
        person.page.evaluate(
            """(words) => document.querySelectorAll("#page .bar [data-word]").forEach((node) => {
                if (node.dataset.do !== "several") node.textContent = words[node.dataset.word];
            })""",
            words_of,
        )
        assert bar.bounding_box()["height"] <= 2 * 48 + 10, language
        expect(bar.get_by_role("button", name=words_of["clear"], exact=True)).to_be_visible()
    # The gallery takes the place of what opens another photo.
    person.page.locator("#page .photos").set_input_files([ROOT / "docs" / "screenshot.png"])
    person.page.locator("#page .tile[data-state=done]").wait_for()
    person.do("several")
    assert bar.bounding_box()["height"] <= 2 * 48 + 10
    expect(bar.get_by_role("button", name="Several photos (1)", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "size, least", [({"width": 1440, "height": 900}, 0.35), ({"width": 1920, "height": 1080}, 0.40)]
)
def test_the_picture_is_the_page_and_nothing_scrolls(address, tmp_path, size, least):
    Image.fromarray(astronaut()).resize((1242, 1583)).save(tmp_path / "portrait.png")
    with visitor(address, viewport=size) as person:
        person.upload(tmp_path / "portrait.png")
        assert person.share_of_screen() >= least
        for number, x in enumerate((0.2, 0.35, 0.5, 0.65, 0.8), start=1):
            person.do("for-next") if number > 1 else None
            choose_code(person, ORANGE)
            person.click(x, 0.5)
            person.wait_for_hints(lambda hints, number=number: len(hints) == number, "the dot")
        assert person.page.evaluate("scrollY") == 0


@pytest.mark.parametrize(
    "person", [{"color_scheme": "light"}, {"color_scheme": "dark", "locale": "de-DE"}], indirect=True
)
def test_nobody_is_shut_out_by_contrast_a_missing_name_or_a_language(person):
    german = person.page.evaluate("navigator.language") == "de-DE"
    assert person.page.locator("#page .choose").inner_text() == ("Foto auswählen" if german else "Choose a photo")
    for state in ("empty", "working", "area", "gallery"):
        if state == "working":
            person.open_example(0)
            person.page.locator("#page .hint-list .number").first.click()
            person.settle()
        elif state == "area":
            person.tool("area")
            person.click(0.24, 0.62)
            person.page.locator("#page .area-box").wait_for()
        elif state == "gallery":
            person.do("several")
            person.page.locator("#page .photos").set_input_files([ROOT / "docs" / "screenshot.png"])
            person.page.locator("#page .tile[data-state=done]").wait_for()
        found = Axe().run(person.page)["violations"]
        serious = [
            (each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], state


def test_a_grey_photo_says_that_there_is_nothing_to_compare_with(person, grey_photo):
    person.upload(grey_photo)
    assert not person.page.locator("#page [data-view=original]").is_visible()
    assert person.page.locator("#gan-loss").inner_text() == ""
    person.page.locator("#page summary").click()
    assert "no colour to compare with" in person.page.locator("#page .meaning").inner_text()
    assert not person.page.locator("#page .curve-box").is_visible()
