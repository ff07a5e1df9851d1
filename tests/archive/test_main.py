"""The command for archives: exit statuses, messages, interruptions."""

import errno
import os
import re
import signal
import subprocess

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from colouru.archive.manifest import MANIFEST_NAME
from colouru.atomic_file import PARTIAL_PREFIX
from colouru.hints import hints_to_json
from colouru.images.photo import provenance_of
from tests.archive.runs import RED, assert_each_once, command, exit_status, make_scans, started_run


@pytest.fixture(scope="module")
def s3():
    """An S3 server on loopback, as an fsspec file system with the bucket `archive`."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as monkeypatch:
        host, port = server.get_host_and_port()
        for name, value in {
            "ENDPOINT_URL": f"http://{host}:{port}",
            "ACCESS_KEY_ID": "a",
            "SECRET_ACCESS_KEY": "b",
            "DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("archive")
        yield fs
    server.stop()


def test_an_archive_in_s3_is_coloured_over_http_by_two_processes(untrained_model, scans, s3):
    s3.put(str(scans), "archive/scans", recursive=True)
    arguments = ["s3://archive/scans", "-o", "s3://archive/out", "--jobs", "2", "--model", untrained_model]
    assert exit_status(*arguments) == 0
    assert sorted(s3.ls("archive/out", detail=False)) == [
        *(f"archive/out/00{number}.jpg" for number in range(3)), f"archive/out/{MANIFEST_NAME}",
    ]  # fmt: skip
    assert exit_status("--verify", "s3://archive/out") == 0
    before = s3.info("archive/out/000.jpg")["LastModified"]
    assert exit_status(*arguments) == 0 and s3.info("archive/out/000.jpg")["LastModified"] == before


def test_the_exit_status_says_whether_all_some_or_no_photos_were_coloured(untrained_model, scans, tmp_path, capsys):
    run = (scans, "--model", untrained_model, "-o", tmp_path / "out")
    assert exit_status(*run) == 0
    for number in range(25):
        (scans / f"broken{number:02d}.jpg").touch()
    capsys.readouterr()
    assert exit_status(*run) == 3
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("broken") for line in lines) == 20
    assert lines[-1] == f"colouru: 25 of 28 photos could not be coloured, 5 more of them named in {MANIFEST_NAME}"
    for path in scans.glob("0*.jpg"):
        path.unlink()
    assert exit_status(scans, "--model", untrained_model, "-o", tmp_path / "other") == 1
    assert exit_status(tmp_path / "nowhere", "-o", tmp_path / "other") == 1
    assert exit_status(scans, "-o", tmp_path / "other", "--jobs", 0) == 2


def test_an_output_folder_that_cannot_be_written_to_is_reported_before_photos_are_listed(
    scans, tmp_path, capsys, untrained_model, monkeypatch
):
    (tmp_path / "file").touch()
    assert exit_status(scans, "-o", tmp_path / "file" / "out") == 1
    assert capsys.readouterr().err == f"colouru: nothing can be written to {tmp_path}/file/out: Not a directory\n"

    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.makedirs", read_only)
    monkeypatch.setattr("colouru.archive.catalog.Sources.catalog", None)
    assert exit_status(scans, "-o", tmp_path / "out", "--model", untrained_model) == 1
    assert capsys.readouterr().err == f"colouru: nothing can be written to {tmp_path}/out: Read-only file system\n"


def test_a_single_photo_that_cannot_be_saved_is_reported_by_its_own_name(scans, tmp_path, capsys, monkeypatch):
    assert exit_status(scans / "000.jpg", "-o", tmp_path / "nodir" / "a.png") == 1
    assert capsys.readouterr().err == f"colouru: there is no folder {tmp_path}/nodir for a.png\n"

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".colouru-1.partial")

    monkeypatch.setattr("os.fsync", full)
    assert exit_status(scans / "000.jpg", "-o", tmp_path / "a.png") == 1
    assert capsys.readouterr().err == (
        f"colouru: the picture of {scans}/000.jpg could not be saved as {tmp_path}/a.png: No space left on device\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["scans"]


def test_a_key_with_two_slashes_in_a_store_is_not_written_outside_the_output_folder(
    untrained_model, scans, tmp_path, s3
):
    victim = tmp_path / "grandmother.jpg"
    victim.write_bytes(b"the only copy")
    s3.put(str(scans / "001.jpg"), "archive/keys/001.jpg")
    s3.pipe_file(f"archive/keys/{victim}", (scans / "000.jpg").read_bytes())
    assert exit_status("s3://archive/keys", "-o", tmp_path / "out", "--model", untrained_model) == 0
    assert victim.read_bytes() == b"the only copy"
    assert (tmp_path / "out" / str(victim).lstrip("/")).exists() and (tmp_path / "out" / "001.jpg").exists()


@pytest.mark.parametrize("name", ["000.json", "000-hints.json"])
def test_hints_beside_a_single_photo_are_used_and_named(untrained_model, scans, tmp_path, capsys, name):
    (scans / name).write_text(hints_to_json([RED]))
    assert exit_status(scans / "000.jpg", "-o", tmp_path / "a.png", "--model", untrained_model) == 0
    assert f"colouru: {name} is used" in capsys.readouterr().err
    assert provenance_of(tmp_path / "a.png").hints == (RED,)


def test_a_json_file_of_another_program_beside_a_single_photo_is_named(untrained_model, scans, tmp_path, capsys):
    (scans / "000.json").write_text("{}")
    assert exit_status(scans / "000.jpg", "-o", tmp_path / "a.png", "--model", untrained_model) == 0
    assert "colouru: 000.json is not used: the hints must be a JSON list" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("jobs, signum, code", [("1", signal.SIGTERM, 143), ("2", signal.SIGINT, 130)])
def test_ctrl_c_and_sigterm_end_the_run_with_one_sentence_and_leave_no_partial_files(
    untrained_model, tmp_path, jobs, signum, code
):
    scans, out = make_scans(tmp_path / "scans", 200), tmp_path / "out"
    with started_run(command(scans, out, untrained_model, "--jobs", jobs), out, photos=3) as process:
        os.killpg(process.pid, signum)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == code
    last = stderr.replace("\r", "\n").splitlines()[-1]
    assert re.fullmatch(r"colouru: stopped; \d+ of 200 photos are coloured; the same command goes on from there", last)
    assert "Traceback" not in stderr
    lines = len((out / MANIFEST_NAME).read_text().splitlines())
    assert last.split()[2] == str(lines) and not [
        path for path in out.iterdir() if path.name.startswith(PARTIAL_PREFIX)
    ]
    assert lines <= len(list(out.glob("*.jpg"))) <= lines + int(jobs)


@pytest.mark.slow
def test_runs_that_are_killed_lose_no_photo_and_colour_none_twice(untrained_model, tmp_path):
    scans, out = make_scans(tmp_path / "scans", 60), tmp_path / "out"
    for kill, jobs in enumerate(("1", "2", "1"), start=1):
        with started_run(command(scans, out, untrained_model, "--jobs", jobs), out, photos=15 * kill) as process:
            os.kill(process.pid, signal.SIGKILL)
    (out / f"{PARTIAL_PREFIX}of-one-killed.partial.jpg").touch()
    assert subprocess.run(command(scans, out, untrained_model), capture_output=True).returncode == 0
    assert_each_once(out, scans)
