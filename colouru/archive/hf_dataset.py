"""The photos in an image column of a dataset, from the Hugging Face Hub or from a folder of the same layout.

Needs the library `datasets`, which no other module of the package imports.
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


class ImageDataset:
    """A loaded dataset. Its photos are named after split and row, such as train/00000012.jpg."""

    def __init__(self, source: str):
        """Load it.

        Args:
            source: an id on the Hub or a folder.

        Raises:
            ValueError: if it cannot be loaded or has no image column. The message can be shown.
        """
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
        # The Hub, the dataset's files and the library itself raise errors of many types.
        except Exception as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ValueError(f"there is no folder {source}, and no such dataset could be loaded: {reason}") from None
        self.columns = {}
        for split, rows in splits.items():
            column = next((name for name, kind in rows.features.items() if isinstance(kind, Image)), None)
            if column is None:
                raise ValueError(f"{source} has no column of images; it has {', '.join(rows.features)}")
            self.columns[split] = rows.select_columns(column).cast_column(column, Image(decode=False))
        self.fingerprint = " ".join(rows._fingerprint for rows in splits.values())

    def __reduce__(self) -> Any:
        # Each worker process loads the dataset itself; only its source is sent along with the tasks.
        return open_dataset, (self.source,)

    @functools.cached_property
    def rows(self) -> dict[str, tuple[str, int]]:
        """Split and row of each photo, by its name."""
        found = {}
        for split, rows in self.columns.items():
            for row, path in enumerate(_file_names(rows)):
                ending = posixpath.splitext(path or "")[1].lower()
                found[f"{split}/{row:08d}{ending}"] = (split, row)
        return found

    @contextlib.contextmanager
    def local_file(self, name: str) -> Iterator[Path]:
        """Yield a local path to read the photo from.

        Raises:
            ValueError: if the row has no image.
        """
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


def _file_names(rows: Any) -> Iterator[str | None]:
    """The stored file names of an image column, read without the images."""
    (column,) = rows.column_names
    for batch in rows.with_format("arrow").iter(batch_size=1000):
        yield from batch[column].combine_chunks().field("path").to_pylist()


@functools.lru_cache(maxsize=4)
def open_dataset(source: str) -> ImageDataset:
    """Load a dataset; from the second time on it comes from a cache."""
    return ImageDataset(source)


def is_dataset(source: str) -> bool:
    """Whether a source is a folder with Parquet files, or looks like an id user/name on the Hub and is not on disk."""
    if os.path.isdir(source):
        return any(glob.glob(os.path.join(glob.escape(source), *inner, "*.parquet")) for inner in ((), ("data",)))
    is_hub_id = HUB_ID.fullmatch(source) and not os.path.exists(source)
    return bool(is_hub_id) and not posixpath.splitext(source)[1]
