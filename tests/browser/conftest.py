"""Fixtures of the browser tests: the app, a person, and two photos."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut, camera

from tests.browser import ROOT, Visitor, running_app, visitor

SCREENSHOTS = ROOT / "screenshots"


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    """The address of the app, which all tests share."""
    with running_app() as address:
        yield address


@pytest.fixture
def person(address, request) -> Iterator[Visitor]:
    """A person with an empty browser, who must see no error and send no request to other servers."""
    with visitor(address, **getattr(request, "param", {})) as person:
        yield person
        SCREENSHOTS.mkdir(exist_ok=True)
        person.page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png", full_page=True)
        assert person.foreign_requests == []
        assert person.errors == []


@pytest.fixture
def grey_photo(tmp_path) -> Path:
    Image.fromarray(camera()).save(tmp_path / "camera.png")
    return tmp_path / "camera.png"


@pytest.fixture
def colour_photo(tmp_path) -> Path:
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    return tmp_path / "astronaut.png"
