"""Several photos: the gallery, and hints that are references for other photos."""

import json
import zipfile

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut

from colouru.images.photo import open_photo
from tests.browser import NEEDS_CHROMIUM

pytestmark = NEEDS_CHROMIUM


def test_several_photos_are_a_gallery_whose_dots_stay(person, grey_photo, tmp_path):
    (tmp_path / "camera.json").write_text(json.dumps([{"x": 0.75, "y": 0.15, "colour": "#8fb8dd"}]))
    (tmp_path / "uncle.json").write_text("[]")
    (tmp_path / "diary.jpg").write_text("Dear diary")
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.jpg")
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.press("several")
    names = ("camera.png", "camera.json", "astronaut.jpg", "uncle.json", "diary.jpg")
    person.page.locator("#page .photos").set_input_files([tmp_path / name for name in names])
    tiles, done = person.page.locator("#page .tile"), person.page.locator("#page .tile[data-state=done]")
    expect(done).to_have_count(2)
    expect(person.page.locator("#page .unmatched")).to_contain_text("uncle.json")
    expect(tiles.nth(2)).to_contain_text("not a picture that can be read")
    expect(tiles.nth(0)).to_contain_text("1 dot")

    person.page.locator("#page .tile .show").nth(1).click()
    person.page.wait_for_selector("#page .colouru[data-state=working]")
    person.wait_until_idle()
    person.click(0.24, 0.62)
    (dot,) = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
    person.press("several")
    expect(tiles.nth(1)).to_contain_text("1 dot")
    expect(done).to_have_count(2)
    for name in ("baseline", "losses"):
        person.page.locator(f"#page .with-{name}").check()
    with zipfile.ZipFile(person.download_all()) as archive:
        pictures = ["astronaut-baseline.jpg", "astronaut-gan.jpg", "camera-baseline.png", "camera-gan.png"]
        assert sorted(archive.namelist()) == [*pictures, "losses.csv"]
        assert archive.read("losses.csv").decode().splitlines()[2].startswith("astronaut.jpg,1,0.")
    expect(person.page.locator("#page .download-all")).to_be_enabled()

    person.reload()
    expect(person.page.locator("#page [data-do=several]")).to_have_text("Several photos (3)")
    person.press("several")
    person.page.locator("#page .tile .show").nth(1).click()
    person.page.wait_for_selector("#page .colouru[data-state=working]")
    person.wait_until_idle()
    assert person.hints() == [dot]
    person.press("several")
    person.press("forget-all")
    expect(tiles).to_have_count(0)


def test_a_photo_of_several_that_did_not_arrive_is_sent_again_with_a_click(person, grey_photo):
    person.press("several")
    person.page.route("**/gradio_api/upload*", lambda route: route.abort())
    person.page.locator("#page .photos").set_input_files([grey_photo])
    person.page.locator("#page .tile[data-state=problem]").wait_for()
    assert person.page.locator("#page .tile .about").inner_text().endswith("Click to try again.")
    # The browser logs the aborted request as an error.
    person.errors.clear()
    person.page.unroute("**/gradio_api/upload*")
    person.page.locator("#page .tile .show").click()
    person.page.locator("#page .tile[data-state=done]").wait_for()


def test_photos_of_one_series_take_colour_from_each_other_s_dots_on_request(person, tmp_path):
    for name, crop in (("first.png", astronaut()[:360, :360]), ("second.png", astronaut()[-360:, -360:])):
        Image.fromarray(crop).save(tmp_path / name)
    page = person.page
    person.press("several")
    page.locator("#page .photos").set_input_files([tmp_path / name for name in ("first.png", "second.png")])
    done = page.locator("#page .tile[data-state=done]")
    expect(done).to_have_count(2)

    def shown(number: int) -> str:
        return page.locator("#page .tile img").nth(number).get_attribute("src")

    def open_tile(number: int) -> None:
        page.locator("#page .tile .show").nth(number).click()
        page.wait_for_selector("#page .colouru[data-state=working]")
        person.wait_until_idle()

    open_tile(1)
    plain = person.card("gan")
    person.press("several")
    alone = shown(1)
    page.locator("#page .with-series").check()
    open_tile(0)
    for count, place in enumerate(((0.75, 0.9), (0.5, 0.95)), start=1):
        person.choose_code("#2040ff")
        person.click(*place)
        person.wait_for_hints(lambda hints: len(hints) == count, "the dot")  # noqa: B023
    person.press("several")
    person.wait_for(lambda: shown(1) != alone and done.count() == 2, "the second photo to follow the first")
    followed = shown(1)
    open_tile(1)
    assert np.abs(person.card("gan") - plain).max() > 8 and person.hints() == []
    person.press("several")
    with zipfile.ZipFile(person.download_all()) as archive:
        archive.extractall(tmp_path)
    assert [open_photo(tmp_path / f"{name}-gan.png").provenance.album for name in ("first", "second")] == [0, 1]

    person.reload()
    person.press("several")
    expect(page.locator("#page .with-series")).to_be_checked()
    assert shown(1) == followed
    page.locator("#page .with-series").uncheck()
    person.wait_for(lambda: shown(1) == alone and done.count() == 2, "each photo on its own again")
