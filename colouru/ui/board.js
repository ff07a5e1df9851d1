// The Click tab: a grey picture with the dots on it, and the colours to choose from. It shows what the server says and
// tells it what the person wants; the list of hints that counts is the server's.
//
// `props.value` from the server: hints, clipped, selected, likely, marker, doubt, stamp, and with a new photo picture,
// original, width, height. `window.colouruTold` to the server: hints, selected, stamp. Answers to what has been overtaken
// are not shown.

const find = (selector) => element.querySelector(selector);
const board = find(".board"), stage = find(".stage"), sheet = find(".sheet"), dots = find(".dots");
const picture = find(".picture"), doubt = find(".doubt"), marker = find(".marker"), cursor = find(".cursor");
const invitation = find(".invitation"), status = find(".status"), plane = find(".plane"), gamut = find(".gamut");
const well = find(".well"), hex = find(".hex"), size = find(".size"), reference = find(".reference");
const words = props.words;

const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const percent = (value) => Math.round(100 * value);

let hints = [], selected = -1, colour = "#c68642", sent = 0;
let shape = { width: 4, height: 3 }, view = { zoom: 1, x: 0, y: 0 }, place = { x: 0.5, y: 0.5 };
let pictures = { grey: "", original: "" }, marked = null, picking = false, light = null, recent = [];

// Colour: CIELAB with D65, as colour.py has it.

const linear = (byte) => (byte > 10.31475 ? ((byte / 255 + 0.055) / 1.055) ** 2.4 : byte / 255 / 12.92);
const gamma = (value) => 255 * (value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value);
const root = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const cube = (t) => (t > 0.2068966 ? t ** 3 : (t - 16 / 116) / 7.787);

function labOf(code) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(code.slice(at, at + 2), 16)));
  const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = root(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

// The three bytes, unrounded; outside 0 to 255 where sRGB has no such colour.
function bytesOf(L, a, b) {
  const y = (L + 16) / 116, X = 0.95047 * cube(y + a / 500), Y = cube(y), Z = 1.08883 * cube(y - b / 200);
  return [
    3.24048134 * X - 1.53715152 * Y - 0.49853633 * Z,
    -0.96925495 * X + 1.87599 * Y + 0.04155593 * Z,
    0.05564664 * X - 0.20404134 * Y + 1.05731107 * Z,
  ].map((value) => gamma(value));
}

const exists = (bytes) => bytes.every((byte) => byte > -0.75 && byte < 255.75);
const codeOf = (bytes) => "#" + bytes.map((v) => clamp(Math.round(v), 0, 255).toString(16).padStart(2, "0")).join("");

// The nearest colour that sRGB has at the lightness and hue.
function nearest(L, a, b) {
  let low = 0, high = 1;
  if (exists(bytesOf(L, a, b))) return codeOf(bytesOf(L, a, b));
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    if (exists(bytesOf(L, a * middle, b * middle))) low = middle;
    else high = middle;
  }
  return codeOf(bytesOf(L, a * low, b * low));
}

// The plane of all colours that exist at the lightness of the spot: a to the right, b upwards.

const REACH = 110;

function lightnessAt(spot) {
  return light ? labOf(codeOf(Array.from(light.pixels.getImageData(
    clamp(Math.floor(spot.x * light.width), 0, light.width - 1),
    clamp(Math.floor(spot.y * light.height), 0, light.height - 1), 1, 1).data.slice(0, 3))))[0] : 50;
}

const spot = () => (selected >= 0 ? hints[selected] : place);

