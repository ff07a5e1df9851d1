"""The page in the browser: its HTML, scripts, style sheet, words and constants, put together for `gr.HTML`."""

from importlib import resources
from typing import Any

from colouru.colour import AB_SCALE
from colouru.hints import DEFAULT_SIZE, MAX_NOTE
from colouru.ui.i18n import page_words
from colouru.ui.palette import SWATCHES
from colouru.ui.queueing import MAX_WAITING
from colouru.ui.sketch import SKETCH_SIDE
from colouru.ui.views import MAX_CROP_PIXELS

# The scripts form one program, in this order: what a script uses while it loads must come before it.
SCRIPTS = (
    "colour",
    "render",
    "state",
    "messages",
    "photo",
    "storage",
    "canvas",
    "area",
    "pointer",
    "palette",
    "results",
    "sketch",
    "gallery",
    "page",
)

# Constants of the package that the scripts need, too.
CONSTANTS = {
    "ab_scale": AB_SCALE,
    "hint_size": DEFAULT_SIZE,
    "max_note": MAX_NOTE,
    "max_crop_pixels": MAX_CROP_PIXELS,
    "max_waiting": MAX_WAITING,
    "sketch_side": SKETCH_SIDE,
}


def html_arguments(source: str, *, references: bool = True) -> dict[str, Any]:
    """The arguments of the `gr.HTML` that is the page; all but the first three reach the scripts as `props`.

    Args:
        source: where the weights come from, which the footer names.
        references: whether the model takes colours from other photos of a series.
    """
    return {
        "html_template": _read("page.html"),
        "js_on_load": script(*SCRIPTS),
        "apply_default_css": False,
        "words": page_words(),
        "constants": CONSTANTS,
        "source": source,
        "references": references,
        "swatches": [[colour, name] for name, colour in SWATCHES.items()],
    }


def script(*names: str) -> str:
    """The source of these scripts of the page, one after the other."""
    return "\n".join(_read(f"{name}.js") for name in names)


def style() -> str:
    """The page's style sheet."""
    return _read("page.css")


def _read(name: str) -> str:
    return (resources.files("colouru.ui") / "page" / name).read_text(encoding="utf-8")
