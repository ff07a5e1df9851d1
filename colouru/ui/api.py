"""The public API endpoint `/colourize`, which Gradio's "Use via API" documents."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import gradio as gr

from colouru.colour import check_saturation
from colouru.hints import as_hints
from colouru.images.saving import save_picture
from colouru.ui.handlers import errors_as_messages
from colouru.ui.messages import uploaded_path
from colouru.ui.session import colourizer


def colourize(
    photo: gr.FileData,
    hints: list[dict] = [],  # noqa: B006, Gradio documents this default
    network: Literal["gan", "baseline"] = "gan",
    saturation: float = 1.0,
) -> Iterator[tuple[gr.FileData, float | None, list[int]]]:
    """Colour a photo.

    Args:
        photo: the picture, uploaded.
        hints: objects with x and y in [0, 1] from the top left, colour as #rrggbb, and optionally size, a fraction of
            the longer side, and note.
        network: the network whose picture to return.
        saturation: factor of the chroma, 0 to 2.

    Returns:
        The picture at the photo's size, a PNG with its provenance; its normalized loss, or null if the original has no
        colours; and the indices of the hints whose colour does not exist in sRGB at the photo's lightness there.
    """
    with tempfile.TemporaryDirectory() as folder, errors_as_messages():
        if network not in ("gan", "baseline"):
            raise ValueError(f"network must be gan or baseline, got {str(network)[:40]!r}")
        # A string would be read as a path, and so give access to any file of this machine.
        if hints is not None and not isinstance(hints, list):
            raise ValueError("expected a list of hints, each an object with x, y and colour")
        # Cheap checks first: the photo may take 150 MB.
        check_saturation(saturation)
        hints = as_hints(hints)
        path = uploaded_path(photo)
        canvas = colourizer().open(path)
        picture, loss = canvas.colour(hints, [network], saturation)[network]
        coloured = Path(folder) / f"{path.stem}-{network}.png"
        save_picture(picture, coloured, canvas.provenance(hints, network, saturation), canvas.photo.exif)
        yield gr.FileData(path=str(coloured)).model_dump(), loss, list(canvas.clipped(hints))
