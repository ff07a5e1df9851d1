// The list of hints under both tabs: colour, place and note of each. Tells and is told as board.js is.

const list = element.querySelector("ol"), none = element.querySelector(".none"), words = props.words;
const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const percent = (value) => Math.round(100 * value);
let hints = [], clipped = [], selected = -1;

function make(tag, name, attributes) {
  return Object.assign(document.createElement(tag), { className: name, ...attributes });
}

function row(hint, number) {
  const item = make("li", number === selected ? "selected" : ""), which = { number: number + 1 };
  const choose = make("button", "number", { type: "button", textContent: number + 1, title: say(words.select, which) });
  choose.setAttribute("aria-label", say(words.select, which));
  choose.addEventListener("click", () => window.dispatchEvent(new CustomEvent("colouru-select", { detail: number })));
  const colour = make("input", "", { type: "color", value: hint.colour, title: hint.colour });
  colour.setAttribute("aria-label", say(words.colour_of, which));
  colour.addEventListener("change", () => change(number, { colour: colour.value }));
  const place = make("span", "place", { textContent: say(words.place, { x: percent(hint.x), y: percent(hint.y) }) });
  const note = make("input", "note", { type: "text", value: hint.note ?? "", placeholder: words.note, maxLength: 2000 });
  note.setAttribute("aria-label", say(words.note_of, which));
  note.addEventListener("change", () => change(number, { note: note.value }));
  const remove = make("button", "remove", { type: "button", textContent: "×", title: say(words.remove, which) });
  remove.setAttribute("aria-label", say(words.remove, which));
  remove.addEventListener("click", () => tell(hints.filter((_, other) => other !== number), -1));
  const nearest = make("span", "clipped", { textContent: words.clipped, title: words.clipped_title });
  item.append(choose, colour, place, ...(clipped.includes(number) ? [nearest] : []), note, remove);
  return item;
}

function change(number, values) {
  tell(hints.map((hint, other) => (other === number ? { ...hint, ...values } : hint)), selected);
}

function tell(changed, chosen) {
  hints = changed;
  selected = chosen;
  window.colouruStamp = Math.max(Date.now(), (window.colouruStamp ?? 0) + 1);
  window.colouruTold = { hints, selected, stamp: window.colouruStamp };
  draw();
  trigger("input");
}

function draw() {
  none.hidden = hints.length > 0;
  none.style.display = hints.length ? "none" : "";
  list.replaceChildren(...hints.map(row));
}

function receive() {
  const value = props.value;
  if (!value || value.stamp < (window.colouruStamp ?? 0)) return;
  const same = JSON.stringify([hints, clipped]) === JSON.stringify([value.hints, value.clipped]);
  ({ hints, clipped } = value);
  selected = Math.min(value.selected ?? selected, hints.length - 1);
  // A note that is being written is not to be taken from under the cursor.
  if (!same) draw();
  else mark();
}

function mark() {
  [...list.children].forEach((item, number) => item.classList.toggle("selected", number === selected));
}

window.addEventListener("colouru-selected", (event) => { selected = event.detail; mark(); });
watch("value", receive);
receive();
draw();
