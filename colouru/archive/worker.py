"""Colour one photo of an archive, from its file to its picture and its record, on any machine."""

import dataclasses
import errno
import time
from pathlib import Path

import torch

from colouru import __version__
from colouru.archive.catalog import SourcePhoto
from colouru.archive.folder import Folder, sha256_of
from colouru.archive.manifest import MANIFEST_NAME, Record, sha256_of_hints
from colouru.archive.references import References
from colouru.archive.verify import made_by_colouru
from colouru.hints import Hint, as_hints
from colouru.model import Model
from colouru.pipeline import Colourizer

# Errors of the disk that would be the same for every following photo: it is full, over quota or read-only.
FATAL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class OutputError(Exception):
    """No more pictures can be written to the output folder. The message can be shown."""


class WorkerError(Exception):
    """Workers are misconfigured, or one after the other is killed. The message can be shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One photo to be coloured.

    Attributes:
        photo: the photo.
        picture: the name of its picture.
        untracked: whether there is a file of that name already that the manifest does not list.
        previous: the record of a picture that is right if photo and hints are unchanged, though their fingerprint is
            another. None if the photo has to be coloured in any case.
    """

    photo: SourcePhoto
    picture: str
    untracked: bool = False
    previous: Record | None = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is common to all photos of an archive.

    Attributes:
        out: the output folder.
        network: "baseline" or "gan".
        weights_sha256: of the model's weights.
        max_megapixels: larger photos are refused.
        references: what the photos contribute to each other; None if each is coloured on its own.
    """

    out: Folder
    network: str
    weights_sha256: str
    max_megapixels: float
    references: References | None = None


class Worker:
    """A loaded model that works through tasks."""

    def __init__(
        self, model: Model, settings: Settings, threads: int | None = None, device: str | torch.device | None = None
    ):
        """Load the model.

        Args:
            threads: how many threads torch may use; None for its default.
            device: as for `pipeline`.
        """
        if threads:
            torch.set_num_threads(threads)
        self.colourize, self.settings = Colourizer(model, device), settings

    def __call__(self, task: Task) -> Record:
        """Colour one photo. An error that concerns only this photo is stored in the record.

        Raises:
            OutputError: if the disk is full or read-only, or the output folder has vanished.
        """
        started = time.perf_counter()
        try:
            record = self._colour(task)
        except OutputError:
            raise
        except Exception as error:
            self._check_output()
            if isinstance(error, OSError) and error.errno in FATAL_ERRNOS:
                raise OutputError(
                    f"the picture of {task.photo.name} could not be saved in {self.settings.out.url}: {error.strerror}"
                ) from None
            record = new_record(task, self.settings, _describe(error))
        return dataclasses.replace(record, seconds=round(time.perf_counter() - started, 3))

    def _colour(self, task: Task) -> Record:
        settings, previous = self.settings, task.previous
        with task.photo.local_files() as (photo_path, hints_path):
            sha256 = sha256_of(photo_path)
            hints = _read_hints(hints_path) if hints_path else None
            if previous and previous.sha256 == sha256 and previous.hints == task.photo.hints:
                if hints is None or previous.hints_sha256 == sha256_of_hints(hints):
                    return dataclasses.replace(previous, fingerprint=task.photo.fingerprint)
            if task.untracked and not made_by_colouru(settings.out, task.picture):
                raise ValueError(f"there is a file {task.picture} in {settings.out.url} already, and not by ColourU")
            self._check_output()
            with settings.out.atomic_write(task.picture) as picture_path:
                done = self.colourize.colour_file(
                    photo_path,
                    picture_path,
                    hints,
                    settings.network,
                    album=settings.references.for_photo(task.photo.name) if settings.references else (),
                    max_megapixels=settings.max_megapixels,
                )
                picture_sha256, picture_bytes = sha256_of(picture_path), picture_path.stat().st_size
                self._check_output()
        return dataclasses.replace(
            new_record(task, settings),
            sha256=sha256,
            hints_sha256=sha256_of_hints(done.provenance.hints),
            picture_sha256=picture_sha256,
            picture_bytes=picture_bytes,
            width=done.width,
            height=done.height,
            normalized_loss=done.normalized_loss,
            remarks=done.remarks,
        )

    def _check_output(self) -> None:
        """Raise OutputError if the output folder has vanished, for example because its disk was unmounted.

        A folder of the same name that is still there, such as an empty mount point, does not have the manifest.
        """
        out = self.settings.out
        try:
            vanished = out.is_local and out.file(MANIFEST_NAME) is None
        except OSError:
            vanished = True
        if vanished:
            raise OutputError(f"{out.url} is gone, or no longer has its {MANIFEST_NAME}; nothing more is written there")


def _read_hints(path: Path) -> list[Hint]:
    try:
        return as_hints(path)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def new_record(task: Task, settings: Settings, problem: str = "") -> Record:
    """The record of a task, with what is known before the photo is read, and why it has no picture, if so."""
    return Record(
        photo=task.photo.name,
        fingerprint=task.photo.fingerprint,
        hints=task.photo.hints,
        picture=task.picture,
        weights_sha256=settings.weights_sha256,
        album_sha256=settings.references.sha256 if settings.references else None,
        network=settings.network,
        version=__version__,
        problem=problem,
    )


def _describe(error: Exception) -> str:
    """An error as a sentence for the manifest."""
    if isinstance(error, OSError) and error.strerror:
        # Without the file name in the error: it may be that of a partial file, which means nothing to the user.
        return f"it cannot be read, or its picture not be saved: {error.strerror}"
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text[:300]}"
