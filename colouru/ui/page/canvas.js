// The canvas: the photo as it is looked at, with dots, marker and cursor above it.

const picture = find(".picture"), dots = find(".dots"), marker = find(".marker"), cursor = find(".cursor"), loupe = find(".loupe");
const divider = find(".divider");
const screen2d = picture.getContext("2d", { willReadFrequently: true });
const scratch = document.createElement("canvas"), scratch2d = scratch.getContext("2d", { willReadFrequently: true });

const MAX_ZOOM = 24, LEAST_SIDE = 24, LARGE_DOT = 48, CROWD = 9;

let view = { zoom: 1, x: 0, y: 0 }, place = { x: 0.5, y: 0.5 }, splitAt = 0.5, held = false, picking = false, asked = null;
// The grey pixels of what is in view; they stay while only colours change.
let seen = null, drawnAnswer = 0;

// Where the photo lies on the stage, in its pixels.
function rect() {
  const { clientWidth, clientHeight } = stage;
  if (!photo) return { x: 0, y: 0, width: clientWidth, height: clientHeight };
  const scale = Math.min(clientWidth / photo.width, clientHeight / photo.height) * view.zoom;
  const width = Math.max(LEAST_SIDE, photo.width * scale), height = Math.max(LEAST_SIDE, photo.height * scale);
  return { x: view.x, y: view.y, width, height };
}

function look(zoom, x, y) {
  view.zoom = clamp(zoom, 1, MAX_ZOOM);
  const { clientWidth, clientHeight } = stage, { width, height } = rect();
  view.x = width <= clientWidth ? (clientWidth - width) / 2 : clamp(x, clientWidth - width, 0);
  view.y = height <= clientHeight ? (clientHeight - height) / 2 : clamp(y, clientHeight - height, 0);
  seen = null;
  draw();
  followSketch();
}

// Zoom with one point of the stage kept where it is.
function zoomAt(factor, x, y) {
  const zoom = clamp(view.zoom * factor, 1, MAX_ZOOM), ratio = zoom / view.zoom;
  look(zoom, x - (x - view.x) * ratio, y - (y - view.y) * ratio);
}

function zoomAtSpot(factor) {
  const { x, y, width, height } = rect(), at = selected >= 0 || document.activeElement === stage ? spot() : null;
  const middle = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
  zoomAt(factor, at ? clamp(x + at.x * width, 0, stage.clientWidth) : middle.x, at ? clamp(y + at.y * height, 0, stage.clientHeight) : middle.y);
}

function onPicture({ x, y }) {
  const box = rect();
  return { x: clamp((x - box.x) / box.width, 0, 1), y: clamp((y - box.y) / box.height, 0, 1) };
}

// The pixels of the screen in which the photo is seen, and where the whole of it lies among them.
function inView() {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), box = rect();
  const width = Math.max(1, Math.round(stage.clientWidth * ratio)), height = Math.max(1, Math.round(stage.clientHeight * ratio));
  if (picture.width !== width || picture.height !== height) Object.assign(picture, { width, height });
  const left = clamp(Math.round(box.x * ratio), 0, width - 1), top = clamp(Math.round(box.y * ratio), 0, height - 1);
  const right = clamp(Math.round((box.x + box.width) * ratio), left + 1, width), bottom = clamp(Math.round((box.y + box.height) * ratio), top + 1, height);
  return {
    left, top, width: right - left, height: bottom - top,
    frame: { left: box.x * ratio - left, top: box.y * ratio - top, across: box.width * ratio, down: box.height * ratio },
  };
}

// A picture of the whole photo, or of the `window` of it, drawn where that is in view.
function drawInto(context, image, { width, height, frame }, [from, upper, to, lower] = [0, 0, 1, 1]) {
  context.imageSmoothingQuality = "high";
  context.drawImage(image, frame.left + from * frame.across, frame.top + upper * frame.down, (to - from) * frame.across, (lower - upper) * frame.down);
  return [width, height];
}

function greyInView() {
  if (seen) return seen;
  const area = inView();
  Object.assign(scratch, { width: area.width, height: area.height });
  drawInto(scratch2d, photo.grey, area);
  if (photo.detail) drawInto(scratch2d, photo.detail.image, area, photo.detail.window);
  seen = { ...area, grey: scratch2d.getImageData(0, 0, area.width, area.height) };
  askForDetail(area);
  return seen;
}

function squaresIn({ frame }) {
  const width = photo.grey.naturalWidth, height = photo.grey.naturalHeight;
  return hints.filter((hint) => hint.colour).map((hint) => {
    const square = squareOf(hint, width, height), [, a, b] = labOf(hint.colour);
    const across = (x) => Math.round(frame.left + x / width * frame.across), down = (y) => Math.round(frame.top + y / height * frame.down);
    return { left: across(square.left), right: across(square.right), top: down(square.top), bottom: down(square.bottom), a, b };
  });
}

// What was coloured last, by where it is shown: it stays until something of it changes.
const made = {};

function coloured(where, role, area, grey) {
  // Only the generator that sees once keeps every hint exactly.
  const squares = role === "gan" && photo.guidance ? squaresIn(area) : [];
  const facts = [grey, role, guides[role], JSON.stringify(squares), saturation];
  if (made[where]?.facts.every((fact, at) => fact === facts[at])) return made[where].pixels;
  const pixels = new ImageData(new Uint8ClampedArray(grey.data), area.width, area.height);
  if (guides[role]) compose(pixels.data, area.width, area.height, area.frame, guides[role], saturation, squares);
  made[where] = { facts, pixels };
  return pixels;
}

