// The results: both networks' pictures with their losses, the list of hints with notes, saturation, and the curve.

const list = find(".hint-list");

function drawResults() {
  for (const card of findAll(".card")) {
    const role = card.dataset.network;
    card.setAttribute("aria-pressed", String(role === network));
    drawCard(card.querySelector("canvas"), role);
    const loss = card.querySelector(".loss");
    loss.textContent = losses[role] == null ? "" : `${words.loss} ${losses[role].toFixed(2)}`;
    if (losses[role] > 1) loss.append(document.createElement("br"), words.worse);
  }
  find(".saturation").value = saturation;
  find(".saturation-value").textContent = saturation.toFixed(2);
  find(".reset").disabled = saturation === 1;
  find(".none").hidden = hints.length > 0;
  once("meaning", photo.no_loss_because, () => { find(".meaning").textContent = photo.no_loss_because || words.meaning; });
  once("hints", [hints, clipped], () => list.replaceChildren(...foldedHints().map(row)));
  for (const item of list.querySelectorAll("li")) item.classList.toggle("selected", item.numbers.includes(selected));
  find(".curve-box").hidden = !photo.original;
  once("curve", curve, drawCurve);
}

function drawCard(canvas, role) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), side = 150 * ratio;
  const scale = side / Math.max(photo.width, photo.height);
  const width = Math.max(1, Math.round(photo.width * scale)), height = Math.max(1, Math.round(photo.height * scale));
  const area = { width, height, frame: { left: 0, top: 0, across: width, down: height } };
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const key = `${width}x${height}`;
  if (photo.small?.key !== key) {
    const small = document.createElement("canvas");
    Object.assign(small, { width, height });
    const context = small.getContext("2d", { willReadFrequently: true });
    drawInto(context, photo.grey, area);
    photo.small = { key, grey: context.getImageData(0, 0, width, height) };
  }
  canvas.getContext("2d").putImageData(coloured(role, role, area, photo.small.grey), 0, 0);
}

// The list of hints. A note that is being written is not taken from under the cursor: a row is made anew when it changes.

function make(tag, name, values) {
  return Object.assign(document.createElement(tag), { className: name, ...values });
}

// The numbers of the hints that each row is about. What one area made is one row, but for a dot of it that was given another
// colour or note since.
function foldedHints() {
  const rows = new Map();
  hints.forEach(({ area: whole, colour, note }, number) => {
    const key = whole ? JSON.stringify([whole, colour, note || ""]) : number;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(number);
  });
  return [...rows.values()];
}

// The areas whose single dots are to be seen.
const unfolded = new Set();

function row(numbers) {
  const hint = hints[numbers[0]], isArea = numbers.length > 1, values = { number: numbers[0] + 1, count: numbers.length };
  const item = make("li", isArea ? "whole" : "", { numbers });
  const labelled = (node, sentence) => { node.setAttribute("aria-label", say(sentence, values)); return node; };
  const colour = make("input", "", { type: "color", value: hint.colour ?? "#808080", title: hint.colour ?? "" });
  colour.addEventListener("change", () => amend(numbers, { colour: colour.value }));
  const note = make("input", "note", { type: "text", value: hint.note ?? "", placeholder: words.note, maxLength: 2000 });
  note.addEventListener("change", () => amend(numbers, { note: note.value }));
  const away = make("button", "remove", { type: "button", textContent: "×", title: say(isArea ? words.remove_area : words.remove, values) });
  away.addEventListener("click", () => remove(...numbers));
  const moved = clipped.some((number) => numbers.includes(number)) ? [make("span", "clipped", { textContent: words.clipped, title: words.clipped_title })] : [];
  const end = [...moved, labelled(away, isArea ? words.remove_area : words.remove), labelled(note, isArea ? words.note_of_area : words.note_of)];
  if (isArea) {
    const dots = make("ol", "its-dots"), fold = make("button", "fold", { type: "button", textContent: say(words.area_of, values) });
    dots.append(...numbers.map((number) => row([number])));
    const unfold = (on) => {
      unfolded[on ? "add" : "delete"](hint.area);
      fold.setAttribute("aria-expanded", String(on));
      dots.hidden = !on;
    };
    fold.addEventListener("click", () => unfold(dots.hidden));
    unfold(unfolded.has(hint.area));
    item.append(fold, labelled(colour, words.colour_of_area), ...end, dots);
  } else {
    const own = make("button", "number", { type: "button", textContent: values.number, title: say(words.select, values) });
    own.addEventListener("click", () => select(numbers[0]));
    const where = make("span", "place", { textContent: say(words.place, { x: percent(hint.x), y: percent(hint.y) }) });
    item.append(labelled(own, words.select), labelled(colour, words.colour_of), where, ...end);
  }
  return item;
}

function amend(numbers, values) {
  change(hints.map((hint, number) => (numbers.includes(number) ? { ...hint, ...values } : hint)));
}

// Saturation: seen at once, told when it rests, by whatever it was turned.

let turned = 0;

function saturate(value) {
  saturation = clamp(Number(value), 0, 2);
  draw();
  clearTimeout(turned);
  turned = setTimeout(send, 200);
}

find(".saturation").addEventListener("input", (event) => saturate(event.target.value));

// The loss over dots so far.

function drawCurve() {
  if (!curve.length) return;
  const most = Math.max(1, ...curve.map((point) => point.dots)), top = Math.max(1, ...curve.flatMap((point) => [point.gan, point.baseline]));
  const lines = ["gan", "baseline"].map((role) => {
    const points = curve.map((point) => `${(8 + 230 * point.dots / most).toFixed(1)},${(92 - 84 * point[role] / top).toFixed(1)}`);
    return `<polyline class="${role}" points="${points.join(" ")}"/>` + points.map((at) => `<circle class="${role}" r="2.5" cx="${at.split(",")[0]}" cy="${at.split(",")[1]}"/>`).join("");
  });
  const one = 92 - 84 / top;
  find(".curve").innerHTML = `<svg viewBox="0 0 246 100" role="img"><line x1="8" x2="238" y1="${one}" y2="${one}"/>${lines.join("")}</svg>`;
  find(".curve svg").setAttribute("aria-label", words.curve);
}

function curveFile() {
  const rows = curve.map((point) => [point.dots, point.gan.toFixed(4), point.baseline.toFixed(4)].join(","));
  const link = make("a", "", { download: "loss.csv", href: URL.createObjectURL(new Blob([["dots,gan,baseline", ...rows].join("\n") + "\n"], { type: "text/csv" })) });
  link.click();
  URL.revokeObjectURL(link.href);
}

// Random dots of the original's colours, one after the other, so that each has its loss; together they are one step.
async function randomTrueDots() {
  const count = clamp(Math.round(Number(find(".how-many").value)) || 1, 1, 200), whose = photo;
  past = [...past, hints].slice(-MAX_STEPS);
  future = [];
  selected = -1;
  find(".random-dots").disabled = true;
  for (let number = 0; number < count && photo === whose && !opening; number++) {
    const at = { x: Math.random(), y: Math.random() }, list = [...hints, { ...at, size, colour: trueColour(at) }];
    hints = list;
    send();
    while (answered < sent && photo === whose && hints.length === list.length) await pause(0.02);
    // Whatever else a person does meanwhile goes on from there.
    if (hints.length !== list.length) break;
  }
  find(".random-dots").disabled = false;
}
