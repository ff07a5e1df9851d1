"""The manifest of an archive: what was appended is read, and nothing that happens to its end does harm."""

import errno
import os

import pytest

from colouru import Hint
from colouru.archive.folder import Folder
from colouru.archive.manifest import NAME, Manifest, Record, read_manifest, sha256_of_hints
from tests.test_folder import folder  # noqa: F401


def record(photo: str = "a.jpg", **values) -> Record:
    told = {"stamp": "1-2", "picture": photo, "weights_sha256": "0" * 64, "network": "gan", "version": "0.2.0"}
    return Record(photo=photo, **(told | values))


def test_of_each_photo_the_last_line_counts(folder):  # noqa: F811
    lines = [record("a.jpg", problem="it is damaged"), record("ß 写真\n.jpg", remarks=("one", "two")), record("a.jpg")]
    with Manifest(folder) as manifest:
        for line in lines:
            manifest.append(line)
    assert read_manifest(folder) == ({"a.jpg": lines[2], "ß 写真\n.jpg": lines[1]}, 0)
    with Manifest(folder) as manifest:
        assert manifest.records["a.jpg"] == lines[2]
        manifest.append(record("b.jpg"))
    assert list(read_manifest(folder)[0]) == ["a.jpg", "ß 写真\n.jpg", "b.jpg"]


def test_it_is_text_for_whoever_reads_it(tmp_path):
    with Manifest(Folder(str(tmp_path))) as manifest:
        manifest.append(record(os.fsdecode(b"caf\xe9 \xc3\xa9.jpg")))
    assert "é.jpg" in (tmp_path / NAME).read_text(encoding="utf-8")
    assert list(read_manifest(Folder(str(tmp_path)))[0]) == [os.fsdecode(b"caf\xe9 \xc3\xa9.jpg")]


@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_line_cut_short_is_passed_over_and_spoils_no_other(tmp_path, left):
    here = Folder(str(tmp_path))
    with Manifest(here) as manifest:
        manifest.append(record("a.jpg"))
        manifest.append(record("b.jpg"))
    content = (tmp_path / NAME).read_bytes()
    first = content.index(b"\n") + 1
    (tmp_path / NAME).write_bytes(content[: first + left] if left > 0 else content[:-2])
    with Manifest(here) as manifest:
        assert list(manifest.records) == ["a.jpg"]
        manifest.append(record("c.jpg"))
    assert [list(read_manifest(here)[0]), read_manifest(here)[1]] == [["a.jpg", "c.jpg"], 1]


@pytest.mark.parametrize("line", ["{}", "[]", "null", '{"photo": 1}', "\0\0\0", '{"photo": "a.jpg", "stamp": "1"}'])
def test_what_is_no_line_of_ours_is_passed_over(tmp_path, line):
    (tmp_path / NAME).write_text(line + "\n" + record().to_json() + "\n")
    assert read_manifest(Folder(str(tmp_path))) == ({"a.jpg": record()}, 1)


def test_a_line_of_a_later_version_is_read(tmp_path):
    (tmp_path / NAME).write_text(record().to_json()[:-1] + ', "mood": "sunny"}\n')
    assert read_manifest(Folder(str(tmp_path))) == ({"a.jpg": record()}, 0)


def test_two_runs_do_not_write_into_one_manifest(tmp_path):
    with Manifest(Folder(str(tmp_path))), pytest.raises(ValueError, match="another run is colouring into"):
        Manifest(Folder(str(tmp_path)))
    Manifest(Folder(str(tmp_path))).close()


def test_on_a_full_disk_the_manifest_stays_whole(tmp_path, monkeypatch):
    with Manifest(Folder(str(tmp_path))) as manifest:
        manifest.append(record("a.jpg"))
        before = (tmp_path / NAME).read_bytes()
        write = os.write
        # A disk takes what it has room for.
        monkeypatch.setattr("os.write", lambda file, content: write(file, content[:10]))
        with pytest.raises(OSError) as failure:
            manifest.append(record("b.jpg"))
        monkeypatch.undo()
        assert failure.value.errno == errno.ENOSPC and (tmp_path / NAME).read_bytes() == before


def test_hints_have_a_sha256_of_their_own_and_no_hints_none():
    one, other = Hint(0.5, 0.5, "#c68642"), Hint(0.5, 0.5, "#c68643")
    assert sha256_of_hints([one]) == sha256_of_hints((one,)) != sha256_of_hints([other])
    assert sha256_of_hints([]) is None
