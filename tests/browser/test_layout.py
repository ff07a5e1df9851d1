"""Layout and accessibility: phones, languages, screens, contrast and names of controls."""

import pytest
from axe_core_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut

from colouru.ui.i18n import page_words
from tests.browser import NEEDS_CHROMIUM, PHONE, ROOT, near, visitor

pytestmark = NEEDS_CHROMIUM

ORANGE = "#e07020"


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
    # The colours are visible without scrolling.
    page.locator("#page .named button").first.tap()
    person.wait_until_idle()
    assert person.hints()[0]["colour"] != hint["colour"] and page.evaluate("scrollY") == 0
    spread = [[person.at(0.5 - d, 0.5), person.at(0.5 + d, 0.5)] for d in (0.1, 0.15, 0.2, 0.3)]
    gesture(*spread)
    zoom = page.locator("#page .zoom")
    person.wait_for(lambda: int(zoom.text_content().rstrip(" %")) > 200, "the fingers to zoom")
    person.wait_until_idle()
    assert len(person.hints()) == 1
    person.press("fit")
    page.evaluate("scrollTo(0, 500)")
    person.wait_for(lambda: page.evaluate("scrollY") > 100, "the sheet to scroll")
    bar, middle = (page.locator(f"#page .{name}").bounding_box() for name in ("bar", "middle"))
    assert bar["y"] == 0 and abs(middle["y"] - bar["height"]) <= 1
    page.evaluate("scrollTo(0, 0)")
    page.locator("#page button[data-tool=area]").tap()
    page.touchscreen.tap(*person.at(0.8, 0.2))
    page.locator("#page .area-box").wait_for()
    person.wait_until_idle()
    _, top, _, height = person.picture_box()
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
    # On a narrow bar the button of the gallery takes the place of those that open a photo.
    person.page.locator("#page .photos").set_input_files([ROOT / "docs" / "screenshot.png"])
    person.page.locator("#page .tile[data-state=done]").wait_for()
    person.press("several")
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
            person.press("for-next") if number > 1 else None
            person.choose_code(ORANGE)
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
            person.wait_until_idle()
        elif state == "area":
            person.tool("area")
            person.click(0.24, 0.62)
            person.page.locator("#page .area-box").wait_for()
        elif state == "gallery":
            person.press("several")
            person.page.locator("#page .photos").set_input_files([ROOT / "docs" / "screenshot.png"])
            person.page.locator("#page .tile[data-state=done]").wait_for()
        found = Axe().run(person.page)["violations"]
        serious = [
            (each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], state
