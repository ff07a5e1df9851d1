"""The photos in an image column of a dataset, from the Hugging Face Hub or a folder of the same form.

Needs the library `datasets`, which only this file asks for.
"""

import contextlib
import functools
import glob
import os
import posixpath
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colouru.model import HUB_ID


class Table:
    """A dataset, loaded; its photos are called by split and row, such as train/00000012.jpg."""

    def __init__(self, source: str):
        """Raises ValueError, if it cannot be had or has no image column; the message says why."""
        try:
            from datasets import Image, load_dataset
        except ImportError:
            raise ValueError(
                f"there is no folder {source}; should it be a dataset, then to read it takes the library "
                "datasets: pip install datasets"
            ) from None
        self.source = source
        try:
            splits = load_dataset(source)
        # Of many kinds: from the Hub, from its files, from the library itself.
        except Exception as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ValueError(f"there is no folder {source}, and no such dataset could be loaded: {reason}") from None
        self.columns = {}
        for split, rows in splits.items():
            column = next((name for name, kind in rows.features.items() if isinstance(kind, Image)), None)
            if column is None:
                raise ValueError(f"{source} has no column of images; it has {', '.join(rows.features)}")
            self.columns[split] = rows.select_columns(column).cast_column(column, Image(decode=False))
        self.stamp = " ".join(rows._fingerprint for rows in splits.values())

    def __reduce__(self) -> Any:
        # Where photos are coloured it is loaded once more, not sent along with each of them.
        return open_table, (self.source,)

    @functools.cached_property
    def rows(self) -> dict[str, tuple[str, int]]:
        """Split and row of each photo, by its name."""
        found = {}
        for split, rows in self.columns.items():
            for row, path in enumerate(_paths(rows)):
                ending = posixpath.splitext(path or "")[1].lower()
                found[f"{split}/{row:08d}{ending}"] = (split, row)
        return found

    @contextlib.contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """A path on this machine to read the photo from."""
        split, row = self.rows[name]
        (image,) = self.columns[split][row].values()
        if image is None or (image["bytes"] is None and image["path"] is None):
            raise ValueError(f"{name} is an empty row")
        if image["bytes"] is None:
            yield Path(image["path"])
            return
        with tempfile.TemporaryDirectory(prefix="colouru-") as folder:
            path = Path(folder, posixpath.basename(name))
            path.write_bytes(image["bytes"])
            yield path


def _paths(rows: Any) -> Iterator[str | None]:
    """What the files of an image column were called, read without the images."""
    (column,) = rows.column_names
    for batch in rows.with_format("arrow").iter(batch_size=1000):
        yield from batch[column].combine_chunks().field("path").to_pylist()


@functools.lru_cache(maxsize=4)
def open_table(source: str) -> Table:
    """The same table for the same source, loaded once."""
    return Table(source)


def is_table(source: str) -> bool:
    """Whether it is a folder with Parquet files, as datasets have them, or looks like user/name and is not on disk."""
    if os.path.isdir(source):
        return any(glob.glob(os.path.join(glob.escape(source), *inner, "*.parquet")) for inner in ((), ("data",)))
    looks = HUB_ID.fullmatch(source) and not os.path.exists(source)
    return bool(looks) and not posixpath.splitext(source)[1]
