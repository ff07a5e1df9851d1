"""Latencies of the page, for one person and for several at once, the picture's share of the screen, and how often a
person has to scroll.

python -m tests.benchmarks.page
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.ui import views
from colouru.ui.session import PREVIEW_SIDE, Session
from tests.benchmarks.timing import median_times
from tests.browser import ARGUMENTS, CHROMIUM, PHONE, SCREEN, Visitor, running_app

CLICKS, STROKES, PEOPLE = 10, 5, 5

# Records when the mouse or finger was lifted; the page marks when an answer is drawn.
WATCH = """() => {
    window.lifted = [];
    performance.clearMarks();
    addEventListener("pointerup", () => window.lifted.push(performance.now()), true);
}"""
WAITS = """() => {
    const shown = performance.getEntriesByName("colouru-coloured").map((mark) => mark.startTime);
    return window.lifted.map((at) => shown.find((then) => then > at) - at).filter((wait) => wait > 0);
}"""


def main() -> None:
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, running_app() as address, sync_playwright() as playwright:
        small, portrait, large = (Path(folder) / name for name in ("small.png", "portrait.jpg", "large.jpg"))
        Image.fromarray(astronaut()).save(small)
        Image.fromarray(astronaut()).resize((1242, 1600), Image.Resampling.BICUBIC).save(portrait, quality=92)
        Image.fromarray(astronaut()).resize((4000, 3000), Image.Resampling.BICUBIC).save(large, quality=92)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def person(**options) -> Visitor:
            visitor = Visitor(browser.new_context(**(SCREEN | options)).new_page(), address)
            visitor.page.on("dialog", lambda dialog: dialog.accept())
            return visitor

        for size in ((1440, 900), (1920, 1080)):
            one = person(viewport={"width": size[0], "height": size[1]})
            one.upload(portrait)
            print(f"share of the screen of a portrait at {size[0]} x {size[1]}: {one.share_of_screen():.1%}")
        for name, options in (("desktop", {}), ("phone", PHONE)):
            one = person(**options)
            print(f"scrolls for a photo and five dots with colours, {name}: {scrolls(one, portrait)}")

        started = time.perf_counter()
        one = person()
        print(f"page until it can be used: {time.perf_counter() - started:.2f} s")
        one.upload(portrait)
        alone = clicks([one], chance.uniform(0.1, 0.9, (CLICKS, 1, 2)))
        print(f"dot to picture, {PREVIEW_SIDE} px preview, median of {len(alone)}: {statistics.median(alone):.2f} s")
        one.tool("paint")
        strokes = [stroke(one, place) for place in chance.uniform(0.1, 0.9, (STROKES, 2))]
        print(f"dot in Paint to picture, median of {len(strokes)}: {statistics.median(strokes):.2f} s")
        one.tool("dots")
        started = time.perf_counter()
        one.upload(large)
        print(f"upload of 12 megapixels to picture: {time.perf_counter() - started:.2f} s")

        people = [person() for _ in range(PEOPLE)]
        for other in people:
            other.upload(small)
        together = clicks(people, chance.uniform(0.1, 0.9, (8, PEOPLE, 2)))
        print(
            f"the same with {PEOPLE} people, each a dot every two seconds: {statistics.median(together):.2f} s, "
            f"{statistics.median(together) / statistics.median(alone):.1f} times as long as one"
        )
        browser.close()

        canvas = pipeline().open(portrait)
        hints = [Hint(x=0.1 * number, y=0.5, colour="#bd9175") for number in range(8)]
        session = Session(str(portrait), (1242, 1600), canvas, tuple(hints))
        server = median_times({"dot": lambda: views.colours_view(session, selected=7, stamp=0)})["dot"]
        print(f"of a dot the server's own part: {server:.3f} s")
        answer = views.colours_view(session, selected=7, stamp=0)
        print(f"what an answer carries: {sum(map(len, answer['chroma'].values())) / 1024:.0f} KiB of colour")


def clicks(people: list[Visitor], places: np.ndarray) -> list[float]:
    """Seconds from click to new picture; (rounds,people,2) places, a round every two seconds."""
    for person in people:
        person.page.evaluate(WATCH)
    at = [[person.at(*place) for person, place in zip(people, round, strict=True)] for round in places]
    for round in at:
        for person, place in zip(people, round, strict=True):
            person.page.mouse.click(*place)
            person.page.wait_for_timeout(2000 / len(people))
    for person in people:
        person.wait_until_idle()
    return [wait / 1000 for person in people for wait in person.page.evaluate(WAITS)]


def stroke(person: Visitor, place: np.ndarray) -> float:
    person.page.evaluate(WATCH)
    person.paint(tuple(place))
    person.wait_until_idle()
    return person.page.evaluate(WAITS)[0] / 1000


def scrolls(person: Visitor, photo: Path) -> int:
    """How often a person has to scroll to open a photo and to put five dots, each in a colour of its own, on it."""
    needed = 0

    def press(selector: str) -> None:
        nonlocal needed
        box = person.page.locator(selector).bounding_box()
        needed += not 0 <= box["y"] <= person.page.viewport_size["height"] - box["height"]
        person.page.locator(selector).click()

    person.upload(photo)
    for number in range(5):
        x, y = person.at(0.2 + 0.15 * number, 0.5)
        person.page.mouse.click(x, y)
        person.wait_until_idle()
        press(f"#page .named button >> nth={number}")
        person.wait_until_idle()
        press("#page .for-next")
    return needed


if __name__ == "__main__":
    main()
