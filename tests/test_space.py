"""The repository is a Space as it is: its front matter tells the truth, and the page needs nothing but the pins."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture(scope="module")
def front() -> dict:
    """What is between the first two lines of dashes of the README."""
    before, text, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert before == ""
    return yaml.safe_load(text)


def test_the_front_matter_is_what_the_hub_takes(front):
    # See the Hub's reference of a Space's configuration.
    assert front["sdk"] == "gradio" and front["suggested_hardware"] == "cpu-basic" and front["pinned"] is False
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert 0 < len(front["title"]) and 0 < len(front["short_description"]) <= 60
    assert all(identifier.count("/") == 1 for identifier in front["datasets"] + front.get("models", []))
    assert front["tags"] and all(isinstance(tag, str) for tag in front["tags"])


def test_the_space_gets_the_gradio_that_is_pinned(front, pins):
    assert str(pins["gradio"].specifier) == f"=={front['sdk_version']}"
    assert importlib.metadata.version("gradio") == front["sdk_version"]


def test_every_pinned_package_runs_on_the_python_of_the_space(front, pins):
    # It must be quoted, or YAML reads 3.10 as the number 3.1.
    assert isinstance(front["python_version"], str)
    for name, pin in pins.items():
        package = importlib.metadata.distribution(name)
        assert pin.specifier.contains(package.version.partition("+")[0]), name
        assert SpecifierSet(package.metadata["Requires-Python"]).contains(f"{front['python_version']}.0"), name


def test_the_page_is_where_the_front_matter_says(front, checkout):
    assert (checkout / front["app_file"]).is_file()


def with_all_they_need(names: list[str]) -> set[str]:
    """The distributions installed with these, as `pip install` would choose them."""
    found, open_ends = set(), [(name, "") for name in names]
    while open_ends:
        name, extra = open_ends.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            if not needed.marker or needed.marker.evaluate({"extra": extra}):
                open_ends += [(canonicalize_name(needed.name), extra) for extra in ("", *needed.extras)]
    return {name for name, _ in found}


# Starts the page with all other packages made impossible to import, and requests it.
START = """
import json, sys, urllib.request

# A module that is None here can neither be imported nor found.
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
sys.path.insert(0, "")
import app

_, address, _ = app.demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
print(urllib.request.urlopen(address).status, app.__file__)
app.demo.close()
"""


@pytest.mark.slow
def test_a_clean_checkout_starts_with_only_the_packages_that_requirements_bring(checkout, pins):
    brought = with_all_they_need([canonicalize_name(name) for name in pins])
    others = [
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not brought & {canonicalize_name(owner) for owner in owners}
    ]
    assert {"pytest", "datasets", "playwright", "accelerate"} <= set(others) and "torch" not in others
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    started = subprocess.run(
        [sys.executable, "-B", "-c", START, json.dumps(others)], cwd=checkout, env=clean, capture_output=True, text=True
    )
    assert started.returncode == 0, started.stderr
    assert f"200 {checkout / 'app.py'}\n" in started.stdout
