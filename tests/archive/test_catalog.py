"""List the photos of an archive and their names."""

import errno
import os
import sys

import fsspec
import numpy as np
import pytest
from PIL import Image

from colouru.archive.catalog import Catalog, open_sources
from colouru.archive.folder import Folder
from colouru.archive.hf_dataset import open_dataset


@pytest.fixture
def cwd(tmp_path, monkeypatch):
    """A folder with scans, which is the current directory."""
    for name in ("scans/a.jpg", "scans/a.json", "scans/1901/b.TIF", "scans/1902/b.tif", "scans/1902/c", "more/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def catalog(*sources: str, out: str = "out") -> Catalog:
    return open_sources(sources, Folder(out if "://" in out else os.path.abspath(out))).catalog()


def names(*sources: str, out: str = "out") -> list[str]:
    return sorted(catalog(*sources, out=out).photos)


def test_a_folder_stands_for_all_photos_in_it(cwd):
    assert names("scans") == names("scans/") == names(str(cwd / "scans")) == [
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
def test_names_are_relative_to_the_common_folder_of_all_sources(cwd, sources, expected):
    assert names(*sources) == expected


def test_an_existing_file_wins_over_a_pattern(cwd):
    (cwd / "scans" / "x[1].jpg").touch()
    assert names("scans/x[1].jpg") == ["x[1].jpg"]


@pytest.mark.parametrize("source", ["scans", "scans/a.jpg", "scans/*.jpg"])
def test_hints_are_beside_their_photo_and_change_its_fingerprint(cwd, source):
    photo = catalog(source).photos["a.jpg"]
    with photo.local_files() as (path, hints):
        assert (path.read_text(), hints.read_text()) == ("scans/a.jpg", "scans/a.json")
    (cwd / "scans" / "a.json").write_text("[]")
    assert catalog(source).photos["a.jpg"].fingerprint != photo.fingerprint
    (cwd / "scans" / "a.json").unlink()
    alone = catalog(source).photos["a.jpg"]
    assert alone.hints is None and alone.fingerprint != photo.fingerprint
    with alone.local_files() as (_, hints):
        assert hints is None


def test_hidden_files_and_the_output_folder_are_left_out(cwd):
    for name in ("scans/.DS_Store", "scans/.trash/x.jpg", "scans/done/a.jpg", "scans/done/1901/b.jpg"):
        (cwd / name).parent.mkdir(parents=True, exist_ok=True)
        (cwd / name).touch()
    assert names("scans", out="scans/done") == ["1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg"]


@pytest.mark.parametrize("source", ["scans", "scans/a.jpg", "scans/*.jpg"])
@pytest.mark.parametrize("name", ["a.JSON", "a-hints.json", "a-hints.JSON"])
def test_hints_may_have_the_name_that_the_page_gives_them_and_an_ending_in_capitals(cwd, source, name):
    (cwd / "scans" / "a.json").rename(cwd / "scans" / name)
    found = catalog(source)
    assert found.photos["a.jpg"].hints == name and found.unused_hints == []


def test_hints_that_are_not_used_are_listed(cwd):
    for name in ("a-hints.json", "lost.json", "1901/b-hints.json", "1901/b-hints.tif"):
        (cwd / "scans" / name).touch()
    found = catalog("scans")
    assert found.unused_hints == ["a-hints.json", "lost.json"]
    assert found.photos["1901/b-hints.tif"].hints == "1901/b-hints.json" and found.photos["1901/b.TIF"].hints is None


@pytest.mark.parametrize("source", ["scans", "scans/*"])
def test_what_cannot_be_read_is_listed_and_all_else_is_found(cwd, monkeypatch, source):
    (cwd / "scans" / "loop").symlink_to("loop")
    (cwd / "scans" / "lost+found").mkdir()
    scandir = os.scandir

    def forbidden(path):
        if str(path).endswith("lost+found"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", forbidden)
    found = catalog(source)
    assert sorted(found.photos) == ["1901/b.TIF", "1902/b.tif", "1902/c", "a.jpg"]
    assert found.unreadable["lost+found"] == "Permission denied"
    assert source == "scans/*" or found.unreadable["loop"] == os.strerror(errno.ELOOP)


def test_files_that_are_not_photos_are_counted_and_unsupported_photos_are_listed(cwd):
    for name in ("Thumbs.db", "notes.txt", "x.TXT", "y.psd", "z.CR2", "a.xmp", "b.jpeg"):
        (cwd / "scans" / name).touch()
    found = catalog("scans")
    assert found.skipped == {".db": 1, ".txt": 2, ".xmp": 1}
    assert {"y.psd", "z.CR2", "b.jpeg"} < found.photos.keys()


@pytest.mark.parametrize("out", ["scans", "scans/", "."])
@pytest.mark.parametrize("source", ["scans", "scans/a.jpg", "scans/*.jpg"])
def test_the_output_folder_may_not_contain_the_photos(cwd, source, out):
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
def test_sources_that_do_not_exist_raise_a_sentence(cwd, sources, sentence):
    with pytest.raises(ValueError, match=sentence):
        names(*sources)


def test_photos_in_a_store_are_listed_like_those_on_disk():
    store = fsspec.filesystem("memory")
    for name in ("a.jpg", "a.json", "1901/b.tif", "out/a.jpg", ".x/c.jpg"):
        store.pipe_file(f"/stored/{name}", name.encode())
    for source in ("memory://stored", "memory://stored/*"):
        found = catalog(source, out="memory://stored/out")
        assert sorted(found.photos) == ["1901/b.tif", "a.jpg"]
    with found.photos["a.jpg"].local_files() as (path, hints):
        assert (path.read_bytes(), hints.read_bytes()) == (b"a.jpg", b"a.json")
    one = catalog("memory://stored/a.jpg", out="memory://elsewhere")
    assert one.photos["a.jpg"] == catalog("memory://stored", out="memory://elsewhere").photos["a.jpg"]
    with pytest.raises(ValueError, match="give a folder of its own"):
        catalog("memory://stored/out/a.jpg", out="memory://stored/out")


def test_the_photos_of_a_dataset_are_its_rows(photos, tmp_path):
    found = catalog(photos, out=str(tmp_path))
    assert sorted(found.photos) == [f"{split}/{row:08d}" for split in ("test", "train") for row in range(4)]
    photo = found.photos["test/00000001"]
    with photo.local_files() as (path, hints):
        assert np.asarray(Image.open(path)).shape == (240, 300, 3) and hints is None
    open_dataset.cache_clear()
    assert catalog(photos, out=str(tmp_path)).photos["test/00000001"].fingerprint == photo.fingerprint
    with pytest.raises(ValueError, match="a dataset is coloured by itself"):
        catalog(photos, str(tmp_path))


def test_a_dataset_that_is_not_on_the_hub_raises_a_sentence(hub, repo):
    with pytest.raises(ValueError, match=f"there is no folder {repo}, and no such dataset could be loaded"):
        names(repo)


def test_without_the_library_datasets_the_error_says_how_to_install_it(monkeypatch, repo):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match=f"there is no folder {repo}; should it be a dataset.* pip install datasets"):
        names(repo)
