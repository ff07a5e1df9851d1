"""Runs a function on several threads and gives its results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Threads are enough, because zlib releases the interpreter's lock.
WORKERS = min(4, os.cpu_count() or 1)


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], ahead: int = WORKERS) -> Iterator[Result]:
    """The results of `function` on each item, in order, computed while up to `ahead` further items are made."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
