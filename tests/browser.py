"""A person at the page: headless Chromium, the real app in a process of its own, and what is seen and done there.

Used by the browser tests; on its own it keeps pictures of the page in a folder, the README's `screenshot.png` among
them: `python -m tests.browser screenshots`.
"""

import base64
import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from colouru.ui.examples import examples

# As long as `wait_for`: a busy machine draws late.
expect.set_options(timeout=60_000)

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREEN = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


@contextlib.contextmanager
def running_app(port: int | None = None) -> Iterator[str]:
    """The address of the app, started in a process of its own as `make app` does."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for(lambda: answers(address) or process.poll() is not None, "the app to answer", seconds=120)
        assert process.poll() is None, process.stdout.read().decode()
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=2).status == 200
    except OSError:
        return False


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60, pause=time.sleep) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        pause(0.1)


def near(hint: dict, x: float, y: float, reach: int = 2) -> bool:
    """Whether a hint of `Visitor.hints` lies at that place in [0, 1], give or take that many hundredths."""
    return abs(hint["x"] - 100 * x) <= reach and abs(hint["y"] - 100 * y) <= reach


def opaque_box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is opaque in (H,W,4)."""
    rows, columns = (np.flatnonzero(pixels[..., 3].any(axis)) for axis in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


class Visitor:
    """A browser window on the app, with what it asked of the network and what it complained of."""

    def __init__(self, page: Page, address: str):
        page.set_default_timeout(120_000)
        self.page, self.address = page, address
        self.foreign_requests: list[str] = []
        self.uploads: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.goto(address)
        self.wait_until_ready()

    def _hear(self, line) -> None:
        # Gradio's editor says so of a layer that was replaced while it was not seen.
        if line.type == "error" and line.text != "No draw texture found for layer":
            self.complaints.append(line.text)

    def _note_request(self, request) -> None:
        if "/gradio_api/upload" in request.url:
            self.uploads.append(request.url)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector("#page .pairs .pair, #page .colouru[data-state=working]")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        # Playwright sees no events during time.sleep.
        wait_for(condition, what, pause=lambda seconds: self.page.wait_for_timeout(1000 * seconds))

    def do(self, name: str) -> None:
        """Press the button of that command."""
        self.page.locator(f"#page [data-do={name}]:visible").first.click()

    # Photos and pictures.

    def choose(self, path: Path) -> None:
        """Give the page a file, whatever comes of it."""
        self.page.locator("#page .bar .file").set_input_files(path)

    def upload(self, path: Path) -> None:
        self.choose(path)
        self.settle()

    def open_example(self, number: int) -> None:
        if self.page.locator("#page .pairs").is_visible():
            self.page.locator("#page .pair").nth(number).click()
        else:
            self.page.locator("#page [data-menu=examples]").click()
            self.page.locator("#page .examples-menu button").nth(number).click()
        self.settle()

    def reload(self) -> None:
        self.page.goto(self.address)
        self.wait_until_ready()

    def carry_on(self) -> None:
        """Take up the work that this browser kept."""
        self.page.locator("#page .continue").click()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing has been busy for a while, and all that has changed is drawn."""
        quiet = 0
        while quiet < 4:
            self.page.wait_for_timeout(100)
            busy = self.page.locator("#page .colouru.opening, #page .status.busy, #page .wet").count()
            quiet = 0 if busy else quiet + 1
        # What changes is drawn in the next frame, which a busy machine may put off.
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def picture(self) -> np.ndarray:
        """The photo as it is on the canvas, without its surroundings, (H,W,3) int."""
        pixels = self._pixels("#page canvas.picture")
        left, top, right, bottom = opaque_box(pixels)
        return pixels[top:bottom, left:right, :3]

    def card(self, network: str) -> np.ndarray:
        """The small picture of that network, (H,W,3) int."""
        return self._pixels(f"#page [data-network={network}] canvas")[..., :3]

    def _pixels(self, canvas: str) -> np.ndarray:
        """(H,W,4) int."""
        url = self.page.evaluate(f"document.querySelector('{canvas}').toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))).astype(int)

    def place(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the picture on the screen, where all of it is in view."""
        pixels, box = self._pixels("#page canvas.picture"), self.page.locator("#page canvas.picture").bounding_box()
        left, top, right, bottom = (edge * box["width"] / pixels.shape[1] for edge in opaque_box(pixels))
        return box["x"] + left, box["y"] + top, right - left, bottom - top

    def share_of_screen(self) -> float:
        """How much of the window the picture covers."""
        _, _, width, height = self.place()
        screen = self.page.viewport_size
        return width * height / (screen["width"] * screen["height"])

    def download(self, kind: str) -> Path:
        """The file of that kind, under its own name."""
        self.page.locator("#page [data-menu=download]").click()
        with self.page.expect_download() as download:
            self.page.locator(f"#page .download-menu [data-kind={kind}]").click()
        path = Path(download.value.path()).with_name(download.value.suggested_filename)
        download.value.save_as(path)
        return path

    def view(self, name: str) -> None:
        self.page.locator(f"#page [data-view={name}]").click()

    # Hints.

    def hints(self) -> list[dict]:
        """The list on the page, with the dots of areas: x and y in hundredths, colour, note."""
        # At one moment, for the page may change it between two questions.
        return self.page.evaluate(
            """() => [...document.querySelectorAll("#page .hint-list li:not(.whole)")].map((row) => {
                const [x, y] = row.querySelector(".place").textContent.match(/\\d+/g).map(Number);
                const [colour, note] = ["input[type=color]", ".note"].map((each) => row.querySelector(each).value);
                return { x, y, colour, note };
            })"""
        )

    def wait_for_hints(self, condition: Callable[[list[dict]], object], what: str) -> list[dict]:
        self.wait_for(lambda: condition(self.hints()), what)
        self.settle()
        return self.hints()

    def write_note(self, number: int, note: str) -> None:
        box = self.page.locator("#page .hint-list li:not(.whole) > .note").nth(number)
        box.fill(note)
        box.press("Enter")
        self.settle()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where on the screen that place of the photo is, not zoomed."""
        left, top, width, height = self.place()
        return left + x * width, top + y * height

    def click(self, x: float, y: float, button: str = "left") -> None:
        self.page.mouse.click(*self.at(x, y), button=button)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        start, end = self.at(*start), self.at(*end)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()

    def tool(self, name: str) -> None:
        self.page.locator(f"#page button[data-tool={name}]").click()
        if name == "paint":
            self.page.wait_for_function("document.querySelector('#page .slot #sketch canvas')?.offsetParent")
            self.page.wait_for_timeout(400)
        self.settle()

    def paint(self, *places: tuple[float, float]) -> None:
        """A stroke with the mouse through these places of the photo."""
        ends = [self.at(*place) for place in places]
        x, y = ends[0]
        # The cursor must be seen over the picture before the press counts.
        self.page.mouse.move(x - 3, y)
        self.page.wait_for_timeout(150)
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(150)
        self.page.mouse.down()
        for x, y in ends[1:]:
            self.page.mouse.move(x, y, steps=6)
        self.page.mouse.up()


@contextlib.contextmanager
def visitor(address: str, **options) -> Iterator[Visitor]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield Visitor(browser.new_page(**(SCREEN | options)), address)
        finally:
            browser.close()


def main(folder: str) -> None:
    """The README's picture, and the same page dark, on a phone, and with each of its tools, to be looked at."""
    pictures = Path(folder)
    pictures.mkdir(parents=True, exist_ok=True)
    views = {"screenshot": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
    with running_app() as address:
        for name, options in views.items():
            with visitor(address, **options) as person:
                person.page.screenshot(path=pictures / f"{name}-empty.png")
                person.open_example(0)
                person.page.locator("#page .hint-list .number").first.click()
                person.settle()
                person.page.screenshot(path=pictures / f"{name}.png")
                if name == "dark":
                    person.do("advise")
                    person.do("doubt")
                    person.settle()
                    person.view("split")
                    person.page.screenshot(path=pictures / "advice.png")
                    person.tool("paint")
                    person.paint((0.2, 0.85), (0.4, 0.85))
                    person.page.wait_for_timeout(500)
                    person.page.screenshot(path=pictures / "paint.png")
                    person.tool("area")
                    person.click(0.24, 0.62)
                    person.page.locator("#page .area-box").wait_for()
                    person.page.screenshot(path=pictures / "area.png")
                    person.page.locator("#page .photos").set_input_files([path for path, _ in examples()])
                    person.page.locator("#page .tile[data-state=done]").nth(3).wait_for()
                    person.page.screenshot(path=pictures / "several.png")


if __name__ == "__main__":
    main(sys.argv[1])
