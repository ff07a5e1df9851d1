"""Contact sheets: rows of small pictures side by side, for eyes."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw
from torch import Tensor

from colouru.colour import from_network, into_gamut, to_bytes

GAP = 4
HEADER = 18


def to_rgb(L: Tensor, ab: Tensor) -> Tensor:
    """(N,3,H,W) uint8 of `L` (N,1,H,W) and `ab` (N,2,H,W), brought into the gamut of sRGB."""
    return to_bytes(into_gamut(from_network(L, ab))[1])


def hinted_grey(L: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
    """(N,3,H,W) uint8: the greyscale with its hints in full colour; a hint darker or lighter than its colour fades."""
    return to_rgb(L, hint_ab * hint_mask)


def save_sheet(path: Path, columns: Sequence[tuple[str, Tensor]], scale: int = 2) -> None:
    """Write a PNG with one row a picture and one titled column for each of `columns`, (N,3,H,W) uint8 all, enlarged."""
    height, width = (side * scale for side in columns[0][1].shape[2:])
    rows = len(columns[0][1])
    size = (len(columns) * (width + GAP) - GAP, HEADER + rows * (height + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, (title, pictures) in enumerate(columns):
        left = column * (width + GAP)
        draw.text((left + 2, 3), title, fill="black")
        for row, picture in enumerate(pictures.permute(0, 2, 3, 1).cpu().numpy()):
            tile = Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(tile, (left, HEADER + row * (height + GAP)))
    sheet.save(path)
