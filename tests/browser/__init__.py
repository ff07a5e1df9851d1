"""A person who uses the page: headless Chromium, with the app in a process of its own.

The tests in this folder use it, and `python -m tests.browser FOLDER` saves screenshots.
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
import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

# As long as in `wait_for`, because a busy machine draws late.
expect.set_options(timeout=60_000)

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_CHROMIUM = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]
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
    """Start the app as `make app` does; yields its address."""
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
    """Whether a hint of `Visitor.hints` lies at x, y in [0, 1], within `reach` hundredths."""
    return abs(hint["x"] - 100 * x) <= reach and abs(hint["y"] - 100 * y) <= reach


def around(picture: np.ndarray, x: float, y: float, reach: float = 0.025) -> np.ndarray:
    """The pixels around x, y in [0, 1]."""
    row, column, reach = int(y * picture.shape[0]), int(x * picture.shape[1]), int(reach * picture.shape[0])
    return picture[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach]


def warmth(picture: np.ndarray, x: float, y: float) -> float:
    """How much more red than blue there is around a place."""
    pixels = around(picture, x, y)
    return pixels[..., 0].mean() - pixels[..., 2].mean()


def opaque_box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the opaque part of (H,W,4)."""
    rows, columns = (np.flatnonzero(pixels[..., 3].any(axis)) for axis in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


class Visitor:
    """A browser window on the app. It records requests to other servers, uploads, and errors in the console."""

    def __init__(self, page: Page, address: str):
        page.set_default_timeout(120_000)
        self.page, self.address = page, address
        self.foreign_requests: list[str] = []
        self.uploads: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._record_request)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._record_error)
        page.goto(address)
        self.wait_until_ready()

    def _record_error(self, message) -> None:
        # Gradio's editor logs this one when its layer is replaced while it is hidden.
        if message.type == "error" and message.text != "No draw texture found for layer":
            self.errors.append(message.text)

    def _record_request(self, request) -> None:
        if "/gradio_api/upload" in request.url:
            self.uploads.append(request.url)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector("#page .pairs .pair, #page .colouru[data-state=working]")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        # Playwright handles no events during time.sleep.
        wait_for(condition, what, pause=lambda seconds: self.page.wait_for_timeout(1000 * seconds))

    def press(self, name: str) -> None:
        """Press the button with that `data-do`."""
        self.page.locator(f"#page [data-do={name}]:visible").first.click()

    # Photos and pictures.

    def choose_file(self, path: Path) -> None:
        """Choose a file, without waiting for the page."""
        self.page.locator("#page .bar .file").set_input_files(path)

    def upload(self, path: Path) -> None:
        self.choose_file(path)
        self.wait_until_idle()

    def open_example(self, number: int) -> None:
        if self.page.locator("#page .pairs").is_visible():
            self.page.locator("#page .pair").nth(number).click()
        else:
            self.page.locator("#page [data-menu=examples]").click()
            self.page.locator("#page .examples-menu button").nth(number).click()
        self.wait_until_idle()

    def reload(self) -> None:
        self.page.goto(self.address)
        self.wait_until_ready()

    def continue_work(self) -> None:
        """Press "Continue with", which opens the stored work."""
        self.page.locator("#page .continue").click()
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the page was not busy for 0.4 s, and two frames were drawn after that."""
        quiet = 0
        while quiet < 4:
            self.page.wait_for_timeout(100)
            busy = self.page.locator("#page .colouru.opening, #page .status.busy, #page .wet").count()
            quiet = 0 if busy else quiet + 1
        # Changes are drawn in the next frame, which a busy machine may delay.
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def picture(self) -> np.ndarray:
        """The visible photo on the canvas, without the area around it, (H,W,3) int."""
        pixels = self._pixels("#page canvas.picture")
        left, top, right, bottom = opaque_box(pixels)
        return pixels[top:bottom, left:right, :3]

    def card(self, network: str) -> np.ndarray:
        """The small picture in the card of a network, (H,W,3) int."""
        return self._pixels(f"#page [data-network={network}] canvas")[..., :3]

    def _pixels(self, canvas: str) -> np.ndarray:
        """The pixels of a canvas, (H,W,4) int."""
        url = self.page.evaluate(f"document.querySelector('{canvas}').toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))).astype(int)

    def picture_box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height on the screen of the visible photo."""
        pixels, box = self._pixels("#page canvas.picture"), self.page.locator("#page canvas.picture").bounding_box()
        left, top, right, bottom = (edge * box["width"] / pixels.shape[1] for edge in opaque_box(pixels))
        return box["x"] + left, box["y"] + top, right - left, bottom - top

    def share_of_screen(self) -> float:
        """The fraction of the window that the picture covers."""
        _, _, width, height = self.picture_box()
        screen = self.page.viewport_size
        return width * height / (screen["width"] * screen["height"])

    def download(self, kind: str) -> Path:
        """Download a file of that kind; returns its path, under the suggested name."""
        self.page.locator("#page [data-menu=download]").click()
        with self.page.expect_download() as download:
            self.page.locator(f"#page .download-menu [data-kind={kind}]").click()
        path = Path(download.value.path()).with_name(download.value.suggested_filename)
        download.value.save_as(path)
        return path

    def download_all(self) -> Path:
        """Download the zip of all photos of the gallery; returns its path."""
        with self.page.expect_download() as download:
            self.press("download-all")
        return Path(download.value.path())

    def view(self, name: str) -> None:
        self.page.locator(f"#page [data-view={name}]").click()

    # Hints.

    def hints(self) -> list[dict]:
        """The hints in the list on the page, areas dot by dot: x and y in hundredths, colour, note."""
        # In one call, because the page may change the list between two calls.
        return self.page.evaluate(
            """() => [...document.querySelectorAll("#page .hint-list li:not(.whole)")].map((row) => {
                const [x, y] = row.querySelector(".place").textContent.match(/\\d+/g).map(Number);
                const [colour, note] = ["input[type=color]", ".note"].map((each) => row.querySelector(each).value);
                return { x, y, colour, note };
            })"""
        )

    def wait_for_hints(self, condition: Callable[[list[dict]], object], what: str) -> list[dict]:
        self.wait_for(lambda: condition(self.hints()), what)
        self.wait_until_idle()
        return self.hints()

    def choose_code(self, code: str) -> None:
        """Type a colour code."""
        self.page.locator("#page .hex").fill(code)
        self.page.locator("#page .hex").press("Enter")

    def write_note(self, number: int, note: str) -> None:
        box = self.page.locator("#page .hint-list li:not(.whole) > .note").nth(number)
        box.fill(note)
        box.press("Enter")
        self.wait_until_idle()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place on the screen of x, y in [0, 1] of the photo, if it is not zoomed."""
        left, top, width, height = self.picture_box()
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
        self.wait_until_idle()

    def paint(self, *places: tuple[float, float]) -> None:
        """Paint a stroke with the mouse through these places of the photo."""
        ends = [self.at(*place) for place in places]
        x, y = ends[0]
        # The editor ignores a press unless it has seen the mouse move over the picture before.
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
