// The colours: whose they are, those likely there, the plane of all that exist at the lightness of the spot, names, a code,
// and an eyedropper.

const plane = find(".plane"), gamut = find(".gamut"), well = find(".well"), hex = find(".hex"), reference = find(".reference");

function byteAt({ x, y }) {
  const { data, width, height } = photo.pixels;
  return data[4 * (Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1))];
}

const lightnessAt = (at) => (photo ? lightnessOfByte(byteAt(at)) : 50);

// The mean of three by three pixels, as a code.
function colourAt({ data, width, height }, { x, y }) {
  const left = clamp(Math.floor(x * width) - 1, 0, Math.max(0, width - 3)), top = clamp(Math.floor(y * height) - 1, 0, Math.max(0, height - 3));
  const total = [0, 0, 0];
  let count = 0;
  for (let row = top; row < Math.min(top + 3, height); row++) for (let column = left; column < Math.min(left + 3, width); column++, count++)
    for (let c = 0; c < 3; c++) total[c] += data[4 * (row * width + column) + c];
  return codeOf(total.map((sum) => sum / count));
}

const trueColour = (at) => (photo.original ? colourAt(photo.original.pixels, at) : null);

// The colour that is being chosen: the selected dot's, or the next one's, if it is known already.
function currentColour() {
  if (area) return area.colour;
  if (selected >= 0) return hints[selected].colour ?? null;
  return tool === "paint" ? brushColour() : next === "true" ? null : next;
}

// Where the next dot will lie only the keys know.
const isKnown = () => selected >= 0 || area;
const lightnessHere = () => (isKnown() || !cursor.hidden ? lightnessAt(spot()) : 60);

// The selected dot takes the colour, otherwise the next one will.
function choose(code) {
  code = code.toLowerCase();
  if (area) {
    area.colour = code;
    return draw();
  }
  if (selected < 0) {
    next = code;
    return draw();
  }
  if (hints[selected].colour === code) return;
  remember(code);
  change(hints.map((hint, number) => (number === selected ? { ...hint, colour: code } : hint)));
}

function remember(code) {
  recent = [code, ...recent.filter((other) => other !== code)].slice(0, 8);
}

function chip(code, title, text = "") {
  const button = document.createElement("button"), swatch = document.createElement("span");
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
  if (button) choose(button.dataset.colour);
});

// What was drawn last, so that a button is not replaced under the pointer.
const drawn = {};

function once(name, facts, make) {
  const key = JSON.stringify(facts);
  if (drawn[name] === key) return;
  drawn[name] = key;
  make();
}

function drawPalette() {
  const L = lightnessHere(), code = currentColour();
  find(".which").textContent = area ? words.this_area : selected >= 0 ? say(words.dot_of, { number: selected + 1, count: hints.length }) : tool === "paint" ? words.brush : words.next_dot;
  find(".for-next").hidden = selected < 0;
  find(".delete").disabled = selected < 0;
  find(".well-box").classList.toggle("unknown", !code);
  find(".likely-box").hidden = !isKnown() || !likely.length;
  find(".ways").hidden = isKnown() || tool === "paint";
  find(".likeliest").setAttribute("aria-pressed", String(next === null));
  find(".true-colour").setAttribute("aria-pressed", String(next === "true"));
  find(".true-colour").hidden = find(".pick-original").hidden = !photo.original;
  if (code) well.value = code;
  if (document.activeElement !== hex) hex.value = code ?? "";
  once("likely", likely, () => find(".likely").replaceChildren(...likely.map(([each, chance]) => chip(each, say(words.likely_colour, { colour: each, percent: percent(chance) })))));
  once("recent", recent, () => find(".recent").replaceChildren(...recent.map((each) => chip(each, each))));
  find(".recent-box").hidden = !recent.length;
  once("named", [Boolean(isKnown()), Math.round(L)], () => find(".named").replaceChildren(...props.swatches.map(([each, name]) => {
    // The next dot's place is not known yet: there the colour is what it is called.
    const here = isKnown() ? inThisLight(each, L) : each;
    return chip(here, here, words[name]);
  })));
  once("plane", [Math.round(2 * L), code], () => drawPlane(L, code));
}

function drawPlane(L, code) {
  const side = plane.width, context = plane.getContext("2d"), image = context.createImageData(side, side);
  for (let row = 0; row < side; row++) for (let column = 0; column < side; column++) {
    const bytes = bytesOf(L, (column / side * 2 - 1) * REACH, (1 - row / side * 2) * REACH);
    if (exists(bytes)) image.data.set([...bytes, 255], 4 * (row * side + column));
  }
  context.putImageData(image, 0, 0);
  gamut.textContent = "";
  plane.setAttribute("aria-valuetext", code ?? words.likeliest);
  if (!code) return;
  const [, a, b] = labOf(code);
  for (const [radius, ink] of [[6, "#000"], [4, "#fff"]]) {
    context.beginPath();
    context.arc((a / REACH + 1) / 2 * side, (1 - b / REACH) / 2 * side, radius, 0, 7);
    Object.assign(context, { lineWidth: 2, strokeStyle: ink });
    context.stroke();
  }
  if (isKnown() && !exists(bytesOf(L, a, b))) gamut.textContent = say(words.no_such_colour, { nearest: nearest(L, a, b) });
}

function chooseOnPlane(a, b) {
  choose(nearest(lightnessHere(), clamp(a, -REACH, REACH), clamp(b, -REACH, REACH)));
}

plane.addEventListener("click", (event) => {
  const box = plane.getBoundingClientRect();
  chooseOnPlane(((event.clientX - box.left) / box.width * 2 - 1) * REACH, (1 - (event.clientY - box.top) / box.height * 2) * REACH);
});
plane.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, 4], ArrowDown: [0, -4] }[event.key];
  if (!step) return;
  event.preventDefault();
  const [, a, b] = currentColour() ? labOf(currentColour()) : [0, 0, 0];
  chooseOnPlane(a + step[0], b + step[1]);
});

well.addEventListener("change", () => choose(well.value));
hex.addEventListener("change", () => {
  const code = hex.value.trim().replace(/^#?/, "#");
  if (/^#[0-9a-f]{6}$/i.test(code)) choose(code);
  else { hex.value = currentColour() ?? ""; tell(words.bad_hex); }
});
find(".size").addEventListener("change", (event) => {
  size = event.target.value / 100;
  if (selected >= 0) change(hints.map((hint, number) => (number === selected ? { ...hint, size } : hint)));
  sizeBrush();
});

// The eyedropper, on the photo's original or on any other picture, which never leaves the browser.

function pick(on) {
  picking = on && Boolean(photo.original);
  find(".pick-original").setAttribute("aria-pressed", String(picking));
  describe();
  draw();
}

find(".reference-file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file), scale = Math.min(1, 480 / Math.max(bitmap.width, bitmap.height));
    [reference.width, reference.height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
    reference.getContext("2d").drawImage(bitmap, 0, 0, reference.width, reference.height);
    find(".reference-box").hidden = false;
  } catch { complain(words.no_picture); }
});
reference.addEventListener("click", (event) => {
  const box = reference.getBoundingClientRect();
  choose(colourAt(pixelsOf(reference), { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height }));
});
