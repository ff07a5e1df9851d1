"""Pictures of an archive, held against what the manifest says of them."""

from collections.abc import Iterator

from colouru.archive.folder import Folder, sha256_of
from colouru.archive.manifest import NAME, Record, sha256_of_hints
from colouru.images.photo import provenance_of


def verify(out: Folder, records: dict[str, Record]) -> Iterator[tuple[str, str]]:
    """For each photo that has a picture by the manifest its name, and a sentence what is wrong, or "".

    The picture must be there, as it was written, and say of itself what the manifest says of it.
    """
    for record in records.values():
        if not record.problem:
            yield record.photo, _wrong(out, record)


def strangers(out: Folder, records: dict[str, Record]) -> list[str]:
    """The files in `out` that the manifest does not tell of."""
    told = {record.picture for record in records.values()} | {NAME}
    return sorted(out.files().keys() - told)


def _wrong(out: Folder, record: Record) -> str:
    if out.file(record.picture) is None:
        return f"its picture {record.picture} is missing"
    try:
        with out.fetched(record.picture) as path:
            if sha256_of(path) != record.picture_sha256:
                return f"its picture {record.picture} is no longer as it was written"
            provenance = provenance_of(path)
    except (OSError, ValueError) as error:
        return f"its picture {record.picture} cannot be read: {error}"
    if provenance is None:
        return f"its picture {record.picture} does not say where its colours come from"
    says = (provenance.sha256, provenance.network, provenance.version, sha256_of_hints(provenance.hints))
    told = (record.weights_sha256, record.network, record.version, record.hints_sha256)
    names = ("weights", "network", "version", "hints")
    other = [name for name, one, two in zip(names, says, told, strict=True) if one != two]
    return f"its picture {record.picture} names other {' and '.join(other)} than the manifest" if other else ""


def made_by_colouru(out: Folder, name: str) -> bool:
    """Whether a file is a picture that ColourU saved."""
    try:
        with out.fetched(name) as path:
            return provenance_of(path) is not None
    except ValueError:
        return False
