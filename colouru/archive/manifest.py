"""`manifest.jsonl`: what was done with every photo of an archive, as lines of JSON.

A line is appended each time a photo was worked on, and the last line of a photo counts. Only one process appends. If
it is killed while it writes, the file ends with an incomplete line, which readers ignore. Knows nothing of how photos
are coloured.
"""

import dataclasses
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from typing import Any

from colouru.archive.folder import Folder
from colouru.hints import Hint, hints_to_json

MANIFEST_NAME = "manifest.jsonl"

# Seconds between two writes to a manifest in a store, where each write may have to upload the whole file again.
FLUSH_INTERVAL_S = 5.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was done with one photo.

    If `problem` is not empty, what was not known by then is empty or None.

    Attributes:
        photo: its name in the archive, with "/" between folders.
        fingerprint: of the photo and its hints, see `colouru.archive.catalog.SourcePhoto`. While it is the same,
            neither has to be read again. Its key in the file is "stamp".
        sha256: of the photo.
        hints: the name of the file that the hints came from; None if they came from the photo or there are none.
        hints_sha256: of the hints that were used, as `hints_to_json` writes them; None if there are none.
        picture: the name of the picture in the output folder.
        picture_sha256: of that file.
        picture_bytes: its size.
        weights_sha256: of the weights.
        network: "baseline" or "gan".
        version: of ColourU.
        width, height: of the photo, in pixels.
        seconds: how long it took.
        normalized_loss: None if the photo is black and white.
        album_sha256: of all references, see `colouru.archive.references`; None without them.
        remarks: sentences about the photo for the user.
        problem: a sentence that says why there is no picture, or "".
    """

    photo: str
    fingerprint: str
    sha256: str = ""
    hints: str | None = None
    hints_sha256: str | None = None
    picture: str
    picture_sha256: str = ""
    picture_bytes: int = 0
    weights_sha256: str
    network: str
    version: str
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    normalized_loss: float | None = None
    album_sha256: str | None = None
    remarks: tuple[str, ...] = ()
    problem: str = ""

    def to_json(self) -> str:
        values = {JSON_KEYS.get(name, name): value for name, value in dataclasses.asdict(self).items()}
        text = json.dumps(values, ensure_ascii=False)
        # Names of files need not be valid text. Python then gives lone surrogates, which UTF-8 cannot encode.
        return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)

    @classmethod
    def from_json(cls, line: bytes) -> "Record":
        """Read one line. Keys that later versions may have added are ignored.

        Raises:
            ValueError: if it is not a line of a manifest.
        """
        try:
            values: Any = json.loads(line)
            values["remarks"] = tuple(values.get("remarks", ()))
            for name, key in JSON_KEYS.items():
                values[name] = values.pop(key)
            if values.keys() != FIELDS:
                values = {name: values[name] for name in values.keys() & FIELDS}
            record = cls(**values)
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"it is not a line of {MANIFEST_NAME}: {error}") from None
        texts = (record.photo, record.fingerprint, record.picture, record.version, record.problem)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"it is not a line of {MANIFEST_NAME}: a text is missing")
        return record


FIELDS = {field.name for field in dataclasses.fields(Record)}

# Keys in the file that differ from the field's name.
JSON_KEYS = {"fingerprint": "stamp"}


def sha256_of_hints(hints: Iterable[Hint]) -> str | None:
    """The sha256 of hints as `hints_to_json` writes them; None if there are none."""
    hints = list(hints)
    return hashlib.sha256(hints_to_json(hints).encode("utf-8", "surrogatepass")).hexdigest() if hints else None


def read_manifest(folder: Folder) -> tuple[dict[str, Record], int]:
    """The last record of each photo, by the photo's name, and how many lines could not be read.

    Raises:
        OSError: if there is no manifest, or it cannot be read.
    """
    records: dict[str, Record] = {}
    unreadable = 0
    with folder.open(MANIFEST_NAME, "rb") as file:
        for line in file:
            try:
                record = Record.from_json(line)
            except ValueError:
                unreadable += 1
                continue
            records[record.photo] = record
    return records, unreadable


class Manifest:
    """The manifest of a folder, open for appending. On local disks a lock allows only one process to have it open."""

    def __init__(self, folder: Folder):
        """Open it, and make the folder and the file if need be. So an error of writing is raised before any work.

        Raises:
            ValueError: if another process has it open.
            OSError: if nothing can be written there.
        """
        self.folder = folder
        self.pending: list[bytes] = []
        self.last_flush = time.monotonic()
        self.file: int | None = None
        if folder.is_local:
            os.makedirs(folder.path(), exist_ok=True)
            self.file = os.open(folder.path(MANIFEST_NAME), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            _lock(self.file, folder)
        elif folder.file(MANIFEST_NAME) is None:
            with folder.open(MANIFEST_NAME, "wb"):
                pass
        self.records, self.unreadable = read_manifest(folder)
        self._terminate_last_line()

    def append(self, record: Record) -> None:
        """Add a record. In a store it is written some seconds later, together with others.

        Raises:
            OSError: if it cannot be written. The file is then as it was.
        """
        self.records[record.photo] = record
        self.pending.append(record.to_json().encode() + b"\n")
        if self.folder.is_local or time.monotonic() - self.last_flush > FLUSH_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Write all records that are not written yet."""
        lines, self.pending = b"".join(self.pending), []
        if not lines:
            return
        if self.file is None:
            self.folder.append_in_store(MANIFEST_NAME, lines)
        else:
            size = os.fstat(self.file).st_size
            try:
                if os.write(self.file, lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                os.ftruncate(self.file, size)
                raise
        self.last_flush = time.monotonic()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            if self.file is not None:
                os.close(self.file)
                self.file = None

    def __enter__(self) -> "Manifest":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _terminate_last_line(self) -> None:
        """Add a newline if the last line is incomplete, so that the next record gets a line of its own."""
        size = self.folder.file(MANIFEST_NAME).size
        with self.folder.open(MANIFEST_NAME, "rb") as file:
            file.seek(max(size - 1, 0))
            if file.read(1) not in (b"", b"\n"):
                self.pending.append(b"\n")
                self.flush()


def _lock(file: int, folder: Folder) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise ValueError(f"another run is colouring into {folder.url}; wait for its end, or stop it") from None
