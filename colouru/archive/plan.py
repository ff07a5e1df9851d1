"""What a run over an archive has to do: colour the photos whose picture is missing or may be out of date.

Knows nothing of who colours the photos.
"""

import dataclasses

from colouru import __version__
from colouru.archive.catalog import Catalog, SourcePhoto
from colouru.archive.folder import File
from colouru.archive.manifest import Manifest, Record
from colouru.archive.output_names import picture_names
from colouru.archive.worker import Settings, Task


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        total: how many photos the archive has.
        tasks: the photos whose picture is missing or may be out of date.
    """

    total: int
    tasks: list[Task]


def make_plan(catalog: Catalog, manifest: Manifest, settings: Settings, ending: str | None) -> Plan:
    """Decide what has to be done. Partial files of earlier runs are removed first.

    Args:
        ending: of the pictures' names, see `picture_names`.

    Raises:
        OSError: if a folder cannot be read.
    """
    settings.out.remove_partial_files()
    pictures = settings.out.files()
    existing = {record.photo: record.picture for record in manifest.records.values()}
    names = picture_names(catalog.photos, ending, existing)
    tasks = [
        task
        for name, photo in sorted(catalog.photos.items())
        if (task := _task(photo, names[name], manifest.records.get(name), pictures, settings))
    ]
    return Plan(len(catalog.photos), tasks)


def _task(
    photo: SourcePhoto, picture: str, record: Record | None, pictures: dict[str, File], settings: Settings
) -> Task | None:
    """What has to be done with a photo; None if its picture is up to date."""
    file = pictures.get(picture)
    picture_is_valid = (
        record is not None
        and not record.problem
        and file is not None
        and file.size == record.picture_bytes
        and (record.picture, record.weights_sha256, record.network)
        == (picture, settings.weights_sha256, settings.network)
        and record.album_sha256 == (settings.references.sha256 if settings.references else None)
        and _major_minor(record.version) == _major_minor(__version__)
    )
    if picture_is_valid and record.fingerprint == photo.fingerprint:
        return None
    tracked = record is not None and record.picture == picture and not record.problem
    return Task(
        photo, picture, untracked=file is not None and not tracked, previous=record if picture_is_valid else None
    )


def _major_minor(version: str) -> list[str]:
    """The first two numbers of a version. Versions that share them give equal pictures."""
    return version.split(".")[:2]
