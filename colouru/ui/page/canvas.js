// The canvas: the visible part of the photo, with dots, marker and cursor above it.

const picture = query(".picture");
const dots = query(".dots");
const marker = query(".marker");
const cursor = query(".cursor");
const loupe = query(".loupe");
const divider = query(".divider");
const pictureContext = picture.getContext("2d", { willReadFrequently: true });
const scratch = document.createElement("canvas");
const scratchContext = scratch.getContext("2d", { willReadFrequently: true });

// In CSS pixels: the photo's smallest side on the stage, and the size from which a dot is drawn as a rim. So are dots
// when many have the same colour, as those of an area.
const MIN_SIDE = 24;
const LARGE_DOT = 48;
const MANY_ALIKE = 9;
const MAX_ZOOM = 24;

const screenRatio = () => Math.min(window.devicePixelRatio || 1, 2);

// The rectangle of the whole photo on the stage, in CSS pixels.
function photoRect() {
  const { clientWidth, clientHeight } = stage;
  if (!state.photo) return { x: 0, y: 0, width: clientWidth, height: clientHeight };
  const scale = Math.min(clientWidth / state.photo.width, clientHeight / state.photo.height) * state.viewport.zoom;
  const width = Math.max(MIN_SIDE, state.photo.width * scale);
  const height = Math.max(MIN_SIDE, state.photo.height * scale);
  return { x: state.viewport.x, y: state.viewport.y, width, height };
}

function setViewport(zoom, x, y) {
  state.viewport.zoom = clamp(zoom, 1, MAX_ZOOM);
  const { clientWidth, clientHeight } = stage;
  const { width, height } = photoRect();
  state.viewport.x = width <= clientWidth ? (clientWidth - width) / 2 : clamp(x, clientWidth - width, 0);
  state.viewport.y = height <= clientHeight ? (clientHeight - height) / 2 : clamp(y, clientHeight - height, 0);
  state.visibleGrey = null;
  draw();
  alignSketch();
}

// Zoom about a point of the stage.
function zoomAt(factor, x, y) {
  const zoom = clamp(state.viewport.zoom * factor, 1, MAX_ZOOM);
  const ratio = zoom / state.viewport.zoom;
  setViewport(zoom, x - (x - state.viewport.x) * ratio, y - (y - state.viewport.y) * ratio);
}

function zoomAtSpot(factor) {
  const { x, y, width, height } = photoRect();
  const at = state.selected >= 0 || document.activeElement === stage ? currentSpot() : null;
  const middle = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
  zoomAt(
    factor,
    at ? clamp(x + at.x * width, 0, stage.clientWidth) : middle.x,
    at ? clamp(y + at.y * height, 0, stage.clientHeight) : middle.y,
  );
}

function toPhoto({ x, y }) {
  const box = photoRect();
  return { x: clamp((x - box.x) / box.width, 0, 1), y: clamp((y - box.y) / box.height, 0, 1) };
}

// The rectangle of the canvas that shows the photo, in its pixels, and `frame`, where the whole photo lies relative to
// it.
function visibleArea() {
  const ratio = screenRatio();
  const box = photoRect();
  const width = Math.max(1, Math.round(stage.clientWidth * ratio));
  const height = Math.max(1, Math.round(stage.clientHeight * ratio));
  if (picture.width !== width || picture.height !== height) Object.assign(picture, { width, height });
  const left = clamp(Math.round(box.x * ratio), 0, width - 1);
  const top = clamp(Math.round(box.y * ratio), 0, height - 1);
  const right = clamp(Math.round((box.x + box.width) * ratio), left + 1, width);
  const bottom = clamp(Math.round((box.y + box.height) * ratio), top + 1, height);
  return {
    left,
    top,
    width: right - left,
    height: bottom - top,
    frame: {
      left: box.x * ratio - left,
      top: box.y * ratio - top,
      across: box.width * ratio,
      down: box.height * ratio,
    },
  };
}

// Draw a picture of the whole photo, or of a `window` of it, so that it lies where the photo does.
function drawAligned(context, image, { frame }, [from, upper, to, lower] = [0, 0, 1, 1]) {
  context.imageSmoothingQuality = "high";
  context.drawImage(
    image,
    frame.left + from * frame.across,
    frame.top + upper * frame.down,
    (to - from) * frame.across,
    (lower - upper) * frame.down,
  );
}

