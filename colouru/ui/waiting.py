"""How long the queue is, and where in it someone stands.

Gradio tells that to its own progress bars alone, which would lie over the picture; hence the names of its inside here,
which the exact pin in requirements.txt holds.
"""

from typing import Any

import gradio as gr
from gradio.context import LocalContext

# Requests that may wait at once; for more there is no room.
MAX_WAITING = 32

# Of those that change what is seen, which are answered one after the other.
LINE = "colour"


def line(stamp: Any) -> dict[str, Any]:
    """Where the request that was stamped so stands in the queue of the app that runs.

    Args:
        stamp: see `board.Told`; None for a request that is still to come.

    Returns:
        before: how many are answered first.
        seconds: until then, None as long as none was ever answered.
        full: whether there is no room for another.
    """
    return place(LocalContext.blocks.get(), stamp)


def place(app: gr.Blocks, stamp: Any) -> dict[str, Any]:
    """See `line`."""
    queue = app._queue
    in_line = queue.event_queue_per_concurrency_id.get(LINE)
    if in_line is None:
        return {"before": 0, "seconds": None, "full": len(queue) >= MAX_WAITING}
    waiting = list(in_line.queue)
    ahead = [number for number, event in enumerate(waiting) if stamp_in(event) == stamp] if stamp else [len(waiting)]
    # What is not waiting any more is being answered.
    before = ahead[0] + in_line.current_concurrency if ahead else 0
    times = [time for fn, time in list(queue.process_time_per_fn.items()) if fn.concurrency_id == LINE]
    count = sum(time.count for time in times)
    seconds = before * sum(time.process_time for time in times) / count if count else None
    return {"before": before, "seconds": seconds, "full": len(queue) >= MAX_WAITING}


def stamp_in(event: Any) -> Any:
    """What the request of that event was stamped with, None if it was not."""
    values = event.data.data if event.data else []
    return next((value["stamp"] for value in values if isinstance(value, dict) and "stamp" in value), None)
