"""The page: what is on it, and which handler answers what. Run `python app.py`, then open http://127.0.0.1:7860."""

import functools
import os

# Read once, on import: no outside request of any kind.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import gradio as gr

from colouru.ui import handlers, words
from colouru.ui.examples import examples

# The painted layer is read in the browser: as an input of the event the editor would be sent some twenty-five times
# a dot. `window.editor` belongs to Gradio and is undocumented, hence the exact pin, and the hidden button without it.
READ_LAYER = """
async (work, _) => {
    if (!window.editor?.get_blobs) {
        document.querySelector("#read-editor").click();
        throw new Error("the sketch cannot be read directly");
    }
    const layer = (await window.editor.get_blobs()).layers[0];
    if (!layer) return [work, ""];
    return [work, await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(layer);
    })];
}
"""

with gr.Blocks(title=words.TITLE, delete_cache=(600, 3600), analytics_enabled=False) as demo:
    work = gr.State(time_to_live=3600)
    hints = gr.State([])
    layer_url = gr.Textbox(visible=False)
    example_hints = gr.Textbox(visible=False)

    gr.Markdown(words.INTRODUCTION)
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            # Once an example has set it, Gradio works with a copy of this component that has its own `preprocess`
            # again; these two arguments make that hand over the untouched file as well.
            photo = gr.Image(
                label=words.PHOTO,
                sources=["upload", "clipboard"],
                type="filepath",
                image_mode=None,
                height=180,
                elem_id="photo",
            )
            photo.preprocess = handlers.uploaded_path
            sketch = gr.ImageEditor(
                label=words.SKETCH,
                type="numpy",
                image_mode="RGBA",
                format="png",
                sources=(),
                transforms=(),
                layers=False,
                canvas_size=(handlers.SKETCH_SIDE, handlers.SKETCH_SIDE),
                buttons=[],
                brush=handlers.brush(),
                eraser=gr.Eraser(default_size=handlers.BRUSH_RADIUS),
                height=480,
                interactive=True,
                elem_id="sketch",
            )
            read_editor = gr.Button(visible="hidden", elem_id="read-editor")
        with gr.Column(scale=7, min_width=320):
            sliders, losses = {}, {}
            with gr.Row():
                for role, label in (("gan", words.GAN), ("baseline", words.BASELINE)):
                    with gr.Column(min_width=260):
                        sliders[role] = gr.ImageSlider(
                            label=label, format="png", interactive=False, buttons=["fullscreen"], elem_id=role
                        )
                        losses[role] = gr.Markdown(elem_id=f"{role}-loss")
                        ask = gr.Button(words.DOWNLOAD, size="sm", elem_id=f"{role}-download")
                        file = gr.DownloadButton(visible="hidden", elem_id=f"{role}-file")
                        ask.click(
                            functools.partial(handlers.full_size, role),
                            [work, hints],
                            file,
                            show_progress_on=sliders[role],
                            concurrency_id="full size",
                            concurrency_limit=1,
                            api_visibility="private",
                        ).success(fn=None, js=f"() => document.querySelector('#{role}-file').click()")
            with gr.Accordion(words.HINTS, open=False):
                hints_json = gr.Code(language="json", show_label=False, interactive=False, elem_id="hints")
    outputs = [work, sliders["baseline"], sliders["gan"], losses["baseline"], losses["gan"], hints_json, hints]
    picked = gr.Examples(examples(), [photo, example_hints], label=words.EXAMPLES, visible_columns=[0])
    gr.Markdown(words.FOOTER.format(source=handlers.colourizer().source))

    # One after the other, whichever of these events it was: the page must end up with what was asked for last.
    in_turn = {"concurrency_id": "colour", "concurrency_limit": 1, "api_visibility": "private"}
    # Taking the photo out of its box changes nothing: the work stays until another photo has opened.
    photo.upload(
        handlers.start,
        photo,
        [sketch, *outputs],
        show_progress_on=[sliders["baseline"], sliders["gan"]],
        **in_turn,
    )
    live = {"outputs": outputs, "trigger_mode": "always_last", "show_progress": "hidden", **in_turn}
    picked.load_input_event.success(handlers.start, [photo, example_hints], [sketch, *outputs], **in_turn)
    sketch.input(handlers.recolour, [work, layer_url], js=READ_LAYER, **live)
    read_editor.click(handlers.recolour_from_editor, [work, sketch], **live)

demo.queue(max_size=32)

if __name__ == "__main__":
    demo.launch(
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        max_file_size="100mb",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
    )
