"""Colour the photos of an archive in one process: pictures, records and errors."""

import errno
import os
import shutil

import fsspec
import pytest

from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, read_manifest
from colouru.archive.worker import OutputError
from colouru.hints import hints_to_json
from colouru.images.photo import provenance_of
from colouru.pipeline import Colourizer
from tests.archive.runs import RED, exit_status, make_scans, run_archive


def test_each_photo_gets_a_picture_and_a_line(model, scans, tmp_path):
    (scans / "001.json").write_text(hints_to_json([RED]))
    records = run_archive(model, scans, tmp_path / "out")
    assert [record.photo for record in records] == [record.picture for record in records] == [
        "000.jpg", "001.jpg", "002.jpg",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "000.jpg",
        "001.jpg",
        "002.jpg",
        MANIFEST_NAME,
    ]
    record = records[1]
    assert (record.width, record.height, record.problem, record.hints) == (32, 32, "", "001.json")
    assert record.seconds > 0 and record.normalized_loss > 0 and record.weights_sha256 == model.config.sha256
    provenance = provenance_of(tmp_path / "out" / "001.jpg")
    assert provenance.hints == (RED,) and provenance.sha256 == model.config.sha256
    assert read_manifest(Folder(str(tmp_path / "out")))[0] == {record.photo: record for record in records}


def test_a_photo_that_cannot_be_coloured_gets_a_sentence_and_is_tried_again_in_the_next_run(model, scans, tmp_path):
    (scans / "000.json").write_text("{}")
    (scans / "001.jpg").write_bytes(b"no picture")
    for _ in range(2):
        records = [record for record in run_archive(model, scans, tmp_path / "out") if record.problem]
        assert [record.problem.partition(";")[0] for record in records] == [
            "000.json: the hints must be a JSON list of objects, got {}",
            "001.jpg is not a picture that can be read",
        ]
    (scans / "000.json").unlink()
    assert [record.problem for record in run_archive(model, scans, tmp_path / "out") if not record.problem] == [""]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000.jpg", "002.jpg", MANIFEST_NAME]


def test_an_error_with_one_photo_does_not_end_the_run(model, scans, tmp_path, monkeypatch):
    for error, sentence in (
        (RuntimeError("a bug\nand more"), "RuntimeError: a bug and more"),
        (MemoryError(), "there is not enough memory for it"),
        (PermissionError(13, "Permission denied", ".colouru-1.partial"), "its picture not be saved: Permission denied"),
    ):

        def fail(*_, error=error, **__):
            raise error

        monkeypatch.setattr(Colourizer, "colour_file", fail)
        records = run_archive(model, scans, tmp_path / "out")
        assert len(records) == 3 and all(record.problem.endswith(sentence) for record in records)


def test_hints_in_the_metadata_are_used_unless_there_is_a_hints_file(model, scans, tmp_path):
    (scans / "001.json").write_text(hints_to_json([RED]))
    first = run_archive(model, scans, tmp_path / "out")[1]
    shutil.copy(tmp_path / "out" / "001.jpg", scans / "saved.jpg")
    (again,) = run_archive(model, scans, tmp_path / "out")
    assert again.hints_sha256 == first.hints_sha256 is not None and again.hints is None
    (scans / "saved.json").write_text("[]")
    (without,) = run_archive(model, scans, tmp_path / "out")
    assert without.hints_sha256 is None and provenance_of(tmp_path / "out" / "saved.jpg").hints == ()


def test_a_file_that_colouru_did_not_make_is_not_overwritten(model, scans, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000.jpg").write_bytes(b"somebody's")
    problem = run_archive(model, scans, tmp_path / "out")[0].problem
    assert problem.startswith("there is a file 000.jpg in") and problem.endswith("already, and not by ColourU")
    assert (tmp_path / "out" / "000.jpg").read_bytes() == b"somebody's"


def test_a_full_disk_ends_the_run_with_a_sentence_that_names_the_photo(model, scans, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="the picture of 000.jpg could not be saved in .*: No space left on device"):
        run_archive(model, scans, tmp_path / "out")
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MANIFEST_NAME]
    assert len(run_archive(model, scans, tmp_path / "out")) == 3


@pytest.mark.parametrize("mount_point_stays", [False, True])
def test_an_output_folder_that_vanishes_ends_the_run_and_is_not_made_anew(
    model, scans, tmp_path, monkeypatch, mount_point_stays
):
    out, colour_file = tmp_path / "out", Colourizer.colour_file

    def colour_and_unmount(self, photo, *args, **options):
        done = colour_file(self, photo, *args, **options)
        if photo.name == "001.jpg":
            out.rename(tmp_path / "gone")
            if mount_point_stays:
                out.mkdir()
                shutil.copy(tmp_path / "gone" / args[0].name, args[0])
        return done

    monkeypatch.setattr(Colourizer, "colour_file", colour_and_unmount)
    with pytest.raises(OutputError, match="out is gone, or no longer has its manifest.jsonl"):
        run_archive(model, scans, out)
    assert not out.exists() or list(out.iterdir()) == []


def test_names_in_all_scripts_and_cases_get_pictures_of_their_own(model, tmp_path):
    names = [
        "ß.jpg",
        "SS.jpg",
        "Ä.jpg",
        "ä.jpg",
        "a\u0308.jpg",
        "写真 1.jpg",
        "عكس.png",
        "'\"\n b.jpg",
        "a.jpg",
        "a.png",
    ]
    scans = make_scans(tmp_path / "scans", len(names))
    for name, path in zip([*names[:-1], os.fsdecode(b"\xff.jpg")], sorted(scans.iterdir()), strict=True):
        path.rename(scans / name)
    records = run_archive(model, scans, tmp_path / "out")
    assert [record.problem for record in records] == [""] * len(names)
    assert len({record.picture.casefold() for record in records}) == len(names)
    assert len(list((tmp_path / "out").iterdir())) == len(names) + 1
    assert run_archive(model, scans, tmp_path / "out") == []


def test_an_archive_in_a_store_is_coloured_into_a_store(model, scans):
    store = fsspec.filesystem("memory")
    store.put(str(scans), "/archive/scans", recursive=True)
    assert len(run_archive(model, "memory://archive/scans", "memory://archive/out", ".png")) == 3
    assert run_archive(model, "memory://archive/scans", "memory://archive/out", ".png") == []
    assert sorted(store.ls("/archive/out", detail=False)) == [
        *(f"/archive/out/00{number}.jpg.png" for number in range(3)), f"/archive/out/{MANIFEST_NAME}",
    ]  # fmt: skip
    assert exit_status("--verify", "memory://archive/out") == 0


def test_a_dataset_is_coloured(model, photos, tmp_path):
    records = run_archive(model, photos, tmp_path / "out")
    assert [record.picture for record in records] == [
        f"{split}/{row:08d}.png" for split in ("test", "train") for row in range(4)
    ]
    assert {record.problem for record in records} == {""} and run_archive(model, photos, tmp_path / "out") == []
