"""Replace a file in one step: its name stands for the old content or the whole new one, never for a part."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

# The names of files that are still being written begin with this. They are hidden, and whoever finds them later may
# remove them: their process was killed.
PARTIAL_PREFIX = ".colouru-"


def partial_name(ending: str = "") -> str:
    """A new name for a file that is still being written, such as .colouru-0123456789abcdef.partial.jpg."""
    return f"{PARTIAL_PREFIX}{secrets.token_hex(8)}.partial{ending}"


@contextlib.contextmanager
def atomic_write(path: Path, partial: Path | None = None) -> Iterator[Path]:
    """Yield a path to write to. If the block ends without an exception, that file replaces `path`.

    The content is flushed to the disk first, so that a power cut does not leave an empty file either.

    Args:
        partial: where to write, in the folder of `path`. By default a new name with the ending of `path`. The next
            attempt writes over a fixed name, so that killed processes leave at most one partial file.

    Raises:
        OSError: if the file cannot be written. `path` is then as it was.
    """
    partial = partial or path.with_name(partial_name(os.path.splitext(path.name)[1]))
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
