"""The page's server as a process: temporary files, limits of requests, and what it refuses."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from skimage.data import camera

from tests.browser import answers, wait_for

ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def served(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start the app with its temporary files below `folder`; yields the process and the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {"GRADIO_TEMP_DIR": str(folder), "TMPDIR": str(folder), "GRADIO_SERVER_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **places, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(address) or process.poll() is not None, "the page to answer", seconds=300)
        yield process, address
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def running(folder):
    with served(folder) as (process, address):
        yield process, address


@pytest.fixture(scope="module")
def address(running) -> str:
    return running[1]


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("photos") / "grandmother.png"
    Image.fromarray(camera()).save(path)
    return str(path)


def visit(address: str, photo: str) -> None:
    """Upload a photo and have it coloured."""
    Client(address, verbose=False).predict(handle_file(photo), [], "gan", 1.0, api_name="/colourize")


def of_visitors(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "grandmother" in path.name]


def request(address: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str):
    """Status, headers and text of an answer; underscores in the names of headers stand for dashes."""
    asked = urllib.request.Request(
        address + path, body, {name.replace("_", "-"): value for name, value in headers.items()}, method=method
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as reply:
            return reply.status, reply.headers, reply.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode(errors="replace")


# Photos.


def test_nothing_of_a_visitor_is_left_when_the_page_is_stopped_as_services_are(tmp_path, photo):
    with served(tmp_path) as (process, address):
        visit(address, photo)
        assert of_visitors(tmp_path)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    assert of_visitors(tmp_path) == []


def test_what_a_killed_page_left_goes_when_the_next_one_starts(tmp_path, photo):
    with served(tmp_path) as (process, address):
        visit(address, photo)
        process.kill()
        process.wait()
    assert of_visitors(tmp_path)
    with served(tmp_path):
        assert of_visitors(tmp_path) == []


def test_a_page_that_still_runs_keeps_its_photos_when_another_one_starts(running, folder, photo):
    visit(running[1], photo)
    before = of_visitors(folder)
    with served(folder):
        assert before and of_visitors(folder) == before


def test_an_upload_that_breaks_off_leaves_nothing(address, folder):
    before = {path for path in folder.rglob("*") if path.is_file()}
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = "POST /gradio_api/upload HTTP/1.1\r\nHost: {}\r\nContent-Length: 9000000\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        part = '--x\r\nContent-Disposition: form-data; name="files"; filename="half.jpg"\r\n\r\n'
        connection.sendall((head.format(host) + part).encode() + b"\0" * 300_000)
        wait_for(lambda: {path for path in folder.rglob("*") if path.is_file()} - before, "the part to be there")
    wait_for(lambda: not {path for path in folder.rglob("*") if path.is_file()} - before, "the part to go", seconds=20)


# Bodies.


def resident_bytes(process: subprocess.Popen) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def a_million_hints() -> bytes:
    hint = b'{"x": 0.5, "y": 0.5, "colour": "#c86020"}'
    return b'{"data": [null, [' + b",".join([hint] * 1_000_000) + b'], "gan", 1.0]}'


@pytest.mark.skipif(not Path("/proc").exists(), reason="memory is read from /proc")
def test_bodies_that_are_too_large_are_refused_unread(running):
    process, address = running
    body, before = a_million_hints(), resident_bytes(process)
    for _ in range(20):
        status, _, text = request(address, "/gradio_api/call/colourize", "POST", body, Content_Type="application/json")
        assert status == 413 and "at most 16 MiB" in text
    assert resident_bytes(process) - before < 300e6


def test_a_body_without_a_length_has_the_same_limit(address):
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    chunks = (b" " * (1 << 20) for _ in range(40))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(
            "POST", "/gradio_api/call/colourize", chunks, {"Content-Type": "application/json"}, encode_chunked=True
        )
    assert connection.getresponse().status == 413


def test_the_files_of_one_upload_have_a_limit_together(address):
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    connection.putrequest("POST", "/gradio_api/upload")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(3 << 30))
    connection.endheaders(b"--x\r\n")
    assert connection.getresponse().status == 413


# Strangers.


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.invalid/photo.png",
        "/gradio_api/file=HTTP://example.invalid/photo.png",
        "/gradio_api/proxy=https://example.invalid/photo.png",
        "/gradio_api/deep_link?session_hash=a",
        "/monitoring",
        "/monitoring/summary",
    ],
)
def test_what_strangers_could_use_the_server_for_is_not_there(address, path):
    status, _, text = request(address, path)
    assert status == 404 and "nothing here" in text


def test_a_photo_elsewhere_is_not_fetched(address):
    with pytest.raises(AppError, match="fetches nothing"):
        elsewhere = {"path": "https://example.invalid/photo.png", "meta": {"_type": "gradio.FileData"}}
        Client(address, verbose=False).predict(elsewhere, [], "gan", 1.0, api_name="/colourize")


def test_the_page_says_what_a_browser_may_do_with_it(address):
    _, headers, _ = request(address, "/")
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "http" not in policy


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "localhost.evil.example", "[::", ""])
def test_a_local_page_answers_to_local_names_only(address, host):
    status, headers, _ = request(address, "/config", Host=host, Origin="http://evil.example")
    assert status == 421 and "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:7860"])
def test_and_to_all_of_those(address, host):
    assert request(address, "/config", Host=host)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost.evil.example"])
def test_a_page_elsewhere_can_neither_send_nor_read(address, origin):
    body = {"body": b"{}", "Content_Type": "application/json"}
    assert request(address, "/gradio_api/queue/join", "POST", Origin=origin, **body)[0] == 403
    asked = {"Access_Control_Request_Method": "POST"}
    assert request(address, "/gradio_api/queue/join", "OPTIONS", Origin=origin, **asked)[0] == 403
    status, headers, _ = request(address, "/config", Origin=origin)
    assert status == 200 and "Access-Control-Allow-Origin" not in headers


def test_a_server_for_others_reflects_no_origin_and_can_be_given_its_names(tmp_path):
    with served(tmp_path, GRADIO_SERVER_NAME="0.0.0.0", SPACE_ID="somebody/colouru") as (_, address):
        status, headers, _ = request(address, "/config", Host="photos.example", Origin="http://evil.example")
        assert status == 200 and "Access-Control-Allow-Origin" not in headers
        assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self' https://huggingface.co")
        own = {"Host": "photos.example", "Origin": "https://photos.example"}
        assert request(address, "/gradio_api/queue/join", "POST", b"{}", **own)[0] not in (403, 421)
    with served(tmp_path, COLOURU_HOSTS="photos.example") as (_, address):
        assert request(address, "/config", Host="photos.example")[0] == 200
        assert request(address, "/config", Host="other.example")[0] == 421
