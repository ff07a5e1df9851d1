"""Temporary files of the page: one folder per process, cleaned regularly and deleted at exit.

Beside the folder lies a lock file. The system releases the lock when the process ends, even if it was killed, so the
next start can tell the folder of a dead process from that of a running one, and deletes it. This module does not import
Gradio, because Gradio reads the folder's name on import.
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

# Seconds after which a file is deleted, since it was written or since `Session.touch`.
MAX_AGE_S = 3600

CLEANUP_INTERVAL_S = 600


def create_folder() -> str:
    """Create the folder of this process, delete those of dead processes, and return the subfolder for Gradio.

    The folder lies in GRADIO_TEMP_DIR or, if that is not set, in the system's temporary folder. `tempfile` uses it from
    now on. Ends the program with a sentence if the folder belongs to another user.
    """
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve()
    root = parent / (f"colouru-{os.getuid()}" if hasattr(os, "getuid") else "colouru")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.lstat()
    # In a shared folder another user may have created this one, or a link in its place.
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        sys.exit(f"colouru: {root} belongs to someone else; set GRADIO_TEMP_DIR to a folder of yours")
    root.chmod(0o700)
    with FileLock(root / "start"):
        for lock_file in root.glob("*.lock"):
            with contextlib.suppress(Timeout), FileLock(lock_file, timeout=0):
                delete_folder(lock_file)
        folder = Path(tempfile.mkdtemp(prefix="page-", dir=root))
        lock = FileLock(f"{folder}.lock")
        lock.acquire()
    atexit.register(close, lock)
    # Two folders: Gradio copies a file before it serves it, but not one that is in its own folder already, and then the
    # file would be gone when the handler's temporary folder is.
    gradio, scratch = folder / "served", folder / "passing"
    gradio.mkdir()
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    return str(gradio)


def delete_folder(lock_file: Path) -> None:
    """Delete the folder that belongs to a lock file, and the lock file."""
    shutil.rmtree(lock_file.with_suffix(""), ignore_errors=True)
    # On systems that cannot delete an open file, the next start deletes it.
    with contextlib.suppress(OSError):
        lock_file.unlink()


def close(lock: FileLock) -> None:
    """Delete the folder of this process and release its lock."""
    delete_folder(Path(lock.lock_file))
    lock.release()


def delete_old_files(folder: Path, kept: Collection[str] = (), age_s: float = MAX_AGE_S) -> None:
    """Delete below the subfolders of `folder` what was not touched for `age_s` seconds, except the `kept` paths."""
    before = time.time() - age_s
    emptied = set()
    for path in sorted(folder.glob("*/**/*"), reverse=True):
        with contextlib.suppress(OSError):
            status = path.lstat()
            old = max(status.st_ctime, status.st_mtime) <= before
            if stat.S_ISDIR(status.st_mode):
                # A new folder may be about to be filled. `rmdir` fails on one that is not empty.
                if old or path in emptied:
                    path.rmdir()
                    emptied.add(path.parent)
            elif old and str(path) not in kept:
                path.unlink()
                emptied.add(path.parent)


def start_cleanup(demo: Any) -> None:
    """Run `delete_old_files` regularly in a thread, sparing files that components of the page keep."""

    def run() -> None:
        while True:
            time.sleep(CLEANUP_INTERVAL_S)
            kept = {path for block in demo.blocks.values() for path in getattr(block, "keep_in_cache", ())}
            delete_old_files(Path(tempfile.gettempdir()).parent, kept)

    threading.Thread(target=run, daemon=True).start()


def sigterm_as_interrupt() -> None:
    """Let SIGTERM, which stops services and containers, end the program as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
