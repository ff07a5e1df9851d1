"""A folder of files, on a local disk or in any store that fsspec opens. Files are written atomically.

Names of files are relative to the folder, with "/" between parts. Knows nothing of photos.
"""

import contextlib
import dataclasses
import datetime
import errno
import functools
import hashlib
import os
import posixpath
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from colouru import atomic_file
from colouru.atomic_file import PARTIAL_PREFIX, partial_name

# Stores in which an upload becomes visible only when it is complete, so that no partial file and no renaming is needed.
ATOMIC_UPLOAD_PROTOCOLS = {"memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "hf"}

# What stores report of a file that changes with its content. The first key that is there is used.
VERSION_KEYS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "blob_id", "created")

# Errors of a path at which there is no file: a link to itself is none either.
NO_SUCH_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}

OnError = Callable[[str, OSError], object]


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """What a listing reports of a file.

    Attributes:
        size: in bytes.
        fingerprint: made from the size and the time of the last change, or the store's own version of the file. It
            differs once the content has changed.
    """

    size: int
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class Folder:
    """The folder at a path or URL. It need not exist."""

    url: str

    @property
    def is_local(self) -> bool:
        return "://" not in self.url

    @functools.cached_property
    def fs_and_root(self) -> tuple[Any, str]:
        """The fsspec file system of this folder, and the folder's path in it."""
        # Imported late: local folders do not need it.
        import fsspec

        try:
            return fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise ValueError(f"{self.url} cannot be opened: {error}") from None

    def path(self, name: str = "") -> str:
        """The path of a file in its file system. Without a name, the path of the folder.

        Raises:
            ValueError: if the name leads out of the folder.
        """
        root = self.url if self.is_local else self.fs_and_root[1]
        return join_inside(root, name) if name else root

    def files(self, exclude: str | None = None, on_error: OnError | None = None) -> dict[str, File]:
        """All files in this folder and its subfolders, by name.

        Hidden files and folders are left out, and so is what cannot be read within this folder.

        Args:
            exclude: the name of a subfolder to leave out.
            on_error: called with the name of what cannot be read, such as a link to itself, and the error.

        Raises:
            OSError: if this folder itself cannot be read.
        """
        if self.is_local:
            return dict(_walk(self.path(), "", exclude, (), on_error or (lambda name, error: None)))
        found = {}
        fs, root = self.fs_and_root
        for path, info in fs.find(root, detail=True).items():
            name = path[len(root.rstrip("/")) + 1 :]
            hidden = any(part.startswith(".") for part in name.split("/"))
            if not hidden and not (exclude and name.startswith(exclude + "/")):
                found[name] = _file_from_info(info)
        return found

    def subfolder(self, name: str) -> "Folder":
        """The subfolder of that name, which need not exist; this folder if the name is empty."""
        return Folder(join_inside(self.url, name)) if name else self

    def is_folder(self) -> bool:
        """Whether it exists and is a folder."""
        return os.path.isdir(self.path()) if self.is_local else self.fs_and_root[0].isdir(self.path())

    def file(self, name: str) -> File | None:
        """Size and fingerprint of one file, None if there is no such file."""
        if self.is_local:
            try:
                return _file_from_stat(os.stat(self.path(name)))
            except OSError as error:
                if error.errno in NO_SUCH_FILE:
                    return None
                raise
        try:
            return _file_from_info(self.fs_and_root[0].info(self.path(name)))
        except FileNotFoundError:
            return None

    def open(self, name: str, mode: str) -> Any:
        """Open one file; the mode is "rb" or "wb"."""
        return open(self.path(name), mode) if self.is_local else self.fs_and_root[0].open(self.path(name), mode)

    def append_in_store(self, name: str, content: bytes) -> None:
        """Add to the end of a file of a folder that is not local."""
        fs, path = self.fs_and_root[0], self.path(name)
        try:
            file = fs.open(path, "ab")
        # Some stores can only write whole files.
        except (NotImplementedError, ValueError):
            content = fs.cat_file(path) + content
            file = fs.open(path, "wb")
        with file:
            file.write(content)

    @contextlib.contextmanager
    def local_file(self, name: str) -> Iterator[Path]:
        """Yield a local path to read the file from. From a store it is downloaded, and deleted afterwards."""
        if self.is_local:
            yield Path(self.path(name))
            return
        with tempfile.TemporaryDirectory(prefix="colouru-") as folder:
            path = Path(folder, posixpath.basename(name))
            self.fs_and_root[0].get_file(self.path(name), str(path))
            yield path

    @contextlib.contextmanager
    def atomic_write(self, name: str) -> Iterator[Path]:
        """Yield a local path to write to. If the block ends without an exception, that becomes the file `name`.

        The path has the ending of `name`. Subfolders are made where they are missing.

        Raises:
            FileNotFoundError: if this folder does not exist. It is not made, because it may be on a disk that was
                unmounted.
        """
        if self.is_local:
            path = Path(self.path(name))
            for parent in reversed(path.relative_to(self.path()).parents[:-1]):
                Path(self.path(), parent).mkdir(exist_ok=True)
            with atomic_file.atomic_write(path) as partial:
                yield partial
            return
        ending = posixpath.splitext(name)[1]
        with tempfile.TemporaryDirectory(prefix="colouru-") as folder:
            written = Path(folder, f"picture{ending}")
            yield written
            fs, path = self.fs_and_root[0], self.path(name)
            fs.makedirs(posixpath.dirname(path), exist_ok=True)
            if ATOMIC_UPLOAD_PROTOCOLS.intersection([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol):
                fs.put_file(str(written), path)
            else:
                partial = posixpath.join(posixpath.dirname(path), partial_name(ending))
                fs.put_file(str(written), partial)
                fs.mv(partial, path)

    def remove_partial_files(self) -> None:
        """Remove the partial files of processes that were killed while they wrote."""
        if self.is_local:
            for folder, _, names in os.walk(self.path()):
                for name in names:
                    if name.startswith(PARTIAL_PREFIX):
                        Path(folder, name).unlink(missing_ok=True)
        else:
            fs, root = self.fs_and_root
            for path in fs.find(root):
                if posixpath.basename(path).startswith(PARTIAL_PREFIX):
                    fs.rm_file(path)


def join_inside(root: str, name: str) -> str:
    """The path or URL of a file in the folder `root`.

    Unlike with os.path.join, a name that begins with "/" does not replace `root`.

    Raises:
        ValueError: if the name leads out of `root`.
    """
    if {".", ".."}.intersection(name.split("/")) or os.path.splitdrive(name)[0]:
        raise ValueError(f"the name {name} leads out of its folder")
    return f"{root}{name}" if not root or root.endswith("/") else f"{root}/{name}"


def _walk(
    path: str, prefix: str, exclude: str | None, parents: tuple[tuple[int, int], ...], on_error: OnError
) -> Iterator[tuple[str, File]]:
    """Yield name and File of all files below `path`; `parents` are device and inode of the folders above."""
    status = os.stat(path)
    # A link to one of the folders above would be followed for ever.
    if (status.st_dev, status.st_ino) in parents:
        return
    parents += ((status.st_dev, status.st_ino),)
    with os.scandir(path) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith(".") or name == exclude:
                continue
            try:
                if entry.is_dir():
                    yield from _walk(entry.path, name + "/", exclude, parents, on_error)
                elif entry.is_file():
                    yield name, _file_from_stat(entry.stat())
            # It was deleted after it was listed.
            except FileNotFoundError:
                continue
            except OSError as error:
                on_error(name, error)


def _file_from_stat(status: os.stat_result) -> File:
    return File(status.st_size, f"{status.st_size}-{status.st_mtime_ns}")


def _file_from_info(info: dict[str, Any]) -> File:
    size = info.get("size") or 0
    version = next((info[key] for key in VERSION_KEYS if info.get(key)), "")
    # Some stores give a time as a number in listings and as a date for a single file.
    return File(size, f"{size}-{version.timestamp() if isinstance(version, datetime.datetime) else version}")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
