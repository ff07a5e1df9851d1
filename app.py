"""The web page: its layout, and the handler of each event. Run `python app.py`, then open http://127.0.0.1:7860."""

import os

from colouru.ui import storage

# Gradio and huggingface_hub read these on import: no request to other servers, all temporary files in our folder.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_TEMP_DIR"] = storage.create_folder()

import gradio as gr

from colouru.ui import api, batch, downloads, handlers, i18n, page, queueing, security, sketch
from colouru.ui.examples import example_pictures
from colouru.ui.session import colourizer

# Functions that the page calls directly; events are for what changes its state.
SERVER_FUNCTIONS = [
    sketch.hints_from_sketch,
    example_pictures,
    batch.uploads_present,
    queueing.queue_status,
]


def outbox(event: str, *, with_session: bool) -> str:
    """JavaScript that returns the inputs of an event: the session, if it is one of them, and the page's request.

    The request is not sent as `trigger(event, data)`. With `always_last`, Gradio 6.31 sends a deferred event with the
    data of the event before it, whereas it runs this JavaScript again, which reads the latest request.
    """
    request = f"window.colouruOutbox.{event}"
    return f"(session) => [session, {request}]" if with_session else f"() => [{request}]"


with gr.Blocks(title=i18n.TITLE, analytics_enabled=False) as demo:
    session = gr.State(time_to_live=3600)
    request = gr.JSON(visible=False)
    arguments = page.html_arguments(colourizer().source, references=colourizer().supports_guidance)
    html = gr.HTML(elem_id="page", server_functions=SERVER_FUNCTIONS, **arguments)
    # The page lays the editor over the canvas and reads each stroke itself. The editor must not be an input or output
    # of any event, because Gradio would then upload its whole content several times for every dot.
    gr.ImageEditor(
        label=i18n.SKETCH,
        image_mode="RGBA",
        format="png",
        sources=(),
        transforms=(),
        layers=False,
        canvas_size=(sketch.SKETCH_SIDE, sketch.SKETCH_SIDE),
        buttons=[],
        brush=gr.Brush(default_size=sketch.BRUSH_RADIUS),
        eraser=gr.Eraser(default_size=sketch.BRUSH_RADIUS),
        interactive=True,
        elem_id="sketch",
    )
    file = gr.DownloadButton(visible="hidden", elem_id="file")

    # Events that change the picture are answered one at a time, so that the page ends with the last request's answer.
    # The page shows itself that it is waiting, and keeps the old picture meanwhile.
    private = {"show_progress": "hidden", "api_visibility": "private"}
    in_order = {**private, "concurrency_id": queueing.COLOUR_QUEUE, "concurrency_limit": 1}
    full_size = {"concurrency_id": "full size", "concurrency_limit": 1}

    def on(event: str, handler, outputs, *, with_session: bool = True, **options):
        """Let the handler answer an event that the page triggers by this name."""
        inputs = [session, request] if with_session else request
        return getattr(html, event)(handler, inputs, outputs, js=outbox(event, with_session=with_session), **options)

    opened = on("open_photo", handlers.start_session, [session, html], with_session=False, **in_order)
    edited = on("edit", handlers.edit, [session, html], trigger_mode="always_last", **in_order)
    outlined = on("outline", handlers.outline, html, trigger_mode="always_last", **in_order)
    on("crop", handlers.crop, html, **private, **full_size)
    previewed = on("preview", batch.preview, html, with_session=False, **private, **full_size)
    archived = on("download_all", batch.colour_all, [html, file], with_session=False, **private, **full_size)
    downloaded = on("download", downloads.download, file, **private, **full_size)
    for event, listener in (("open_photo", opened), ("edit", edited), ("outline", outlined), ("preview", previewed)):
        failed = f"new CustomEvent('colouru-failed', {{ detail: '{event}' }})"
        listener.failure(fn=None, js=f"() => window.dispatchEvent({failed})")
    for listener in (downloaded, archived):
        listener.success(fn=None, js="() => document.querySelector('#file').click()")
        listener.then(fn=None, js="() => window.dispatchEvent(new Event('colouru-downloaded'))")
    gr.api(api.colourize, api_name="colourize", **full_size)

demo.queue(max_size=queueing.MAX_WAITING)

if __name__ == "__main__":
    storage.start_cleanup(demo)
    demo.launch(
        app_kwargs={"lifespan": security.security_lifespan},
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        css=page.style(),
        max_file_size="100mb",
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        prevent_thread_lock=True,
    )
    # After the launch, because an interrupt during it makes Gradio hang for many seconds.
    storage.sigterm_as_interrupt()
    demo.block_thread()
