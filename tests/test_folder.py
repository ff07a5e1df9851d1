"""Folders on disks and in stores: what is in them, and files that are there whole or not."""

import os
import uuid

import pytest

from colouru.archive.folder import PARTIAL, Folder, sha256_of


@pytest.fixture(params=["disk", "store"])
def folder(request, tmp_path) -> Folder:
    return Folder(str(tmp_path / "new") if request.param == "disk" else f"memory://{uuid.uuid4()}/new")


def put(folder: Folder, name: str, content: bytes) -> None:
    with folder.placing(name) as path:
        path.write_bytes(content)


def test_what_was_placed_is_listed_and_fetched_again(folder):
    for name in ("a.jpg", "one/two/ß é 写真.png", "one/b.JPG"):
        put(folder, name, name.encode())
    found = folder.files()
    assert sorted(found) == ["a.jpg", "one/b.JPG", "one/two/ß é 写真.png"]
    assert all(found[name] == folder.file(name) and found[name].size == len(name.encode()) for name in found)
    assert sorted(folder.files(but="one")) == ["a.jpg"]
    with folder.fetched("one/two/ß é 写真.png") as path:
        assert path.read_text() == "one/two/ß é 写真.png" and path.suffix == ".png"
    assert folder.file("one/c.jpg") is None and folder.file("a.jpg/b") is None


def test_what_could_not_be_finished_leaves_the_file_as_it_was(folder):
    put(folder, "a.jpg", b"before")
    with pytest.raises(RuntimeError), folder.placing("a.jpg") as path:
        path.write_bytes(b"half")
        raise RuntimeError
    with folder.fetched("a.jpg") as path:
        assert path.read_bytes() == b"before"
    assert list(folder.files()) == ["a.jpg"]


def test_a_file_that_is_being_written_has_its_ending_and_is_no_part_of_the_folder(tmp_path):
    with Folder(str(tmp_path)).placing("a.jpg") as path:
        path.write_bytes(b"half")
        assert path.parent == tmp_path and path.suffix == ".jpg" and Folder(str(tmp_path)).files() == {}


def test_another_content_has_another_stamp(folder):
    put(folder, "a.jpg", b"before")
    before = folder.file("a.jpg").stamp
    put(folder, "a.jpg", b"behind")
    assert folder.file("a.jpg").stamp != before


def test_what_the_killed_left_half_written_is_swept_away_and_nothing_else(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / f"{PARTIAL}0123.partial.jpg").write_bytes(b"half")
    for name in (".hidden", "a.jpg"):
        (tmp_path / name).touch()
    Folder(str(tmp_path)).sweep()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".hidden", "a.jpg", "one"]


def test_links_are_followed_but_not_for_ever(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to("..")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    assert sorted(Folder(str(tmp_path)).files()) == ["linked/a.jpg", "real/a.jpg"]


def test_names_that_are_no_text_are_names_all_the_same(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    put(Folder(str(tmp_path)), name, b"x")
    assert list(Folder(str(tmp_path)).files()) == [name]


def test_a_store_that_cannot_be_opened_is_said_in_one_sentence():
    with pytest.raises(ValueError, match="nosuchstore://x cannot be opened"):
        Folder("nosuchstore://x").files()


def test_the_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea")
