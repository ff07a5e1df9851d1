"""A person at the page: headless Chromium, the real app in a process of its own, and what is seen and done there.

Used by test_browser.py; on its own it keeps pictures of the page in a folder, the README's `screenshot.png` among them:
`python -m tests.browser screenshots`.
"""

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
from playwright.sync_api import Page, sync_playwright

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


@contextlib.contextmanager
def running_app() -> Iterator[str]:
    """The address of the app, started in a process of its own as `make app` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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


class Visitor:
    """A browser window on the app, with what it asked of the network and what it complained of."""

    def __init__(self, page: Page, address: str):
        self.page, self.address = page, address
        self.foreign_requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.goto(address)
        page.wait_for_selector("#board .stage")

    def _hear(self, line) -> None:
        # Gradio's editor says so of a layer that was replaced while its tab was at the back.
        if line.type == "error" and line.text != "No draw texture found for layer":
            self.complaints.append(line.text)

    def _note_request(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        # Playwright sees no events during time.sleep.
        wait_for(condition, what, pause=lambda seconds: self.page.wait_for_timeout(1000 * seconds))

    # Photos and pictures.

    def upload(self, path: Path) -> None:
        before = self.shown("gan")
        self.page.locator("#photo input[type=file]").set_input_files(path)
        self.wait_for(lambda: self.shown("gan") not in (None, before), "the coloured picture")
        self.settle()

    def open_example(self, number: int) -> None:
        before = self.shown("gan")
        self.page.locator("#examples button.gallery-item").nth(number).click()
        self.wait_for(lambda: self.shown("gan") not in (None, before), "the coloured example")
        self.settle()

    def settle(self) -> None:
        """Wait until the picture has not changed for a while: the editor tells of a new background several times."""
        while True:
            before = self.shown("gan")
            self.page.wait_for_timeout(1000)
            if self.shown("gan") == before and not self.page.locator("#board .status.busy").count():
                return

    def shown(self, role: str) -> str | None:
        """The address of the coloured picture of that network."""
        pictures = self.page.locator(f"#{role} img")
        return pictures.last.get_attribute("src") if pictures.count() == 2 else None

    def picture(self, role: str = "gan") -> np.ndarray:
        """The coloured picture (H,W,3) int."""
        return self.fetched(self.shown(role))

    @staticmethod
    def fetched(address: str) -> np.ndarray:
        content = urllib.request.urlopen(address).read()
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)

    def download(self, kind: str) -> Path:
        """The file of that label of "What to download", under its own name."""
        self.page.locator("#what input").click()
        self.page.get_by_role("option", name=kind, exact=True).click()
        with self.page.expect_download() as download:
            self.page.locator("#download").click()
        path = Path(download.value.path()).with_name(download.value.suggested_filename)
        download.value.save_as(path)
        return path

    # Hints.

    def hints(self) -> list[dict]:
        """The list on the page: x and y in hundredths, colour, note."""
        # At one moment, for the page may change it between two questions.
        return self.page.evaluate(
            """() => [...document.querySelectorAll("#hint-list li")].map((row) => {
                const [x, y] = row.querySelector(".place").innerText.match(/\\d+/g).map(Number);
                const [colour, note] = ["input[type=color]", ".note"].map((each) => row.querySelector(each).value);
                return { x, y, colour, note };
            })"""
        )

    def wait_for_hints(self, condition: Callable[[list[dict]], object], what: str) -> list[dict]:
        self.wait_for(lambda: condition(self.hints()), what)
        self.settle()
        return self.hints()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where on the page that place of the photo is on the board, not zoomed."""
        stage = self.page.locator("#board .stage")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def click(self, x: float, y: float, button: str = "left") -> None:
        self.page.mouse.click(*self.at(x, y), button=button)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=5)
        self.page.mouse.up()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def open_sketch(self) -> None:
        self.tab("Paint")
        self.page.wait_for_selector("#sketch canvas")
        self.settle()

    def paint(self, x: float, y: float) -> None:
        """A dot with the mouse at that place of the sketch, in [0, 1]; the sketch must be square."""
        self.page.locator("#sketch canvas").first.scroll_into_view_if_needed()
        left, top, side = self._sketch_place()
        x, y = left + x * side, top + y * side
        # The cursor must be seen over the picture before the press counts.
        self.page.mouse.move(x - 3, y)
        self.page.wait_for_timeout(150)
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(150)
        self.page.mouse.down()
        self.page.mouse.up()

    def _sketch_place(self) -> tuple[float, float, float]:
        """Left, top and side on the page of a square sketch, which the editor fits into its canvas with a margin."""
        box = self.page.locator("#sketch canvas").first.bounding_box()
        zoom = float(self.page.locator("#sketch").get_by_text("%", exact=False).first.inner_text().rstrip("%")) / 100
        side = 512 * zoom
        return box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2, side


@contextlib.contextmanager
def visitor(address: str, **options) -> Iterator[Visitor]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield Visitor(browser.new_page(**({"viewport": {"width": 1280, "height": 1000}} | options)), address)
        finally:
            browser.close()


def main(folder: str) -> None:
    """The README's picture, and the same page dark, on a phone, and with the sketch, to be looked at."""
    pictures = Path(folder)
    pictures.mkdir(parents=True, exist_ok=True)
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
    views = {"screenshot": {}, "dark": {"color_scheme": "dark"}, "phone": phone}
    with running_app() as address:
        for name, options in views.items():
            with visitor(address, **options) as person:
                person.page.screenshot(path=pictures / f"{name}-empty.png", full_page=True)
                person.open_example(0)
                person.page.locator("#hint-list .number").first.click()
                person.settle()
                person.page.screenshot(path=pictures / f"{name}.png", full_page=True)
                if name == "dark":
                    person.page.locator("#advise input").check()
                    person.page.locator("#doubt input").check()
                    person.settle()
                    person.page.screenshot(path=pictures / "advice.png", full_page=True)
                    person.open_sketch()
                    person.page.screenshot(path=pictures / "paint.png", full_page=True)
                    person.tab("Several photos")
                    person.page.screenshot(path=pictures / "several.png", full_page=True)


if __name__ == "__main__":
    main(sys.argv[1])
