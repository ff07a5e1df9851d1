"""A folder of files, on this machine's disks or on anything that fsspec opens, and files that are there whole or not.

Names in it are relative to it, with "/" between folders. Knows nothing of photos.
"""

import contextlib
import dataclasses
import datetime
import functools
import hashlib
import os
import posixpath
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How the name of a file begins that is being written, beside what it will be, here and by whoever saves pictures.
PARTIAL = ".colouru-"

# Here an upload is seen once it is complete, so there is nothing to rename.
WHOLE_UPLOADS = {"memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "hf"}

# What stores tell of a file that changes with its content; the first that one has is taken.
TELLTALES = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "blob_id", "created")


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """What a listing tells of a file.

    Attributes:
        size: in bytes.
        stamp: another one once its content has changed, by its size and when that was.
    """

    size: int
    stamp: str


@dataclasses.dataclass(frozen=True)
class Folder:
    """The folder at a path or URL. It need not exist."""

    url: str

    @property
    def is_local(self) -> bool:
        return "://" not in self.url

    @functools.cached_property
    def store(self) -> tuple[Any, str]:
        """The file system of fsspec that this folder is in, and its path there."""
        # Late: on disks of this machine nothing needs it.
        import fsspec

        try:
            return fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise ValueError(f"{self.url} cannot be opened: {error}") from None

    def path(self, name: str = "") -> str:
        """Where a file of that name is: a path, or what the store calls it."""
        root = self.url if self.is_local else self.store[1]
        return posixpath.join(root, name) if name else root

    def files(self, but: str | None = None) -> dict[str, File]:
        """Every file in it and in folders within, by name; hidden ones and the folder called `but` left out."""
        if self.is_local:
            return dict(_walk(self.path(), "", but, ()))
        found = {}
        fs, root = self.store
        for path, about in fs.find(root, detail=True).items():
            name = path[len(root.rstrip("/")) + 1 :]
            hidden = any(part.startswith(".") for part in name.split("/"))
            if not hidden and not (but and name.startswith(but + "/")):
                found[name] = _told(about)
        return found

    def within(self, name: str) -> "Folder":
        """The folder, or what may be one, of that name in it."""
        return Folder(posixpath.join(self.url, name)) if name else self

    def is_folder(self) -> bool:
        return os.path.isdir(self.path()) if self.is_local else self.store[0].isdir(self.path())

    def file(self, name: str) -> File | None:
        """What is known of one file, None if it is not there."""
        if self.is_local:
            try:
                return _seen(os.stat(self.path(name)))
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            return _told(self.store[0].info(self.path(name)))
        except FileNotFoundError:
            return None

    def open(self, name: str, mode: str) -> Any:
        """One file, open for "rb" or "wb"."""
        return open(self.path(name), mode) if self.is_local else self.store[0].open(self.path(name), mode)

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of a file in a store."""
        fs, path = self.store[0], self.path(name)
        try:
            file = fs.open(path, "ab")
        # Some stores have only whole files.
        except (NotImplementedError, ValueError):
            content = fs.cat_file(path) + content
            file = fs.open(path, "wb")
        with file:
            file.write(content)

    @contextlib.contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """A path on this machine to read the file from."""
        if self.is_local:
            yield Path(self.path(name))
            return
        with tempfile.TemporaryDirectory(prefix="colouru-") as folder:
            path = Path(folder, posixpath.basename(name))
            self.store[0].get_file(self.path(name), str(path))
            yield path

    @contextlib.contextmanager
    def placing(self, name: str) -> Iterator[Path]:
        """A path on this machine, with the same ending, to write what the file becomes if all goes well.

        Under its own name it is there whole or not at all, whoever is killed meanwhile.
        """
        ending = posixpath.splitext(name)[1]
        if self.is_local:
            path = Path(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}.partial{ending}")
            try:
                yield partial
                with open(partial, "rb+") as file:
                    os.fsync(file.fileno())
                os.replace(partial, path)
            finally:
                partial.unlink(missing_ok=True)
            return
        with tempfile.TemporaryDirectory(prefix="colouru-") as folder:
            written = Path(folder, f"picture{ending}")
            yield written
            fs, path = self.store[0], self.path(name)
            fs.makedirs(posixpath.dirname(path), exist_ok=True)
            if WHOLE_UPLOADS.intersection([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol):
                fs.put_file(str(written), path)
            else:
                partial = posixpath.join(posixpath.dirname(path), f"{PARTIAL}{secrets.token_hex(8)}.partial{ending}")
                fs.put_file(str(written), partial)
                fs.mv(partial, path)

    def sweep(self) -> None:
        """Remove what those who were killed left half written."""
        if self.is_local:
            for folder, _, names in os.walk(self.path()):
                for name in names:
                    if name.startswith(PARTIAL):
                        Path(folder, name).unlink(missing_ok=True)
        else:
            fs, root = self.store
            for path in fs.find(root):
                if posixpath.basename(path).startswith(PARTIAL):
                    fs.rm_file(path)


def _walk(path: str, prefix: str, but: str | None, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, File]]:
    here = os.stat(path)
    # A link to a folder that it lies in would be followed for ever.
    if (here.st_dev, here.st_ino) in above:
        return
    above += ((here.st_dev, here.st_ino),)
    with os.scandir(path) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith(".") or name == but:
                continue
            try:
                if entry.is_dir():
                    yield from _walk(entry.path, name + "/", but, above)
                elif entry.is_file():
                    yield name, _seen(entry.stat())
            # Gone since it was listed.
            except FileNotFoundError:
                continue


def _seen(status: os.stat_result) -> File:
    return File(status.st_size, f"{status.st_size}-{status.st_mtime_ns}")


def _told(about: dict[str, Any]) -> File:
    size = about.get("size") or 0
    told = next((about[name] for name in TELLTALES if about.get(name)), "")
    # Some stores tell a time as a number in listings and as a date of one file.
    return File(size, f"{size}-{told.timestamp() if isinstance(told, datetime.datetime) else told}")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
