// What the page knows, and what it tells the server and hears from it. The browser keeps the history; the list of hints
// that an answer brings is the one that counts. Answers to what has been overtaken are not shown.

const language = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => props.words[tag]) ?? "en";
const words = props.words[language];
const find = (selector) => element.querySelector(selector);
const findAll = (selector) => [...element.querySelectorAll(selector)];
const app = find(".colouru"), stage = find(".stage"), status = find(".status");
const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const percent = (value) => Math.round(100 * value);

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const MAX_STEPS = 200;

// Of an answer that never came: how often it is asked for again, each time after twice as long.
const TRIES = 4;

let photo = null, hints = [], clipped = [], likely = [], losses = {}, guides = {}, marked = null, doubt = null;
let selected = -1, size = 0.03, recent = [], past = [], future = [], curve = [];
// The colour of the next dot: a code, "true" for the original's at that place, or null for the likeliest there.
let next = null;
let tool = "dots", shownView = "colour", network = "gan", saturation = 1, advising = false, doubting = false;
let sent = 0, pictured = 0, answered = 0, opening = null;
// The last that had been sent when a dot was let go of: its answer, still under way, must not take it up again.
let released = -1;
// How often in a row there was no answer, and a number for what is waited for, after which an older wait is over.
let failures = 0, waits = 0;

const spot = () => (selected >= 0 ? hints[selected] : area?.at ?? place);

function tell(sentence, busy = false) {
  status.textContent = sentence;
  status.classList.toggle("busy", busy);
}

// To the server. Each event reads what is to be told when it is sent, so that the latest is.

window.colouruOutbox = {};
const message = () => ({ hints, selected, saturation, advice: advising, uncertainty: doubting, stamp: sent, network });

function send() {
  if (!photo || opening) return;
  sent = Math.max(Date.now(), sent + 1);
  window.colouruOutbox.edit = message();
  tell(words.busy, true);
  trigger("edit");
  standInLine((sentence) => tell(sentence, true));
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
  if (value.type === "crop") return receiveDetail(value);
  if (value.type === "outline") return receiveArea(value);
  if (value.type === "preview") return receiveGlance(value);
  if (value.type === "progress") return receiveProgress(value);
  if (value.stamp < sent) return;
  failures = 0;
  waits++;
  if (value.type === "refused") {
    const asked = opening;
    stopOpening();
    tell("");
    // A server that has forgotten the photo is given it again.
    if (value.session_lost && photo && !asked) open(photo.source, { hints, history: { past, future, curve } });
    return;
  }
  if (value.type === "opened") await begin(value);
  // An answer comes in two parts: the picture that was on the canvas when it was asked for, and then all there is.
  const whose = photo, shown = network, other = shown === "gan" ? "baseline" : "gan";
  const overtaken = () => value.stamp < sent || photo !== whose;
  if (!value.chroma[shown]) return;
  const guide = await guideFrom(whose, shown, value.chroma[shown]);
  const tinted = value.uncertainty ? await imageFrom(value.uncertainty) : null;
  if (overtaken()) return;
  pictured = value.stamp;
  guides = { ...guides, [shown]: guide };
  ({ hints, clipped } = value);
  selected = value.stamp <= released ? -1 : Math.min(value.selected, hints.length - 1);
  if (value.type === "picture") return drawNow();
  answered = value.stamp;
  ({ likely, losses, advice: marked } = value);
  doubt = tinted;
  noteLoss();
  drawNow();
  describe();
  keepWork();
  const second = await guideFrom(whose, other, value.chroma[other]);
  if (overtaken()) return;
  guides = { ...guides, [other]: second };
  draw();
}

// The second part of an answer brings what the first brought, too.
function guideFrom(whose, role, url) {
  const known = (whose.known ??= {});
  if (known[role]?.url !== url) known[role] = { url, guide: guideMade(url, whose.coarse[role]) };
  return known[role].guide;
}

