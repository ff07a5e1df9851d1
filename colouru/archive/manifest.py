"""`manifest.jsonl`: what became of every photo of an archive, one line of JSON each time one was worked on.

The last line of a photo counts. It is only ever appended to, and by one process; whoever is killed while writing leaves
one line cut short, which is passed over. Knows nothing of how photos are coloured.
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

NAME = "manifest.jsonl"

# In a store lines are gathered for so many seconds, for each time the whole end of the file may have to travel.
GATHER = 5.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of one photo.

    Attributes:
        photo: its name in the archive, with "/" between folders.
        stamp: of the photo and its hints, see `colouru.archive.folder.File`: while it is the same they need no reading.
        sha256: of the photo.
        hints: the name of the file that they came from; None if that was the photo itself, or there were none.
        hints_sha256: of the hints that were used, as `hints_to_json` writes them; None without any.
        picture: the name of the picture in OUT.
        picture_sha256: of that file.
        picture_bytes: its size.
        weights_sha256: of the weights.
        album_sha256: of the hinted photos that told it something, see `colouru.archive.album`; None without an album.
        network: "baseline" or "gan".
        version: of ColourU.
        width, height: of the photo, in pixels.
        seconds: that it took.
        normalized_loss: None where there is none.
        remarks: sentences about the photo that a person should know of.
        problem: a sentence why there is no picture, or "". What was not known by then is empty or None.
    """

    photo: str
    stamp: str
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
        text = json.dumps(dataclasses.asdict(self), ensure_ascii=False)
        # Names of files need not be text, and come with halves of characters, which UTF-8 has no place for.
        return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)

    @classmethod
    def from_json(cls, line: bytes) -> "Record":
        """Raises ValueError if it is no such line. Keys of later versions are passed over."""
        values: Any = json.loads(line)
        try:
            values["remarks"] = tuple(values.get("remarks", ()))
            record = (
                cls(**values) if values.keys() == KEYS else cls(**{key: values[key] for key in values.keys() & KEYS})
            )
        except (AttributeError, TypeError) as error:
            raise ValueError(f"a line of {NAME} is none: {error}") from None
        if not (isinstance(record.photo, str) and isinstance(record.stamp, str) and isinstance(record.picture, str)):
            raise ValueError(f"a line of {NAME} names no photo")
        return record


KEYS = {field.name for field in dataclasses.fields(Record)}


def sha256_of_hints(hints: Iterable[Hint]) -> str | None:
    """Of hints as `hints_to_json` writes them; None for none."""
    hints = list(hints)
    return hashlib.sha256(hints_to_json(hints).encode("utf-8", "surrogatepass")).hexdigest() if hints else None


def read_manifest(folder: Folder) -> tuple[dict[str, Record], int]:
    """The last record of each photo, by its name, and how many lines could not be read.

    Raises:
        OSError: if there is no manifest, or it cannot be read.
    """
    records: dict[str, Record] = {}
    unread = 0
    with folder.open(NAME, "rb") as file:
        for line in file:
            try:
                record = Record.from_json(line)
            except ValueError:
                unread += 1
                continue
            records[record.photo] = record
    return records, unread


class Manifest:
    """The manifest of a folder, open for appending to, which only one process at a time may have."""

    def __init__(self, folder: Folder):
        """Makes the folder if need be, so that what cannot be written to is known at once.

        Raises:
            ValueError: if another run has it open.
            OSError: if nothing can be written there.
        """
        self.folder = folder
        self.gathered: list[bytes] = []
        self.flushed = time.monotonic()
        self.file: int | None = None
        if folder.is_local:
            os.makedirs(folder.path(), exist_ok=True)
            self.file = os.open(folder.path(NAME), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            _lock(self.file, folder)
        elif folder.file(NAME) is None:
            with folder.open(NAME, "wb"):
                pass
        self.records, self.unread = read_manifest(folder)
        self._end_the_last_line()

    def append(self, record: Record) -> None:
        """Raises OSError if it cannot be written; the manifest is then as it was."""
        self.records[record.photo] = record
        self.gathered.append(record.to_json().encode() + b"\n")
        if self.folder.is_local or time.monotonic() - self.flushed > GATHER:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        lines, self.gathered = b"".join(self.gathered), []
        if not lines:
            return
        if self.file is None:
            self.folder.append(NAME, lines)
        else:
            before = os.fstat(self.file).st_size
            try:
                if os.write(self.file, lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                os.ftruncate(self.file, before)
                raise
        self.flushed = time.monotonic()

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

    def _end_the_last_line(self) -> None:
        """What comes next may not become part of a line cut short."""
        size = self.folder.file(NAME).size
        with self.folder.open(NAME, "rb") as file:
            file.seek(max(size - 1, 0))
            if file.read(1) not in (b"", b"\n"):
                self.gathered.append(b"\n")
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
