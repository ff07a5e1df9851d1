"""What a run over an archive has to do."""

import os
import shutil
from pathlib import Path

from colouru import __version__
from colouru.archive.catalog import open_sources
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest
from colouru.archive.plan import make_plan
from colouru.archive.worker import Settings, Task
from colouru.hints import hints_to_json
from colouru.images.photo import provenance_of
from colouru.pipeline import Colourizer
from tests.archive.runs import RED, make_scans, run_archive


def test_a_second_run_colours_only_what_is_missing_or_has_changed(model, scans, tmp_path):
    out = tmp_path / "out"
    run_archive(model, scans, out)
    assert run_archive(model, scans, out) == []
    (out / "000.jpg").unlink()
    (out / "001.jpg").write_bytes(b"half")
    assert [record.photo for record in run_archive(model, scans, out)] == ["000.jpg", "001.jpg"]
    (scans / "002.json").write_text(hints_to_json([RED]))
    assert [record.photo for record in run_archive(model, scans, out)] == ["002.jpg"]
    assert provenance_of(out / "002.jpg").hints == (RED,)
    (scans / "002.json").unlink()
    assert [record.hints_sha256 for record in run_archive(model, scans, out)] == [None]
    assert provenance_of(out / "002.jpg").hints == ()
    shutil.copy(scans / "000.jpg", scans / "001.jpg")
    make_scans(tmp_path / "new", 1).joinpath("000.jpg").rename(scans / "new.jpg")
    assert [record.photo for record in run_archive(model, scans, out)] == ["001.jpg", "new.jpg"]
    assert (out / "001.jpg").read_bytes() == (out / "000.jpg").read_bytes()
    assert run_archive(model, scans, out) == []


def test_a_photo_with_a_new_date_and_the_old_content_is_not_coloured_again(model, scans, tmp_path, monkeypatch):
    run_archive(model, scans, tmp_path / "out")
    os.utime(scans / "000.jpg", (0, 0))
    monkeypatch.setattr(Colourizer, "colour_file", None)
    (record,) = run_archive(model, scans, tmp_path / "out")
    assert record.photo == "000.jpg" and record.problem == ""
    assert run_archive(model, scans, tmp_path / "out") == []


def test_other_weights_or_a_new_minor_version_colour_all_again(model, scans, tmp_path, monkeypatch):
    run_archive(model, scans, tmp_path / "out")
    major, minor, _ = map(int, __version__.split("."))
    for version, todo in ((f"{major}.{minor}.7", 0), (f"{major}.{minor + 1}.0", 3), (f"{major + 1}.{minor}.0", 3)):
        monkeypatch.setattr("colouru.archive.plan.__version__", version)
        assert len(tasks(scans, tmp_path / "out", model.config.sha256)) == todo
    monkeypatch.undo()
    assert len(tasks(scans, tmp_path / "out", "f" * 64)) == 3


def tasks(scans: Path, out: Path, weights: str) -> list[Task]:
    settings = Settings(Folder(str(out)), "gan", weights, 100)
    with Manifest(settings.out) as manifest:
        return make_plan(open_sources([str(scans)], settings.out).catalog(), manifest, settings, None).tasks


def test_a_picture_that_is_not_in_the_manifest_is_made_again(model, scans, tmp_path):
    run_archive(model, scans, tmp_path / "out")
    (tmp_path / "out" / MANIFEST_NAME).unlink()
    assert [record.problem for record in run_archive(model, scans, tmp_path / "out")] == [""] * 3
