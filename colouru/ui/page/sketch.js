// Paint: Gradio's sketch editor, laid over the canvas at the same place and size. Every stroke is read once, becomes hints,
// and is wiped off the sheet: what the server makes of it never goes back into the editor, and nothing but a stroke is read.
//
// Nor does Gradio read it. At every sign of life of any event it asks each component what it holds, and the editor answers by
// drawing its sheet three times and uploading all three: five uploads a dot. So the server sends it no sheet, the page lays
// one of its own under it, and to Gradio it is empty.
//
// `window.editor` belongs to Gradio and is undocumented, hence the exact pin.

const slot = find(".slot");
// What a strip of paper is painted on at least.
const LEAST_SHEET_SIDE = 32;
// Of the blend mode in which the sheet lies over the picture, this is the neutral colour.
const NEUTRAL = "#808080";

let strokes = 0, reading = Promise.resolve();

const brush = () => window.editor?.tools?.get("brush");
const sheetReady = () => Boolean(window.editor?.image_container && brush()?.brush_textures);

async function whenReady() {
  for (let tries = 0; tries < 100; tries++) {
    const sketch = document.querySelector("#sketch");
    if (sketch && sketch.parentElement !== slot) slot.append(sketch);
    if (sheetReady()) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

async function laySheet() {
  if (window.editor.sheetOf === photo) return;
  window.editor.sheetOf = photo;
  window.editor.get_blobs = async () => ({ background: null, layers: [], composite: null });
  const paper = sheet(LEAST_SHEET_SIDE), context = paper.getContext("2d");
  context.fillStyle = NEUTRAL;
  context.fillRect(0, 0, paper.width, paper.height);
  await window.editor.add_image({ image: await new Promise((done) => paper.toBlob(done)) });
}

// The editor is as large as its sheet, and stretched to lie where the photo does: a few pixels, drawn quickly without a
// GPU too, whatever the screen and the zoom.
function followSketch() {
  if (tool !== "paint" || !photo || !sheetReady()) return;
  const sketch = slot.querySelector("#sketch"), { width, height } = window.editor;
  Object.assign(sketch.style, { width: `${width}px`, height: `${height}px`, transform: stretched(width, height) });
  if (window.editor.app.renderer.resolution !== 1) window.editor.app.renderer.resize(width, height, 1);
}

function stretched(width, height) {
  const box = rect();
  return `translate(${box.x}px, ${box.y}px) scale(${box.width / width}, ${box.height / height})`;
}

// The editor leaves a margin around its sheet whenever it was resized.
function fillSheet() {
  const { image_container: sheet } = window.editor;
  if (sheet.scale.x !== 1 || sheet.position.x || sheet.position.y) window.editor.set_image_properties({ scale: 1, position: { x: 0, y: 0 }, animate: false });
}

slot.addEventListener("pointermove", () => sheetReady() && fillSheet(), true);

// A brush of about the size of a dot. Its size is a radius in pixels of the sheet.
function sizeBrush() {
  brush()?.set_brush_size(Math.max(1.5, size * SHEET_SIDE / 2));
}

// Which must be known before the stroke: what was chosen or used last, or medium skin.
const brushColour = () => (next && next !== "true" ? next : recent[0] ?? props.swatches[1][0]);

function colourBrush() {
  brush()?.set_brush_color(brushColour());
}

function clearSketch() {
  strokes++;
  if (!sheetReady()) return;
  window.editor.add_layers_from_url(undefined);
  window.editor.set_layer(window.editor.layer_manager.get_layers()[0].id);
  window.editor.set_tool("draw");
}

async function takeUp(name) {
  if (name === "paint" && !(await whenReady())) return complain(words.no_palette);
  tool = app.dataset.tool = name;
  for (const button of findAll("button[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  if (name === "paint") {
    selected = -1;
    await laySheet();
    listen();
    clearSketch();
    sizeBrush();
    followSketch();
    for (const wait of [50, 300]) setTimeout(fillSheet, wait);
  }
  if (name !== "area") letGo();
  draw();
}

// Only the end of a person's own stroke.
let heard = null;

function listen() {
  if (heard === brush()) return;
  heard = brush();
  heard.on("change", () => {
    const number = ++strokes;
    tell(words.busy, true);
    reading = reading.then(() => readStrokes(number)).catch(() => complain(words.nothing_answered));
  });
}

async function readStrokes(number) {
  const { layer_manager: layers, width, height } = window.editor;
  const whose = photo, layer = (await layers.get_blobs(width, height)).layers[0];
  // Another stroke has begun or ended meanwhile: it is read together with this one.
  if (number !== strokes || brush().is_drawing || !layer) return;
  clearSketch();
  const url = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(layer);
  });
  const wet = new Image();
  wet.className = "wet";
  wet.src = url;
  wet.style.transform = stretched(width, height);
  slot.append(wet);
  try {
    await layHints(url, whose);
  } finally {
    setTimeout(() => wet.remove(), 300);
  }
}

// What is painted on a sheet, the URL of a PNG, becomes hints of that photo, each with these values besides its own; more
// than one are an area.
async function layHints(url, whose, values) {
  const found = await server.hints_from_sketch(url);
  if (whose !== photo) return;
  if (!found || found.problem) return complain(found?.problem ?? words.nothing_answered);
  if (!found.hints.length) return describe();
  remember(found.hints[0].colour);
  const whole = found.hints.length > 1 && { area: Date.now().toString(36) };
  change([...hints, ...found.hints.map((hint) => ({ ...hint, ...values, ...whole }))], -1);
}
