// The results: both networks' pictures with their losses, the saturation, the list of hints, and the loss curve.

const hintList = query(".hint-list");

function drawResults() {
  for (const card of queryAll(".card")) {
    const role = card.dataset.network;
    card.setAttribute("aria-pressed", String(role === state.network));
    drawCard(card.querySelector("canvas"), role);
    const loss = card.querySelector(".loss");
    loss.textContent = state.losses[role] == null ? "" : `${words.loss} ${state.losses[role].toFixed(2)}`;
    if (state.losses[role] > 1) loss.append(document.createElement("br"), words.worse);
  }
  query(".saturation").value = state.saturation;
  query(".saturation-value").textContent = state.saturation.toFixed(2);
  query(".reset").disabled = state.saturation === 1;
  query(".none").hidden = state.hints.length > 0;
  renderOnChange("meaning", state.photo.no_loss_because, () => {
    query(".meaning").textContent = state.photo.no_loss_because || words.meaning;
  });
  renderOnChange("hints", [state.hints, state.clipped], () => hintList.replaceChildren(...hintRows().map(hintRow)));
  for (const item of hintList.querySelectorAll("li"))
    item.classList.toggle("selected", item.numbers.includes(state.selected));
  query(".curve-box").hidden = !state.photo.original;
  renderOnChange("curve", state.lossCurve, drawCurve);
}

function drawCard(canvas, role) {
  const side = 150 * screenRatio();
  const scale = side / Math.max(state.photo.width, state.photo.height);
  const width = Math.max(1, Math.round(state.photo.width * scale));
  const height = Math.max(1, Math.round(state.photo.height * scale));
  const area = { width, height, frame: { left: 0, top: 0, across: width, down: height } };
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const key = `${width}x${height}`;
  if (state.photo.small?.key !== key) {
    const small = document.createElement("canvas");
    Object.assign(small, { width, height });
    const context = small.getContext("2d", { willReadFrequently: true });
    drawAligned(context, state.photo.grey, area);
    state.photo.small = { key, grey: context.getImageData(0, 0, width, height) };
  }
  canvas.getContext("2d").putImageData(colouredPixels(role, role, area, state.photo.small.grey), 0, 0);
}

// The list of hints. Rows are replaced only when the hints change, so that a note keeps the focus while it is written.

function createElement(tag, name, values) {
  return Object.assign(document.createElement(tag), { className: name, ...values });
}

// The indices of the hints of each row. The hints of one area are one row, except those that got another colour or
// note.
function hintRows() {
  const rows = new Map();
  state.hints.forEach(({ area, colour, note }, number) => {
    const key = area ? JSON.stringify([area, colour, note || ""]) : number;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(number);
  });
  return [...rows.values()];
}

// The areas whose rows show their single dots.
const expandedAreas = new Set();

// One row of the list, for a dot, or for the dots of an area, which it can unfold.
function hintRow(numbers) {
  const hint = state.hints[numbers[0]];
  const isArea = numbers.length > 1;
  const values = { number: numbers[0] + 1, count: numbers.length };
  const labelled = (node, sentence) => {
    node.setAttribute("aria-label", format(sentence, values));
    return node;
  };
  const item = createElement("li", isArea ? "whole" : "", { numbers });
  const code = hint.colour ?? "";
  const colour = createElement("input", "", { type: "color", value: code || "#808080", title: code });
  colour.addEventListener("change", () => updateHints(numbers, { colour: colour.value }));
  const note = createElement("input", "note", {
    type: "text",
    value: hint.note ?? "",
    placeholder: words.note,
    maxLength: props.constants.max_note,
  });
  note.addEventListener("change", () => updateHints(numbers, { note: note.value }));
  const removal = isArea ? words.remove_area : words.remove;
  const away = createElement("button", "remove", {
    type: "button",
    textContent: "×",
    title: format(removal, values),
  });
  away.addEventListener("click", () => removeHints(...numbers));
  const isClipped = state.clipped.some((number) => numbers.includes(number));
  const clipped = createElement("span", "clipped", { textContent: words.clipped, title: words.clipped_title });
  const end = [labelled(away, removal), labelled(note, isArea ? words.note_of_area : words.note_of)];
  if (isClipped) end.unshift(clipped);
  if (isArea) {
    const [fold, dots] = areaFold(numbers, format(words.area_of, values));
    item.append(fold, labelled(colour, words.colour_of_area), ...end, dots);
  } else {
    const own = createElement("button", "number", {
      type: "button",
      textContent: values.number,
      title: format(words.select, values),
    });
    own.addEventListener("click", () => selectHint(numbers[0]));
    const place = format(words.place, { x: percent(hint.x), y: percent(hint.y) });
    const where = createElement("span", "place", { textContent: place });
    item.append(labelled(own, words.select), labelled(colour, words.colour_of), where, ...end);
  }
  return item;
}

