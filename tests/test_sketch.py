"""Painted layers from the browser become hints; everything else is refused."""

import base64
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from colouru.hint_layer import layer_from_hints
from colouru.hints import Hint
from colouru.ui import i18n
from colouru.ui.sketch import hints_from_sketch
from colouru.ui.views import data_url

DOT = Hint(x=0.7, y=0.3, colour="#d02020", size=0.06)


def url_of(layer: np.ndarray) -> str:
    """The data URL of a painted layer (H,W,4) uint8, as the browser sends it."""
    return data_url(Image.fromarray(layer), "PNG")


@pytest.mark.parametrize("height, width", [(512, 512), (341, 512), (512, 341), (128, 512)])
def test_a_painted_square_is_found_where_it_was_painted(height, width):
    (found,) = hints_from_sketch(url_of(layer_from_hints([DOT], height, width)))["hints"]
    assert found["colour"] == DOT.colour and abs(found["size"] - DOT.size) < 0.01
    assert abs(found["x"] - DOT.x) < 0.01 and abs(found["y"] - DOT.y) < 0.015


def test_a_stroke_becomes_several_hints_along_it():
    layer = np.zeros((200, 300, 4), np.uint8)
    layer[95:105, 50:250] = (20, 160, 20, 255)
    found = hints_from_sketch(url_of(layer))["hints"]
    assert len(found) > 5 and {hint["colour"] for hint in found} == {"#14a014"}
    assert min(hint["x"] for hint in found) < 0.25 and max(hint["x"] for hint in found) > 0.75


def test_an_empty_layer_has_no_hints():
    assert hints_from_sketch(url_of(np.zeros((64, 64, 4), np.uint8))) == {"hints": []}


def png_of(side: int) -> str:
    """The header of a PNG with that width and height, without pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return "data:image/png;base64," + base64.b64encode(content).decode()


@pytest.mark.parametrize(
    "layer_url",
    [
        None,
        [],
        {"path": "/etc/passwd"},
        "data:text/html;base64,PGI+",
        "data:image/png;base64,!!!",
        "data:image/png;base64,AAAA",
        "x",
        "x" * (9 << 20),
        "é",
        png_of(60_000),
        url_of(np.zeros((1, 2000, 4), np.uint8)),
    ],
)
def test_what_is_no_sketch_is_refused_with_a_sentence(layer_url):
    assert hints_from_sketch(layer_url) == {"problem": i18n.UNREADABLE_SKETCH}
