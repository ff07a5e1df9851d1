"""Dots and their colours, with mouse and keys."""

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut

from colouru.ui.i18n import page_words
from tests.browser import NEEDS_CHROMIUM, around, near, warmth

pytestmark = NEEDS_CHROMIUM

ORANGE = "#e07020"
WORDS = page_words()["en"]


def test_a_click_colours_the_canvas_under_it_and_undo_and_redo_take_it_back_and_forth(person, grey_photo):
    person.upload(grey_photo)
    expect(person.page.locator("#page .hint")).to_have_text(WORDS["click_here"])
    person.choose_code(ORANGE)
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
    person.press("redo")
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
    person.wait_until_idle()
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
        person.press("undo")
        person.wait_for_hints(lambda hints, step=step: len(hints) == step, "a dot to come back")
    person.press("clear")
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

    assert colour_after(lambda: person.choose_code("#8A5A33"), "the code") == "#8a5a33"
    person.choose_code("mauve")
    assert person.hints()[0]["colour"] == "#8a5a33" and page.locator("#page .hex").input_value() == "#8a5a33"
    colour_after(lambda: page.locator("#page .plane").click(position={"x": 70, "y": 50}), "the plane")
    assert page.locator("#page .gamut").inner_text() == ""
    sky = page.locator("#page .named button").filter(has_text="sky")
    red, green, blue = bytes.fromhex(colour_after(sky.click, "the named colour")[1:])
    assert blue > green > red
    colour_after(likely.nth(1).click, "the likely colour")
    assert page.locator("#page .recent button").count() >= 3

    person.press("pick")
    red, green, blue = bytes.fromhex(colour_after(lambda: person.click(0.24, 0.62), "the suit's own colour")[1:])
    assert red > green > blue and red - blue > 60 and len(person.hints()) == 1
    Image.new("RGB", (60, 40), "#2255aa").save(tmp_path / "blue.png")
    page.locator("#page .reference-file").set_input_files(tmp_path / "blue.png")
    page.wait_for_selector("#page .reference")
    assert colour_after(page.locator("#page .reference").click, "the other picture's colour") == "#2255aa"
    colour_after(lambda: person.choose_code("#ffff00"), "a colour too strong for the spot")
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
    person.press("for-next")
    expect(which).to_have_text("Next dot")
    person.choose_code(ORANGE)
    assert person.hints() == [first]
    person.click(0.2, 0.6)
    hints = person.wait_for_hints(lambda hints: len(hints) == 2, "the second dot")
    assert hints[0] == first and hints[1]["colour"] == ORANGE
    expect(which).to_have_text("Dot 2 of 2")
    person.press("for-next")
    person.press("true-colour")
    person.click(0.24, 0.62)
    hints = person.wait_for_hints(lambda hints: len(hints) == 3, "a dot of the original's colour")
    truth = astronaut()[int(0.62 * 512), int(0.24 * 512)].astype(int)
    assert np.abs(np.array(list(bytes.fromhex(hints[2]["colour"][1:]))) - truth).max() < 25
    person.page.locator("#page summary").click()
    person.page.locator("#page .how-many").fill("3")
    person.press("random-dots")
    person.wait_for_hints(lambda hints: len(hints) == 6, "three random true dots")
    expect(person.page.locator("#page .random-dots")).to_be_enabled()
    expect(person.page.locator("#page .curve polyline")).to_have_count(2)
    with person.page.expect_download() as download:
        person.press("curve-file")
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "dots,gan,baseline" and [row.split(",")[0] for row in rows[1:]] == list("0123456")
    person.press("undo")
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
    person.wait_until_idle()
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
    # Stripes one pixel wide, which the preview is too small to show.
    stripes = np.full((2400, 3200), 60, np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    person.upload(tmp_path / "stripes.png")
    left, top, width, height = person.picture_box()
    assert person.picture().std() < 10
    for _ in range(2):
        person.press("zoom-in")
    person.wait_for(lambda: person.page.locator("#page .zoom").inner_text() == "225 %", "the zoom to be told")
    middle = left + width / 2, top + height / 2
    person.page.mouse.click(middle[0] + 0.25 * width, middle[1])
    (hint,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    assert near(hint, 0.5 + 0.25 / 2.25, 0.5)
    person.page.mouse.move(*middle)
    person.page.mouse.down()
    person.page.mouse.move(middle[0] - 0.2 * width, middle[1], steps=5)
    person.page.mouse.up()
    person.wait_until_idle()
    assert len(person.hints()) == 1
    person.page.mouse.click(middle[0], middle[1] + 0.2 * height)
    hints = person.wait_for_hints(lambda hints: len(hints) == 2, "the dot after the pan")
    assert near(hints[1], 0.5 + 0.2 / 2.25, 0.5 + 0.2 / 2.25)
    for _ in range(3):
        person.press("zoom-in")
    person.wait_for(lambda: person.picture()[:200].std() > 30, "the photo's own pixels")


def test_views_and_layers_change_what_is_seen(person):
    person.open_example(1)
    page, coloured = person.page, person.picture()
    person.view("grey")
    person.wait_until_idle()
    grey = person.picture()
    assert np.ptp(grey, axis=2).max() == 0
    person.view("split")
    person.wait_until_idle()
    split, half = person.picture(), coloured.shape[1] // 2
    assert (split[:, : half - 30] == grey[:, : half - 30]).all()
    assert (split[:, half + 30 :] == coloured[:, half + 30 :]).all()
    page.locator("#page .divider").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    person.wait_until_idle()
    assert (person.picture()[:, half + 5] == grey[:, half + 5]).all()
    person.view("original")
    person.wait_until_idle()
    assert np.abs(person.picture() - coloured).mean() > 3
    person.view("colour")
    page.locator("#page [data-network=baseline]").click()
    person.wait_until_idle()
    assert np.abs(person.picture() - coloured).mean() > 1
    page.locator("#page [data-network=gan]").click()
    person.press("advice")
    page.locator("#page .marker").wait_for()
    person.press("uncertainty")
    page.locator("#page .legend").wait_for()
    person.wait_until_idle()
    tinted = (np.abs(person.picture() - coloured).max(2) > 6).mean()
    assert 0.1 < tinted < 0.3
