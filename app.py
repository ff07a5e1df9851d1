"""The page: what is on it, and which handler answers what. Run `python app.py`, then open http://127.0.0.1:7860."""

import os

from colouru.ui import storage

# Read once, on import: no outside request of any kind, and nothing lies anywhere but in our own folder.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_TEMP_DIR"] = storage.own_folder()

import gradio as gr

from colouru.ui import api, batch, board, downloads, guard, handlers, painting, waiting, words
from colouru.ui.examples import pairs
from colouru.ui.work import colourizer


def told(event: str) -> str:
    """What the page has to say when that event is sent, in the place of the second input."""
    return f"(work) => [work, window.colouruTold.{event}]"


def told_alone(event: str) -> str:
    """The same where that is the only input."""
    return f"() => [window.colouruTold.{event}]"


with gr.Blocks(title=words.TITLE, analytics_enabled=False) as demo:
    work = gr.State(time_to_live=3600)
    said = gr.JSON(visible=False)
    shown = board.parts(colourizer().source, albums=colourizer().supports_guidance)
    asked = [painting.squares, pairs, batch.kept, waiting.line]
    page = gr.HTML(elem_id="page", server_functions=asked, **shown)
    # The page lays it over the canvas with a sheet of its own, and reads each stroke itself: no event has it as input
    # or output, for then all that is on it would be sent many times a dot.
    gr.ImageEditor(
        label=words.SKETCH,
        image_mode="RGBA",
        format="png",
        sources=(),
        transforms=(),
        layers=False,
        canvas_size=(painting.SKETCH_SIDE, painting.SKETCH_SIDE),
        buttons=[],
        brush=gr.Brush(default_size=painting.BRUSH_RADIUS),
        eraser=gr.Eraser(default_size=painting.BRUSH_RADIUS),
        interactive=True,
        elem_id="sketch",
    )
    file = gr.DownloadButton(visible="hidden", elem_id="file")

    # One after the other, whichever of these events it was: the page must end up with what was asked for last. It says
    # itself that it waits, and a result that is there stays there.
    in_turn = {"concurrency_id": waiting.LINE, "concurrency_limit": 1}
    quietly = {"show_progress": "hidden", "api_visibility": "private"}
    # An event of this component must have one of Gradio's names; the handler says what each means.
    opened = page.upload(handlers.start, said, [work, page], js=told_alone("open"), **quietly, **in_turn)
    latest = {"trigger_mode": "always_last", **quietly, **in_turn}
    edited = page.input(handlers.edit, [work, said], [work, page], js=told("edit"), **latest)
    outlined = page.apply(handlers.outline, [work, said], page, js=told("area"), **latest)

    alone = {"concurrency_id": "full size", "concurrency_limit": 1}
    page.select(handlers.look_closely, [work, said], page, js=told("detail"), **quietly, **alone)
    glanced = page.submit(batch.glance, said, page, js=told_alone("glance"), **quietly, **alone)
    for event, made in (("upload", opened), ("input", edited), ("apply", outlined), ("submit", glanced)):
        failed = f"new CustomEvent('colouru-failed', {{ detail: '{event}' }})"
        made.failure(fn=None, js=f"() => window.dispatchEvent({failed})")
    archive = page.release(batch.colour_all, said, [page, file], js=told_alone("all"), **quietly, **alone)
    download = page.download(downloads.download, [work, said], file, js=told("download"), **quietly, **alone)
    for made in (download, archive):
        made.success(fn=None, js="() => document.querySelector('#file').click()")
        made.then(fn=None, js="() => window.dispatchEvent(new Event('colouru-downloaded'))")
    gr.api(api.colourize, api_name="colourize", **alone)

demo.queue(max_size=waiting.MAX_WAITING)

if __name__ == "__main__":
    storage.empty_in_time(demo)
    demo.launch(
        app_kwargs={"lifespan": guard.guarded},
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        css=board.style(),
        max_file_size="100mb",
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        prevent_thread_lock=True,
    )
    # Not before: interrupted while it starts, Gradio takes many seconds to end.
    storage.end_as_by_hand()
    demo.block_thread()
