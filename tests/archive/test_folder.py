"""Folders on disks and in stores: list files, read them, and write them atomically."""

import os

import pytest

from colouru.archive.folder import Folder, sha256_of
from colouru.atomic_file import PARTIAL_PREFIX


@pytest.fixture
def folder(folder) -> Folder:
    """A folder that exists."""
    if folder.is_local:
        os.mkdir(folder.path())
    return folder


def write(folder: Folder, name: str, content: bytes) -> None:
    with folder.atomic_write(name) as path:
        path.write_bytes(content)


def test_files_that_were_written_are_listed_and_read(folder):
    for name in ("a.jpg", "one/two/ß é 写真.png", "one/b.JPG"):
        write(folder, name, name.encode())
    found = folder.files()
    assert sorted(found) == ["a.jpg", "one/b.JPG", "one/two/ß é 写真.png"]
    assert all(found[name] == folder.file(name) and found[name].size == len(name.encode()) for name in found)
    assert sorted(folder.files(exclude="one")) == ["a.jpg"]
    with folder.local_file("one/two/ß é 写真.png") as path:
        assert path.read_text() == "one/two/ß é 写真.png" and path.suffix == ".png"
    assert folder.file("one/c.jpg") is None and folder.file("a.jpg/b") is None


def test_an_error_while_writing_leaves_the_file_as_it_was(folder):
    write(folder, "a.jpg", b"before")
    with pytest.raises(RuntimeError), folder.atomic_write("a.jpg") as path:
        path.write_bytes(b"half")
        raise RuntimeError
    with folder.local_file("a.jpg") as path:
        assert path.read_bytes() == b"before"
    assert list(folder.files()) == ["a.jpg"]


@pytest.mark.parametrize("name", ["../a.jpg", "one/../../a.jpg", "..", "./a.jpg"])
def test_no_name_leads_out_of_the_folder(folder, name):
    for use in (folder.path, folder.subfolder, folder.file):
        with pytest.raises(ValueError, match="leads out of its folder"):
            use(name)
    with pytest.raises(ValueError, match="leads out of its folder"):
        write(folder, name, b"x")


def test_a_name_that_begins_with_a_slash_is_inside_the_folder_all_the_same(tmp_path):
    write(Folder(str(tmp_path)), f"/{tmp_path}/a.jpg", b"x")
    assert list(Folder(str(tmp_path)).files()) == [f"{tmp_path}/a.jpg".lstrip("/")]


def test_a_folder_that_has_vanished_is_not_made_anew(tmp_path):
    for name in ("a.jpg", "one/a.jpg"):
        with pytest.raises(FileNotFoundError):
            write(Folder(str(tmp_path / "gone")), name, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_partial_file_has_the_ending_of_the_file_and_is_not_listed(tmp_path):
    with Folder(str(tmp_path)).atomic_write("a.jpg") as path:
        path.write_bytes(b"half")
        assert path.parent == tmp_path and path.suffix == ".jpg" and Folder(str(tmp_path)).files() == {}


def test_the_fingerprint_changes_with_the_content(folder):
    write(folder, "a.jpg", b"before")
    before = folder.file("a.jpg").fingerprint
    write(folder, "a.jpg", b"after!")
    assert folder.file("a.jpg").fingerprint != before


def test_only_partial_files_are_removed(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / f"{PARTIAL_PREFIX}0123.partial.jpg").write_bytes(b"half")
    for name in (".hidden", "a.jpg"):
        (tmp_path / name).touch()
    Folder(str(tmp_path)).remove_partial_files()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".hidden", "a.jpg", "one"]


def test_links_to_folders_are_followed_but_not_in_a_circle(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to("..")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    assert sorted(Folder(str(tmp_path)).files()) == ["linked/a.jpg", "real/a.jpg"]


def test_a_name_that_is_not_valid_utf8_works(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    write(Folder(str(tmp_path)), name, b"x")
    assert list(Folder(str(tmp_path)).files()) == [name]


def test_a_store_that_cannot_be_opened_raises_one_sentence():
    with pytest.raises(ValueError, match="nosuchstore://x cannot be opened"):
        Folder("nosuchstore://x").files()


def test_the_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea")
