"""List the photos of an archive, from folders, files, patterns or the rows of a dataset, without reading any of them.

The hints of a photo NAME.jpg are in the file NAME.json or NAME-hints.json beside it.
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
from colouru.archive.hf_dataset import ImageDataset, is_dataset, open_dataset
from colouru.images.formats import READABLE_FORMATS

HINTS_ENDING = ".json"

# The page saves hints as NAME-hints.json.
PAGE_SUFFIX = "-hints"

# Files with one of these endings, or with none, are taken for photos. Formats that cannot be read are among them, such
# as raw files of cameras: each gets a record with the reason, so that no photo is passed over without a word.
PHOTO_ENDINGS = {ending for ending, name in Image.registered_extensions().items() if name in READABLE_FORMATS} | set(
    ".jp2 .j2k .jpx .jpf .j2c .psd .psb .jxl .tga .heic .heif .hif .dng .cr2 .cr3 .nef .arw .raf .orf .rw2 .pef".split()
)

GLOB_CHARACTER = re.compile(r"[*?[]")


@dataclasses.dataclass(frozen=True, slots=True)
class SourcePhoto:
    """One photo of an archive.

    Attributes:
        name: in the archive, with "/" between folders.
        source: the folder or dataset that it is in.
        fingerprint: differs once the photo or its hints have changed.
        hints: the name of the file with its hints, None without.
    """

    name: str
    source: Folder | ImageDataset
    fingerprint: str
    hints: str | None = None

    @contextlib.contextmanager
    def local_files(self) -> Iterator[tuple[Path, Path | None]]:
        """Yield local paths to read the photo and its hints from."""
        with contextlib.ExitStack() as stack:
            photo = stack.enter_context(self.source.local_file(self.name))
            yield photo, stack.enter_context(self.source.local_file(self.hints)) if self.hints else None


@dataclasses.dataclass(frozen=True)
class Catalog:
    """The photos of an archive.

    Attributes:
        photos: by name.
        skipped: how many files are no photos, by ending.
        unused_hints: JSON files that belong to no photo, or to one that has other hints.
        unreadable: why folders and files cannot be read, by name.
    """

    photos: dict[str, SourcePhoto]
    skipped: collections.Counter[str]
    unused_hints: list[str] = dataclasses.field(default_factory=list)
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the photos of an archive are. They are known to exist, and to be apart from the pictures.

    Attributes:
        root: the folder that they have in common, which names are relative to; or a dataset.
        names: of the folders and files in `root` that belong to the archive, "" for all of it.
        out: the output folder, which is left out if it is inside `root`.
    """

    root: Folder | ImageDataset
    names: tuple[str, ...]
    out: Folder

    def catalog(self) -> Catalog:
        """List the photos. Hidden files are left out, and so is what cannot be read on a local disk.

        Raises:
            OSError: if a store cannot be read.
        """
        if isinstance(self.root, ImageDataset):
            photos = {name: SourcePhoto(name, self.root, self.root.fingerprint) for name in self.root.rows}
            return Catalog(photos, collections.Counter())
        files: dict[str, File] = {}
        unreadable: dict[str, str] = {}
        for name in self.names:
            try:
                files |= _files(self.root, name, self.out, unreadable)
            except OSError as error:
                # An error of a store may be one of the network, which concerns all photos.
                if not self.root.is_local:
                    raise
                unreadable[name or self.root.url] = error.strerror or str(error)
        return dataclasses.replace(_catalog_of(self.root, files), unreadable=unreadable)


def open_sources(sources: Sequence[str], out: Folder) -> Sources:
    """Find what the command line names: folders, files, shell patterns, URLs of a store, or one dataset.

    Raises:
        ValueError: if one of them does not exist or is inside `out`, or if they have no folder in common.
    """
    if any(is_dataset(source) for source in sources):
        if len(sources) > 1:
            raise ValueError("a dataset is coloured by itself, into a folder of its own")
        return Sources(open_dataset(sources[0]), (), out)
    protocols = {source.partition("://")[0] if "://" in source else "" for source in sources}
    if len(protocols) > 1:
        raise ValueError("the sources share no folder, after which their pictures could be named")
    fs = None if protocols == {""} else Folder(sources[0]).fs_and_root[0]
    expanded = [_expand(source, fs) for source in sources]
    root = posixpath.commonpath([base for base, _ in expanded])
    paths = list(itertools.chain.from_iterable(paths for _, paths in expanded))
    if len(paths) > 1:
        # A pattern of the shell, such as *, also matches the output folder of an earlier run.
        paths = [path for path in paths if _real_path(_folder(path, fs)) != _real_path(out)]
    if any(f"{_real_path(_folder(path, fs))}/".startswith(f"{_real_path(out)}/") for path in paths):
        raise ValueError(f"photos lie in {out.url}, where nothing is written over them; give a folder of its own")
    return Sources(_folder(root, fs), tuple(path[len(root.rstrip("/")) + 1 :] for path in paths), out)


