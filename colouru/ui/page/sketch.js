// Paint: Gradio's sketch editor lies over the canvas, at the same place and size. Each stroke is read once, becomes
// hints, and is cleared from the editor. Nothing that the server sends is ever written into the editor.
//
// To Gradio the editor is always empty: at every status of any event Gradio asks each component for its value, and the
// editor would upload background, layer and composite each time. So the page sets the background itself, and get_blobs
// returns nothing.
//
// `window.editor` is an undocumented global of Gradio; requirements.txt pins the exact version.

const sketchSlot = query(".slot");
// The smallest side of the background, for very narrow photos.
const MIN_BACKGROUND_SIDE = 32;
// The neutral colour of the blend mode in which the editor lies over the picture.
const NEUTRAL = "#808080";

const brush = () => window.editor?.tools?.get("brush");
const isSketchReady = () => Boolean(window.editor?.image_container && brush()?.brush_textures);

async function waitForSketch() {
  for (let tries = 0; tries < 100; tries++) {
    const sketch = document.querySelector("#sketch");
    if (sketch && sketch.parentElement !== sketchSlot) sketchSlot.append(sketch);
    if (isSketchReady()) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

async function setBackground() {
  if (window.editor.colouruPhoto === state.photo) return;
  window.editor.colouruPhoto = state.photo;
  window.editor.get_blobs = async () => ({ background: null, layers: [], composite: null });
  const background = newLayer(MIN_BACKGROUND_SIDE);
  const context = background.getContext("2d");
  context.fillStyle = NEUTRAL;
  context.fillRect(0, 0, background.width, background.height);
  await window.editor.add_image({ image: await new Promise((done) => background.toBlob(done)) });
}

// The editor has the size of its layer and is scaled by CSS to lie over the photo. So it draws few pixels, which is
// fast even without a GPU, at any zoom.
function alignSketch() {
  if (state.tool !== "paint" || !state.photo || !isSketchReady()) return;
  const sketch = sketchSlot.querySelector("#sketch");
  const { width, height } = window.editor;
  Object.assign(sketch.style, {
    width: `${width}px`,
    height: `${height}px`,
    transform: sketchTransform(width, height),
  });
  if (window.editor.app.renderer.resolution !== 1) window.editor.app.renderer.resize(width, height, 1);
}

function sketchTransform(width, height) {
  const box = photoRect();
  return `translate(${box.x}px, ${box.y}px) scale(${box.width / width}, ${box.height / height})`;
}

// The editor leaves a margin around its image after every resize.
function removeMargin() {
  const { image_container: image } = window.editor;
  if (image.scale.x !== 1 || image.position.x || image.position.y)
    window.editor.set_image_properties({ scale: 1, position: { x: 0, y: 0 }, animate: false });
}

sketchSlot.addEventListener("pointermove", () => isSketchReady() && removeMargin(), true);

// The brush has about the size of a dot. Gradio takes its radius in pixels of the layer.
function sizeBrush() {
  brush()?.set_brush_size(Math.max(1.5, (state.dotSize * SKETCH_SIDE) / 2));
}

// A stroke needs a colour before it is painted: the chosen one, the last one used, or medium skin.
const brushColour = () =>
  state.pendingColour && state.pendingColour !== "true"
    ? state.pendingColour
    : (state.recentColours[0] ?? props.swatches[1][0]);

function colourBrush() {
  brush()?.set_brush_color(brushColour());
}

function clearSketch() {
  state.strokeCount++;
  if (!isSketchReady()) return;
  window.editor.add_layers_from_url(undefined);
  window.editor.set_layer(window.editor.layer_manager.get_layers()[0].id);
  window.editor.set_tool("draw");
}

async function selectTool(name) {
  if (name === "paint" && !(await waitForSketch())) return toast(words.no_palette);
  state.tool = app.dataset.tool = name;
  for (const button of queryAll("button[data-tool]"))
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  if (name === "paint") {
    state.selected = -1;
    await setBackground();
    observeBrush();
    clearSketch();
    sizeBrush();
    alignSketch();
    for (const wait of [50, 300]) setTimeout(removeMargin, wait);
  }
  if (name !== "area") dismissArea();
  draw();
}

// The brush reports the end of each stroke of the person, and nothing else.
function observeBrush() {
  if (state.observedBrush === brush()) return;
  state.observedBrush = brush();
  state.observedBrush.on("change", () => {
    const number = ++state.strokeCount;
    setStatus(words.busy, true);
    state.strokeQueue = state.strokeQueue.then(() => readStrokes(number)).catch(() => toast(words.nothing_answered));
  });
}

async function readStrokes(number) {
  const { layer_manager: layers, width, height } = window.editor;
  const photo = state.photo;
  const layer = (await layers.get_blobs(width, height)).layers[0];
  // If another stroke has begun or ended meanwhile, both are read together at its end.
  if (number !== state.strokeCount || brush().is_drawing || !layer) return;
  clearSketch();
  const url = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(layer);
  });
  const wet = new Image();
  wet.className = "wet";
  wet.src = url;
  wet.style.transform = sketchTransform(width, height);
  sketchSlot.append(wet);
  try {
    await addSketchedHints(url, photo);
  } finally {
    setTimeout(() => wet.remove(), 300);
  }
}

// Add the hints of a painted layer, a data URL of a PNG, to the photo; `values` are set in each of them. More than one
// hint form an area.
async function addSketchedHints(url, photo, values) {
  const found = await server.hints_from_sketch(url);
  if (photo !== state.photo) return;
  if (!found || found.problem) return toast(found?.problem ?? words.nothing_answered);
  if (!found.hints.length) return describeState();
  rememberColour(found.hints[0].colour);
  const area = found.hints.length > 1 && { area: Date.now().toString(36) };
  commit([...state.hints, ...found.hints.map((hint) => ({ ...hint, ...values, ...area }))], -1);
}
