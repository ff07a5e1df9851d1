"""Fixtures of the archive's tests: an untrained model, three scans, a folder on disk and in a store."""

import uuid
from pathlib import Path

import pytest

from colouru.archive.folder import Folder
from colouru.model import Model
from colouru.pipeline import find_model
from tests.archive.runs import make_scans


@pytest.fixture(scope="session")
def model(untrained_model) -> Model:
    return find_model(untrained_model)


@pytest.fixture
def scans(tmp_path) -> Path:
    return make_scans(tmp_path / "scans", 3)


@pytest.fixture(params=["disk", "store"])
def folder(request, tmp_path) -> Folder:
    """A folder that does not exist yet."""
    return Folder(str(tmp_path / "new") if request.param == "disk" else f"memory://{uuid.uuid4()}/new")