// The button that unfolds an area, and the list of its dots.
function areaFold(numbers, text) {
  const { area } = state.hints[numbers[0]];
  const dots = createElement("ol", "its-dots");
  const fold = createElement("button", "fold", { type: "button", textContent: text });
  dots.append(...numbers.map((number) => hintRow([number])));
  const unfold = (on) => {
    expandedAreas[on ? "add" : "delete"](area);
    fold.setAttribute("aria-expanded", String(on));
    dots.hidden = !on;
  };
  fold.addEventListener("click", () => unfold(dots.hidden));
  unfold(expandedAreas.has(area));
  return [fold, dots];
}

function updateHints(numbers, values) {
  commit(state.hints.map((hint, number) => (numbers.includes(number) ? { ...hint, ...values } : hint)));
}

// Saturation: drawn at once, and sent when it has rested for 0.2 s.

function setSaturation(value) {
  state.saturation = clamp(Number(value), 0, 2);
  draw();
  clearTimeout(state.saturationTimer);
  state.saturationTimer = setTimeout(sendEdit, 200);
}

query(".saturation").addEventListener("input", (event) => setSaturation(event.target.value));

// The loss over the number of dots.

function drawCurve() {
  if (!state.lossCurve.length) return;
  const most = Math.max(1, ...state.lossCurve.map((point) => point.dots));
  const top = Math.max(1, ...state.lossCurve.flatMap((point) => [point.gan, point.baseline]));
  const lines = ["gan", "baseline"].map((role) => {
    const points = state.lossCurve.map(
      (point) => `${(8 + (230 * point.dots) / most).toFixed(1)},${(92 - (84 * point[role]) / top).toFixed(1)}`,
    );
    return (
      `<polyline class="${role}" points="${points.join(" ")}"/>` +
      points.map((at) => `<circle class="${role}" r="2.5" cx="${at.split(",")[0]}" cy="${at.split(",")[1]}"/>`).join("")
    );
  });
  const one = 92 - 84 / top;
  query(".curve").innerHTML =
    `<svg viewBox="0 0 246 100" role="img"><line x1="8" x2="238" y1="${one}" y2="${one}"/>${lines.join("")}</svg>`;
  query(".curve svg").setAttribute("aria-label", words.curve);
}

function saveCurve() {
  const rows = state.lossCurve.map((point) => [point.dots, point.gan.toFixed(4), point.baseline.toFixed(4)].join(","));
  const link = createElement("a", "", {
    download: "loss.csv",
    href: URL.createObjectURL(new Blob([["dots,gan,baseline", ...rows].join("\n") + "\n"], { type: "text/csv" })),
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

// Add random dots in the original's colours, one after the other, so that each has its loss; together they are one step
// of undo.
async function addRandomDots() {
  const count = clamp(Math.round(Number(query(".how-many").value)) || 1, 1, 200);
  const photo = state.photo;
  state.past = [...state.past, state.hints].slice(-MAX_UNDO_STEPS);
  state.future = [];
  state.selected = -1;
  query(".random-dots").disabled = true;
  for (let number = 0; number < count && state.photo === photo && !state.opening; number++) {
    const at = { x: Math.random(), y: Math.random() };
    const list = [...state.hints, { ...at, size: state.dotSize, colour: originalColourAt(at) }];
    state.hints = list;
    sendEdit();
    while (state.completeStamp < state.sentStamp && state.photo === photo && state.hints.length === list.length)
      await sleep(0.02);
    // The person has done something else meanwhile.
    if (state.hints.length !== list.length) break;
  }
  query(".random-dots").disabled = false;
}
