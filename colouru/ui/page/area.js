// The area tool: an object that is clicked, or what a lasso goes around, is seen before it is taken, and then becomes hints
// as paint does. What belongs to a spot the server says once; how much of it is taken is decided here.

// The longer side of the sheet that areas and strokes lie on, and where the reach begins.
const SHEET_SIDE = 512, REACH_AT_FIRST = 60;

const areaBox = find(".area-box"), lasso = find(".lasso"), ring = document.createElement("canvas"), ring2d = ring.getContext("2d");

// `at` is the spot, `mask` what is meant so far; `belonging` the server's map of it, null for a lasso, and `before` what
// was there already and is kept.
let area = null, outlining = 0;

// An empty one of the proportions of the photo, each side that long at the least.
function sheet(least = 1) {
  const scale = SHEET_SIDE / Math.max(photo.width, photo.height), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [photo.width, photo.height].map((side) => Math.max(least, Math.round(side * scale)));
  return canvas;
}

function askForArea(at, more) {
  outlining = Math.max(Date.now(), outlining + 1);
  place = at;
  if (!more) letGo();
  tell(words.busy, true);
  window.colouruOutbox.outline = { ...at, stamp: outlining };
  trigger("outline");
}

async function receiveArea(value) {
  if (value.stamp !== outlining || !photo || tool !== "area") return;
  const map = await imageFrom(value.similarity);
  if (value.stamp !== outlining || tool !== "area") return;
  likely = value.likely;
  if (area?.lasso === value.stamp) {
    area.colour ??= likely[0]?.[0] ?? null;
  } else {
    const canvas = sheet(), context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(map, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const { x, y } = window.colouruOutbox.outline, colour = area?.colour ?? colourFor({ x, y }) ?? likely[0]?.[0] ?? null;
    show({ at: { x, y }, belonging: data, before: area?.mask ?? null, colour });
    find(".reach").value = REACH_AT_FIRST;
    reachTo(REACH_AT_FIRST);
  }
  describe();
  draw();
}

const colourFor = (at) => (next === "true" ? trueColour(at) : next);

function show(found) {
  selected = -1;
  area = found;
}

// All that belongs to the spot by that much, in percent of how far one might go.
function reachTo(reach) {
  if (!area?.belonging) return;
  const canvas = sheet(), context = canvas.getContext("2d"), pixels = context.createImageData(canvas.width, canvas.height);
  const least = Math.max(1, 255 * (1 - reach / 100));
  for (let at = 0; at < pixels.data.length; at += 4) if (area.belonging[at] >= least) pixels.data[at + 3] = 255;
  context.putImageData(pixels, 0, 0);
  if (area.before) context.drawImage(area.before, 0, 0);
  area.mask = canvas;
  draw();
}

// What a closed line goes around; `path` are its places.
function surround(path, more) {
  const canvas = sheet(), context = canvas.getContext("2d", { willReadFrequently: true });
  context.beginPath();
  for (const { x, y } of path) context.lineTo(x * canvas.width, y * canvas.height);
  context.fill("evenodd");
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height), inside = [];
  for (let at = 3; at < pixels.data.length; at += 4) {
    // Half covered is in or out: on the sheet of paint, too, nothing lies between.
    pixels.data[at] = pixels.data[at] > 127 ? 255 : 0;
    if (pixels.data[at]) inside.push((at - 3) / 4);
  }
  if (!inside.length) return;
  context.putImageData(pixels, 0, 0);
  if (more && area) context.drawImage(area.mask, 0, 0);
  const middle = inside[inside.length >> 1];
  const at = { x: (middle % canvas.width + 0.5) / canvas.width, y: (Math.floor(middle / canvas.width) + 0.5) / canvas.height };
  const colour = (more && area?.colour) || colourFor(at);
  askForArea(at, true);
  show({ at, mask: canvas, belonging: null, lasso: outlining, colour });
  draw();
}

function letGo() {
  outlining++;
  if (!area) return;
  area = null;
  likely = [];
  // Keys go on where they were.
  if (areaBox.contains(document.activeElement)) stage.focus();
  find(".area-note").value = "";
  describe();
  draw();
}

async function takeArea(colour) {
  if (!area?.mask || !colour) return;
  const canvas = sheet(), context = canvas.getContext("2d"), note = find(".area-note").value.trim();
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(area.mask, 0, 0);
  letGo();
  tell(words.busy, true);
  await layHints(canvas.toDataURL(), photo, note && { note });
}

// The area in its colour, as it would be, and its outline.
function drawArea({ left, top, width, height, frame }) {
  const shown = { width, height, frame };
  const layer = (ink, offsets) => {
    Object.assign(ring, { width, height });
    for (const [x, y] of offsets) drawInto(ring2d, area.mask, { ...shown, frame: { ...frame, left: frame.left + x, top: frame.top + y } });
    ring2d.globalCompositeOperation = "source-in";
    ring2d.fillStyle = ink;
    ring2d.fillRect(0, 0, width, height);
  };
  if (area.colour) {
    layer(area.colour, [[0, 0]]);
    screen2d.globalCompositeOperation = "color";
    screen2d.drawImage(ring, left, top);
    screen2d.globalCompositeOperation = "source-over";
  }
  const reach = 2 * Math.min(window.devicePixelRatio || 1, 2), around = [[1, 0], [-1, 0], [0, 1], [0, -1], [0.7, 0.7], [0.7, -0.7], [-0.7, 0.7], [-0.7, -0.7]];
  for (const [thick, ink] of [[reach, "#000"], [reach / 2, "#fff"]]) {
    layer(ink, around.map(([x, y]) => [x * thick, y * thick]));
    ring2d.globalCompositeOperation = "destination-out";
    drawInto(ring2d, area.mask, shown);
    screen2d.drawImage(ring, left, top);
  }
}

function drawAreaBox() {
  areaBox.hidden = !area;
  if (!area) return;
  find(".reach-box").hidden = !area.belonging;
  find(".area-box .swatch").style.background = area.colour ?? "transparent";
  find(".take-area").disabled = !area.colour;
}

function drawLasso(path) {
  lasso.toggleAttribute("hidden", !path);
  if (!path) return;
  const box = rect();
  lasso.querySelector("polygon").setAttribute("points", path.map(({ x, y }) => `${box.x + x * box.width},${box.y + y * box.height}`).join(" "));
}

find(".reach").addEventListener("input", (event) => reachTo(Number(event.target.value)));
find(".area-note").addEventListener("keydown", (event) => {
  if (event.key === "Enter") takeArea(area?.colour);
});
areaBox.addEventListener("keydown", (event) => {
  if (event.key === "Escape") letGo();
});
