"""The page: what is on it, and which handler answers what. Run `python app.py`, then open http://127.0.0.1:7860."""

import json
import os

from colouru.ui import storage

# Read once, on import: no outside request of any kind, and nothing lies anywhere but in our own folder.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_TEMP_DIR"] = storage.own_folder()

import gradio as gr

from colouru.ui import api, batch, board, downloads, guard, handlers, words
from colouru.ui.examples import examples
from colouru.ui.work import colourizer

# The painted layer is read in the browser: as an input of the event the editor would be sent some twenty-five times
# a dot. `window.editor` belongs to Gradio and is undocumented, hence the exact pin, and the hidden button without it.
READ_LAYER = """
async (work, _, ...view) => {
    if (!window.editor?.get_blobs) {
        document.querySelector("#read-editor").click();
        throw new Error("the sketch cannot be read directly");
    }
    const layer = (await window.editor.get_blobs()).layers[0];
    if (!layer) return [work, "", ...view];
    return [work, await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(layer);
    }), ...view];
}
"""

# What board.js or hint_list.js has to say, as it is when it is sent.
READ_TOLD = "(work, _, ...view) => [work, window.colouruTold, ...view]"

# Whether the person would rather keep the photo whose hints would be dropped.
KEEPS = f"document.querySelector('#hint-list li') && !window.confirm({json.dumps(words.ASK_BEFORE_DROPPING)})"
ASK_BEFORE_UPLOAD = f"(photo, ...rest) => [{KEEPS} ? null : photo, ...rest]"
ASK_BEFORE_EXAMPLE = f"(number, kept, ...rest) => [number, Boolean({KEEPS}), ...rest]"

# Undo, redo and clear are the page's: the editor's own would know of one tab only.
CSS = """
#sketch :is([aria-label="Undo"], [aria-label="Redo"], [aria-label="Clear canvas"]) { display: none; }
"""

