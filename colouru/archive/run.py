"""A run over an archive: what is missing or has changed is coloured, and nothing twice; each photo gets its line.

Knows nothing of who colours the photos.
"""

import collections
import dataclasses

from colouru import __version__
from colouru.archive.folder import File
from colouru.archive.manifest import Manifest, Record
from colouru.archive.name import picture_names
from colouru.archive.scan import Finding, Scan
from colouru.archive.worker import Settings, Task


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run has to do.

    Attributes:
        there: how many photos there are.
        tasks: what is missing or may have changed.
        left_out: of files that are no photos by their endings, how many of each ending.
    """

    there: int
    tasks: list[Task]
    left_out: collections.Counter[str]


def plan(found: Finding, manifest: Manifest, settings: Settings, ending: str | None) -> Run:
    """What a run has to do.

    Args:
        found: the photos.
        ending: of the pictures' names, see `picture_names`.

    Raises:
        OSError: if a folder cannot be read.
    """
    settings.out.sweep()
    pictures = settings.out.files()
    given = {record.photo: record.picture for record in manifest.records.values()}
    names = picture_names(found.scans, ending, given)
    tasks = [
        task
        for name, scan in sorted(found.scans.items())
        if (task := _task(scan, names[name], manifest.records.get(name), pictures, settings))
    ]
    return Run(len(found.scans), tasks, found.left_out)


def _task(
    scan: Scan, picture: str, record: Record | None, pictures: dict[str, File], settings: Settings
) -> Task | None:
    """What is to be done about a photo; None if its picture is there, and right."""
    file = pictures.get(picture)
    stands = (
        record is not None
        and not record.problem
        and file is not None
        and file.size == record.picture_bytes
        and (record.picture, record.weights_sha256, record.network)
        == (picture, settings.weights_sha256, settings.network)
        and record.album_sha256 == (settings.album.sha256 if settings.album else None)
        and _series(record.version) == _series(__version__)
    )
    if stands and record.stamp == scan.stamp:
        return None
    told = record is not None and record.picture == picture and not record.problem
    return Task(scan, picture, unknown=file is not None and not told, before=record if stands else None)


def _series(version: str) -> list[str]:
    """Versions whose first two numbers are the same give the same pictures."""
    return version.split(".")[:2]
