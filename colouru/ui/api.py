"""ColourU for programs: the one endpoint that is meant for them, of which "Use via API" tells."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import gradio as gr

from colouru.colour import check_saturation
from colouru.hints import as_hints
from colouru.images.saving import save_picture
from colouru.ui.handlers import plain_errors, uploaded
from colouru.ui.work import colourizer


def colourize(
    photo: gr.FileData,
    hints: list[dict] = [],  # noqa: B006, Gradio reads the default from here
    network: Literal["gan", "baseline"] = "gan",
    saturation: float = 1.0,
) -> Iterator[tuple[gr.FileData, float | None, list[int]]]:
    """Colour a photo.

    Args:
        photo: the picture, uploaded.
        hints: objects with x and y in [0, 1] from the top left, colour as #rrggbb, and if you like size, a fraction of
            the longer side, and note.
        network: whose picture to return.
        saturation: what the chroma is multiplied by, 0 to 2.

    Returns:
        The picture at its own size, a PNG that says where its colours come from; its normalized loss, or null where the
        original has no colours; and the numbers, from 0, of the hints whose colour sRGB does not have at the
        lightness of the photo there.
    """
    with tempfile.TemporaryDirectory() as folder, plain_errors():
        if network not in ("gan", "baseline"):
            raise ValueError(f"network must be gan or baseline, got {str(network)[:40]!r}")
        # Not a path, which the package would read: any file of this machine could be asked for.
        if hints is not None and not isinstance(hints, list):
            raise ValueError("expected a list of hints, each an object with x, y and colour")
        # All that costs nothing to look at comes before the photo, which may take 150 MB.
        check_saturation(saturation)
        hints = as_hints(hints)
        path = uploaded(photo)
        canvas = colourizer().open(path)
        picture, loss = canvas.colour(hints, [network], saturation)[network]
        coloured = Path(folder) / f"{path.stem}-{network}.png"
        save_picture(picture, coloured, canvas.provenance(hints, network, saturation), canvas.photo.exif)
        yield gr.FileData(path=str(coloured)).model_dump(), loss, list(canvas.clipped(hints))