function drawPlane() {
  const side = plane.width, context = plane.getContext("2d"), image = context.createImageData(side, side);
  const L = lightnessAt(spot());
  for (let row = 0; row < side; row++) for (let column = 0; column < side; column++) {
    const bytes = bytesOf(L, (column / side * 2 - 1) * REACH, (1 - row / side * 2) * REACH);
    if (exists(bytes)) image.data.set([...bytes, 255], 4 * (row * side + column));
  }
  context.putImageData(image, 0, 0);
  const [, a, b] = labOf(colour);
  context.lineWidth = 2;
  for (const [radius, ink] of [[6, "#000"], [4, "#fff"]]) {
    context.beginPath();
    context.arc((a / REACH + 1) / 2 * side, (1 - b / REACH) / 2 * side, radius, 0, 7);
    context.strokeStyle = ink;
    context.stroke();
  }
  const there = exists(bytesOf(L, a, b));
  gamut.textContent = there ? "" : say(words.no_such_colour, { nearest: nearest(L, a, b) });
  plane.setAttribute("aria-valuetext", colour);
}

function chooseOnPlane(a, b) {
  choose(nearest(lightnessAt(spot()), clamp(a, -REACH, REACH), clamp(b, -REACH, REACH)));
}

function chooseAtPointer(event) {
  const box = plane.getBoundingClientRect();
  chooseOnPlane(((event.clientX - box.left) / box.width * 2 - 1) * REACH, (1 - (event.clientY - box.top) / box.height * 2) * REACH);
}

plane.addEventListener("click", chooseAtPointer);
plane.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, 4], ArrowDown: [0, -4] }[event.key];
  if (!step) return;
  event.preventDefault();
  const [, a, b] = labOf(colour);
  chooseOnPlane(a + step[0], b + step[1]);
});

// Choosing: the selected dot takes the colour, and so do those that follow.

function choose(code) {
  code = code.toLowerCase();
  show(code);
  if (selected >= 0 && hints[selected].colour !== code) {
    hints[selected] = { ...hints[selected], colour: code };
    remember(code);
    draw();
    send();
  }
}

function show(code) {
  colour = code;
  well.value = code;
  hex.value = code;
  drawPlane();
}

function swatches(box, colours) {
  find(box).replaceChildren(...colours.map(([code, name]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.style.background = code;
    button.title = name;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => choose(code));
    return button;
  }));
}

function remember(code) {
  recent = [code, ...recent.filter((other) => other !== code)].slice(0, 10);
  find(".recent-box").hidden = false;
  swatches(".recent", recent.map((each) => [each, each]));
}

well.addEventListener("change", () => choose(well.value));
hex.addEventListener("change", () => {
  const code = hex.value.trim().replace(/^#?/, "#");
  if (/^#[0-9a-f]{6}$/i.test(code)) choose(code);
  else { hex.value = colour; tell(words.bad_hex); }
});
size.addEventListener("change", () => {
  if (selected < 0) return;
  hints[selected] = { ...hints[selected], size: size.value / 100 };
  draw();
  send();
});

// The eyedropper, on the photo's original or on any other picture, which never leaves the browser.

function colourAt(context, x, y) {
  const { width, height } = context.canvas;
  const left = clamp(Math.floor(x * width) - 1, 0, Math.max(0, width - 3)), top = clamp(Math.floor(y * height) - 1, 0, Math.max(0, height - 3));
  const data = context.getImageData(left, top, 3, 3).data, total = [0, 0, 0];
  let count = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3]) { count++; for (let c = 0; c < 3; c++) total[c] += data[i + c]; }
  return codeOf(total.map((sum) => sum / Math.max(1, count)));
}

function onCanvas(image, width, height, canvas = document.createElement("canvas")) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context;
}

function pick(on) {
  picking = on && Boolean(pictures.original);
  find(".pick-original").setAttribute("aria-pressed", String(picking));
  picture.src = picking ? pictures.original : pictures.grey;
  dots.hidden = picking;
  doubt.hidden = picking || !doubt.getAttribute("src");
  if (picking) tell(words.picking);
}