function visibleGreyPixels() {
  if (state.visibleGrey) return state.visibleGrey;
  const area = visibleArea();
  Object.assign(scratch, { width: area.width, height: area.height });
  drawAligned(scratchContext, state.photo.grey, area);
  if (state.photo.crop) drawAligned(scratchContext, state.photo.crop.image, area, state.photo.crop.window);
  state.visibleGrey = { ...area, grey: scratchContext.getImageData(0, 0, area.width, area.height) };
  requestCrop(area);
  return state.visibleGrey;
}

function squaresInView({ frame }) {
  const width = state.photo.grey.naturalWidth;
  const height = state.photo.grey.naturalHeight;
  return state.hints
    .filter((hint) => hint.colour)
    .map((hint) => {
      const square = hintSquare(hint, width, height);
      const [, a, b] = labFromHex(hint.colour);
      const across = (x) => Math.round(frame.left + (x / width) * frame.across);
      const down = (y) => Math.round(frame.top + (y / height) * frame.down);
      return {
        left: across(square.left),
        right: across(square.right),
        top: down(square.top),
        bottom: down(square.bottom),
        a,
        b,
      };
    });
}

// The last coloured pixels of the canvas and of each card, and what they were made of.
const colouredCache = {};

function colouredPixels(where, role, area, grey) {
  // The report's generator and the baseline do not keep hints exactly, so their pictures must not seem to.
  const squares = role === "gan" && state.photo.guidance ? squaresInView(area) : [];
  const facts = [grey, role, state.guides[role], JSON.stringify(squares), state.saturation];
  if (colouredCache[where]?.facts.every((fact, at) => fact === facts[at])) return colouredCache[where].pixels;
  const pixels = new ImageData(new Uint8ClampedArray(grey.data), area.width, area.height);
  if (state.guides[role])
    renderColours(pixels.data, area.width, area.height, area.frame, state.guides[role], state.saturation, squares);
  colouredCache[where] = { facts, pixels };
  return pixels;
}

function drawPicture() {
  const shown = visibleGreyPixels();
  const { left, top, width, height, grey } = shown;
  const view = state.showGrey ? "grey" : state.picking ? "original" : state.shownView;
  pictureContext.clearRect(0, 0, picture.width, picture.height);
  if (view === "original" && state.photo.original) {
    pictureContext.save();
    pictureContext.beginPath();
    pictureContext.rect(left, top, width, height);
    pictureContext.clip();
    pictureContext.translate(left, top);
    drawAligned(pictureContext, state.photo.original.image, shown);
    pictureContext.restore();
  } else if (view === "grey") pictureContext.putImageData(grey, left, top);
  else {
    pictureContext.putImageData(colouredPixels("canvas", state.network, shown, grey), left, top);
    if (view === "split")
      pictureContext.putImageData(grey, left, top, 0, 0, clamp(state.splitAt * picture.width - left, 0, width), height);
  }
  if (state.area?.mask && view !== "original") drawArea(shown);
  if (state.uncertainty && view !== "original" && view !== "grey") {
    pictureContext.save();
    pictureContext.translate(left, top);
    drawAligned(pictureContext, state.uncertainty, shown);
    pictureContext.restore();
  }
  if (state.drawnStamp !== state.pictureStamp) performance.mark("colouru-coloured");
  state.drawnStamp = state.pictureStamp;
}

// A crop at full resolution is requested when the zoom exceeds the preview's pixels and the view has rested for 0.25 s.

// Below the server's limit, because the server enlarges the window to whole pixels.
const MAX_CROP_PIXELS = 0.9375 * props.constants.max_crop_pixels;

function requestCrop({ width, height, frame }) {
  clearTimeout(state.cropTimer);
  if (
    Math.max(state.photo.width, state.photo.height) <=
    Math.max(state.photo.grey.naturalWidth, state.photo.grey.naturalHeight)
  )
    return;
  if (frame.across <= 1.05 * state.photo.grey.naturalWidth) return;
  const from = Math.max(0, -frame.left / frame.across);
  const upper = Math.max(0, -frame.top / frame.down);
  const to = Math.min(1, (width - frame.left) / frame.across);
  const lower = Math.min(1, (height - frame.top) / frame.down);
  const there = state.photo.crop?.window;
  if (there && there[0] <= from && there[1] <= upper && there[2] >= to && there[3] >= lower) return;
  if ((to - from) * state.photo.width * (lower - upper) * state.photo.height > MAX_CROP_PIXELS) return;
  state.cropTimer = setTimeout(() => {
    state.cropPhoto = state.photo;
    post("crop", [from, upper, to, lower]);
  }, 250);
}

