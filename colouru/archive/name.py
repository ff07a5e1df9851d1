"""What the pictures of an archive are called: as their photos, and never two alike, whatever a disk takes for alike."""

import hashlib
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping

from colouru.images.saving import FORMATS

# In bytes, on nearly every disk.
LONGEST = 255


def picture_names(photos: Iterable[str], ending: str | None, given: Mapping[str, str]) -> dict[str, str]:
    """For each photo the name of its picture.

    That is the photo's own where it ends as the picture will, else with the ending added: a.jpg, a.tif.png. Of two
    that differ in case or in the way accents are written only, which many disks take for one, the later in the
    alphabet gets the beginning of a sha256 of its name.

    Args:
        ending: such as ".png"; None for each photo's own, and .png where nothing can be saved so.
        given: names that photos got before, and keep.
    """
    names: dict[str, str] = {}
    taken = {_alike(name): photo for photo, name in given.items()}
    for photo in sorted(photos):
        name = _name(photo, ending)
        if given.get(photo) == name:
            pass
        elif photo in given and given[photo] == _marked(photo, name):
            name = given[photo]
        elif taken.get(_alike(name), photo) != photo:
            name = _marked(photo, name)
        taken[_alike(name)] = photo
        names[photo] = name
    return names


def _name(photo: str, ending: str | None) -> str:
    own = posixpath.splitext(photo)[1].lower()
    wanted = ending or (own if own in FORMATS else ".png")
    name = photo if FORMATS.get(own) == FORMATS[wanted] else photo + wanted
    return name if len(_last(name).encode("utf-8", "surrogateescape")) <= LONGEST else _marked(photo, name)


def _marked(photo: str, name: str) -> str:
    folder, last = posixpath.split(name)
    stem, ending = posixpath.splitext(last)
    mark = "~" + hashlib.sha256(photo.encode("utf-8", "surrogateescape")).hexdigest()[:8] + ending
    kept = stem.encode("utf-8", "surrogateescape")[: LONGEST - len(mark)].decode("utf-8", "ignore")
    return posixpath.join(folder, kept + mark)


def _last(name: str) -> str:
    return posixpath.basename(name)


def _alike(name: str) -> str:
    """The same for names that some disk takes for one."""
    return (
        name.lower() if name.isascii() else unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    )
