"""The documentation: links lead somewhere, commands exist, and the README stays short."""

import json
import re
from pathlib import Path

import pytest

from colouru.images.photo import provenance_of

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "train/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a page of Markdown, as GitHub and the Hub make them."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@page
def test_every_relative_link_leads_to_a_file_and_to_a_heading_in_it(path):
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    for link in links:
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@page
def test_every_module_that_is_run_exists(path):
    text = path.read_text(encoding="utf-8")
    for module in re.findall(r"python -m ((?:colouru|train|tests)(?:\.[a-z_]\w*)*)(?![.\w])", text):
        parts = ROOT.joinpath(*module.split("."))
        assert parts.with_suffix(".py").is_file() or (parts / "__main__.py").is_file(), module


@pytest.mark.parametrize(("name", "words"), [("README.md", 1500), ("train/README.md", 1000)])
def test_the_first_pages_are_short(name, words):
    assert len((ROOT / name).read_text(encoding="utf-8").split()) <= words


def test_every_page_of_the_documentation_is_listed_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in PAGES[1:]:
        assert f"]({path.relative_to(ROOT).as_posix()})" in text, path.name


def test_the_notebook_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs/colouru.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert provenance_of(tmp_path / "astronaut-colour.png").hints == names["result"].hints
