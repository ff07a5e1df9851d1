"""The hints of an archive's photos as references for all others, collected before any photo is coloured (--album)."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

from colouru.archive.catalog import SourcePhoto
from colouru.archive.folder import sha256_of
from colouru.archive.manifest import sha256_of_hints
from colouru.hints import as_hints
from colouru.images.photo import open_photo, provenance_of
from colouru.networks.album import Precedents
from colouru.pipeline import Colourizer


@dataclasses.dataclass(frozen=True)
class References:
    """What the photos with hints contribute to the others.

    Attributes:
        by_photo: by the name of the photo that has the hints.
        sha256: of those photos and their hints. If it changes, every picture may change.
    """

    by_photo: Mapping[str, Precedents]
    sha256: str

    def for_photo(self, name: str) -> list[Precedents]:
        """Those of all photos but the one of that name."""
        return [reference for other, reference in self.by_photo.items() if other != name]


def collect_references(
    photos: Mapping[str, SourcePhoto], colourize: Colourizer, max_megapixels: float, on_photo: Callable[[], object]
) -> References:
    """Encode every photo that has hints, in a file beside it or in its own metadata.

    A photo that cannot be read is passed over here; it gets its error when it is coloured.

    Args:
        on_photo: called after each photo, with or without hints, to report progress.
    """
    by_photo: dict[str, Precedents] = {}
    digest = hashlib.sha256()
    for name, photo in sorted(photos.items()):
        try:
            with photo.local_files() as (path, hints_path):
                provenance = None if hints_path else provenance_of(path)
                hints = as_hints(hints_path) if hints_path else list(provenance.hints if provenance else ())
                if hints:
                    canvas = colourize.open(open_photo(path, max_megapixels=max_megapixels))
                    by_photo[name] = canvas.reference_hints(hints)
                    digest.update(f"{name}\n{sha256_of(path)} {sha256_of_hints(hints)}\n".encode(errors="replace"))
        except (ValueError, OSError):
            continue
        finally:
            on_photo()
    return References(by_photo, digest.hexdigest())
