"""Where all that a visitor's photo becomes lies: one folder for each running page, emptied in time and at its end.

The folder has a lock beside it, which the system lets go when the process ends, however that was. So the next start
knows the folder of a page that was killed from that of one that still runs, and removes it with all that was left.
Knows nothing of Gradio, whose folder must be named before it is imported.
"""

import atexit
import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

# A file goes this long after it was last written, read anew or kept by `Work.keep`.
AGE_S = 3600

INTERVAL_S = 600


def own_folder() -> str:
    """Make a folder for this process, gone when it ends, that holds all its temporary files; returns Gradio's in it.

    It lies in GRADIO_TEMP_DIR or, if that is not set, where the system has such files. What ended processes left there
    goes now. Ends the program with a sentence if another user has taken the place.
    """
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve()
    root = parent / (f"colouru-{os.getuid()}" if hasattr(os, "getuid") else "colouru")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.lstat()
    # Whoever may write to a shared folder may have made this one before us, or a link to it.
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        sys.exit(f"colouru: {root} belongs to someone else; set GRADIO_TEMP_DIR to a folder of yours")
    root.chmod(0o700)
    with FileLock(root / "start"):
        for left in root.glob("*.lock"):
            with contextlib.suppress(Timeout), FileLock(left, timeout=0):
                remove(left)
        folder = Path(tempfile.mkdtemp(prefix="page-", dir=root))
        lock = FileLock(f"{folder}.lock")
        lock.acquire()
    atexit.register(end, lock)
    # Gradio copies what it is to serve into its own; what is there already it would serve from where it lies.
    served, passing = folder / "served", folder / "passing"
    served.mkdir()
    passing.mkdir()
    tempfile.tempdir = str(passing)
    return str(served)


def remove(lock_file: Path) -> None:
    shutil.rmtree(lock_file.with_suffix(""), ignore_errors=True)
    # Where an open file cannot be deleted the next start does it.
    with contextlib.suppress(OSError):
        lock_file.unlink()


def end(lock: FileLock) -> None:
    remove(Path(lock.lock_file))
    lock.release()


def empty(folder: Path, kept: Collection[str] = (), age_s: float = AGE_S) -> None:
    """Delete below the folders in `folder` what nobody touched for `age_s` seconds, except the `kept` paths."""
    before = time.time() - age_s
    emptied = set()
    for path in sorted(folder.glob("*/**/*"), reverse=True):
        with contextlib.suppress(OSError):
            status = path.lstat()
            old = max(status.st_ctime, status.st_mtime) <= before
            if stat.S_ISDIR(status.st_mode):
                # Never one that is new and about to be filled; `rmdir` leaves alone what holds anything.
                if old or path in emptied:
                    path.rmdir()
                    emptied.add(path.parent)
            elif old and str(path) not in kept:
                path.unlink()
                emptied.add(path.parent)


def empty_in_time(demo: Any) -> None:
    """Do so as long as the process runs, but for what a page of Gradio's always needs, such as its examples."""

    def run() -> None:
        while True:
            time.sleep(INTERVAL_S)
            kept = {path for block in demo.blocks.values() for path in getattr(block, "keep_in_cache", ())}
            empty(Path(tempfile.gettempdir()).parent, kept)

    threading.Thread(target=run, daemon=True).start()


def end_as_by_hand() -> None:
    """Let SIGTERM, by which services and containers are stopped, end the page as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
