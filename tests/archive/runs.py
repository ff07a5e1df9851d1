"""Helpers for tests of archives: make scans, colour them in this process or by the command, check the result."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colouru import Hint
from colouru.__main__ import main
from colouru.archive.catalog import open_sources
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest, Record
from colouru.archive.plan import make_plan
from colouru.archive.process_pool import colour_sequentially
from colouru.archive.worker import Settings
from colouru.model import Model
from tests.conftest import painted_scene

RED = Hint(x=0.5, y=0.5, colour="#ff0000")


def make_scans(folder: Path, count: int) -> Path:
    """Make a folder with `count` small photos that all differ."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(painted_scene(random, 32)).save(folder / f"{number:03d}.jpg")
    return folder


def run_archive(model: Model, scans: Path | str, out: Path | str, ending: str | None = None) -> list[Record]:
    """Colour an archive in this process, and return the records of this run."""
    settings = Settings(Folder(str(out)), "gan", model.config.sha256, 100)
    with Manifest(settings.out) as manifest:
        plan = make_plan(open_sources([str(scans)], settings.out).catalog(), manifest, settings, ending)
        records = []
        for record in colour_sequentially(plan.tasks, model, settings):
            manifest.append(record)
            records.append(record)
    return records


def exit_status(*arguments: object) -> int | str | None:
    """Run the command in this process."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def command(scans: Path, out: Path, model: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "colouru", str(scans), "-o", str(out), "--model", str(model), *options]


@contextlib.contextmanager
def started_run(run: list[str], out: Path, photos: int) -> Iterator[subprocess.Popen]:
    """Start a command and yield it once `photos` are coloured. It gets a process group of its own, as in a terminal."""
    # A process that runs in the background ignores SIGINT, and its children inherit that.
    restore_sigint = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        run, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=restore_sigint
    )
    try:
        await_lines(out, photos, process)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def await_lines(out: Path, count: int, process: subprocess.Popen) -> None:
    """Wait until the manifest has `count` lines, or the process has ended."""
    manifest = out / MANIFEST_NAME
    while process.poll() is None and (not manifest.exists() or manifest.read_bytes().count(b"\n") < count):
        time.sleep(0.01)


def assert_each_once(out: Path, scans: Path) -> None:
    """Every photo has one line and one valid picture, and there are no other files."""
    lines = Counter(json.loads(line)["photo"] for line in (out / MANIFEST_NAME).read_text().splitlines())
    assert lines == Counter(path.name for path in scans.iterdir())
    assert {path.name for path in out.iterdir()} == {*lines, MANIFEST_NAME}
    assert exit_status("--verify", out) == 0
