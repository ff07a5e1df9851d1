"""Which photos an archive has, and under which names."""

import os
import sys

import fsspec
import numpy as np
import pytest
from PIL import Image

from colouru.archive.folder import Folder
from colouru.archive.scan import Finding, open_sources
from colouru.archive.table import open_table


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with scans, in which we are."""
    for name in ("scans/a.jpg", "scans/a.json", "scans/1901/b.TIF", "scans/1902/b.tif", "scans/1902/c", "more/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def find(*sources: str, out: str = "out") -> Finding:
    return open_sources(sources, Folder(out if "://" in out else os.path.abspath(out))).find()


def names(*sources: str, out: str = "out") -> list[str]:
    return sorted(find(*sources, out=out).scans)


def test_a_folder_is_all_that_is_in_it(here):
    assert names("scans") == names("scans/") == names(str(here / "scans")) == [
        "1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sources, expected",
    [
        (["scans/1901/b.TIF"], ["b.TIF"]),
        (["scans/1901/b.TIF", "scans/1902/b.tif"], ["1901/b.TIF", "1902/b.tif"]),
        (["scans/1901", "more"], ["more/a.jpg", "scans/1901/b.TIF"]),
        (["scans/19*/*.tif"], ["1902/b.tif"]),
        (["scans/*"], ["1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg"]),
        (["scans/**/*.[tT]*"], ["1901/b.TIF", "1902/b.tif"]),
        (["scans/a.jpg", "scans", "scans/a.jpg"], ["1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg"]),
    ],
)
def test_names_are_relative_to_the_folder_that_all_sources_share(here, sources, expected):
    assert names(*sources) == expected


def test_a_file_whose_name_is_a_pattern_is_that_file(here):
    (here / "scans" / "x[1].jpg").touch()
    assert names("scans/x[1].jpg") == ["x[1].jpg"]


@pytest.mark.parametrize("source", ["scans", "scans/a.jpg", "scans/*.jpg"])
def test_hints_lie_beside_their_photo_and_change_its_stamp(here, source):
    scan = find(source).scans["a.jpg"]
    with scan.fetched() as (photo, hints):
        assert (photo.read_text(), hints.read_text()) == ("scans/a.jpg", "scans/a.json")
    (here / "scans" / "a.json").write_text("[]")
    assert find(source).scans["a.jpg"].stamp != scan.stamp
    (here / "scans" / "a.json").unlink()
    alone = find(source).scans["a.jpg"]
    assert alone.hints is None and alone.stamp != scan.stamp
    with alone.fetched() as (_, hints):
        assert hints is None


def test_what_is_hidden_and_what_was_coloured_is_left_out(here):
    for name in ("scans/.DS_Store", "scans/.trash/x.jpg", "scans/done/a.jpg", "scans/done/1901/b.jpg"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).touch()
    assert names("scans", out="scans/done") == ["1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg"]


def test_what_is_no_photo_by_its_name_is_counted_and_no_photo_passes_unseen(here):
    for name in ("Thumbs.db", "notes.txt", "x.TXT", "y.psd", "z.CR2", "a.xmp", "b.jpeg"):
        (here / "scans" / name).touch()
    found = find("scans")
    assert found.left_out == {".db": 1, ".txt": 2, ".xmp": 1}
    assert {"y.psd", "z.CR2", "b.jpeg"} < found.scans.keys()


@pytest.mark.parametrize("out", ["scans", "scans/", "."])
@pytest.mark.parametrize("source", ["scans", "scans/a.jpg", "scans/*.jpg"])
def test_nothing_is_coloured_into_where_photos_are(here, source, out):
    with pytest.raises(ValueError, match="where nothing is written over them; give a folder of its own"):
        open_sources([source], Folder(os.path.abspath(out)))


@pytest.mark.parametrize(
    "sources, sentence",
    [
        (["nowhere"], "there is no file or folder nowhere"),
        (["scans/*.png"], "there is nothing that scans/\\*.png stands for"),
        (["scans", "memory://x"], "the sources share no folder"),
    ],
)
def test_what_is_not_there_is_said(here, sources, sentence):
    with pytest.raises(ValueError, match=sentence):
        names(*sources)


def test_photos_in_a_store_are_found_as_those_on_disk_are():
    store = fsspec.filesystem("memory")
    for name in ("a.jpg", "a.json", "1901/b.tif", "out/a.jpg", ".x/c.jpg"):
        store.pipe_file(f"/stored/{name}", name.encode())
    for source in ("memory://stored", "memory://stored/*"):
        found = find(source, out="memory://stored/out")
        assert sorted(found.scans) == ["1901/b.tif", "a.jpg"]
    with found.scans["a.jpg"].fetched() as (photo, hints):
        assert (photo.read_bytes(), hints.read_bytes()) == (b"a.jpg", b"a.json")
    one = find("memory://stored/a.jpg", out="memory://elsewhere")
    assert one.scans["a.jpg"] == find("memory://stored", out="memory://elsewhere").scans["a.jpg"]
    with pytest.raises(ValueError, match="give a folder of its own"):
        find("memory://stored/out/a.jpg", out="memory://stored/out")


def test_a_dataset_in_a_folder_is_its_rows(photos, tmp_path):
    found = find(photos, out=str(tmp_path))
    assert sorted(found.scans) == [f"{split}/{row:08d}" for split in ("test", "train") for row in range(4)]
    scan = found.scans["test/00000001"]
    with scan.fetched() as (photo, hints):
        assert np.asarray(Image.open(photo)).shape == (240, 300, 3) and hints is None
    open_table.cache_clear()
    assert find(photos, out=str(tmp_path)).scans["test/00000001"].stamp == scan.stamp
    with pytest.raises(ValueError, match="a dataset is coloured by itself"):
        find(photos, str(tmp_path))


def test_a_dataset_on_the_hub_that_is_not_there_is_said(hub, repo):
    with pytest.raises(ValueError, match=f"there is no folder {repo}, and no such dataset could be loaded"):
        names(repo)


def test_without_the_library_for_datasets_it_is_asked_for(monkeypatch, repo):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match=f"there is no folder {repo}; should it be a dataset.* pip install datasets"):
        names(repo)
