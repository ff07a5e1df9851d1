"""How long a person waits: for the page, for a dot to show, for a large photo, and beside others. Figures, not bars.

python -m tests.benchmark
"""

import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.colour import picture_to_lab, to_network
from colouru.hints import simulate_hints
from colouru.pipeline import Colourizer
from colouru.ui import handlers
from tests.browser import ARGUMENTS, CHROMIUM, Visitor, running_app

CLICKS, STROKES, PEOPLE = 20, 8, 5

# Notes when the mouse or finger was lifted, and when the coloured picture that is seen became another.
WATCH = """() => {
    window.lifted = [];
    window.answered = [];
    addEventListener("pointerup", () => window.lifted.push(performance.now()), true);
    new MutationObserver((changes) => {
        if (changes.some((change) => change.target.tagName === "IMG")) window.answered.push(performance.now());
    }).observe(document.querySelector("#gan"), { subtree: true, attributes: true, attributeFilter: ["src"] });
}"""
WAITS = """() => window.lifted.map((at) => window.answered.find((then) => then > at) - at).filter((wait) => wait > 0)"""


def main() -> None:
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, running_app() as address, sync_playwright() as playwright:
        small, large = Path(folder) / "small.png", Path(folder) / "large.jpg"
        Image.fromarray(astronaut()).save(small)
        Image.fromarray(astronaut()).resize((4000, 3000), Image.Resampling.BICUBIC).save(large, quality=92)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def person() -> Visitor:
            return Visitor(browser.new_context(viewport={"width": 1280, "height": 1000}).new_page(), address)

        started = time.perf_counter()
        one = person()
        print(f"page until it can be used: {time.perf_counter() - started:.2f} s")
        one.upload(small)
        alone = clicks([one], chance.uniform(0.1, 0.9, (CLICKS, 1, 2)))
        print(f"dot in Click to new picture at 512 px, median of {len(alone)}: {statistics.median(alone):.2f} s")
        one.open_sketch()
        strokes = [stroke(one, *place) for place in chance.uniform(0.1, 0.9, (STROKES, 2))]
        print(f"dot in Paint to new picture, median of {len(strokes)}: {statistics.median(strokes):.2f} s")
        one.page.on("dialog", lambda dialog: dialog.accept())
        print(f"upload of 12 megapixels to first picture: {upload(one, large):.2f} s")

        one.upload(small)
        one.tab("Click")
        people = [one, *(person() for _ in range(PEOPLE - 1))]
        for other in people[1:]:
            other.upload(small)
        together = clicks(people, chance.uniform(0.1, 0.9, (8, PEOPLE, 2)))
        print(
            f"the same with {PEOPLE} people, each a dot every two seconds: {statistics.median(together):.2f} s, "
            f"{statistics.median(together) / statistics.median(alone):.1f} times as long as one"
        )
        browser.close()

        work = handlers.start(str(small), None, *handlers.View())[2]
        dots = [{"x": 0.1 * number, "y": 0.5, "colour": "#c68642"} for number in range(8)]
        times = []
        for number in range(CLICKS):
            # As if the last of eight dots had just been put there.
            fresh = dataclasses.replace(work)
            moved = [*dots[:-1], {**dots[-1], "y": 0.01 * number}]
            times.append(timed(lambda: handlers.edit(fresh, {"hints": moved, "selected": 7}, *handlers.View())))  # noqa: B023
        print(f"of a dot in Click the server's own part: {statistics.median(times):.3f} s")
        colourize = pipeline()
        size = colourize.model.config.working_size["gan"]
        seeing, answering = network_times(colourize, size)
        print(f"generator at {size} px: {1000 * seeing:.0f} ms a photo, {1000 * answering:.0f} ms a dot")
        hints = [Hint(x=0.5, y=0.5, colour="#c68642")]
        both = median_time(lambda: colourize(large, hints), 3)
        print(f"12 megapixels, path to both full-size pictures: {both:.1f} s")


def clicks(people: list[Visitor], places: np.ndarray) -> list[float]:
    """Seconds from click to new picture; (rounds,people,2) places, a round every two seconds."""
    for person in people:
        person.page.evaluate(WATCH)
    for round in places:
        for person, place in zip(people, round, strict=True):
            person.click(*place)
            person.page.wait_for_timeout(2000 / len(people))
    for person in people:
        person.settle()
    return [wait / 1000 for person in people for wait in person.page.evaluate(WAITS)]


def stroke(person: Visitor, x: float, y: float) -> float:
    before = person.shown("gan")
    person.paint(x, y)
    return until_changed(person, before)


def upload(person: Visitor, path: Path) -> float:
    before = person.shown("gan")
    started = time.perf_counter()
    person.page.locator("#photo input[type=file]").set_input_files(path)
    until_changed(person, before)
    return time.perf_counter() - started


def until_changed(person: Visitor, before: str | None) -> float:
    started = time.perf_counter()
    while person.shown("gan") in (None, before):
        person.page.wait_for_timeout(20)
    waited = time.perf_counter() - started
    person.settle()
    return waited


@torch.inference_mode()
def network_times(colourize: Colourizer, size: int) -> tuple[float, float]:
    """Seconds to look at a photo `size` pixels square, and to answer its eight dots."""
    network, chance = colourize.model.gan, torch.Generator().manual_seed(0)
    L = to_network(picture_to_lab(np.asarray(Image.fromarray(astronaut()).resize((size, size)))))[0]
    hints = simulate_hints(torch.zeros(1, 2, size, size), chance, counts=8, sides=(size // 32, size // 32))
    sight = network.see(L)
    return median_time(lambda: network.see(L)), median_time(lambda: network.answer(sight, *hints))


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_time(work, repeats: int = 7) -> float:
    return statistics.median(timed(work) for _ in range(repeats))


if __name__ == "__main__":
    main()
