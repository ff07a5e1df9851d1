"""Colour the photos of an archive in several processes."""

import multiprocessing.util
import os
import signal
import subprocess
import sys

import pytest

from colouru.archive.catalog import SourcePhoto
from colouru.archive.folder import Folder
from colouru.archive.manifest import Manifest
from colouru.archive.process_pool import colour_in_processes
from colouru.archive.worker import Settings, Task, Worker


class LethalFolder(Folder):
    """A folder that kills the process that reads 001.jpg."""

    def local_file(self, name: str):
        if name == "001.jpg":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().local_file(name)


@pytest.mark.slow
def test_a_photo_that_kills_its_process_is_reported_and_all_others_are_coloured(model, scans, tmp_path):
    settings = Settings(Folder(str(tmp_path / "out")), "gan", model.config.sha256, 100)
    tasks = [Task(SourcePhoto(name, LethalFolder(str(scans)), ""), name) for name in ("000.jpg", "001.jpg", "002.jpg")]
    with Manifest(settings.out):
        records = {record.photo: record for record in colour_in_processes(tasks, model, settings, jobs=2)}
        expected = Worker(model, settings)(tasks[0])
    assert sorted(records) == ["000.jpg", "001.jpg", "002.jpg"]
    assert records["001.jpg"].problem.startswith("the process that coloured it was ended 2 times")
    assert records["000.jpg"].picture_sha256 == expected.picture_sha256 and records["002.jpg"].problem == ""


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_starts_is_replaced(model, scans, tmp_path, monkeypatch):
    spawn, spawned = multiprocessing.util.spawnv_passfds, []

    def spawn_and_kill_the_first(path, args, fds):
        process = spawn(path, args, fds)
        if any("spawn_main" in str(arg) for arg in args):
            spawned.append(process)
            if len(spawned) == 1:
                os.kill(process, signal.SIGKILL)
        return process

    monkeypatch.setattr("multiprocessing.util.spawnv_passfds", spawn_and_kill_the_first)
    settings = Settings(Folder(str(tmp_path / "out")), "gan", model.config.sha256, 100)
    tasks = [Task(SourcePhoto(name, Folder(str(scans)), ""), name) for name in ("000.jpg", "001.jpg", "002.jpg")]
    with Manifest(settings.out):
        records = list(colour_in_processes(tasks, model, settings, jobs=2))
    assert sorted(record.photo for record in records) == ["000.jpg", "001.jpg", "002.jpg"]
    assert {record.problem for record in records} == {""} and len(spawned) == 3


def test_sigint_is_blocked_in_every_worker_process():
    parent = """if True:
        import multiprocessing
        from colouru.archive.process_pool import _sigint_blocked
        script = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
        for _ in range(2):
            process = multiprocessing.get_context("spawn").Process(target=exec, args=(script,))
            with _sigint_blocked():
                process.start()
            process.join()
    """
    blocked = subprocess.run([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert blocked.split() == ["True", "True"]
