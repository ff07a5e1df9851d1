// The state of the page, its words, and helpers that all scripts use. The browser keeps the history of the hints; the
// list of hints itself is the one of the server's last answer.

const language = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => props.words[tag]) ?? "en";
const words = props.words[language];
const query = (selector) => element.querySelector(selector);
const queryAll = (selector) => [...element.querySelectorAll(selector)];
const app = query(".colouru");
const stage = query(".stage");
const statusLine = query(".status");
const format = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const percent = (value) => Math.round(100 * value);
const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// Milliseconds since 1970, but always greater than the last stamp.
const nextStamp = (last) => Math.max(Date.now(), last + 1);

const MAX_UNDO_STEPS = 200;

const state = {
  // The photo: what the server sent with "opened", its images decoded, and `source`, what it was opened from.
  photo: null,
  // What is being opened: `source`, `history` and `referencesKey`; null if nothing is.
  opening: null,
  hints: [],
  // The undo and redo stacks; each step is a list of hints.
  past: [],
  future: [],
  // The index of the selected hint, -1 for none.
  selected: -1,

  // From the last answer. Indices of hints that are shown in another colour:
  clipped: [],
  // Likely colours of the selected spot, with likelihoods:
  likely: [],
  // By network; for guides see render.js:
  losses: {},
  guides: {},
  // The spot where a dot helps most, and the tint of what is uncertain:
  advice: null,
  uncertainty: null,
  // Losses by number of dots.
  lossCurve: [],

  tool: "dots",
  shownView: "colour",
  network: "gan",
  saturation: 1,
  showAdvice: false,
  showUncertainty: false,
  showGrey: false,
  // Whether the eyedropper is on.
  picking: false,
  splitAt: 0.5,
  viewport: { zoom: 1, x: 0, y: 0 },
  // The place of the keyboard's cursor on the photo, in [0, 1].
  cursorAt: { x: 0.5, y: 0.5 },
  dotSize: props.constants.hint_size,
  recentColours: [],
  // The colour of the next dot: a code, "true" for the original's there, or null for the likeliest there.
  pendingColour: null,
  // The area that is seen but not applied yet: `at` is the spot, `mask` the canvas of what it covers, `similarity` the
  // server's map, null for a lasso, `before` the mask of an area that it extends, `lasso` the stamp of its request.
  area: null,
  // The gesture under way, by `kind`: dot, erase, lasso, tap or pinch.
  drag: null,

  // Stamps. Answers to an edit that are older than the last request are ignored.
  sentStamp: 0,
  // Of the answer whose picture is shown, and of the one of which everything is.
  pictureStamp: 0,
  completeStamp: 0,
  drawnStamp: 0,
  // The last request when a dot was deselected: answers up to it must not select the dot again.
  deselectedStamp: -1,
  outlineStamp: 0,
  // Requests in a row without an answer.
  failures: 0,
  // The number of the current wait in the queue; older waits end when it changes.
  waitNumber: 0,

  // The grey pixels in view, which stay the same while only colours change.
  visibleGrey: null,
  // The photo whose crop was requested.
  cropPhoto: null,
  cropTimer: 0,
  frameRequest: 0,
  nudgeTimer: 0,
  saturationTimer: 0,
  // The hints before arrow keys moved one of them.
  hintsBeforeNudge: null,

  // The number of strokes, by which an outdated reading of the sketch knows that it is.
  strokeCount: 0,
  // The readings of the sketch, one after the other.
  strokeQueue: Promise.resolve(),
  observedBrush: null,

  // The entries of the gallery, see gallery.js.
  gallery: [],
  // Files of hints for which there is no photo of the same name.
  unmatchedHints: [],
  // The entry that is being coloured, and its request, whose `done` takes the answer.
  previewedEntry: null,
  previewRequest: null,
  // Whether a zip of all photos is being made.
  isPacking: false,
  // Whether the photos are references for each other.
  isSeries: false,

  // Names and pictures of the examples.
  examples: [],
};

// The place that keys and colours are about: the selected dot, else the area, else the cursor.
const currentSpot = () => (state.selected >= 0 ? state.hints[state.selected] : (state.area?.at ?? state.cursorAt));

const currentHistory = () => ({ past: state.past, future: state.future, curve: state.lossCurve });

function setStatus(sentence, busy = false) {
  statusLine.textContent = sentence;
  statusLine.classList.toggle("busy", busy);
}

// A message over the page for eight seconds.
function toast(sentence) {
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", "alert");
  box.textContent = sentence;
  app.append(box);
  setTimeout(() => box.remove(), 8000);
  describeState();
}

// Replace the hints by a new list, as one step of undo.
function commit(list, selected = state.selected) {
  state.past = [...state.past, state.hints].slice(-MAX_UNDO_STEPS);
  state.future = [];
  state.hints = list;
  state.selected = Math.min(selected, list.length - 1);
  draw();
  sendEdit();
}

// Move a step from one stack to the other.
function undoRedo(from, onto) {
  if (!from.length) return;
  onto.push(state.hints);
  state.hints = from.pop();
  state.selected = -1;
  draw();
  sendEdit();
}

// The loss after each number of dots, for the curve.
function recordLoss() {
  if (state.losses.gan === null) return;
  const others = state.lossCurve.filter((point) => point.dots !== state.hints.length);
  state.lossCurve = [...others, { dots: state.hints.length, ...state.losses }].sort((a, b) => a.dots - b.dots);
}
