// The area tool: click an object or draw a lasso around it, see the area, then apply a colour; it becomes hints as
// paint does. The server sends a map of similarity to the clicked spot once; the reach is a threshold on it, applied
// here.

// The longer side of the layer that areas and strokes lie on, and the initial reach in percent.
const SKETCH_SIDE = props.constants.sketch_side;
const INITIAL_REACH = 60;

const areaBox = query(".area-box");
const lasso = query(".lasso");
const outlineCanvas = document.createElement("canvas");
const outlineContext = outlineCanvas.getContext("2d");

// An empty layer with the proportions of the photo, whose sides have at least `least` pixels.
function newLayer(least = 1) {
  const scale = SKETCH_SIDE / Math.max(state.photo.width, state.photo.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [state.photo.width, state.photo.height].map((side) =>
    Math.max(least, Math.round(side * scale)),
  );
  return canvas;
}

// With `extend`, the answer is added to the area that is there.
function requestOutline(at, extend) {
  state.outlineStamp = nextStamp(state.outlineStamp);
  state.cursorAt = at;
  if (!extend) dismissArea();
  setStatus(words.busy, true);
  post("outline", { ...at, stamp: state.outlineStamp });
}

async function receiveOutline(value) {
  if (value.stamp !== state.outlineStamp || !state.photo || state.tool !== "area") return;
  const map = await loadImage(value.similarity);
  if (value.stamp !== state.outlineStamp || state.tool !== "area") return;
  state.likely = value.likely;
  if (state.area?.lasso === value.stamp) {
    state.area.colour ??= state.likely[0]?.[0] ?? null;
  } else {
    const canvas = newLayer();
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(map, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const { x, y } = outbox.outline;
    const colour = state.area?.colour ?? pendingColourAt({ x, y }) ?? state.likely[0]?.[0] ?? null;
    showArea({ at: { x, y }, similarity: data, before: state.area?.mask ?? null, colour });
    query(".reach").value = INITIAL_REACH;
    setReach(INITIAL_REACH);
  }
  describeState();
  draw();
}

const pendingColourAt = (at) => (state.pendingColour === "true" ? originalColourAt(at) : state.pendingColour);

function showArea(area) {
  state.selected = -1;
  state.area = area;
}

// Let the mask be all that is similar enough to the spot; a reach of 100 percent is everything the map has.
function setReach(reach) {
  if (!state.area?.similarity) return;
  const canvas = newLayer();
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  const least = Math.max(1, 255 * (1 - reach / 100));
  for (let at = 0; at < pixels.data.length; at += 4) if (state.area.similarity[at] >= least) pixels.data[at + 3] = 255;
  context.putImageData(pixels, 0, 0);
  if (state.area.before) context.drawImage(state.area.before, 0, 0);
  state.area.mask = canvas;
  draw();
}

// Make the inside of a closed line the area; `path` are places on the photo.
function encloseLasso(path, extend) {
  const canvas = newLayer();
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.beginPath();
  for (const { x, y } of path) context.lineTo(x * canvas.width, y * canvas.height);
  context.fill("evenodd");
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const inside = [];
  for (let at = 3; at < pixels.data.length; at += 4) {
    // Masks are binary, as the layers of the sketch editor are.
    pixels.data[at] = pixels.data[at] > 127 ? 255 : 0;
    if (pixels.data[at]) inside.push((at - 3) / 4);
  }
  if (!inside.length) return;
  context.putImageData(pixels, 0, 0);
  if (extend && state.area) context.drawImage(state.area.mask, 0, 0);
  const middle = inside[inside.length >> 1];
  const at = {
    x: ((middle % canvas.width) + 0.5) / canvas.width,
    y: (Math.floor(middle / canvas.width) + 0.5) / canvas.height,
  };
  const colour = (extend && state.area?.colour) || pendingColourAt(at);
  requestOutline(at, true);
  showArea({ at, mask: canvas, similarity: null, lasso: state.outlineStamp, colour });
  draw();
}

function dismissArea() {
  state.outlineStamp++;
  if (!state.area) return;
  state.area = null;
  state.likely = [];
  // The focused control disappears; keys should reach the canvas again.
  if (areaBox.contains(document.activeElement)) stage.focus();
  query(".area-note").value = "";
  describeState();
  draw();
}

async function applyArea(colour) {
  if (!state.area?.mask || !colour) return;
  const canvas = newLayer();
  const context = canvas.getContext("2d");
  const note = query(".area-note").value.trim();
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(state.area.mask, 0, 0);
  dismissArea();
  setStatus(words.busy, true);
  await addSketchedHints(canvas.toDataURL(), state.photo, note && { note });
}

// Draw the area in its colour, and its outline.
function drawArea({ left, top, width, height, frame }) {
  const shown = { width, height, frame };
  const layer = (ink, offsets) => {
    Object.assign(outlineCanvas, { width, height });
    for (const [x, y] of offsets)
      drawAligned(outlineContext, state.area.mask, {
        ...shown,
        frame: { ...frame, left: frame.left + x, top: frame.top + y },
      });
    outlineContext.globalCompositeOperation = "source-in";
    outlineContext.fillStyle = ink;
    outlineContext.fillRect(0, 0, width, height);
  };
  if (state.area.colour) {
    layer(state.area.colour, [[0, 0]]);
    pictureContext.globalCompositeOperation = "color";
    pictureContext.drawImage(outlineCanvas, left, top);
    pictureContext.globalCompositeOperation = "source-over";
  }
  const thickness = 2 * screenRatio();
  const around = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
    [0.7, 0.7],
    [0.7, -0.7],
    [-0.7, 0.7],
    [-0.7, -0.7],
  ];
  for (const [thick, ink] of [
    [thickness, "#000"],
    [thickness / 2, "#fff"],
  ]) {
    layer(
      ink,
      around.map(([x, y]) => [x * thick, y * thick]),
    );
    outlineContext.globalCompositeOperation = "destination-out";
    drawAligned(outlineContext, state.area.mask, shown);
    pictureContext.drawImage(outlineCanvas, left, top);
  }
}

function drawAreaBox() {
  areaBox.hidden = !state.area;
  if (!state.area) return;
  query(".reach-box").hidden = !state.area.similarity;
  query(".area-box .swatch").style.background = state.area.colour ?? "transparent";
  query(".apply-area").disabled = !state.area.colour;
}

function drawLasso(path) {
  lasso.toggleAttribute("hidden", !path);
  if (!path) return;
  const box = photoRect();
  lasso
    .querySelector("polygon")
    .setAttribute("points", path.map(({ x, y }) => `${box.x + x * box.width},${box.y + y * box.height}`).join(" "));
}

query(".reach").addEventListener("input", (event) => setReach(Number(event.target.value)));
query(".area-note").addEventListener("keydown", (event) => {
  if (event.key === "Enter") applyArea(state.area?.colour);
});
areaBox.addEventListener("keydown", (event) => {
  if (event.key === "Escape") dismissArea();
});
