// What the page knows, and what it tells the server and hears from it. The browser keeps the history; the list of hints
// that an answer brings is the one that counts. Answers to what has been overtaken are not shown.

const language = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => props.words[tag]) ?? "en";
const words = props.words[language];
const find = (selector) => element.querySelector(selector);
const findAll = (selector) => [...element.querySelectorAll(selector)];
const app = find(".colouru"), stage = find(".stage"), status = find(".status");
const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const percent = (value) => Math.round(100 * value);

const MAX_STEPS = 200;

let photo = null, hints = [], clipped = [], likely = [], losses = {}, guides = {}, marked = null, doubt = null;
let selected = -1, size = 0.03, recent = [], past = [], future = [], curve = [];
// The colour of the next dot: a code, "true" for the original's at that place, or null for the likeliest there.
let next = null;
let tool = "dots", shownView = "colour", network = "gan", saturation = 1, advising = false, doubting = false;
let sent = 0, answered = 0, opening = null;
// The last that had been sent when a dot was let go of: its answer, still under way, must not take it up again.
let released = -1;

const spot = () => (selected >= 0 ? hints[selected] : place);

function tell(sentence, busy = false) {
  status.textContent = sentence;
  status.classList.toggle("busy", busy);
}

// To the server. Each event reads what is to be told when it is sent, so that the latest is.

window.colouruTold = {};
const message = () => ({ hints, selected, saturation, advise: advising, doubt: doubting, stamp: sent });

function send() {
  if (!photo || opening) return;
  sent = Math.max(Date.now(), sent + 1);
  window.colouruTold.edit = message();
  tell(words.busy, true);
  trigger("input");
}

// Other hints from now on, which undo takes back.
function change(list, number = selected) {
  past = [...past, hints].slice(-MAX_STEPS);
  future = [];
  hints = list;
  selected = Math.min(number, list.length - 1);
  draw();
  send();
}

function revise(from, onto) {
  if (!from.length) return;
  onto.push(hints);
  hints = from.pop();
  selected = -1;
  draw();
  send();
}

// From the server.

async function receive() {
  const value = props.value;
  if (!value) return;
  if (value.window) return receiveDetail(value);
  if (value.stamp < sent) return;
  if (value.refused) {
    const asked = opening;
    opening = null;
    app.classList.remove("opening");
    tell("");
    find(".progress").textContent = "";
    // A server that has forgotten the photo is given it again.
    if (value.gone && photo && !asked) open(photo.source, { hints, history: { past, future, curve } });
    return;
  }
  if (value.photo) await begin(value);
  const [gan, baseline] = await Promise.all(["gan", "baseline"].map((role) => guideFrom(value.chroma[role], photo.coarse[role])));
  const tinted = value.doubt ? await imageFrom(value.doubt) : null;
  if (value.stamp < sent) return;
  answered = value.stamp;
  guides = { gan, baseline };
  doubt = tinted;
  ({ hints, clipped, likely, losses } = value);
  marked = value.marker;
  selected = value.stamp <= released ? -1 : Math.min(value.selected, hints.length - 1);
  noteLoss();
  keepWork();
  draw();
  describe();
}

async function guideFrom(url, coarse) {
  const { data, width, height } = pixelsOf(await imageFrom(url));
  return guideOf(data, coarse.data, width, height);
}

async function imageFrom(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function pixelsOf(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth ?? image.width, image.naturalHeight ?? image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// Photos.

async function begin(value) {
  const { lightness, coarse, original, ...facts } = value.photo;
  const [grey, gan, baseline, own] = await Promise.all([lightness, coarse.gan, coarse.baseline, original].map((url) => (url ? imageFrom(url) : null)));
  const pixels = pixelsOf(grey);
  photo = { ...facts, grey, pixels, original: own && { image: own, pixels: pixelsOf(own) }, coarse: { gan: pixelsOf(gan), baseline: pixelsOf(baseline) }, detail: null };
  ({ past, future, curve } = opening.history ?? { past: [], future: [], curve: [] });
  const { source } = opening;
  opening = null;
  next = null;
  guides = {};
  hints = value.hints;
  selected = -1;
  advising = doubting = false;
  place = { x: 0.5, y: 0.5 };
  look(1, 0, 0);
  app.dataset.state = "working";
  app.classList.remove("opening");
  find(".progress").textContent = "";
  setView(shownView === "original" && !own ? "colour" : shownView);
  fitStage();
  strokes++;
  takeUp("dots");
  keepPhoto(source);
}

// `source` is what the photo is opened from: a file or the number of an example.
async function open(source, kept = null) {
  if (opening) return;
  opening = { source, history: kept?.history };
  app.classList.add("opening");
  const sentence = say(words.opening, { name: source.name });
  tell(sentence, true);
  find(".progress").textContent = sentence;
  const told = { hints: kept?.hints ?? null, saturation, advise: false, doubt: false };
  try {
    if (source.file) told.path = (await upload(source.file)).path;
    else told.example = source.example;
  } catch {
    opening = null;
    app.classList.remove("opening");
    find(".progress").textContent = "";
    return complain(say(words.not_uploaded, { name: source.name }));
  }
  sent = Math.max(Date.now(), sent + 1);
  window.colouruTold.open = { ...told, stamp: sent };
  trigger("upload");
}

const mayDrop = () => !hints.length || !photo || window.confirm(words.ask_before_dropping);

async function openFile(file) {
  if (/\.json$/i.test(file.name)) return openHints(file);
  if (mayDrop()) open({ name: file.name, file });
}

async function openHints(file) {
  try {
    const list = JSON.parse(await file.text());
    if (!photo || !Array.isArray(list)) throw new Error();
    change(list, -1);
  } catch { complain(say(words.not_hints, { name: file.name })); }
}

// A sentence in the way of a toast, which takes nothing away.
function complain(sentence) {
  const toast = document.createElement("div");
  toast.className = "complaint";
  toast.setAttribute("role", "alert");
  toast.textContent = sentence;
  app.append(toast);
  setTimeout(() => toast.remove(), 8000);
  describe();
}

// The loss after each number of dots, for the curve.
function noteLoss() {
  if (losses.gan === null) return;
  curve = [...curve.filter((point) => point.dots !== hints.length), { dots: hints.length, ...losses }].sort((a, b) => a.dots - b.dots);
}
