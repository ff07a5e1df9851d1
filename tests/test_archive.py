"""A whole archive: coloured once, whatever happens meanwhile, and its manifest tells the truth."""

import contextlib
import errno
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import fsspec
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from colouru import Hint, __version__
from colouru.__main__ import main
from colouru.archive.crew import colour_here, colour_in_processes
from colouru.archive.folder import PARTIAL, Folder
from colouru.archive.manifest import NAME, Manifest, Record, read_manifest
from colouru.archive.run import plan
from colouru.archive.scan import Scan, open_sources
from colouru.archive.worker import NoRoomError, Settings, Task, Worker
from colouru.hints import hints_to_json
from colouru.images.photo import provenance_of
from colouru.pipeline import Colourizer, find_model
from tests.conftest import painted_scene

RED = Hint(x=0.5, y=0.5, colour="#ff0000")


@pytest.fixture(scope="module")
def model(untrained_model):
    return find_model(untrained_model)


@pytest.fixture
def scans(tmp_path) -> Path:
    return make_scans(tmp_path / "scans", 3)


def make_scans(folder: Path, count: int) -> Path:
    """A folder with so many small photos, no two alike."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(painted_scene(random, 32)).save(folder / f"{number:03d}.jpg")
    return folder


def colour(model, scans: Path | str, out: Path | str, ending: str | None = None) -> list[Record]:
    """What a run in this process did."""
    settings = Settings(Folder(str(out)), "gan", model.config.sha256, 100)
    with Manifest(settings.out) as manifest:
        done = []
        for record in colour_here(
            plan(open_sources([str(scans)], settings.out).find(), manifest, settings, ending).tasks, model, settings
        ):
            manifest.append(record)
            done.append(record)
    return done


def status(*arguments: object) -> int | None:
    """How the command ends, run in this process."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def test_each_photo_has_a_picture_and_a_line(model, scans, tmp_path):
    (scans / "001.json").write_text(hints_to_json([RED]))
    records = colour(model, scans, tmp_path / "out")
    assert [record.photo for record in records] == [record.picture for record in records] == [
        "000.jpg", "001.jpg", "002.jpg",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000.jpg", "001.jpg", "002.jpg", NAME]
    told = records[1]
    assert (told.width, told.height, told.problem, told.hints) == (32, 32, "", "001.json")
    assert told.seconds > 0 and told.normalized_loss > 0 and told.weights_sha256 == model.config.sha256
    provenance = provenance_of(tmp_path / "out" / "001.jpg")
    assert provenance.hints == (RED,) and provenance.sha256 == model.config.sha256
    assert read_manifest(Folder(str(tmp_path / "out")))[0] == {record.photo: record for record in records}


def test_run_again_it_does_what_is_missing_or_has_changed_and_nothing_twice(model, scans, tmp_path):
    out = tmp_path / "out"
    colour(model, scans, out)
    assert colour(model, scans, out) == []
    (out / "000.jpg").unlink()
    (out / "001.jpg").write_bytes(b"half")
    assert [record.photo for record in colour(model, scans, out)] == ["000.jpg", "001.jpg"]
    (scans / "002.json").write_text(hints_to_json([RED]))
    assert [record.photo for record in colour(model, scans, out)] == ["002.jpg"]
    assert provenance_of(out / "002.jpg").hints == (RED,)
    (scans / "002.json").unlink()
    assert [record.hints_sha256 for record in colour(model, scans, out)] == [None]
    assert provenance_of(out / "002.jpg").hints == ()
    shutil.copy(scans / "000.jpg", scans / "001.jpg")
    make_scans(tmp_path / "new", 1).joinpath("000.jpg").rename(scans / "new.jpg")
    assert [record.photo for record in colour(model, scans, out)] == ["001.jpg", "new.jpg"]
    assert (out / "001.jpg").read_bytes() == (out / "000.jpg").read_bytes()
    assert colour(model, scans, out) == []


def test_a_photo_that_was_only_copied_anew_is_read_but_not_coloured_again(model, scans, tmp_path, monkeypatch):
    colour(model, scans, tmp_path / "out")
    os.utime(scans / "000.jpg", (0, 0))
    monkeypatch.setattr(Colourizer, "colour_file", None)
    (record,) = colour(model, scans, tmp_path / "out")
    assert record.photo == "000.jpg" and record.problem == ""
    assert colour(model, scans, tmp_path / "out") == []


def test_other_weights_or_a_version_with_other_pictures_colour_anew(model, scans, tmp_path, monkeypatch):
    colour(model, scans, tmp_path / "out")
    major, minor, _ = map(int, __version__.split("."))
    for version, todo in ((f"{major}.{minor}.7", 0), (f"{major}.{minor + 1}.0", 3), (f"{major + 1}.{minor}.0", 3)):
        monkeypatch.setattr("colouru.archive.run.__version__", version)
        assert len(tasks(scans, tmp_path / "out", model.config.sha256)) == todo
    monkeypatch.undo()
    assert len(tasks(scans, tmp_path / "out", "f" * 64)) == 3


def tasks(scans: Path, out: Path, weights: str) -> list[Task]:
    settings = Settings(Folder(str(out)), "gan", weights, 100)
    with Manifest(settings.out) as manifest:
        return plan(open_sources([str(scans)], settings.out).find(), manifest, settings, None).tasks


def test_a_photo_that_cannot_be_coloured_has_its_sentence_and_is_tried_again(model, scans, tmp_path):
    (scans / "000.json").write_text("{}")
    (scans / "001.jpg").write_bytes(b"no picture")
    for _ in range(2):
        records = [record for record in colour(model, scans, tmp_path / "out") if record.problem]
        assert [record.problem.partition(";")[0] for record in records] == [
            "the hints must be a JSON list of objects, got {}",
            "001.jpg is not a picture that can be read",
        ]
    (scans / "000.json").unlink()
    assert [record.problem for record in colour(model, scans, tmp_path / "out") if not record.problem] == [""]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000.jpg", "002.jpg", NAME]


def test_whatever_goes_wrong_with_one_photo_ends_no_run(model, scans, tmp_path, monkeypatch):
    for error, sentence in (
        (RuntimeError("a bug\nand more"), "RuntimeError: a bug and more"),
        (MemoryError(), "there is not enough memory for it"),
        (PermissionError(13, "Permission denied", ".colouru-1.partial"), "its picture not be saved: Permission denied"),
    ):

        def fail(*_, error=error, **__):
            raise error

        monkeypatch.setattr(Colourizer, "colour_file", fail)
        records = colour(model, scans, tmp_path / "out")
        assert len(records) == 3 and all(record.problem.endswith(sentence) for record in records)


def test_hints_inside_a_picture_of_ours_are_used_again_unless_others_lie_beside_it(model, scans, tmp_path):
    (scans / "001.json").write_text(hints_to_json([RED]))
    first = colour(model, scans, tmp_path / "out")[1]
    shutil.copy(tmp_path / "out" / "001.jpg", scans / "saved.jpg")
    (again,) = colour(model, scans, tmp_path / "out")
    assert again.hints_sha256 == first.hints_sha256 is not None and again.hints is None
    (scans / "saved.json").write_text("[]")
    (without,) = colour(model, scans, tmp_path / "out")
    assert without.hints_sha256 is None and provenance_of(tmp_path / "out" / "saved.jpg").hints == ()


def test_what_colouru_did_not_make_is_not_written_over(model, scans, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000.jpg").write_bytes(b"somebody's")
    problem = colour(model, scans, tmp_path / "out")[0].problem
    assert problem.startswith("there is a file 000.jpg in") and problem.endswith("already, and not by ColourU")
    assert (tmp_path / "out" / "000.jpg").read_bytes() == b"somebody's"


def test_a_picture_without_its_line_is_made_again(model, scans, tmp_path):
    colour(model, scans, tmp_path / "out")
    (tmp_path / "out" / NAME).unlink()
    assert [record.problem for record in colour(model, scans, tmp_path / "out")] == [""] * 3


def test_a_full_disk_ends_the_run_in_a_sentence_that_names_the_photo(model, scans, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NoRoomError, match="the picture of 000.jpg could not be saved in .*: No space left on device"):
        colour(model, scans, tmp_path / "out")
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [NAME]
    assert len(colour(model, scans, tmp_path / "out")) == 3


def test_names_in_every_script_and_case_are_photos_of_their_own(model, tmp_path):
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
    records = colour(model, scans, tmp_path / "out")
    assert [record.problem for record in records] == [""] * len(names)
    assert len({record.picture.casefold() for record in records}) == len(names)
    assert len(list((tmp_path / "out").iterdir())) == len(names) + 1
    assert colour(model, scans, tmp_path / "out") == []


def test_an_archive_in_a_store_is_coloured_into_a_store(model, scans):
    store = fsspec.filesystem("memory")
    store.put(str(scans), "/archive/scans", recursive=True)
    assert len(colour(model, "memory://archive/scans", "memory://archive/out", ".png")) == 3
    assert colour(model, "memory://archive/scans", "memory://archive/out", ".png") == []
    assert sorted(store.ls("/archive/out", detail=False)) == [
        *(f"/archive/out/00{number}.jpg.png" for number in range(3)), f"/archive/out/{NAME}",
    ]  # fmt: skip
    assert status("--verify", "memory://archive/out") == 0


def test_an_archive_in_s3_is_coloured_over_http_by_two_processes(untrained_model, scans, monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "ENDPOINT_URL": f"http://{host}:{port}",
            "ACCESS_KEY_ID": "a",
            "SECRET_ACCESS_KEY": "b",
            "DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        store = fsspec.filesystem("s3", skip_instance_cache=True)
        store.mkdir("archive")
        store.put(str(scans), "archive/scans", recursive=True)
        command = ["s3://archive/scans", "-o", "s3://archive/out", "--jobs", "2", "--model", untrained_model]
        assert status(*command) == 0
        assert sorted(store.ls("archive/out", detail=False)) == [
            *(f"archive/out/00{number}.jpg" for number in range(3)), f"archive/out/{NAME}",
        ]  # fmt: skip
        assert status("--verify", "s3://archive/out") == 0
        before = store.info("archive/out/000.jpg")["LastModified"]
        assert status(*command) == 0 and store.info("archive/out/000.jpg")["LastModified"] == before
    finally:
        server.stop()


def test_a_dataset_is_coloured(model, photos, tmp_path):
    records = colour(model, photos, tmp_path / "out")
    assert [record.picture for record in records] == [
        f"{split}/{row:08d}.png" for split in ("test", "train") for row in range(4)
    ]
    assert {record.problem for record in records} == {""} and colour(model, photos, tmp_path / "out") == []


def test_verify_finds_what_is_not_as_the_manifest_says(model, scans, tmp_path, capsys):
    out = tmp_path / "out"
    (scans / "broken.jpg").touch()
    colour(model, scans, out)
    assert status("--verify", out) == 0
    assert capsys.readouterr().out == f"pictures: 3; not as {NAME} says: 0; photos without one: 1\n"
    content = bytearray((out / "000.jpg").read_bytes())
    content[-20] ^= 1
    (out / "000.jpg").write_bytes(content)
    (out / "001.jpg").unlink()
    lines = (out / NAME).read_text().splitlines()
    forged = json.loads(lines[2]) | {"weights_sha256": "0" * 64, "hints_sha256": "1" * 64}
    (out / NAME).write_text("\n".join([*lines[:2], json.dumps(forged)]) + "\n")
    (out / "foreign.jpg").touch()
    assert status("--verify", out) == 3
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "000.jpg: its picture 000.jpg is no longer as it was written",
        "001.jpg: its picture 001.jpg is missing",
        "002.jpg: its picture 002.jpg names other weights and hints than the manifest",
        f"foreign.jpg: {NAME} does not tell of it",
    ]


def test_verify_says_where_there_is_nothing_to_verify(tmp_path, capsys):
    assert status("--verify", tmp_path) == 1
    assert capsys.readouterr().err.startswith(f"colouru: there is no {NAME} in")


def test_a_script_learns_from_the_exit_status_how_it_went(untrained_model, scans, tmp_path, capsys):
    run = (scans, "--model", untrained_model, "-o", tmp_path / "out")
    assert status(*run) == 0
    for number in range(25):
        (scans / f"broken{number:02d}.jpg").touch()
    capsys.readouterr()
    assert status(*run) == 3
    told = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("broken") for line in told) == 20
    assert told[-1] == f"colouru: 25 of 28 photos could not be coloured, 5 more of them named in {NAME}"
    for path in scans.glob("0*.jpg"):
        path.unlink()
    assert status(scans, "--model", untrained_model, "-o", tmp_path / "other") == 1
    assert status(tmp_path / "nowhere", "-o", tmp_path / "other") == 1
    assert status(scans, "-o", tmp_path / "other", "--jobs", 0) == 2


def test_what_cannot_be_written_to_is_said_before_anything_is_read(
    scans, tmp_path, capsys, untrained_model, monkeypatch
):
    (tmp_path / "file").touch()
    assert status(scans, "-o", tmp_path / "file" / "out") == 1
    assert capsys.readouterr().err == f"colouru: nothing can be written to {tmp_path}/file/out: Not a directory\n"

    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.makedirs", read_only)
    monkeypatch.setattr("colouru.archive.scan.Sources.find", None)
    assert status(scans, "-o", tmp_path / "out", "--model", untrained_model) == 1
    assert capsys.readouterr().err == f"colouru: nothing can be written to {tmp_path}/out: Read-only file system\n"


def test_one_photo_without_a_folder_to_go_to_is_named_by_its_own_name(scans, tmp_path, capsys, monkeypatch):
    assert status(scans / "000.jpg", "-o", tmp_path / "nodir" / "a.png") == 1
    assert capsys.readouterr().err == f"colouru: there is no folder {tmp_path}/nodir for a.png\n"

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".colouru-1.partial")

    monkeypatch.setattr("os.fsync", full)
    assert status(scans / "000.jpg", "-o", tmp_path / "a.png") == 1
    assert capsys.readouterr().err == (
        f"colouru: the picture of {scans}/000.jpg could not be saved as {tmp_path}/a.png: No space left on device\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["scans"]


class Deadly(Folder):
    """A folder in which reading one photo kills who reads it."""

    def fetched(self, name: str):
        if name == "001.jpg":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fetched(name)


@pytest.mark.slow
def test_processes_colour_each_photo_once_and_one_that_kills_them_stops_no_other(model, scans, tmp_path):
    settings = Settings(Folder(str(tmp_path / "out")), "gan", model.config.sha256, 100)
    given = [Task(Scan(name, Deadly(str(scans)), ""), name) for name in ("000.jpg", "001.jpg", "002.jpg")]
    records = {record.photo: record for record in colour_in_processes(given, model, settings, jobs=2)}
    assert sorted(records) == ["000.jpg", "001.jpg", "002.jpg"]
    assert records["001.jpg"].problem.startswith("the process that coloured it was ended 2 times")
    alone = Worker(model, settings)(given[0])
    assert records["000.jpg"].picture_sha256 == alone.picture_sha256 and records["002.jpg"].problem == ""


def command(scans: Path, out: Path, model: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "colouru", str(scans), "-o", str(out), "--model", str(model), *options]


@contextlib.contextmanager
def begun(run: list[str], out: Path, photos: int):
    """A run, once it has coloured so many photos. In a process group of its own, as a terminal would have it."""
    # Whoever runs in the background passes on that Ctrl-C is none of its business.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(run, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed)
    try:
        await_lines(out, photos, process)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def await_lines(out: Path, count: int, process: subprocess.Popen) -> None:
    """Until the manifest has so many lines, or the run has ended."""
    while process.poll() is None and (not (out / NAME).exists() or (out / NAME).read_bytes().count(b"\n") < count):
        time.sleep(0.01)


def assert_each_once(out: Path, scans: Path) -> None:
    """Every photo has one line and one whole picture, and nothing else is there."""
    lines = Counter(json.loads(line)["photo"] for line in (out / NAME).read_text().splitlines())
    assert lines == Counter(path.name for path in scans.iterdir())
    assert {path.name for path in out.iterdir()} == {*lines, NAME}
    assert status("--verify", out) == 0


@pytest.mark.slow
@pytest.mark.parametrize("jobs, sign, code", [("1", signal.SIGTERM, 143), ("2", signal.SIGINT, 130)])
def test_ctrl_c_and_sigterm_end_it_in_one_sentence_and_leave_nothing_half(untrained_model, tmp_path, jobs, sign, code):
    scans, out = make_scans(tmp_path / "scans", 200), tmp_path / "out"
    with begun(command(scans, out, untrained_model, "--jobs", jobs), out, photos=3) as process:
        os.killpg(process.pid, sign)
        _, told = process.communicate(timeout=120)
    assert process.returncode == code
    last = told.replace("\r", "\n").splitlines()[-1]
    assert re.fullmatch(r"colouru: stopped; \d+ of 200 photos are coloured; the same again goes on from there", last)
    assert "Traceback" not in told
    lines = len((out / NAME).read_text().splitlines())
    assert last.split()[2] == str(lines) and not [path for path in out.iterdir() if path.name.startswith(PARTIAL)]
    assert lines <= len(list(out.glob("*.jpg"))) <= lines + int(jobs)


def test_of_the_processes_not_even_the_first_sees_ctrl_c():
    script = """if True:
        import multiprocessing
        from colouru.archive.crew import _without_interrupts
        told = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
        for _ in range(2):
            process = multiprocessing.get_context("spawn").Process(target=exec, args=(told,))
            with _without_interrupts():
                process.start()
            process.join()
    """
    told = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert told.split() == ["True", "True"]


@pytest.mark.slow
def test_killed_again_and_again_it_loses_none_does_none_twice_and_leaves_none_half(untrained_model, tmp_path):
    scans, out = make_scans(tmp_path / "scans", 60), tmp_path / "out"
    for kill, jobs in enumerate(("1", "2", "1"), start=1):
        with begun(command(scans, out, untrained_model, "--jobs", jobs), out, photos=15 * kill) as process:
            os.kill(process.pid, signal.SIGKILL)
    (out / f"{PARTIAL}of-one-killed.partial.jpg").touch()
    assert subprocess.run(command(scans, out, untrained_model), capture_output=True).returncode == 0
    assert_each_once(out, scans)