async function guideMade(url, coarse) {
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
  letGo();
  const { lightness, coarse, original, ...facts } = value.photo;
  const [grey, gan, baseline, own] = await Promise.all([lightness, coarse.gan, coarse.baseline, original].map((url) => (url ? imageFrom(url) : null)));
  const pixels = pixelsOf(grey);
  photo = { ...facts, grey, pixels, original: own && { image: own, pixels: pixelsOf(own) }, coarse: { gan: pixelsOf(gan), baseline: pixelsOf(baseline) }, detail: null };
  ({ past, future, curve } = opening.history ?? { past: [], future: [], curve: [] });
  const { source } = opening;
  photo.heard = opening.heard;
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
  showOpening(say(words.opening, { name: source.name }));
  const told = { hints: kept?.hints ?? null, saturation, advice: false, uncertainty: false };
  const each = entryOf(source);
  opening.heard = heardBy(each);
  try {
    told.references = await albumOf(each, showOpening);
    if (source.file) told.path = await pathOf(source, showOpening);
    else told.example = source.example;
  } catch {
    stopOpening();
    return complain(say(words.not_uploaded, { name: source.name }));
  }
  sent = Math.max(Date.now(), sent + 1);
  window.colouruOutbox.open_photo = { ...told, stamp: sent };
  showOpening(say(words.opening, { name: source.name }));
  trigger("open_photo");
  standInLine(showOpening);
}

function showOpening(sentence) {
  tell(sentence, true);
  find(".progress").textContent = sentence;
  if (isGallery()) find(".gallery-status").textContent = sentence;
}

function stopOpening() {
  opening = null;
  app.classList.remove("opening");
  find(".progress").textContent = "";
}

// Where the server has the source's file: it is sent if it is not there, or no longer.
async function pathOf(source, show) {
  if (source.path && (await server.uploads_present([source.path]))?.[0]) return source.path;
  for (let line; (line = await lineOf(null))?.full; await pause(2)) show(inLine(words.line_full, line, source.name));
  source.path = (await upload(source.file)).path;
  return source.path;
}

const mayDrop = () => !hints.length || !photo || entryOf(photo.source) || window.confirm(words.ask_before_dropping);

async function openFile(file) {
  if (/\.json$/i.test(file.name)) return openHints(file);
  if (mayDrop()) open({ name: file.name, file });
}

// Several, or whatever comes while several are seen, join the gallery.
function openFiles(files) {
  if (files.length > 1 || (files.length && isGallery())) addPhotos(files);
  else if (files.length) openFile(files[0]);
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

// The queue: others may be before us. Whoever waits is told where they stand.

const lineOf = (stamp) => server.queue_status(stamp).catch(() => null);

function inLine(sentence, { before, seconds }, name = "") {
  const wait = seconds === null ? "" : say(words.line_wait, { seconds: Math.max(1, Math.round(seconds)) });
  return say(sentence, { before, wait, name }).trim();
}

async function standInLine(show) {
  const wait = ++waits, stamp = sent;
  for (await pause(1.5); wait === waits; await pause(2)) {
    const line = await lineOf(stamp);
    if (wait === waits && line?.before > 0) show(inLine(words.line, line));
  }
}

// A full queue refuses; then the same is asked again in a while, and Gradio, which would put up a message, hears of the
// answer alone.
const ask = window.colouruFetch ??= window.fetch.bind(window);

window.fetch = async (address, options) => {
  for (;;) {
    const answer = await ask(address, options);
    if (answer.status !== 503 || !String(address).includes("/queue/join")) return answer;
    const line = await lineOf(null), sentence = inLine(words.line_again, line ?? { before: 32, seconds: null });
    if (opening) showOpening(sentence);
    else tell(sentence, true);
    await pause(1 + Math.random());
  }
};

// No answer came, for whatever reason. What was asked is still here, and asked again.
window.addEventListener("colouru-failed", async ({ detail: event }) => {
  if (event === "outline") return complain(words.nothing_answered);
  waits++;
  if (failures++ < TRIES) {
    if (event === "open_photo") showOpening(words.trying_again);
    else tell(words.trying_again, true);
    await pause(2 ** failures / 2);
    if (event === "edit") send();
    else trigger(event);
    return;
  }
  failures = 0;
  if (event === "open_photo") stopOpening();
  if (event === "preview") glanced.done({ problem: words.nothing_answered });
  complain(words.nothing_answered);
});