with gr.Blocks(title=words.TITLE, analytics_enabled=False) as demo:
    work = gr.State(time_to_live=3600)
    layer_url = gr.Textbox(visible=False)
    told = gr.JSON(visible=False)
    kept = gr.Checkbox(visible=False)

    gr.Markdown(words.INTRODUCTION)
    with gr.Tabs():
        with gr.Tab(words.ONE_PHOTO):
            with gr.Row():
                with gr.Column(scale=5, min_width=320):
                    photo = gr.Image(
                        label=words.PHOTO,
                        sources=["upload", "clipboard"],
                        type="filepath",
                        image_mode=None,
                        height=140,
                        buttons=[],
                        elem_id="photo",
                    )
                    photo.preprocess = handlers.uploaded_path
                    example = gr.Dataset(
                        label=words.EXAMPLES,
                        components=[gr.Image(visible=False)],
                        samples=[[path] for path, _ in examples()],
                        type="index",
                        elem_id="examples",
                    )
                    with gr.Row():
                        undo = gr.Button(words.UNDO, size="sm", min_width=60, interactive=False, elem_id="undo")
                        redo = gr.Button(words.REDO, size="sm", min_width=60, interactive=False, elem_id="redo")
                        clear = gr.Button(words.CLEAR, size="sm", min_width=60, interactive=False, elem_id="clear")
                    with gr.Tabs():
                        with gr.Tab(words.CLICK, elem_id="click-tab") as click_tab:
                            dots = gr.HTML(
                                label=words.BOARD, elem_id="board", **board.parts("board", words.BOARD_WORDS)
                            )
                        with gr.Tab(words.PAINT, elem_id="paint-tab") as paint_tab:
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
                                    label=label, interactive=False, buttons=["fullscreen"], elem_id=role
                                )
                                losses[role] = gr.Markdown(elem_id=f"{role}-loss")
                    meaning = gr.Markdown(elem_id="meaning")
                    versus = gr.Checkbox(label=words.VERSUS, elem_id="versus")
                    if colourizer().advises:
                        with gr.Row():
                            advise = gr.Checkbox(label=words.ADVISE, elem_id="advise")
                            doubt = gr.Checkbox(label=words.DOUBT, elem_id="doubt")
                    else:
                        advise, doubt = gr.State(False), gr.State(False)
                    saturation = gr.Slider(0, 2, 1, step=0.05, label=words.SATURATION, elem_id="saturation")
                    hint_list = gr.HTML(
                        label=words.LIST_WORDS["heading"],
                        elem_id="hint-list",
                        **board.parts("hint_list", words.LIST_WORDS),
                    )
                    with gr.Group():
                        with gr.Row(equal_height=True):
                            what = gr.Dropdown(
                                [(label, kind) for kind, label in words.DOWNLOADS.items()],
                                value="gan-png",
                                label=words.WHAT,
                                scale=3,
                                elem_id="what",
                            )
                            ask = gr.Button(words.DOWNLOAD, scale=1, min_width=110, elem_id="download")
                            file = gr.DownloadButton(visible="hidden", elem_id="file")
                    with gr.Row():
                        hints_file = gr.UploadButton(
                            words.OPEN_HINTS, file_types=[".json"], size="sm", scale=0, min_width=160, elem_id="open"
                        )
                    gr.Markdown(words.REOPEN)
        with gr.Tab(words.SEVERAL_PHOTOS, elem_id="several-tab"):
            gr.Markdown(words.SEVERAL)
            files = gr.File(label=words.FILES, file_count="multiple", elem_id="files")
            colour_all = gr.Button(words.COLOUR_ALL, variant="primary", elem_id="colour-all")
            archive = gr.File(label=words.ARCHIVE, interactive=False, elem_id="archive")
    gr.Markdown(words.FOOTER.format(source=colourizer().source))

    # One after the other, whichever of these events it was: the page must end up with what was asked for last.
    in_turn = {"concurrency_id": "colour", "concurrency_limit": 1, "api_visibility": "private"}
    visibly = {"show_progress_on": list(sliders.values()), **in_turn}
    # The board says itself that it waits.
    quietly = {"trigger_mode": "always_last", "show_progress": "hidden", **in_turn}
    briefly = {"trigger_mode": "always_last", "show_progress": "minimal", **visibly}
    view = [saturation, versus, advise, doubt]
    outputs = [
        work,
        sliders["gan"],
        sliders["baseline"],
        losses["gan"],
        losses["baseline"],
        meaning,
        dots,
        hint_list,
        undo,
        redo,
        clear,
    ]

    # Taking the photo out of its box changes nothing: the work stays until another photo has opened.
    photo.upload(handlers.start, [photo, work, *view], [photo, sketch, *outputs], js=ASK_BEFORE_UPLOAD, **visibly)
    example.click(
        handlers.start_example,
        [example, kept, work, *view],
        [photo, sketch, *outputs],
        js=ASK_BEFORE_EXAMPLE,
        **visibly,
    )
    for component in (dots, hint_list):
        component.input(handlers.edit, [work, told, *view], outputs, js=READ_TOLD, **quietly)
    sketch.input(handlers.paint, [work, layer_url, *view], outputs, js=READ_LAYER, **briefly)
    read_editor.click(handlers.paint_from_editor, [work, sketch, *view], outputs, **briefly)
    for button, handler in ((undo, handlers.undo), (redo, handlers.redo), (clear, handlers.clear)):
        button.click(handler, [work, *view], [sketch, *outputs], show_progress="minimal", **visibly)
    hints_file.upload(handlers.open_hints, [work, hints_file, *view], [sketch, *outputs], **visibly)
    paint_tab.select(handlers.to_paint, work, [work, sketch], show_progress="hidden", **in_turn)
    click_tab.select(handlers.to_click, [work, *view], outputs, show_progress="hidden", **in_turn)
    saturation.release(handlers.look, [work, *view], outputs, **briefly)
    for switch in (versus, advise, doubt):
        if isinstance(switch, gr.Checkbox):
            switch.input(handlers.look, [work, *view], outputs, **briefly)

    alone = {"concurrency_id": "full size", "concurrency_limit": 1}
    ask.click(
        downloads.download,
        [what, work, *view],
        file,
        show_progress_on=list(sliders.values()),
        api_visibility="private",
        **alone,
    ).success(fn=None, js="() => document.querySelector('#file').click()")
    colour_all.click(batch.colour_all, files, archive, api_visibility="private", **alone)
    gr.api(api.colourize, api_name="colourize", **alone)

demo.queue(max_size=32)

if __name__ == "__main__":
    storage.empty_in_time(demo)
    demo.launch(
        app_kwargs={"lifespan": guard.guarded},
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        css=CSS,
        max_file_size="100mb",
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        prevent_thread_lock=True,
    )
    # Not before: interrupted while it starts, Gradio takes many seconds to end.
    storage.end_as_by_hand()
    demo.block_thread()
