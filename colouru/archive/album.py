"""What the hints of an archive's photos tell each other, gathered before any of them is coloured."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

from colouru.archive.folder import sha256_of
from colouru.archive.manifest import sha256_of_hints
from colouru.archive.scan import Scan
from colouru.hints import as_hints
from colouru.images.photo import open_photo, provenance_of
from colouru.networks.album import Precedents
from colouru.pipeline import Colourizer


@dataclasses.dataclass(frozen=True)
class Album:
    """What is told by each photo that has hints.

    Attributes:
        told: by the photo's name.
        sha256: of those photos and their hints: with another one every photo may look different.
    """

    told: Mapping[str, Precedents]
    sha256: str

    def others(self, name: str) -> list[Precedents]:
        """What all photos but the one of that name tell it."""
        return [precedents for other, precedents in self.told.items() if other != name]


def gather(
    scans: Mapping[str, Scan], colourize: Colourizer, max_megapixels: float, seen: Callable[[], object]
) -> Album:
    """Look at every photo that has hints, beside it or in it. What cannot be read tells nothing, and fails in its turn.

    Args:
        seen: called after each photo, with or without hints.
    """
    told: dict[str, Precedents] = {}
    digest = hashlib.sha256()
    for name, scan in sorted(scans.items()):
        try:
            with scan.fetched() as (path, hints_file):
                provenance = None if hints_file else provenance_of(path)
                hints = as_hints(hints_file) if hints_file else list(provenance.hints if provenance else ())
                if hints:
                    canvas = colourize.open(open_photo(path, max_megapixels=max_megapixels))
                    told[name] = canvas.reference_hints(hints)
                    digest.update(f"{name}\n{sha256_of(path)} {sha256_of_hints(hints)}\n".encode(errors="replace"))
        except (ValueError, OSError):
            continue
        finally:
            seen()
    return Album(told, digest.hexdigest())
