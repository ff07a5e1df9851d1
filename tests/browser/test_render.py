"""The browser's rendering of colours agrees with the package's."""

import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.ui import views
from colouru.ui.page import CONSTANTS, script
from tests.browser import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM

pytestmark = NEEDS_CHROMIUM

HINTS = [
    Hint(x=0.42, y=0.24, colour="#d9a184", size=0.05),
    Hint(x=0.24, y=0.62, colour="#ff4400", size=0.08),
    Hint(x=0.26, y=0.66, colour="#2040ff", size=0.08),
]

# Renders the whole picture at its own size; returns RGBA bytes.
COLOURED = """async ([lightness, coarse, chroma, saturation, hints]) => {
    const pixelsOf = async (url) => {
        const bitmap = await createImageBitmap(await (await fetch(url)).blob());
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const grey = await pixelsOf(lightness), L = await pixelsOf(coarse), ab = await pixelsOf(chroma);
    const { width, height } = grey;
    const squares = hints.map((hint) => {
        const [, a, b] = labFromHex(hint.colour);
        return { ...hintSquare(hint, width, height), a, b };
    });
    const frame = { left: 0, top: 0, across: width, down: height };
    renderColours(grey.data, width, height, frame, buildGuide(ab.data, L.data, L.width, L.height), saturation, squares);
    return [...grey.data];
}"""


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.add_script_tag(
            content=f"const props = {json.dumps({'constants': CONSTANTS})};\n" + script("colour", "render")
        )
        yield page
        browser.close()


@pytest.mark.parametrize(
    "size, saturation, hints", [((512, 512), 1.0, HINTS), ((640, 427), 1.6, []), ((60, 900), 1.0, HINTS)]
)
def test_it_colours_every_pixel_within_a_few_levels_of_the_package(page, size, saturation, hints):
    canvas = pipeline().open(np.asarray(Image.fromarray(astronaut()).resize(size)))
    expected = np.asarray(canvas.colour(hints, ["gan"], saturation)["gan"][0]).astype(int)
    # PNG, so that only the rendering differs and not the compression.
    lightness = views.data_url(canvas.grey().convert("L"), "PNG")
    coarse, chroma = views.lightness_url(canvas.L["gan"]), views.chroma_url(canvas.chroma(hints)["gan"])
    found = page.evaluate(COLOURED, [lightness, coarse, chroma, saturation, [hint.to_dict() for hint in hints]])
    difference = np.abs(np.reshape(found, (*expected.shape[:2], 4))[..., :3] - expected)
    assert np.median(difference) <= 2
    # The map of ab has steps of 110/127 units; in dark, strong colours one step is several sRGB levels.
    assert np.quantile(difference, 0.99) <= 4
    for hint in hints[::2]:
        row, column = int(hint.y * expected.shape[0]), int(hint.x * expected.shape[1])
        assert difference[row, column].max() <= 1
