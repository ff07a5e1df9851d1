"""ColourU for programs, over HTTP: the one public endpoint, and what it refuses."""

import json
import shutil
import urllib.error
import urllib.request

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from skimage.data import astronaut, camera

from colouru.images.photo import open_photo
from tests.browser import running_app

DOT = {"x": 0.25, "y": 0.6, "colour": "#c8591f", "note": "suit: orange"}


@pytest.fixture(scope="module")
def address():
    with running_app() as address:
        yield address


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "portrait.png"
    Image.fromarray(astronaut()).save(path)
    return str(path)


def test_a_program_colours_a_photo_in_one_call(client, photo):
    picture, loss, clipped = client.predict(handle_file(photo), [DOT], "gan", 1.0, api_name="/colourize")
    coloured = open_photo(picture)
    assert coloured.rgb.shape == (512, 512, 3) and 0 < loss < 1 and set(clipped) <= {0}
    assert coloured.provenance.hints[0].note == "suit: orange" and coloured.provenance.network == "gan"


def test_all_but_the_photo_may_be_left_out(client, tmp_path):
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    picture, loss, clipped = client.predict(handle_file(str(tmp_path / "camera.png")), api_name="/colourize")
    assert loss is None and clipped == [] and np.asarray(Image.open(picture)).shape == (512, 512, 3)


def test_only_what_is_meant_to_be_used_is_shown(client):
    shown = client.view_api(return_format="dict")
    assert list(shown["named_endpoints"]) == ["/colourize"] and not shown["unnamed_endpoints"]


@pytest.mark.parametrize(
    "hints, network, saturation, words",
    [
        ([{"x": 2, "y": 0, "colour": "#000000"}], "gan", 1.0, "inside the picture"),
        ([{"x": "0", "y": 0, "colour": "#000000"}], "gan", 1.0, "must be a number"),
        ([1, 2], "gan", 1.0, "hint 1"),
        ({"x": 0}, "gan", 1.0, "expected a list of hints"),
        ([{"x": 0, "y": 0, "colour": "#000000"}] * 20_000, "gan", 1.0, "more than 10,000 hints"),
        ([{"x": 0, "y": 0, "colour": "#000000", "note": "x" * 100_000}], "gan", 1.0, "at most 2000 characters"),
        ([], "levin", 1.0, "gan or baseline"),
        ([], "gan", 99, "from 0 to 2"),
        ([], "gan", "much", "from 0 to 2"),
        (None, "gan", None, "from 0 to 2"),
        ("/etc/passwd", "gan", 1.0, "expected a list of hints"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(client, photo, hints, network, saturation, words):
    with pytest.raises(AppError, match=words):
        client.predict(handle_file(photo), hints, network, saturation, api_name="/colourize")


def call(address: str, *data: object) -> str:
    """What the endpoint answers to a request that no client of Gradio's would make."""
    request = urllib.request.Request(
        f"{address}/gradio_api/call/colourize",
        json.dumps({"data": data}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as reply:
            number = json.load(reply)["event_id"]
        with urllib.request.urlopen(f"{address}/gradio_api/call/colourize/{number}") as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_no_other_file_of_the_machine_can_be_had(address, tmp_path, photo):
    secret = tmp_path / "secret.png"
    shutil.copy(photo, secret)
    meta = {"_type": "gradio.FileData"}
    crafted = [
        str(secret),
        {"path": str(secret)},
        {"path": str(secret), "meta": meta},
        {"path": f"{tmp_path}/../{tmp_path.name}/secret.png", "meta": meta},
        {"path": "/proc/self/environ"},
        {"path": "\0"},
        {"path": ["x"], "meta": meta},
        {"url": f"file://{secret}", "meta": meta},
        None,
    ]
    for photo_argument in crafted:
        answer = call(address, photo_argument, [], "gan", 1.0)
        assert "error" in answer.lower() and ".png" not in answer.replace("secret.png", ""), photo_argument
        assert "Traceback" not in answer
    assert urllib.request.urlopen(address).status == 200
