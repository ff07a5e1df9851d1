"""What `pip install .` brings: the package, its weights and a command, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

import colouru
from colouru import pipeline
from colouru.images.photo import open_photo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory) -> Path:
    """The wheel of a copy of the repository, for building leaves its traces."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(checkout, source, dirs_exist_ok=True)
    # With the setuptools at hand: to fetch one would take the network.
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", output, source]
    subprocess.run(command, check=True)
    (path,) = output.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel, checkout):
    with zipfile.ZipFile(wheel) as content:
        files = {name for name in content.namelist() if ".dist-info/" not in name}
        there = {path for path in (checkout / "colouru").rglob("*") if path.is_file()}
        assert files == {path.relative_to(checkout).as_posix() for path in there}
        assert all(content.read(name) == (checkout / name).read_bytes() for name in files)


def test_the_wheel_tells_its_version_and_what_it_needs(wheel, pins):
    with zipfile.ZipFile(wheel) as content:
        (name,) = (name for name in content.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(content.read(name).decode())
    assert metadata["Version"] == colouru.__version__
    needed = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    always = {found.name: found.specifier for found in needed if not found.marker}
    page = {found.name: found.specifier for found in needed if found.marker and found.marker.evaluate({"extra": "app"})}
    assert page == {name: found.specifier for name, found in pins.items()}
    cluster = {found.name for found in needed if found.marker and found.marker.evaluate({"extra": "cluster"})}
    assert cluster == {"ray", "fsspec"}
    assert always == {name: specifier for name, specifier in page.items() if name not in ("gradio", "filelock")}


def test_installed_elsewhere_the_command_colours_a_photo(wheel, tmp_path, colourful):
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    # What it needs is borrowed from the environment of this test, in which ColourU itself is not installed.
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(packages.stdout.strip()) / "borrowed.pth").write_text(sysconfig.get_path("purelib"))

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(*command: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=elsewhere, env=clean, capture_output=True, text=True)

    where = run(
        python, "-c", "import colouru; from colouru import pipeline; print(colouru.__file__, pipeline().source)"
    )
    assert where.stdout.startswith(str(environment)) and " embedded (sha256 " in where.stdout, where.stderr
    for module in ("app", "train", "tests"):
        assert "ModuleNotFoundError" in run(python, "-c", f"import {module}").stderr

    Image.fromarray(colourful).save(elsewhere / "photo.png")
    coloured = run(environment / "bin" / "colouru", "photo.png", "-o", "out.png")
    assert (coloured.returncode, coloured.stderr) == (0, "")
    assert np.array_equal(open_photo(elsewhere / "out.png").rgb, pipeline(device="cpu")(colourful).gan)
    assert re.fullmatch(r"\d+\.\d+\.\d+", open_photo(elsewhere / "out.png").provenance.version)
