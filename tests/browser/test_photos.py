"""Opening and saving photos, and the queue in front of the server."""

from PIL import Image
from playwright.sync_api import expect
from skimage.data import astronaut

from colouru.hints import hints_from_json
from colouru.ui.examples import examples
from colouru.ui.i18n import page_words
from tests.browser import NEEDS_CHROMIUM, near

pytestmark = NEEDS_CHROMIUM

WORDS = page_words()["en"]


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
        person.wait_until_idle()
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
    person.choose_file(hints_file)
    assert person.wait_for_hints(lambda hints: hints, "the opened hints") == saved


def test_every_example_is_one_click_and_its_dots_lie_where_they_belong(person):
    person.page.on("dialog", lambda dialog: dialog.accept())
    for number, (_, hints_json) in enumerate(examples()):
        person.open_example(number)
        expected, found = hints_from_json(hints_json), person.hints()
        assert [hint["colour"] for hint in found] == [hint.colour for hint in expected]
        assert all(near(shown, hint.x, hint.y, reach=1) for shown, hint in zip(found, expected, strict=True))


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
    person.choose_file(grey_photo)
    progress = page.locator("#page .progress")
    expect(progress).to_contain_text("32 are waiting. About 12 s. camera.png is sent as soon as there is room")
    assert uploads == []
    page.route("**/queue/join**", queue)
    full[0] = False
    expect(progress).to_contain_text("Nothing is lost")
    page.wait_for_selector("#page .colouru[data-state=working]")
    person.wait_until_idle()
    person.click(0.3, 0.3)
    person.wait_for_hints(lambda hints: len(hints) == 1 and hints[0]["colour"] != "#808080", "the dot's answer")
    assert len(refused) == 4 and page.get_by_test_id("toast-body").count() == 0
    # The browser logs each 503 as an error.
    person.errors = [each for each in person.errors if "503" not in each]


def test_a_grey_photo_says_that_there_is_nothing_to_compare_with(person, grey_photo):
    person.upload(grey_photo)
    assert not person.page.locator("#page [data-view=original]").is_visible()
    assert person.page.locator("#gan-loss").inner_text() == ""
    person.page.locator("#page summary").click()
    assert "no colour to compare with" in person.page.locator("#page .meaning").inner_text()
    assert not person.page.locator("#page .curve-box").is_visible()
