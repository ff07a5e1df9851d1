"""Reference hints: hints in other photos of a series tell the generator what the same things look like.

Only the generator's features at the places of the hints are kept of each photo.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colouru.hints import Hint, as_hints
from colouru.images.photo import open_photo
from colouru.networks.album import Precedents
from colouru.ui.messages import uploaded_path
from colouru.ui.session import colourizer
from colouru.ui.views import LOSS_SIDE

# Photos of one series or one download.
MAX_PHOTOS = 500


def load_references(photos: Any) -> list[Precedents]:
    """The reference hints of these photos, without those that have none or cannot be read.

    Args:
        photos: list of objects, each with the `path` of an upload and its `hints`, None for those saved in the photo.
    """
    candidates = photos[:MAX_PHOTOS] if isinstance(photos, list) else []
    return [reference for photo in candidates if (reference := load_reference(photo))]


def load_reference(photo: Any) -> Precedents | None:
    """The reference hints of one photo, None if it has no hints or cannot be read."""
    with contextlib.suppress(ValueError, OSError):
        path = uploaded_path(photo)
        hints = open_photo(path).hints if photo.get("hints") is None else as_hints(photo["hints"])
        return encode_reference(path, hints) if hints else None


def encode_reference(path: Path, hints: Sequence[Hint]) -> Precedents:
    """The generator's features at the hints of an upload; notes and areas of the hints make no difference.

    Raises:
        ValueError: if the photo cannot be read, or the model's generator has no support for references.
    """
    return _encode_reference(path, tuple(dataclasses.replace(hint, note="", area="") for hint in hints))


# Gradio names an upload by the hash of its content, so the path is a valid key.
@functools.lru_cache(MAX_PHOTOS)
def _encode_reference(path: Path, hints: tuple[Hint, ...]) -> Precedents:
    return colourizer().open(open_photo(path).thumbnail(LOSS_SIDE)).reference_hints(hints)
