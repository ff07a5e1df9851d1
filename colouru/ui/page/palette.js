// The colour panel: likely colours of the spot, the plane of all colours at its lightness, named colours, a code,
// recent colours, and an eyedropper.

const plane = query(".plane");
const gamut = query(".gamut");
const well = query(".well");
const hex = query(".hex");
// Another picture to pick colours from.
const sourcePicture = query(".reference");

function greyAt({ x, y }) {
  const { data, width, height } = state.photo.pixels;
  return data[4 * (Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1))];
}

const lightnessAt = (at) => (state.photo ? lightnessOfGrey(greyAt(at)) : 50);

// The mean of 3 x 3 pixels, as a code.
function meanColourAt({ data, width, height }, { x, y }) {
  const left = clamp(Math.floor(x * width) - 1, 0, Math.max(0, width - 3));
  const top = clamp(Math.floor(y * height) - 1, 0, Math.max(0, height - 3));
  const total = [0, 0, 0];
  let count = 0;
  for (let row = top; row < Math.min(top + 3, height); row++)
    for (let column = left; column < Math.min(left + 3, width); column++, count++)
      for (let c = 0; c < 3; c++) total[c] += data[4 * (row * width + column) + c];
  return hexFromBytes(total.map((sum) => sum / count));
}

const originalColourAt = (at) => (state.photo.original ? meanColourAt(state.photo.original.pixels, at) : null);

// The colour of the area, of the selected dot, or else of the next dot; null if it is not known yet.
function currentColour() {
  if (state.area) return state.area.colour;
  if (state.selected >= 0) return state.hints[state.selected].colour ?? null;
  return state.tool === "paint" ? brushColour() : state.pendingColour === "true" ? null : state.pendingColour;
}

// Whether the colour is for a known place, and the lightness there. The next dot's place is known only if the keyboard's
// cursor is shown.
const hasSpot = () => state.selected >= 0 || state.area;
const lightnessHere = () => (hasSpot() || !cursor.hidden ? lightnessAt(currentSpot()) : 60);

// Give the colour to the area, to the selected dot, or else to the next dot.
function chooseColour(code) {
  code = code.toLowerCase();
  if (state.area) {
    state.area.colour = code;
    return draw();
  }
  if (state.selected < 0) {
    state.pendingColour = code;
    return draw();
  }
  if (state.hints[state.selected].colour === code) return;
  rememberColour(code);
  commit(state.hints.map((hint, number) => (number === state.selected ? { ...hint, colour: code } : hint)));
}

function rememberColour(code) {
  state.recentColours = [code, ...state.recentColours.filter((other) => other !== code)].slice(0, 8);
}

function colourChip(code, title, text = "") {
  const button = document.createElement("button");
  const swatch = document.createElement("span");
  button.type = "button";
  button.title = title;
  button.dataset.colour = code;
  swatch.className = "swatch";
  swatch.style.background = code;
  button.append(swatch, text);
  if (!text) button.setAttribute("aria-label", title);
  return button;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-colour]");
  if (button) chooseColour(button.dataset.colour);
});

// The facts that each part was rendered from. A part is rendered again only when they change, so that no button is
// replaced while it is being clicked.
const renderedFacts = {};

function renderOnChange(name, facts, make) {
  const key = JSON.stringify(facts);
  if (renderedFacts[name] === key) return;
  renderedFacts[name] = key;
  make();
}

function drawPalette() {
  const L = lightnessHere();
  const code = currentColour();
  query(".which").textContent = state.area
    ? words.this_area
    : state.selected >= 0
      ? format(words.dot_of, { number: state.selected + 1, count: state.hints.length })
      : state.tool === "paint"
        ? words.brush
        : words.next_dot;
  query(".for-next").hidden = state.selected < 0;
  query(".delete").disabled = state.selected < 0;
  query(".well-box").classList.toggle("unknown", !code);
  query(".likely-box").hidden = !hasSpot() || !state.likely.length;
  query(".ways").hidden = hasSpot() || state.tool === "paint";
  query(".likeliest").setAttribute("aria-pressed", String(state.pendingColour === null));
  query(".true-colour").setAttribute("aria-pressed", String(state.pendingColour === "true"));
  query(".true-colour").hidden = query(".pick-original").hidden = !state.photo.original;
  if (code) well.value = code;
  if (document.activeElement !== hex) hex.value = code ?? "";
  renderOnChange("likely", state.likely, () =>
    query(".likely").replaceChildren(
      ...state.likely.map(([each, chance]) =>
        colourChip(each, format(words.likely_colour, { colour: each, percent: percent(chance) })),
      ),
    ),
  );
  renderOnChange("recent", state.recentColours, () =>
    query(".recent").replaceChildren(...state.recentColours.map((each) => colourChip(each, each))),
  );
  query(".recent-box").hidden = !state.recentColours.length;
  renderOnChange("named", [Boolean(hasSpot()), Math.round(L)], () =>
    query(".named").replaceChildren(
      ...props.swatches.map(([each, name]) => {
        // The next dot's lightness is not known yet, so its colour is shown at the lightness of its name.
        const here = hasSpot() ? atLightness(each, L) : each;
        return colourChip(here, here, words[name]);
      }),
    ),
  );
  renderOnChange("plane", [Math.round(2 * L), code], () => drawPlane(L, code));
}

