"""Paint and areas: what becomes hints of it."""

import numpy as np
from playwright.sync_api import expect

from tests.browser import NEEDS_CHROMIUM, around, near, warmth

pytestmark = NEEDS_CHROMIUM

ORANGE = "#e07020"


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
    person.choose_code(ORANGE)
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
    # The sketch editor lies over the photo at any zoom.
    person.press("zoom-in")
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
    person.choose_code("#2040ff")
    person.wait_for(lambda: blueness(0.24, 0.62) > before + 30, "the area in its colour")
    # Only the suit is coloured, not what is behind it, and there are no hints yet.
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
    person.choose_code("#2040ff")
    person.page.locator("#page .area-note").fill("from the museum")
    person.page.locator("#page .area-note").press("Enter")
    hints = person.wait_for_hints(lambda hints: hints, "the area as hints")
    assert {(hint["colour"], hint["note"]) for hint in hints} == {("#2040ff", "from the museum")}
    person.wait_for(lambda: blueness(0.24, 0.62) > before + 30, "the coloured suit")
    person.page.keyboard.press("Control+z")
    person.wait_for_hints(lambda hints: hints == [], "the area to be taken back in one step")
    person.page.keyboard.press("Control+y")
    assert person.wait_for_hints(lambda hints: hints, "the area once more") == hints

    # An area is one row, which changes all its dots; a dot that gets another colour leaves it.
    rows = person.page.locator("#page .hint-list > li")
    fold = rows.locator(".fold")
    expect(fold).to_have_text(f"Area, {len(hints)} dots")
    rows.locator("> input[type=color]").fill("#2f8f4f")
    person.wait_for_hints(lambda hints: {hint["colour"] for hint in hints} == {"#2f8f4f"}, "the area in green")
    rows.locator("> .note").fill("from his letters")
    rows.locator("> .note").press("Enter")
    hints = person.wait_for_hints(lambda hints: {hint["note"] for hint in hints} == {"from his letters"}, "the note")
    person.reload()
    person.continue_work()
    assert person.hints() == hints
    expect(rows).to_have_count(1)
    expect(rows.locator(".number").first).to_be_hidden()
    fold.click()
    rows.locator(".its-dots input[type=color]").first.fill("#d02020")
    person.wait_until_idle()
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
    person.press("keep-grey")
    hints = person.wait_for_hints(lambda hints: len(hints) > count, "the grey area")[count:]
    assert {hint["colour"] for hint in hints} == {"#808080"}
    assert all(10 <= hint["x"] <= 40 and 60 <= hint["y"] <= 95 for hint in hints)
    person.wait_for(lambda: np.ptp(around(person.picture(), 0.25, 0.8), axis=2).max() <= 4, "no colour in the area")
    assert np.ptp(around(person.picture(), 0.57, 0.42, reach=0.01), axis=2).mean() > 30
    all_hints = person.hints()
    person.reload()
    person.continue_work()
    assert person.hints() == all_hints
