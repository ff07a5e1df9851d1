"""A person at the page: headless Chromium, the real app in a process of its own, and what is seen and done there.

Used by test_browser.py; on its own it makes the README's screenshot: `python -m tests.browser docs/screenshot.png`.
"""

import contextlib
import io
import json
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
        page.wait_for_selector("#sketch canvas")

    def _note_request(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        # Playwright sees no events during time.sleep.
        wait_for(condition, what, pause=lambda seconds: self.page.wait_for_timeout(1000 * seconds))

    def upload(self, path: Path) -> None:
        before = self.shown("gan")
        self.page.locator("#photo input[type=file]").set_input_files(path)
        self.wait_for(lambda: self.shown("gan") not in (None, before), "the coloured picture")
        self.settle()

    def settle(self) -> None:
        """Wait until the picture has not changed for a while: the editor tells of a new background several times."""
        while True:
            before = self.shown("gan")
            self.page.wait_for_timeout(1500)
            if self.shown("gan") == before:
                return

    def shown(self, role: str) -> str | None:
        """The address of the coloured picture of that network."""
        pictures = self.page.locator(f"#{role} img")
        return pictures.last.get_attribute("src") if pictures.count() == 2 else None

    def picture(self, role: str) -> np.ndarray:
        """The coloured picture (H,W,3) int."""
        content = urllib.request.urlopen(self.shown(role)).read()
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)

    def hints(self) -> list[dict]:
        text = self.page.locator("#hints .cm-content").inner_text()
        return json.loads(text.replace("\n", "") or "[]")

    def _hear(self, line) -> None:
        # Gradio writes a picture that is shown again over the file of the first time; whoever fetches that very moment
        # gets a part of it, and the next answer of the page replaces it.
        if line.type == "error" and "ERR_CONTENT_LENGTH_MISMATCH" not in line.text:
            self.complaints.append(line.text)

    def open_hints(self) -> None:
        self.page.get_by_text("The hints as JSON").click()
        self.page.wait_for_selector("#hints .cm-content")

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


def main(path: str) -> None:
    """The page with the first example and its dots."""
    with running_app() as address, visitor(address) as person:
        person.page.locator("button.gallery-item").first.click()
        person.wait_for(lambda: person.shown("gan"), "the coloured example")
        person.settle()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        person.page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main(sys.argv[1])
