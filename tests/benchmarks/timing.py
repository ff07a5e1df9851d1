"""How long things take on a machine that also does other things: medians, of runs that take turns."""

import statistics
import time
from collections.abc import Callable, Mapping


def median_times(works: Mapping[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Seconds of each, the median of `rounds`. Each round runs all, so that whatever slows one slows the others too."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            # The first round warms up.
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in times.items()}


def median_ratio(work: Callable[[], object], against: Callable[[], object], rounds: int = 7) -> float:
    """How many times as long the one takes as the other, the median of pairs run one after the other."""
    ratios = []
    for number in range(rounds + 1):
        spans = []
        for each in (work, against):
            started = time.perf_counter()
            each()
            spans.append(time.perf_counter() - started)
        if number:
            ratios.append(spans[0] / spans[1])
    return statistics.median(ratios)
