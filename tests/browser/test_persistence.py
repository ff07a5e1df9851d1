"""Work is neither lost nor changed by paint, undo, a reload, a bad file, an error or a slow download."""

import contextlib

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut

from tests.browser import NEEDS_CHROMIUM, Visitor, free_port, near, running_app, visitor

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "portrait.png")
    return tmp_path / "portrait.png"


@pytest.mark.parametrize(
    ("size", "ratio"), [((600, 400), 1), ((400, 600), 2), ((400, 600), 3), ((800, 200), 3), ((500, 500), 2)]
)
def test_paint_undo_redo_clear_and_reload_leave_every_other_hint_as_it_was(address, tmp_path, size, ratio):
    Image.fromarray(astronaut()).resize(size).save(tmp_path / "photo.png")
    with visitor(address, device_scale_factor=ratio) as person:
        person.upload(tmp_path / "photo.png")
        person.click(0.45, 0.22)
        person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
        person.write_note(0, "from the pay book")
        (first,) = person.hints()
        person.tool("paint")
        assert person.hints() == [first]
        person.paint((0.7, 0.7))
        painted = person.wait_for_hints(lambda hints: len(hints) > 1, "the paint")
        assert painted[0] == first and len(painted) == 2 and near(painted[1], 0.7, 0.7)
        for command, expected in (("undo", [first]), ("redo", painted), ("clear", []), ("undo", painted)):
            person.press(command)
            person.wait_until_idle()
            assert person.hints() == expected, command
        for tool in ("dots", "paint"):
            person.tool(tool)
            assert person.hints() == painted, tool
        person.reload()
        person.continue_work()
        assert person.hints() == painted


def test_work_outlives_a_reload_and_the_server_and_nobody_else_sees_it(photo):
    port = free_port()
    with contextlib.ExitStack() as browsers:
        with running_app(port) as address:
            person = browsers.enter_context(visitor(address))
            person.upload(photo)
            person.click(0.25, 0.6)
            person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
            person.write_note(0, "suit: orange, from the museum")
            person.view("split")
            hints, card = person.hints(), person.card("gan")
            person.reload()
            expect(person.page.locator("#page .continue")).to_have_text("Continue with portrait.png, 1 dot")
            with person.page.context.browser.new_context() as others:
                other = Visitor(others.new_page(), address)
                assert not other.page.locator("#page .kept").is_visible()
        with running_app(port):
            person.reload()
            person.continue_work()
            assert person.hints() == hints and np.abs(person.card("gan") - card).max() <= 2
            expect(person.page.locator("#page [data-view=split]")).to_have_attribute("aria-pressed", "true")
            for command, note in (("undo", ""), ("redo", hints[0]["note"])):
                person.press(command)
                person.wait_until_idle()
                assert person.hints()[0]["note"] == note
            person.reload()
            person.press("forget")
            person.wait_for(lambda: not person.page.locator("#page .kept").is_visible(), "the offer to go")
            person.reload()
            assert not person.page.locator("#page .kept").is_visible()


# All that the page has stored in the browser, by key; of objects their fields.
STORED = """() => new Promise((done) => {
    indexedDB.open("colouru", 1).onsuccess = ({ target: { result: database } }) => {
        const store = database.transaction("work").objectStore("work"), found = {};
        store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
            if (!cursor) return database.close(), done(found);
            const { key, value } = cursor, plain = value?.constructor === Object;
            found[Array.isArray(key) ? key[0] : key] = plain ? Object.keys(value).sort() : String(value);
            cursor.continue();
        };
    };
})"""


def test_stored_work_has_the_keys_and_fields_that_earlier_versions_stored(address, photo):
    with visitor(address) as person:
        person.upload(photo)
        person.click(0.25, 0.6)
        person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
        stored = person.page.evaluate(STORED)
        assert {"name", "file", "path"} == set(stored["photo"])
        assert stored["hints"] == ["hints", "history", "network", "saturation", "shownView"]
        person.press("several")
        person.page.locator("#page .photos").set_input_files([photo])
        person.page.locator("#page .tile[data-state=done]").wait_for()
        stored = person.page.evaluate(STORED)
        assert stored["file"] == "[object File]"
        assert stored["entry"] == ["heard", "hints", "id", "losses", "name", "path", "picture", "state"]


def test_a_bad_file_a_message_and_a_download_leave_everything_on_the_page(address, photo, tmp_path):
    (tmp_path / "diary.jpg").write_text("Dear diary")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "hints.json").write_text("no JSON")
    with visitor(address) as person:
        person.page.on("dialog", lambda dialog: dialog.accept())
        person.upload(photo)
        person.click(0.42, 0.24)
        hints = person.wait_for_hints(lambda hints: len(hints) == 1, "the dot")
        picture, gan, baseline = person.picture(), person.card("gan"), person.card("baseline")

        def nothing_changed() -> bool:
            return (
                person.hints() == hints
                and (person.picture() == picture).all()
                and (person.card("gan") == gan).all()
                and (person.card("baseline") == baseline).all()
                and person.page.locator("#page").get_by_text("Error", exact=True).count() == 0
            )

        for name, sentence in (("diary.jpg", "is not a picture that can be read"), ("empty.png", "is empty")):
            person.choose_file(tmp_path / name)
            toast = person.page.get_by_test_id("toast-body").filter(has_text=name)
            toast.wait_for()
            assert sentence in toast.inner_text() and nothing_changed()
            person.wait_until_idle()
        person.choose_file(tmp_path / "hints.json")
        person.page.locator("#page .toast").wait_for()
        assert nothing_changed()
        assert "Traceback" not in person.page.content()

        with person.page.expect_download():
            person.page.locator("#page .download").click()
            assert person.page.locator("#page .download.busy").count() == 1 and nothing_changed()
        person.wait_for(lambda: person.page.locator("#page .download.busy").count() == 0, "the button to be idle")
        assert nothing_changed()


def test_what_is_shown_is_what_is_saved_however_the_saturation_was_turned(address, photo):
    with visitor(address) as person:
        person.upload(photo)
        slider = person.page.locator("#page input.saturation")
        slider.focus()
        for key, presses in (("ArrowRight", 8), ("ArrowLeft", 2)):
            for _ in range(presses):
                person.page.keyboard.press(key)
        assert slider.input_value() == "1.3"
        pale = None
        for step in ("turned", "reset"):
            if step == "reset":
                person.press("reset")
            person.wait_until_idle()
            shown = person.picture()
            saved = Image.open(person.download("gan-png")).resize(shown.shape[1::-1], Image.Resampling.BICUBIC)
            assert np.median(np.abs(shown - np.asarray(saved).astype(int))) <= 2, step
            chroma = np.ptp(shown, axis=2).mean()
            assert pale is None or chroma < 0.9 * pale
            pale = chroma
