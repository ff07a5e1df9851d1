"""Arrays that are used again and again: to ask the system for new ones would take as long as what is done in them."""

from typing import Any

import numpy as np


class Scratch:
    """Call it with a name: the array of that name, of undefined content, until the name is called again."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array