find(".file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file), scale = Math.min(1, 480 / Math.max(bitmap.width, bitmap.height));
    onCanvas(bitmap, Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)), reference);
    find(".reference-box").hidden = false;
  } catch { tell(words.no_picture); }
});
reference.addEventListener("click", (event) => {
  const box = reference.getBoundingClientRect();
  choose(colourAt(reference.getContext("2d"), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
});

// What is seen.

function draw() {
  const { width, height } = stage.getBoundingClientRect();
  sheet.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
  stage.classList.toggle("zoomed", view.zoom > 1);
  find(".zoom").textContent = `${percent(view.zoom)} %`;
  const at = (mark, { x, y }) => Object.assign(mark.style, {
    left: `${view.x + x * width * view.zoom}px`, top: `${view.y + y * height * view.zoom}px`,
  });
  dots.replaceChildren(...hints.map((hint, number) => {
    const dot = document.createElement("div"), side = Math.max(12, (hint.size ?? 0.03) * Math.max(width, height) * view.zoom);
    dot.className = number === selected ? "dot selected" : "dot";
    dot.dataset.number = number;
    dot.title = say(words.dot, { number: number + 1, colour: hint.colour, note: hint.note ?? "" });
    Object.assign(dot.style, { width: `${side}px`, height: `${side}px`, background: hint.colour });
    at(dot, hint);
    return dot;
  }));
  marker.hidden = !marked;
  if (marked) {
    at(marker, marked);
    marker.className = `marker ${marked.y > 0.8 ? "low" : ""} ${marked.x < 0.2 ? "left" : marked.x > 0.8 ? "right" : ""}`;
  }
  at(cursor, place);
  cursor.hidden = selected >= 0 || document.activeElement !== stage || !stage.matches(":focus-visible");
  invitation.hidden = Boolean(pictures.grey) && hints.length > 0;
  invitation.textContent = pictures.grey ? words.invitation : words.no_photo;
  find(".delete").disabled = selected < 0;
}

function tell(sentence, busy = false) {
  status.textContent = sentence;
  status.classList.toggle("busy", busy);
}

function describe() {
  if (selected < 0) return tell(hints.length ? say(words.count, { count: hints.length }) : "");
  const hint = hints[selected], which = { number: selected + 1, count: hints.length, x: percent(hint.x), y: percent(hint.y), colour: hint.colour };
  tell(say(words.selected, which));
}

function select(number, ask = true) {
  selected = number;
  if (number >= 0) {
    place = { x: hints[number].x, y: hints[number].y };
    size.value = 100 * (hints[number].size ?? 0.03);
    show(hints[number].colour);
  } else find(".likely-box").hidden = true;
  draw();
  describe();
  window.dispatchEvent(new CustomEvent("colouru-selected", { detail: number }));
  if (ask && number >= 0) send();
}

// What is told to the server.

function send() {
  sent = window.colouruStamp = Math.max(Date.now(), (window.colouruStamp ?? 0) + 1);
  tell(words.busy, true);
  // Not in props.value: an answer to what was told before may be put there before this is sent.
  window.colouruTold = { hints: hints.slice(), selected, stamp: sent };
  trigger("input");
}

function add(spot) {
  hints.push({ x: spot.x, y: spot.y, colour, size: size.value / 100 });
  remember(colour);
  select(hints.length - 1);
}

function remove(number) {
  if (number < 0 || number >= hints.length) return;
  hints.splice(number, 1);
  select(-1, false);
  send();
}

function receive() {
  const value = props.value;
  if (!value || value.stamp < sent) return;
  if (value.picture) open(value);
  hints = value.hints.slice();
  marked = value.marker;
  if (value.doubt) doubt.src = value.doubt;
  else doubt.removeAttribute("src");
  doubt.hidden = !value.doubt || picking;
  if (value.selected !== null) {
    swatches(".likely", value.likely.map(([code, chance]) => [code, say(words.likely_colour, { colour: code, percent: percent(chance) })]));
    find(".likely-box").hidden = !value.likely.length;
  }
  selected = Math.min(value.selected ?? selected, hints.length - 1);
  draw();
  describe();
  drawPlane();
}

function open(value) {
  pictures = { grey: value.picture, original: value.original };
  shape = { width: value.width, height: value.height };
  view = { zoom: 1, x: 0, y: 0 };
  selected = -1;
  place = { x: 0.5, y: 0.5 };
  board.dataset.empty = "false";
  // A strip is still to be hit by a finger.
  const ratio = clamp(shape.width / shape.height, 1 / 3, 6);
  stage.style.aspectRatio = String(ratio);
  stage.style.maxWidth = `${72 * ratio}vh`;
  picture.alt = words.picture;
  find(".pick-original").hidden = !value.original;
  pick(false);
  const image = new Image();
  image.onload = () => {
    light = { pixels: onCanvas(image, image.naturalWidth, image.naturalHeight), width: image.naturalWidth, height: image.naturalHeight };
    drawPlane();
  };
  image.src = value.picture;
}

// Zoom and pan.

function look(zoom, x, y) {
  const { width, height } = stage.getBoundingClientRect();
  zoom = clamp(zoom, 1, 12);
  view = { zoom, x: clamp(x, width * (1 - zoom), 0), y: clamp(y, height * (1 - zoom), 0) };
  draw();
}

// Zoom with one point of the stage, in pixels, kept where it is.
function zoomAt(factor, x, y) {
  const zoom = clamp(view.zoom * factor, 1, 12), change = zoom / view.zoom;
  look(zoom, x - (x - view.x) * change, y - (y - view.y) * change);
}

function zoomAtSpot(factor) {
  const { width, height } = stage.getBoundingClientRect(), { x, y } = spot();
  zoomAt(factor, clamp(view.x + x * width * view.zoom, 0, width), clamp(view.y + y * height * view.zoom, 0, height));
}

stage.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { x, y } = onStage(event);
  zoomAt(Math.exp(-event.deltaY / 300), x, y);
}, { passive: false });