function drawPlane(L, code) {
  const side = plane.width;
  const context = plane.getContext("2d");
  const image = context.createImageData(side, side);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const bytes = rgbFromLab(L, ((column / side) * 2 - 1) * AB_SCALE, (1 - (row / side) * 2) * AB_SCALE);
      if (isInGamut(bytes)) image.data.set([...bytes, 255], 4 * (row * side + column));
    }
  context.putImageData(image, 0, 0);
  gamut.textContent = "";
  plane.setAttribute("aria-valuetext", code ?? words.likeliest);
  if (!code) return;
  const [, a, b] = labFromHex(code);
  for (const [radius, ink] of [
    [6, "#000"],
    [4, "#fff"],
  ]) {
    context.beginPath();
    context.arc(((a / AB_SCALE + 1) / 2) * side, ((1 - b / AB_SCALE) / 2) * side, radius, 0, 7);
    Object.assign(context, { lineWidth: 2, strokeStyle: ink });
    context.stroke();
  }
  if (hasSpot() && !isInGamut(rgbFromLab(L, a, b)))
    gamut.textContent = format(words.no_such_colour, { nearest: nearestInGamut(L, a, b) });
}

function chooseOnPlane(a, b) {
  chooseColour(nearestInGamut(lightnessHere(), clamp(a, -AB_SCALE, AB_SCALE), clamp(b, -AB_SCALE, AB_SCALE)));
}

plane.addEventListener("click", (event) => {
  const box = plane.getBoundingClientRect();
  chooseOnPlane(
    (((event.clientX - box.left) / box.width) * 2 - 1) * AB_SCALE,
    (1 - ((event.clientY - box.top) / box.height) * 2) * AB_SCALE,
  );
});
plane.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, 4], ArrowDown: [0, -4] }[event.key];
  if (!step) return;
  event.preventDefault();
  const [, a, b] = currentColour() ? labFromHex(currentColour()) : [0, 0, 0];
  chooseOnPlane(a + step[0], b + step[1]);
});

well.addEventListener("change", () => chooseColour(well.value));
hex.addEventListener("change", () => {
  const code = hex.value.trim().replace(/^#?/, "#");
  if (/^#[0-9a-f]{6}$/i.test(code)) chooseColour(code);
  else {
    hex.value = currentColour() ?? "";
    setStatus(words.bad_hex);
  }
});
query(".size").addEventListener("change", (event) => {
  state.dotSize = event.target.value / 100;
  if (state.selected >= 0)
    commit(state.hints.map((hint, number) => (number === state.selected ? { ...hint, size: state.dotSize } : hint)));
  sizeBrush();
});

// The eyedropper, on the photo's original colours or on any other picture, which is not uploaded.

function setPicking(on) {
  state.picking = on && Boolean(state.photo.original);
  query(".pick-original").setAttribute("aria-pressed", String(state.picking));
  describeState();
  draw();
}

query(".reference-file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, 480 / Math.max(bitmap.width, bitmap.height));
    [sourcePicture.width, sourcePicture.height] = [bitmap.width, bitmap.height].map((side) =>
      Math.max(1, Math.round(side * scale)),
    );
    sourcePicture.getContext("2d").drawImage(bitmap, 0, 0, sourcePicture.width, sourcePicture.height);
    query(".reference-box").hidden = false;
  } catch {
    toast(words.no_picture);
  }
});
sourcePicture.addEventListener("click", (event) => {
  const box = sourcePicture.getBoundingClientRect();
  chooseColour(
    meanColourAt(readPixels(sourcePicture), {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.height,
    }),
  );
});
