"""Times on a machine that also does other things: medians of runs that take turns."""

import statistics
import time
from collections.abc import Callable, Mapping


def median_times(works: Mapping[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Seconds of each, the median of `rounds`. Every round runs all of them, so that other load slows all alike."""
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
    """The time of `work` as a multiple of that of `against`: the median over pairs that run one after the other."""
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
