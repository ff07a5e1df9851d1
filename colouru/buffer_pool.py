"""Arrays that are reused: to allocate new ones would take as long as the work that is done in them."""

from typing import Any

import numpy as np


class BufferPool:
    """Call it with a name to get the array of that name, which is valid until the name is called again.

    The content is undefined. One pool must not be shared by threads.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array
