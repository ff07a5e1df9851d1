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
  once("hints", [hints, clipped], () => list.replaceChildren(...hints.map(row)));
  [...list.children].forEach((item, number) => item.classList.toggle("selected", number === selected));
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

function row(hint, number) {
  const item = make("li", ""), which = { number: number + 1 };
  const labelled = (node, sentence) => { node.setAttribute("aria-label", say(sentence, which)); return node; };
  const own = make("button", "number", { type: "button", textContent: number + 1, title: say(words.select, which) });
  own.addEventListener("click", () => select(number));
  const colour = make("input", "", { type: "color", value: hint.colour ?? "#808080", title: hint.colour ?? "" });
  colour.addEventListener("change", () => amend(number, { colour: colour.value }));
  const where = make("span", "place", { textContent: say(words.place, { x: percent(hint.x), y: percent(hint.y) }) });
  const note = make("input", "note", { type: "text", value: hint.note ?? "", placeholder: words.note, maxLength: 2000 });
  note.addEventListener("change", () => amend(number, { note: note.value }));
  const away = make("button", "remove", { type: "button", textContent: "×", title: say(words.remove, which) });
  away.addEventListener("click", () => remove(number));
  const moved = clipped.includes(number) ? [make("span", "clipped", { textContent: words.clipped, title: words.clipped_title })] : [];
  item.append(labelled(own, words.select), labelled(colour, words.colour_of), where, ...moved, labelled(away, words.remove), labelled(note, words.note_of));
  return item;
}

function amend(number, values) {
  change(hints.map((hint, other) => (other === number ? { ...hint, ...values } : hint)));
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
    while (answered < sent && hints === list) await pause(0.02);
    // Whatever else a person does meanwhile goes on from there.
    if (hints.length !== list.length) break;
  }
  find(".random-dots").disabled = false;
}
