"""The manifest: appended records are read again, and a damaged line costs no other."""

import errno
import json
import os

import pytest

from colouru import Hint
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest, Record, read_manifest, sha256_of_hints


def record(photo: str = "a.jpg", **values) -> Record:
    required = {"fingerprint": "1-2", "picture": photo}
    model = {"weights_sha256": "0" * 64, "network": "gan", "version": "0.2.0"}
    return Record(photo=photo, **(required | model | values))


def test_the_last_line_of_each_photo_counts(folder):
    lines = [record("a.jpg", problem="it is damaged"), record("ß 写真\n.jpg", remarks=("one", "two")), record("a.jpg")]
    with Manifest(folder) as manifest:
        for line in lines:
            manifest.append(line)
    assert read_manifest(folder) == ({"a.jpg": lines[2], "ß 写真\n.jpg": lines[1]}, 0)
    with Manifest(folder) as manifest:
        assert manifest.records["a.jpg"] == lines[2]
        manifest.append(record("b.jpg"))
    assert list(read_manifest(folder)[0]) == ["a.jpg", "ß 写真\n.jpg", "b.jpg"]


def test_the_file_is_valid_utf8_whatever_the_names(tmp_path):
    with Manifest(Folder(str(tmp_path))) as manifest:
        manifest.append(record(os.fsdecode(b"caf\xe9 \xc3\xa9.jpg")))
    assert "é.jpg" in (tmp_path / MANIFEST_NAME).read_text(encoding="utf-8")
    assert list(read_manifest(Folder(str(tmp_path)))[0]) == [os.fsdecode(b"caf\xe9 \xc3\xa9.jpg")]


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_an_incomplete_last_line_is_ignored_and_the_next_record_is_whole(tmp_path, kept):
    folder = Folder(str(tmp_path))
    with Manifest(folder) as manifest:
        manifest.append(record("a.jpg"))
        manifest.append(record("b.jpg"))
    content = (tmp_path / MANIFEST_NAME).read_bytes()
    first = content.index(b"\n") + 1
    (tmp_path / MANIFEST_NAME).write_bytes(content[: first + kept] if kept > 0 else content[:-2])
    with Manifest(folder) as manifest:
        assert list(manifest.records) == ["a.jpg"]
        manifest.append(record("c.jpg"))
    assert [list(read_manifest(folder)[0]), read_manifest(folder)[1]] == [["a.jpg", "c.jpg"], 1]


@pytest.mark.parametrize(
    "line", ["{}", "[]", "null", '{"photo": 1}', "\0\0\0", "[" * 100_000, '{"photo": "a.jpg", "stamp": "1"}']
)
def test_a_line_that_is_not_a_record_is_ignored(tmp_path, line):
    (tmp_path / MANIFEST_NAME).write_text(line + "\n" + record().to_json() + "\n")
    assert read_manifest(Folder(str(tmp_path))) == ({"a.jpg": record()}, 1)


@pytest.mark.parametrize("key", ["photo", "stamp", "picture", "version", "problem"])
def test_a_line_with_null_for_a_text_is_ignored(tmp_path, key):
    line = json.dumps(json.loads(record().to_json()) | {key: None})
    (tmp_path / MANIFEST_NAME).write_text(line + "\n" + record("b.jpg").to_json() + "\n")
    assert read_manifest(Folder(str(tmp_path))) == ({"b.jpg": record("b.jpg")}, 1)


def test_unknown_keys_of_a_later_version_are_ignored(tmp_path):
    (tmp_path / MANIFEST_NAME).write_text(record().to_json()[:-1] + ', "mood": "sunny"}\n')
    assert read_manifest(Folder(str(tmp_path))) == ({"a.jpg": record()}, 0)


def test_only_one_run_at_a_time_can_open_a_manifest(tmp_path):
    with Manifest(Folder(str(tmp_path))), pytest.raises(ValueError, match="another run is colouring into"):
        Manifest(Folder(str(tmp_path)))
    Manifest(Folder(str(tmp_path))).close()


def test_a_full_disk_leaves_the_manifest_as_it_was(tmp_path, monkeypatch):
    with Manifest(Folder(str(tmp_path))) as manifest:
        manifest.append(record("a.jpg"))
        before = (tmp_path / MANIFEST_NAME).read_bytes()
        write = os.write
        # A full disk writes the part that fits.
        monkeypatch.setattr("os.write", lambda file, content: write(file, content[:10]))
        with pytest.raises(OSError) as failure:
            manifest.append(record("b.jpg"))
        monkeypatch.undo()
        assert failure.value.errno == errno.ENOSPC and (tmp_path / MANIFEST_NAME).read_bytes() == before


def test_the_sha256_of_hints_depends_on_the_hints_and_is_none_without():
    one, other = Hint(0.5, 0.5, "#c68642"), Hint(0.5, 0.5, "#c68643")
    assert sha256_of_hints([one]) == sha256_of_hints((one,)) != sha256_of_hints([other])
    assert sha256_of_hints([]) is None
