"""One photo of an archive, from its file to its picture and the line about it, wherever that is done."""

import dataclasses
import errno
import time

import torch

from colouru import __version__
from colouru.archive.album import Album
from colouru.archive.folder import Folder, sha256_of
from colouru.archive.manifest import Record, sha256_of_hints
from colouru.archive.proof import made_by_colouru
from colouru.archive.scan import Scan
from colouru.hints import as_hints
from colouru.model import Model
from colouru.pipeline import Colourizer

# What the system says where going on is of no use: the next photo would meet the same.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class NoRoomError(Exception):
    """Nothing more can be written where the pictures go; the message names the photo that could not be."""


class CrewError(Exception):
    """Those who should colour the photos cannot; the message can be shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One photo to be coloured.

    Attributes:
        scan: the photo.
        picture: the name of its picture.
        unknown: whether there is a file of that name already that no line of the manifest tells of.
        before: the record of the picture that there is and that is still right, if photo and hints, whose stamp is
            another, prove to be what they were.
    """

    scan: Scan
    picture: str
    unknown: bool = False
    before: Record | None = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """What holds for all photos of an archive.

    Attributes:
        out: where the pictures go.
        network: "baseline" or "gan".
        weights_sha256: of the model's weights.
        max_megapixels: a photo with more is refused.
        album: what the photos tell each other; None if each is on its own.
    """

    out: Folder
    network: str
    weights_sha256: str
    max_megapixels: float
    album: Album | None = None


class Worker:
    """A loaded model that works through tasks."""

    def __init__(
        self, model: Model, settings: Settings, threads: int | None = None, device: str | torch.device | None = None
    ):
        """`threads` is how many may be used, all there are if None; `device` as of `pipeline`."""
        if threads:
            torch.set_num_threads(threads)
        self.colourize, self.settings = Colourizer(model, device), settings

    def __call__(self, task: Task) -> Record:
        """Colour one photo. Whatever is wrong with it alone is in the record.

        Raises:
            NoRoomError: if the disk is full or read-only.
        """
        started = time.perf_counter()
        try:
            record = self._colour(task)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise NoRoomError(
                    f"the picture of {task.scan.name} could not be saved in {self.settings.out.url}: {error.strerror}"
                ) from None
            record = failed(task, self.settings, _problem(error))
        return dataclasses.replace(record, seconds=round(time.perf_counter() - started, 3))

    def _colour(self, task: Task) -> Record:
        settings, before = self.settings, task.before
        with task.scan.fetched() as (photo, hints_file):
            sha256 = sha256_of(photo)
            hints = as_hints(hints_file) if hints_file else None
            if before and before.sha256 == sha256 and before.hints == task.scan.hints:
                if hints is None or before.hints_sha256 == sha256_of_hints(hints):
                    return dataclasses.replace(before, stamp=task.scan.stamp)
            if task.unknown and not made_by_colouru(settings.out, task.picture):
                raise ValueError(f"there is a file {task.picture} in {settings.out.url} already, and not by ColourU")
            with settings.out.placing(task.picture) as path:
                done = self.colourize.colour_file(
                    photo,
                    path,
                    hints,
                    settings.network,
                    album=settings.album.others(task.scan.name) if settings.album else (),
                    max_megapixels=settings.max_megapixels,
                )
                picture_sha256, picture_bytes = sha256_of(path), path.stat().st_size
        return dataclasses.replace(
            failed(task, settings, problem=""),
            sha256=sha256,
            hints_sha256=sha256_of_hints(done.provenance.hints),
            picture_sha256=picture_sha256,
            picture_bytes=picture_bytes,
            width=done.width,
            height=done.height,
            normalized_loss=done.normalized_loss,
            remarks=done.remarks,
        )


def failed(task: Task, settings: Settings, problem: str) -> Record:
    """The record of a photo that has no picture, and why."""
    return Record(
        photo=task.scan.name,
        stamp=task.scan.stamp,
        hints=task.scan.hints,
        picture=task.picture,
        weights_sha256=settings.weights_sha256,
        album_sha256=settings.album.sha256 if settings.album else None,
        network=settings.network,
        version=__version__,
        problem=problem,
    )


def _problem(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        # Without the name of the file that was meant to become the picture, which nobody knows.
        return f"it cannot be read, or its picture not be saved: {error.strerror}"
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text[:300]}"
