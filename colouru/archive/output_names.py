"""Names of the pictures: each is named after its photo, and no two names are equal on any file system."""

import hashlib
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping

from colouru.images.saving import FORMATS

# The longest file name that nearly every file system allows.
MAX_NAME_BYTES = 255


def picture_names(photos: Iterable[str], ending: str | None, existing: Mapping[str, str]) -> dict[str, str]:
    """The name of each photo's picture, by the photo's name.

    If the photo's name already has an ending of the picture's format, the picture has the same name (a.jpg), else the
    ending is added (a.tif.png). Many file systems take names for equal that differ only in case or in how accents are
    encoded. Of two such names, the later in the alphabet gets the beginning of the sha256 of the photo's name. So does
    a picture whose name is that of a folder of other photos.

    Args:
        ending: such as ".png". None means the ending of each photo, or .png if no picture can be saved with it.
        existing: names of pictures from earlier runs, by photo, which are kept.
    """
    names: dict[str, str] = {}
    taken = {_collision_key(name): photo for photo, name in existing.items()}
    photos = sorted(photos)
    folders = {_collision_key(folder) for folder in _all_folders(photos)}
    for photo in photos:
        name = _name(photo, ending)
        if existing.get(photo) == name and _collision_key(name) not in folders:
            pass
        elif photo in existing and existing[photo] == _with_hash(photo, name):
            name = existing[photo]
        elif taken.get(_collision_key(name), photo) != photo or _collision_key(name) in folders:
            name = _with_hash(photo, name)
        taken[_collision_key(name)] = photo
        names[photo] = name
    return names


def _all_folders(photos: Iterable[str]) -> set[str]:
    """All folders that photos are in, with those above."""
    folders: set[str] = set()
    for photo in photos:
        folder = posixpath.dirname(_relative(photo))
        while folder and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    return folders


def _relative(name: str) -> str:
    """The name without parts that are not names in a folder. Stores allow them, as in a//b.jpg."""
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))


def _name(photo: str, ending: str | None) -> str:
    own = posixpath.splitext(photo)[1].lower()
    wanted = ending or (own if own in FORMATS else ".png")
    name = _relative(photo if FORMATS.get(own) == FORMATS[wanted] else photo + wanted)
    length = len(posixpath.basename(name).encode("utf-8", "surrogateescape"))
    return name if length <= MAX_NAME_BYTES else _with_hash(photo, name)


def _with_hash(photo: str, name: str) -> str:
    """The name, shortened if need be, with eight digits of the sha256 of the photo's name before the ending."""
    folder, last = posixpath.split(name)
    stem, ending = posixpath.splitext(last)
    suffix = "~" + hashlib.sha256(photo.encode("utf-8", "surrogateescape")).hexdigest()[:8] + ending
    kept = stem.encode("utf-8", "surrogateescape")[: MAX_NAME_BYTES - len(suffix)].decode("utf-8", "ignore")
    return posixpath.join(folder, kept + suffix)


def _collision_key(name: str) -> str:
    """A key that is equal for names that some file system takes for equal."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
