"""Many photos at once: files in, a zip out."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from colouru.hints import as_hints
from colouru.picture.photo import open_photo
from colouru.picture.saving import save_picture
from colouru.ui import words
from colouru.ui.work import colourizer

MAX_FILES = 500
JPEG_SUFFIXES = (".jpg", ".jpeg")


def colour_all(files: list[str] | None, progress: gr.Progress = gr.Progress()) -> Iterator[str]:  # noqa: B008
    """The zip of all photos among `files` in colour, gone once Gradio has taken its copy."""
    files = [Path(file) for file in files or []]
    photos = [file for file in files if file.suffix.lower() != ".json"]
    if not photos:
        raise gr.Error(words.NO_FILES, print_exception=False)
    if len(files) > MAX_FILES:
        raise gr.Error(words.TOO_MANY_FILES.format(count=len(files), most=MAX_FILES), print_exception=False)
    hints = {file.stem: file for file in files if file.suffix.lower() == ".json"}
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "coloured.zip"
        # Pictures are compressed already.
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
            for number, photo in enumerate(photos):
                progress((number, len(photos)), desc=words.COLOURING.format(name=photo.name))
                try:
                    coloured = colour_one(photo, hints.get(photo.stem), Path(folder))
                except ValueError as error:
                    problems.append(f"{photo.name}: {error}")
                    continue
                bundle.write(coloured, unused(coloured.name, set(bundle.namelist())))
                coloured.unlink()
            if problems:
                bundle.writestr("problems.txt", "\n".join(problems) + "\n")
        if len(problems) == len(photos):
            raise gr.Error(words.NONE_COLOURED.format(problem=problems[0]), print_exception=False)
        if problems:
            gr.Warning(words.PROBLEMS.format(count=len(problems)))
        yield str(archive)


def colour_one(path: Path, hints_file: Path | None, folder: Path) -> Path:
    """Write one photo in colour into `folder`: a JPEG for a JPEG, otherwise a PNG.

    Raises:
        ValueError: if the photo or its hints cannot be used.
    """
    photo = open_photo(path)
    hints = as_hints(hints_file) if hints_file else list(photo.hints)
    canvas = colourizer().open(photo)
    picture, _ = canvas.colour(hints, ["gan"])["gan"]
    coloured = folder / f"{path.stem}-gan{path.suffix.lower() if path.suffix.lower() in JPEG_SUFFIXES else '.png'}"
    save_picture(picture, coloured, canvas.provenance(hints, "gan"), photo.exif)
    return coloured


def unused(name: str, taken: set[str]) -> str:
    """The name, with a number if another photo of that name is in the archive already."""
    path, number = Path(name), 2
    while name in taken:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name