def _folder(path: str, fs: Any) -> Folder:
    return Folder(fs.unstrip_protocol(path) if fs else path)


def _expand(source: str, fs: Any) -> tuple[str, list[str]]:
    """The folder that names are relative to, and the folders and files that a source stands for, as absolute paths.

    Args:
        fs: the fsspec file system; None for local disks.

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
    if not (pattern := GLOB_CHARACTER.search(path)):
        raise ValueError(f"there is no file or folder {source}")
    base = posixpath.dirname(path[: pattern.start()])
    matches = sorted(fs.glob(path) if fs else glob.glob(path, recursive=True))
    matches = [match for match in matches if not any(part.startswith(".") for part in match[len(base) :].split("/"))]
    if not matches:
        raise ValueError(f"there is nothing that {source} stands for")
    return base, matches


def hints_files(folder: Folder, photo: str) -> list[str]:
    """The names of the files beside a photo that may have its hints. The first is the one to use."""
    stem = posixpath.splitext(photo)[0]
    endings = (HINTS_ENDING, HINTS_ENDING.upper())
    found: dict[str, str] = {}
    for name in (stem + suffix + ending for suffix in ("", PAGE_SUFFIX) for ending in endings):
        # Where case does not matter, .json and .JSON are one file.
        if name.lower() not in found and folder.file(name):
            found[name.lower()] = name
    return list(found.values())


def _files(root: Folder, name: str, out: Folder, unreadable: dict[str, str]) -> dict[str, File]:
    """All files of the folder `name` in `root` without those of `out`; or the file `name` and its hints.

    Args:
        unreadable: is filled with what cannot be read.
    """
    folder = root.subfolder(name)
    if folder.is_folder():
        path, out_path = _real_path(folder).rstrip("/") + "/", _real_path(out)
        exclude = out_path[len(path) :] if out_path.startswith(path) else None
        prefix = f"{name}/" if name else ""

        def on_error(inner: str, error: OSError) -> None:
            unreadable[prefix + inner] = error.strerror or str(error)

        return {prefix + inner: file for inner, file in folder.files(exclude, on_error).items()}
    return {one: file for one in (name, *hints_files(root, name)) if (file := root.file(one))}


def _real_path(folder: Folder) -> str:
    """The path or URL of a folder with links resolved, to compare with others."""
    if folder.is_local:
        return os.path.realpath(folder.url)
    fs, path = folder.fs_and_root
    return fs.unstrip_protocol(path).rstrip("/")


def _catalog_of(root: Folder, files: dict[str, File]) -> Catalog:
    stems = {name: posixpath.splitext(name)[0] for name in files if _is_photo(name)}
    # Sorted, so that .json wins over .JSON.
    sidecars = {posixpath.splitext(name)[0]: name for name in sorted(files) if _is_hints(name)}
    all_stems = set(stems.values())
    photos = {}
    for name, stem in stems.items():
        hints = sidecars.get(stem)
        # NAME-hints.json may also be the hints of a photo NAME-hints.jpg.
        if not hints and stem + PAGE_SUFFIX not in all_stems:
            hints = sidecars.get(stem + PAGE_SUFFIX)
        fingerprint = " ".join(files[one].fingerprint for one in (name, hints) if one)
        photos[name] = SourcePhoto(name, root, fingerprint, hints)
    used = {photo.hints for photo in photos.values()}
    unused = sorted(name for name in files if _is_hints(name) and name not in used)
    others = (name for name in files if not _is_photo(name) and not _is_hints(name))
    return Catalog(photos, collections.Counter(posixpath.splitext(name)[1].lower() for name in others), unused)


def _is_photo(name: str) -> bool:
    ending = posixpath.splitext(name)[1]
    return not ending or ending.lower() in PHOTO_ENDINGS


def _is_hints(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() == HINTS_ENDING
