"""A person paints dots with the mouse in a real browser, and the picture answers."""

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from colouru.hints import hints_from_json
from colouru.ui.examples import examples
from tests.browser import CHROMIUM, ROOT, running_app, visitor

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

SCREENSHOTS = ROOT / "screenshots"


@pytest.fixture(scope="module")
def address():
    SCREENSHOTS.mkdir(exist_ok=True)
    with running_app() as address:
        yield address


@pytest.fixture
def person(address):
    with visitor(address) as person:
        yield person
        assert person.foreign_requests == []
        assert person.complaints == []


def around(picture: np.ndarray, x: float, y: float, reach: int = 12) -> np.ndarray:
    """The pixels around a place in [0, 1]."""
    row, column = int(y * picture.shape[0]), int(x * picture.shape[1])
    return picture[row - reach : row + reach, column - reach : column + reach]


def test_a_painted_dot_colours_the_picture_near_it_and_undo_takes_it_back(person, tmp_path):
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    person.upload(tmp_path / "camera.png")
    person.open_hints()
    before = {role: person.picture(role) for role in ("gan", "baseline")}
    person.page.screenshot(path=SCREENSHOTS / "uploaded.png", full_page=True)

    # The brush starts out as medium skin, #c68642: more red than green, more green than blue.
    x, y = 0.7, 0.3
    person.paint(x, y)
    person.wait_for(lambda: len(person.hints()) == 1, "the dot to become a hint")
    person.settle()
    (hint,) = person.hints()
    assert abs(hint["x"] - x) < 0.02 and abs(hint["y"] - y) < 0.02 and hint["colour"] == "#c68642"
    person.page.screenshot(path=SCREENSHOTS / "painted.png", full_page=True)
    for role, without in before.items():
        after = person.picture(role)
        warmth = [around(p, x, y)[..., 0].mean() - around(p, x, y)[..., 2].mean() for p in (without, after)]
        assert warmth[1] > warmth[0] + 10, role
        change = np.abs(after - without)
        assert around(change, 0.05, 0.95).mean() < 0.3 * around(change, x, y).mean(), role

    person.page.locator("#sketch").get_by_label("Undo", exact=True).click()
    person.wait_for(lambda: person.hints() == [], "the dot to be taken back")
    person.settle()
    for role, without in before.items():
        assert np.abs(person.picture(role) - without).max() <= 1, role


def test_a_dot_counts_in_a_browser_whose_sketch_cannot_be_read_directly(person, tmp_path):
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    person.upload(tmp_path / "camera.png")
    person.open_hints()
    person.page.evaluate("window.editor = undefined")
    person.paint(0.7, 0.3)
    person.wait_for(lambda: [hint["colour"] for hint in person.hints()] == ["#c68642"], "the dot to become a hint")


def test_a_colour_photo_shows_its_loss_and_downloads_at_its_own_size(person, tmp_path):
    photo = Image.fromarray(astronaut()).resize((800, 700))
    photo.save(tmp_path / "astronaut.jpg", quality=95)
    person.upload(tmp_path / "astronaut.jpg")
    for role in ("gan", "baseline"):
        assert "Normalized loss 0." in person.page.locator(f"#{role}-loss").inner_text()
        with person.page.expect_download() as download:
            person.page.locator(f"#{role}-download").click()
        assert download.value.suggested_filename == f"astronaut-{role}.png"
        assert Image.open(download.value.path()).size == (800, 700)


def test_every_example_is_one_click_and_its_dots_lie_where_they_belong(person):
    for number, (_, hints_json) in enumerate(examples()):
        person.page.locator("button.gallery-item").nth(number).click()
        person.wait_for(lambda: person.shown("gan"), "the coloured example")
        if number == 0:
            person.open_hints()
        # The hints on the page are read back from the editor, so they are what is seen there.
        expected = {hint.colour: hint for hint in hints_from_json(hints_json)}
        person.wait_for(
            lambda e=expected: {h["colour"] for h in person.hints()} == e.keys(), f"dots of example {number}"
        )
        person.settle()
        found = person.hints()
        assert len(found) == len(expected)
        for hint in found:
            same = expected[hint["colour"]]
            assert abs(same.x - hint["x"]) < 0.01 and abs(same.y - hint["y"]) < 0.01
    with person.page.expect_download() as download:
        person.page.locator("#gan-download").click()
    assert download.value.suggested_filename == "camera-gan.png"


def test_a_file_that_is_no_photo_is_refused_in_words_and_nothing_is_lost(person, tmp_path):
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    person.upload(tmp_path / "camera.png")
    person.open_hints()
    person.paint(0.5, 0.5)
    person.wait_for(lambda: len(person.hints()) == 1, "the dot to become a hint")
    person.settle()
    kept = person.shown("gan")
    (tmp_path / "diary.jpg").write_text("Dear diary")
    person.page.get_by_label("Remove Image").first.click()
    person.page.locator("#photo input[type=file]").set_input_files(tmp_path / "diary.jpg")
    toast = person.page.get_by_test_id("toast-body")
    toast.wait_for()
    assert "diary.jpg is not a picture that can be read" in toast.inner_text()
    assert "Traceback" not in person.page.content()
    assert person.shown("gan") == kept and len(person.hints()) == 1
