"""The position of a request in the queue."""

from types import SimpleNamespace

import gradio as gr

from colouru.ui.queueing import COLOUR_QUEUE, MAX_WAITING, queue_position


def app_with(stamps: list[float], seconds: float) -> gr.Blocks:
    """An app one of whose requests is being answered while those with these stamps wait, each usually for so long."""
    with gr.Blocks() as app:
        button = gr.Button()
        button.click(lambda: None, concurrency_id=COLOUR_QUEUE, concurrency_limit=1)
    app.queue(max_size=MAX_WAITING)
    (function,) = app.fns.values()
    app._queue.create_event_queue_for_fn(function)
    queue = app._queue.event_queue_per_concurrency_id[COLOUR_QUEUE]
    queue.current_concurrency = 1
    queue.queue = [
        SimpleNamespace(fn=function, data=SimpleNamespace(data=[None, {"stamp": stamp}])) for stamp in stamps
    ]
    app._queue.process_time_per_fn[function].add(seconds)
    return app


def test_a_request_is_told_how_many_are_answered_before_it_and_how_long_that_takes():
    app = app_with([11.0, 12.0, 13.0], seconds=0.5)
    assert queue_position(app, 12.0) == {"before": 2, "seconds": 1.0, "full": False}
    assert queue_position(app, None) == {"before": 4, "seconds": 2.0, "full": False}
    # A request that is not in the queue any more is being answered.
    assert queue_position(app, 10.0)["before"] == 0


def test_a_full_queue_is_known_before_anything_is_sent():
    assert queue_position(app_with([float(number) for number in range(MAX_WAITING)], seconds=0.5), None)["full"]


def test_before_the_first_request_nobody_waits():
    with gr.Blocks() as app:
        pass
    assert queue_position(app, None) == {"before": 0, "seconds": None, "full": False}
