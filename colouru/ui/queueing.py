"""The queue in front of the networks: how many requests are before one, and how long they take.

Gradio tells this only to its own progress bars, which would cover the picture. So this module reads private attributes
of Gradio's queue; requirements.txt pins the exact version.
"""

from typing import Any

import gradio as gr
from gradio.context import LocalContext

# Requests that may wait at once; Gradio refuses any further one with status 503.
MAX_WAITING = 32

# The concurrency_id of the events that change the picture, which are answered one at a time.
COLOUR_QUEUE = "colour"


def queue_status(stamp: Any) -> dict[str, Any]:
    """The position of a request in the queue of the running app; the page calls this.

    Args:
        stamp: the request's stamp, see `messages.EditRequest`; None for a request that is yet to be sent.

    Returns:
        before: number of requests answered first.
        seconds: estimated wait, None before the first request was answered.
        full: whether the queue takes no further request.
    """
    return queue_position(LocalContext.blocks.get(), stamp)


def queue_position(app: gr.Blocks, stamp: Any) -> dict[str, Any]:
    """See `queue_status`."""
    queue = app._queue
    colour_queue = queue.event_queue_per_concurrency_id.get(COLOUR_QUEUE)
    if colour_queue is None:
        return {"before": 0, "seconds": None, "full": len(queue) >= MAX_WAITING}
    waiting = list(colour_queue.queue)
    positions = [i for i, event in enumerate(waiting) if event_stamp(event) == stamp] if stamp else [len(waiting)]
    # A request that is not waiting is being answered already.
    before = positions[0] + colour_queue.current_concurrency if positions else 0
    times = [time for fn, time in list(queue.process_time_per_fn.items()) if fn.concurrency_id == COLOUR_QUEUE]
    count = sum(time.count for time in times)
    seconds = before * sum(time.process_time for time in times) / count if count else None
    return {"before": before, "seconds": seconds, "full": len(queue) >= MAX_WAITING}


def event_stamp(event: Any) -> Any:
    """The stamp of a queued event, None if it has none."""
    values = event.data.data if event.data else []
    return next((value["stamp"] for value in values if isinstance(value, dict) and "stamp" in value), None)
