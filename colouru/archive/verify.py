"""Compare the pictures of an archive with its manifest."""

from collections.abc import Iterator

from colouru.archive.folder import Folder, sha256_of
from colouru.archive.manifest import MANIFEST_NAME, Record, sha256_of_hints
from colouru.images.photo import provenance_of


def verify(out: Folder, records: dict[str, Record]) -> Iterator[tuple[str, str]]:
    """Check every picture that the manifest lists.

    A picture is right if it exists, its sha256 is that of the manifest, and its own metadata agree with the manifest.

    Yields:
        The name of the photo, and what is wrong with its picture as a sentence, or "".
    """
    for record in records.values():
        if not record.problem:
            yield record.photo, _check(out, record)


def untracked(out: Folder, records: dict[str, Record]) -> list[str]:
    """The files in `out` that are not in the manifest."""
    tracked = {record.picture for record in records.values()} | {MANIFEST_NAME}
    return sorted(out.files().keys() - tracked)


def made_by_colouru(out: Folder, name: str) -> bool:
    """Whether a file is a picture that ColourU saved."""
    try:
        with out.local_file(name) as path:
            return provenance_of(path) is not None
    except ValueError:
        return False


def _check(out: Folder, record: Record) -> str:
    try:
        if out.file(record.picture) is None:
            return f"its picture {record.picture} is missing"
        with out.local_file(record.picture) as path:
            if sha256_of(path) != record.picture_sha256:
                return f"its picture {record.picture} is no longer as it was written"
            provenance = provenance_of(path)
    except (OSError, ValueError) as error:
        return f"its picture {record.picture} cannot be read: {error}"
    if provenance is None:
        return f"its picture {record.picture} does not say where its colours come from"
    actual = (provenance.sha256, provenance.network, provenance.version, sha256_of_hints(provenance.hints))
    expected = (record.weights_sha256, record.network, record.version, record.hints_sha256)
    names = ("weights", "network", "version", "hints")
    different = [name for name, one, two in zip(names, actual, expected, strict=True) if one != two]
    if not different:
        return ""
    return f"its picture {record.picture} names other {' and '.join(different)} than the manifest"
