"""The photos of an archive: what there is in folders, files, patterns, or the rows of a dataset, before any is read.

Hints of a file NAME.jpg lie beside it in NAME.json.
"""

import collections
import contextlib
import dataclasses
import glob
import itertools
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from colouru.archive.folder import File, Folder
from colouru.archive.table import Table, is_table, open_table
from colouru.images.formats import READABLE_FORMATS

HINTS = ".json"

# Of a folder's files those with these endings are its photos, and those with none. Of formats that are not taken,
# cameras' own among them, each is told of by its name.
PHOTOS = {ending for ending, format in Image.registered_extensions().items() if format in READABLE_FORMATS} | set(
    ".jp2 .j2k .jpx .jpf .j2c .psd .psb .jxl .tga .heic .heif .hif .dng .cr2 .cr3 .nef .arw .raf .orf .rw2 .pef".split()
)

MAGIC = re.compile(r"[*?[]")


@dataclasses.dataclass(frozen=True, slots=True)
class Scan:
    """One photo of an archive.

    Attributes:
        name: in the archive, with "/" between folders.
        source: where it lies.
        stamp: another one once the photo or its hints have changed.
        hints: the name of the file with its hints, None without.
    """

    name: str
    source: Folder | Table
    stamp: str
    hints: str | None = None

    @contextlib.contextmanager
    def fetched(self) -> Iterator[tuple[Path, Path | None]]:
        """Paths on this machine of the photo and of its hints."""
        with contextlib.ExitStack() as stack:
            photo = stack.enter_context(self.source.fetched(self.name))
            yield photo, stack.enter_context(self.source.fetched(self.hints)) if self.hints else None


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes:
        scans: by name.
        left_out: of files that are no photos by their endings, how many of each ending.
    """

    scans: dict[str, Scan]
    left_out: collections.Counter[str]


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the photos of an archive are, known to be there and apart from the pictures.

    Attributes:
        root: the folder that all of them share, which names are relative to; or a dataset.
        names: of the folders and files in it that make up the archive, "" for all of it.
        out: where the pictures go; what is there is no photo.
    """

    root: Folder | Table
    names: tuple[str, ...]
    out: Folder

    def find(self) -> Finding:
        """Every photo among them, hidden files left out.

        Raises:
            OSError: if a folder cannot be read.
        """
        if isinstance(self.root, Table):
            scans = {name: Scan(name, self.root, self.root.stamp) for name in self.root.rows}
            return Finding(scans, collections.Counter())
        files: dict[str, File] = {}
        for name in self.names:
            files |= _files(self.root, name, self.out)
        return _sorted_out(self.root, files)


def open_sources(sources: Sequence[str], out: Folder) -> Sources:
    """The photos among folders, files and patterns as shells have them, on disk or by URL; or of one dataset.

    Raises:
        ValueError: if something is not there, or lies in `out`, or they share no folder.
    """
    if any(is_table(source) for source in sources):
        if len(sources) > 1:
            raise ValueError("a dataset is coloured by itself, into a folder of its own")
        return Sources(open_table(sources[0]), (), out)
    protocols = {source.partition("://")[0] if "://" in source else "" for source in sources}
    if len(protocols) > 1:
        raise ValueError("the sources share no folder, after which their pictures could be named")
    fs = None if protocols == {""} else Folder(sources[0]).store[0]
    found = [_expanded(source, fs) for source in sources]
    root = posixpath.commonpath([base for base, _ in found])
    paths = list(itertools.chain.from_iterable(paths for _, paths in found))
    if len(paths) > 1:
        # A shell's * means the pictures of the last time, too.
        paths = [path for path in paths if _real(_folder(path, fs)) != _real(out)]
    if any(f"{_real(_folder(path, fs))}/".startswith(f"{_real(out)}/") for path in paths):
        raise ValueError(f"photos lie in {out.url}, where nothing is written over them; give a folder of its own")
    return Sources(_folder(root, fs), tuple(path[len(root.rstrip("/")) + 1 :] for path in paths), out)


def _folder(path: str, fs: Any) -> Folder:
    return Folder(fs.unstrip_protocol(path) if fs else path)


def _expanded(source: str, fs: Any) -> tuple[str, list[str]]:
    """The folder that a source is about, and the folders and files that it names, by absolute paths.

    Raises:
        ValueError: if there are none.
    """
    if fs:
        path, is_folder, is_file = fs._strip_protocol(source), fs.isdir, fs.isfile
    else:
        path, is_folder, is_file = os.path.abspath(source), os.path.isdir, os.path.isfile
    if is_folder(path):
        return path, [path]
    if is_file(path):
        return posixpath.dirname(path), [path]
    if not (pattern := MAGIC.search(path)):
        raise ValueError(f"there is no file or folder {source}")
    base = posixpath.dirname(path[: pattern.start()])
    matches = sorted(fs.glob(path) if fs else glob.glob(path, recursive=True))
    matches = [match for match in matches if not any(part.startswith(".") for part in match[len(base) :].split("/"))]
    if not matches:
        raise ValueError(f"there is nothing that {source} stands for")
    return base, matches


def _files(root: Folder, name: str, out: Folder) -> dict[str, File]:
    """The file called `name` in `root`, with that of its hints; or all of that folder but `out`."""
    place = root.within(name)
    if place.is_folder():
        own, others = _real(place).rstrip("/") + "/", _real(out)
        inside = others[len(own) :] if others.startswith(own) else None
        prefix = f"{name}/" if name else ""
        return {prefix + inner: file for inner, file in place.files(but=inside).items()}
    names = (name, posixpath.splitext(name)[0] + HINTS)
    return {one: file for one in names if (file := root.file(one))}


def _real(folder: Folder) -> str:
    if folder.is_local:
        return os.path.realpath(folder.url)
    fs, path = folder.store
    return fs.unstrip_protocol(path).rstrip("/")


def _sorted_out(root: Folder, files: dict[str, File]) -> Finding:
    scans, left_out = {}, collections.Counter()
    for name, file in files.items():
        stem, ending = posixpath.splitext(name)
        if ending.lower() in PHOTOS or not ending:
            hints = files.get(stem + HINTS)
            stamp = f"{file.stamp} {hints.stamp}" if hints else file.stamp
            scans[name] = Scan(name, root, stamp, stem + HINTS if hints else None)
        elif ending.lower() != HINTS:
            left_out[ending.lower()] += 1
    return Finding(scans, left_out)
