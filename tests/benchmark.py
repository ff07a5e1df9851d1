"""How long a person waits: for the page, a dot, a large photo, beside others; what share of the screen the picture has,
and how often one scrolls. Figures, not bars.

python -m tests.benchmark
"""

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
from colouru.pipeline import Colourizer
from colouru.ui import board
from colouru.ui.work import PREVIEW_SIDE, View, Work
from tests.browser import ARGUMENTS, CHROMIUM, PHONE, SCREEN, Visitor, running_app
from train.hints import simulate_hints

CLICKS, STROKES, PEOPLE = 10, 5, 5

# Notes when the mouse or finger was lifted; the page marks itself when an answer is on the canvas.
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

        colourize = pipeline()
        photo = colourize.open(portrait)
        hints = [Hint(x=0.1 * number, y=0.5, colour="#bd9175") for number in range(8)]
        work = Work(str(portrait), (1242, 1600), photo, tuple(hints), View())
        print(f"of a dot the server's own part: {median_time(lambda: board.shown(work, selected=7, stamp=0)):.3f} s")
        answer = board.shown(work, selected=7, stamp=0)
        print(f"what an answer carries: {sum(map(len, answer['chroma'].values())) / 1024:.0f} KiB of colour")
        size = colourize.model.config.working_size["gan"]
        seeing, answering = network_times(colourize, size)
        print(f"generator at {size} px: {1000 * seeing:.0f} ms a photo, {1000 * answering:.0f} ms a dot")
        both = median_time(lambda: colourize(large, hints[:1]), 3)
        print(f"12 megapixels, path to both full-size pictures: {both:.1f} s")


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
        person.settle()
    return [wait / 1000 for person in people for wait in person.page.evaluate(WAITS)]


def stroke(person: Visitor, place: np.ndarray) -> float:
    person.page.evaluate(WATCH)
    person.paint(tuple(place))
    person.settle()
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
        person.settle()
        press(f"#page .named button >> nth={number}")
        person.settle()
        press("#page .for-next")
    return needed


@torch.inference_mode()
def network_times(colourize: Colourizer, size: int) -> tuple[float, float]:
    """Seconds to look at a photo `size` pixels square, and to answer its eight dots."""
    network, chance = colourize.model.gan, torch.Generator().manual_seed(0)
    L = to_network(picture_to_lab(np.asarray(Image.fromarray(astronaut()).resize((size, size)))))[0]
    hints = simulate_hints(torch.zeros(1, 2, size, size), chance, counts=8, sides=(size // 32, size // 32))
    sight = network.see(L)
    return median_time(lambda: network.see(L)), median_time(lambda: network.answer(sight, *hints))


def median_time(work, repeats: int = 7) -> float:
    """Seconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