async function receiveCrop(value) {
  if (!value.window) return;
  const photo = state.cropPhoto;
  const image = await loadImage(value.lightness);
  if (photo !== state.photo) return;
  state.photo.crop = { image, window: value.window };
  state.visibleGrey = null;
  draw();
}

// Everything is drawn once before the next frame, however often a change asks for it.

function draw() {
  if (!state.frameRequest)
    state.frameRequest = requestAnimationFrame(() => {
      state.frameRequest = 0;
      drawNow();
    });
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
  const box = photoRect();
  const longer = Math.max(box.width, box.height);
  const at = (mark, { x, y }) =>
    Object.assign(mark.style, { left: `${box.x + x * box.width}px`, top: `${box.y + y * box.height}px` });
  dots.hidden = state.picking || state.showGrey;
  // A filled dot would hide the picture where it is large, or one of the many squares of an area.
  const counts = {};
  for (const { colour } of state.hints) counts[colour] = (counts[colour] ?? 0) + 1;
  dots.replaceChildren(
    ...state.hints.map((hint, number) => {
      const dot = document.createElement("div");
      const side = Math.max(12, (hint.size ?? props.constants.hint_size) * longer);
      const faint = side > LARGE_DOT || counts[hint.colour] >= MANY_ALIKE;
      dot.className = `dot ${number === state.selected ? "selected" : ""} ${faint ? "faint" : ""}`;
      dot.dataset.number = number;
      dot.title = format(words.dot, { number: number + 1, colour: hint.colour ?? "", note: hint.note ?? "" });
      Object.assign(dot.style, {
        width: `${side}px`,
        height: `${side}px`,
        background: faint ? "transparent" : (hint.colour ?? "transparent"),
      });
      at(dot, hint);
      return dot;
    }),
  );
  marker.hidden = !state.advice;
  if (state.advice) {
    at(marker, state.advice);
    marker.className = `marker ${state.advice.y > 0.8 ? "low" : ""} ${state.advice.x < 0.2 ? "left" : state.advice.x > 0.8 ? "right" : ""}`;
  }
  at(cursor, state.cursorAt);
  cursor.hidden = state.selected >= 0 || document.activeElement !== stage || !stage.matches(":focus-visible");
  const invitation = { dots: !state.hints.length && words.click_here, area: !state.area && words.click_area }[
    state.tool
  ];
  query(".hint").hidden = !invitation;
  query(".hint").textContent = invitation || "";
  query(".zoom").textContent = `${percent(state.viewport.zoom)} %`;
  query(".legend").hidden = !state.uncertainty;
  divider.hidden = state.shownView !== "split" || state.showGrey || state.picking;
  divider.style.left = `${100 * state.splitAt}%`;
  divider.setAttribute("aria-valuenow", percent(state.splitAt));
}

function describeState() {
  if (!state.photo) return setStatus("");
  if (state.picking) return setStatus(words.picking);
  if (state.area) return setStatus(words.area_shown);
  if (state.selected < 0)
    return setStatus(state.hints.length ? format(words.count, { count: state.hints.length }) : "");
  const hint = state.hints[state.selected];
  setStatus(
    format(words.selected, {
      number: state.selected + 1,
      count: state.hints.length,
      x: percent(hint.x),
      y: percent(hint.y),
      colour: hint.colour ?? "",
    }),
  );
}

function setView(name) {
  state.shownView = name;
  for (const button of queryAll("[data-view]"))
    button.setAttribute("aria-pressed", String(button.dataset.view === name));
  draw();
}

function holdGrey(on) {
  if (state.showGrey === on || !state.photo) return;
  state.showGrey = on;
  draw();
}

function fitStage() {
  setViewport(state.viewport.zoom, state.viewport.x, state.viewport.y);
}

new ResizeObserver(fitStage).observe(stage);
// The sticky parts below the bar need its height, which depends on how many rows it has.
new ResizeObserver(() => app.style.setProperty("--bar", `${query(".bar").offsetHeight}px`)).observe(query(".bar"));