function drawPicture() {
  const shown = greyInView(), { left, top, width, height, grey } = shown;
  const way = held ? "grey" : picking ? "original" : shownView;
  screen2d.clearRect(0, 0, picture.width, picture.height);
  if (way === "original" && photo.original) {
    screen2d.save();
    screen2d.beginPath();
    screen2d.rect(left, top, width, height);
    screen2d.clip();
    screen2d.translate(left, top);
    drawInto(screen2d, photo.original.image, shown);
    screen2d.restore();
  } else if (way === "grey") screen2d.putImageData(grey, left, top);
  else {
    screen2d.putImageData(coloured("canvas", network, shown, grey), left, top);
    if (way === "split") screen2d.putImageData(grey, left, top, 0, 0, clamp(splitAt * picture.width - left, 0, width), height);
  }
  if (area?.mask && way !== "original") drawArea(shown);
  if (doubt && way !== "original" && way !== "grey") {
    screen2d.save();
    screen2d.translate(left, top);
    drawInto(screen2d, doubt, shown);
    screen2d.restore();
  }
  if (drawnAnswer !== pictured) performance.mark("colouru-coloured");
  drawnAnswer = pictured;
}

// The photo's own pixels, once it is looked at more closely than the preview goes and the eye rests.

let resting = 0;

function askForDetail({ width, height, frame }) {
  clearTimeout(resting);
  if (Math.max(photo.width, photo.height) <= Math.max(photo.grey.naturalWidth, photo.grey.naturalHeight)) return;
  if (frame.across <= 1.05 * photo.grey.naturalWidth) return;
  const from = Math.max(0, -frame.left / frame.across), upper = Math.max(0, -frame.top / frame.down);
  const to = Math.min(1, (width - frame.left) / frame.across), lower = Math.min(1, (height - frame.top) / frame.down);
  const there = photo.detail?.window;
  if (there && there[0] <= from && there[1] <= upper && there[2] >= to && there[3] >= lower) return;
  if ((to - from) * photo.width * (lower - upper) * photo.height > 7.5e6) return;
  resting = setTimeout(() => {
    asked = photo;
    window.colouruOutbox.crop = [from, upper, to, lower];
    trigger("crop");
  }, 250);
}

async function receiveDetail(value) {
  if (!value.window) return;
  const whose = asked, image = await imageFrom(value.lightness);
  if (whose !== photo) return;
  photo.detail = { image, window: value.window };
  seen = null;
  draw();
}

// Everything that is seen, once before the next frame.

let drawing = 0;

function draw() {
  if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; drawNow(); });
}

function drawNow() {
  drawButtons();
  if (app.dataset.state !== "working") return;
  drawPicture();
  drawMarks();
  drawAreaBox();
  drawPalette();
  drawResults();
}

function drawMarks() {
  const box = rect(), longer = Math.max(box.width, box.height);
  const at = (mark, { x, y }) => Object.assign(mark.style, { left: `${box.x + x * box.width}px`, top: `${box.y + y * box.height}px` });
  dots.hidden = picking || held;
  // Of what is large, or one of the many squares of an area, the rim is enough: it would hide the picture that it colours.
  const counts = {};
  for (const { colour } of hints) counts[colour] = (counts[colour] ?? 0) + 1;
  dots.replaceChildren(...hints.map((hint, number) => {
    const dot = document.createElement("div"), side = Math.max(12, (hint.size ?? 0.03) * longer);
    const faint = side > LARGE_DOT || counts[hint.colour] >= CROWD;
    dot.className = `dot ${number === selected ? "selected" : ""} ${faint ? "faint" : ""}`;
    dot.dataset.number = number;
    dot.title = say(words.dot, { number: number + 1, colour: hint.colour ?? "", note: hint.note ?? "" });
    Object.assign(dot.style, { width: `${side}px`, height: `${side}px`, background: faint ? "transparent" : hint.colour ?? "transparent" });
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
  const invitation = { dots: !hints.length && words.click_here, area: !area && words.click_area }[tool];
  find(".hint").hidden = !invitation;
  find(".hint").textContent = invitation || "";
  find(".zoom").textContent = `${percent(view.zoom)} %`;
  find(".legend").hidden = !doubt;
  divider.hidden = shownView !== "split" || held || picking;
  divider.style.left = `${100 * splitAt}%`;
  divider.setAttribute("aria-valuenow", percent(splitAt));
}

function describe() {
  if (!photo) return tell("");
  if (picking) return tell(words.picking);
  if (area) return tell(words.area_shown);
  if (selected < 0) return tell(hints.length ? say(words.count, { count: hints.length }) : "");
  const hint = hints[selected];
  tell(say(words.selected, { number: selected + 1, count: hints.length, x: percent(hint.x), y: percent(hint.y), colour: hint.colour ?? "" }));
}

function setView(name) {
  shownView = name;
  for (const button of findAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
  draw();
}

function hold(on) {
  if (held === on || !photo) return;
  held = on;
  draw();
}

function fitStage() {
  look(view.zoom, view.x, view.y);
}

new ResizeObserver(fitStage).observe(stage);
// What sticks below the bar must know how many rows it has.
new ResizeObserver(() => app.style.setProperty("--bar", `${find(".bar").offsetHeight}px`)).observe(find(".bar"));