// Mouse and fingers.

const fingers = new Map();
let drag = null;

function onStage(event) {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left - stage.clientLeft, y: event.clientY - box.top - stage.clientTop };
}

function onPicture({ x, y }) {
  const { width, height } = stage.getBoundingClientRect();
  return { x: clamp((x - view.x) / (width * view.zoom), 0, 1), y: clamp((y - view.y) / (height * view.zoom), 0, 1) };
}

const span = ([a, b]) => ({ apart: Math.hypot(a.x - b.x, a.y - b.y) || 1, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

stage.addEventListener("pointerdown", (event) => {
  if (!pictures.grey || event.button) return;
  const at = onStage(event), dot = picking ? null : event.target.closest(".dot");
  fingers.set(event.pointerId, at);
  stage.setPointerCapture(event.pointerId);
  if (fingers.size === 2) { drag = { kind: "pinch", ...span([...fingers.values()]) }; return; }
  if (dot) {
    const number = Number(dot.dataset.number), middle = onPicture(at);
    drag = { kind: "dot", number, moved: false, dx: hints[number].x - middle.x, dy: hints[number].y - middle.y, from: at };
  } else drag = { kind: "tap", moved: false, from: at, x: view.x, y: view.y };
});

stage.addEventListener("pointermove", (event) => {
  if (!drag || !fingers.has(event.pointerId)) return;
  const at = onStage(event);
  fingers.set(event.pointerId, at);
  if (drag.kind === "pinch" && fingers.size === 2) {
    const now = span([...fingers.values()]);
    zoomAt(now.apart / drag.apart, now.x, now.y);
    look(view.zoom, view.x + now.x - drag.x, view.y + now.y - drag.y);
    drag = { kind: "pinch", ...now };
    return;
  }
  if (drag.kind === "pinch") return;
  drag.moved ||= Math.hypot(at.x - drag.from.x, at.y - drag.from.y) > 4;
  if (!drag.moved) return;
  if (drag.kind === "dot") {
    const { x, y } = onPicture(at);
    hints[drag.number] = { ...hints[drag.number], x: clamp(x + drag.dx, 0, 1), y: clamp(y + drag.dy, 0, 1) };
    selected = drag.number;
    draw();
  } else if (view.zoom > 1) look(view.zoom, drag.x + at.x - drag.from.x, drag.y + at.y - drag.from.y);
});

stage.addEventListener("pointerup", (event) => {
  const at = onStage(event), done = drag;
  fingers.delete(event.pointerId);
  if (!done || done.kind === "pinch") { if (!fingers.size) drag = null; return; }
  drag = null;
  if (done.kind === "dot") select(done.number);
  else if (!done.moved && picking) {
    const { x, y } = onPicture(at), image = new Image();
    image.onload = () => { choose(colourAt(onCanvas(image, image.naturalWidth, image.naturalHeight), x, y)); };
    image.src = pictures.original;
    pick(false);
  } else if (!done.moved) add(onPicture(at));
});

stage.addEventListener("pointercancel", (event) => {
  fingers.delete(event.pointerId);
  drag = null;
  draw();
});

stage.addEventListener("contextmenu", (event) => {
  event.preventDefault();
  const dot = event.target.closest(".dot");
  if (dot) remove(Number(dot.dataset.number));
});

// Keys. Dots moved by arrow keys are told once they rest.

let resting = 0;

stage.addEventListener("keydown", (event) => {
  if (!pictures.grey) return;
  const step = event.shiftKey ? 0.05 : 0.01;
  const arrow = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  const turn = { "[": -1, PageUp: -1, "]": 1, PageDown: 1 }[event.key];
  if ((event.ctrlKey || event.metaKey) && ["z", "y"].includes(event.key.toLowerCase())) {
    document.querySelector(event.key.toLowerCase() === "y" || event.shiftKey ? "#redo" : "#undo").click();
  } else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (arrow) {
    const { x, y } = spot();
    place = { x: clamp(x + arrow[0], 0, 1), y: clamp(y + arrow[1], 0, 1) };
    if (selected >= 0) {
      hints[selected] = { ...hints[selected], ...place };
      clearTimeout(resting);
      resting = setTimeout(send, 300);
    } else tell(say(words.cursor, { x: percent(place.x), y: percent(place.y) }));
    draw();
    drawPlane();
  } else if (event.key === "Enter" || event.key === " ") {
    if (selected < 0) add(place);
    else select(-1, false);
  } else if (event.key === "Delete" || event.key === "Backspace") remove(selected);
  else if (event.key === "Escape") { if (picking) pick(false); select(-1, false); }
  else if (turn) {
    if (hints.length) select(selected < 0 ? (turn > 0 ? 0 : hints.length - 1) : (selected + turn + hints.length) % hints.length);
  } else if (event.key === "+" || event.key === "=") zoomAtSpot(1.5);
  else if (event.key === "-") zoomAtSpot(1 / 1.5);
  else if (event.key === "0") look(1, 0, 0);
  else return;
  event.preventDefault();
});
for (const name of ["focus", "blur"]) stage.addEventListener(name, draw);

const commands = {
  "zoom-in": () => zoomAtSpot(1.5),
  "zoom-out": () => zoomAtSpot(1 / 1.5),
  fit: () => look(1, 0, 0),
  delete: () => remove(selected),
  pick: () => pick(!picking),
  reference: () => find(".file").click(),
  "close-reference": () => { find(".reference-box").hidden = true; },
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) commands[button.dataset.do]();
});

window.addEventListener("colouru-select", (event) => { if (event.detail < hints.length) select(event.detail); });
new ResizeObserver(() => look(view.zoom, view.x, view.y)).observe(stage);
swatches(".named", props.swatches);
watch("value", receive);
receive();
drawPlane();
draw();
