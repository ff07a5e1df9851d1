// Several photos: a gallery of small pictures, which are coloured one after the other. A photo opened in the editor
// comes back with its dots. The gallery is stored in this browser until the person removes it; the server keeps no
// photo longer than others.
//
// An entry has: `id`, `name`, `file`, `path`, where the server had it last, `hints`, null for those saved in the photo,
// `history` and `saturation` as in the editor, `state`: waiting, colouring, done or problem, the last preview's
// `picture`, `losses` or `problem`, `referencesKey`, see below, at that time, `changed`, whether it was edited since,
// and `tile`, its element.

const tiles = query(".tiles");
const stemOf = (name) => name.replace(/\.[^.]*$/, "").toLowerCase();

const isGalleryOpen = () => app.dataset.state === "gallery";
const entryOf = (source) => state.gallery.find((entry) => entry.id === source?.entry);

function showGallery() {
  app.dataset.state = "gallery";
  for (const entry of state.gallery) if (entry.changed) Object.assign(entry, { state: "waiting", changed: false });
  drawGallery();
  colourGallery();
}

function leaveGallery() {
  const entry = entryOf(state.photo?.source);
  // The references have changed since the photo in the editor was opened.
  if (entry && state.photo.referencesKey !== referencesKeyOf(entry))
    return openPhoto(state.photo.source, { hints: state.hints, history: currentHistory() });
  app.dataset.state = state.photo ? "working" : "empty";
  if (state.photo) fitStage();
  else offerStoredWork();
  drawButtons();
}

async function addPhotos(files) {
  for (const file of files) {
    if (isHintsFile(file)) {
      try {
        state.unmatchedHints.push({ name: file.name, hints: await readHints(file) });
      } catch {
        toast(format(words.not_hints, { name: file.name }));
      }
    } else {
      const id = Math.max(Date.now(), 1 + (state.gallery.at(-1)?.id ?? 0));
      state.gallery.push({ id, name: file.name, file, hints: null, state: "waiting" });
      storeFile(state.gallery.at(-1));
    }
  }
  // A file of hints belongs to the photos with the same name, whichever was added first.
  state.unmatchedHints = state.unmatchedHints.filter(({ name, hints: list }) => {
    const owners = state.gallery.filter((entry) => stemOf(entry.name) === stemOf(name));
    for (const entry of owners) Object.assign(entry, { hints: list, history: null, state: "waiting" });
    return !owners.length;
  });
  showGallery();
}

// In a series, the hints of each photo are references for the others.

const referenceEntries = (entry) =>
  state.isSeries && entry
    ? state.gallery.filter((other) => other !== entry && other.state !== "problem" && other.hints?.length)
    : [];

// A short string that changes when the references of an entry change; its preview is then out of date.
const referencesKeyOf = (entry) =>
  referenceEntries(entry)
    .map(({ id, hints: list }) => `${id}:${digest(list)}`)
    .join(" ");
const isStale = (entry) => entry.state === "done" && (entry.referencesKey ?? "") !== referencesKeyOf(entry);

const digests = new WeakMap();

function digest(list) {
  if (!digests.has(list)) {
    const text = JSON.stringify(
      list.map((hint) => [hint?.x, hint?.y, hint?.size ?? props.constants.hint_size, hint?.colour]),
    );
    digests.set(
      list,
      [...text].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) | 0, 0),
    );
  }
  return digests.get(list);
}

// The references of an entry, uploaded. One that cannot be uploaded is left out here; its own preview says so.
async function uploadReferences(entry, showStatus) {
  const others = referenceEntries(entry);
  await ignoreErrors(ensureAllUploaded(others, showStatus));
  return others.map(({ path, hints: list }) => ({ path, hints: list }));
}

// Upload those of the photos that the server does not have.
async function ensureAllUploaded(photos, showStatus) {
  const present = photos.length ? await server.uploads_present(photos.map(({ path }) => path ?? null)) : [];
  for (const [number, entry] of photos.entries()) if (!present[number]) await ensureUploaded(entry, showStatus);
}

async function colourGallery() {
  if (state.previewedEntry) return;
  while (
    (state.previewedEntry = state.gallery.find((entry) => entry.state === "waiting") ?? state.gallery.find(isStale))
  ) {
    const entry = state.previewedEntry;
    const hints = entry.hints;
    const referencesKey = referencesKeyOf(entry);
    entry.state = "colouring";
    drawTile(entry);
    let answer;
    try {
      const path = await ensureUploaded(entry, setGalleryStatus);
      const references = await uploadReferences(entry, setGalleryStatus);
      answer = await requestPreview({ path, hints, saturation: entry.saturation ?? 1, references });
    } catch {
      answer = { problem: format(words.not_uploaded, { name: entry.name }) };
    }
    // The hints have changed meanwhile, so the preview is out of date.
    if (entry.hints !== hints) entry.state = "waiting";
    else if (answer.problem) Object.assign(entry, { state: "problem", problem: answer.problem, picture: null });
    else
      Object.assign(entry, {
        state: "done",
        picture: answer.picture,
        hints: answer.hints,
        losses: answer.losses,
        referencesKey,
      });
    storeEntry(entry);
    drawGallery();
  }
}

function requestPreview(request) {
  return new Promise((done) => {
    state.previewRequest = { stamp: nextStamp(state.previewRequest?.stamp ?? 0), done };
    post("preview", { ...request, stamp: state.previewRequest.stamp });
  });
}

function receivePreview(value) {
  if (value.stamp === state.previewRequest?.stamp) state.previewRequest.done(value);
}

function openEntry(entry) {
  if (state.opening || !mayDropHints()) return;
  state.saturation = entry.saturation ?? 1;
  const source = { name: entry.name, file: entry.file, path: entry.path, entry: entry.id };
  openPhoto(source, { hints: entry.hints, history: entry.history ?? undefined });
}

function retryEntry(entry) {
  entry.state = "waiting";
  drawGallery();
  colourGallery();
}

// Take over into the gallery what was done in the editor to one of its photos.
function updateEntry() {
  const entry = entryOf(state.photo.source);
  if (
    !entry ||
    (JSON.stringify(entry.hints) === JSON.stringify(state.hints) && (entry.saturation ?? 1) === state.saturation)
  )
    return;
  Object.assign(entry, { hints: state.hints, saturation: state.saturation, history: currentHistory(), changed: true });
  storeEntry(entry);
  // The answer may come when the person is back in the gallery already.
  if (isGalleryOpen()) showGallery();
}

function removeEntry(entry) {
  state.gallery = state.gallery.filter((other) => other !== entry);
  entry.tile?.remove();
  deleteStoredEntry(entry);
  drawGallery();
}

function emptyGallery() {
  if (!window.confirm(words.ask_before_forgetting)) return;
  for (const entry of state.gallery) removeEntry(entry);
  state.unmatchedHints = [];
  drawGallery();
}

// A zip of all photos at full size.

async function downloadAll() {
  state.isPacking = true;
  drawGallery();
  const done = state.gallery.filter((entry) => entry.state === "done");
  try {
    await ensureAllUploaded(done, setGalleryStatus);
  } catch {
    state.isPacking = false;
    drawGallery();
    return toast(words.nothing_answered);
  }
  const photos = done.map((entry) => ({ path: entry.path, hints: entry.hints, saturation: entry.saturation ?? 1 }));
  post("download_all", {
    photos,
    series: state.isSeries,
    baseline: query(".with-baseline").checked,
    losses: query(".with-losses").checked,
  });
}

function receiveProgress({ done, total }) {
  if (state.isPacking) setGalleryStatus(format(words.colouring_of, { number: Math.min(done + 1, total), of: total }));
}

window.addEventListener("colouru-downloaded", () => {
  state.isPacking = false;
  drawGallery();
});

// Drawing.

function setGalleryStatus(sentence) {
  query(".gallery-status").textContent = sentence;
}

function drawGallery() {
  const ready = state.gallery.filter((entry) => entry.state === "done").length;
  for (const entry of state.gallery) drawTile(entry);
  query(".gallery-help").hidden = state.gallery.length > 0;
  if (!state.isPacking)
    setGalleryStatus(state.gallery.length ? format(words.ready_of, { ready, of: state.gallery.length }) : "");
  query(".download-all").disabled = state.isPacking || !ready;
  query(".download-all").classList.toggle("busy", state.isPacking);
  query(".forget-all").disabled = !state.gallery.length;
  query(".series-box").hidden = !props.references || state.gallery.length < 2;
  query(".with-series").checked = state.isSeries;
  query(".unmatched").hidden = !state.unmatchedHints.length;
  query(".unmatched").textContent = format(words.unmatched_hints, {
    names: state.unmatchedHints.map((entry) => entry.name).join(", "),
  });
  drawButtons();
}

function drawTile(entry) {
  if (!entry.tile) {
    entry.tile = createElement("li", "tile");
    const shown = createElement("button", "show", { type: "button" });
    const away = createElement("button", "remove", {
      type: "button",
      textContent: "×",
      title: format(words.remove_photo, entry),
    });
    shown.append(
      createElement("img", "", { alt: "" }),
      createElement("strong", "", { textContent: entry.name }),
      createElement("span", "about"),
    );
    shown.addEventListener("click", () => (entry.state === "problem" ? retryEntry(entry) : openEntry(entry)));
    away.setAttribute("aria-label", away.title);
    away.addEventListener("click", () => removeEntry(entry));
    entry.tile.append(shown, away);
    tiles.append(entry.tile);
  }
  const { state: entryState, picture, losses, hints } = entry;
  const image = entry.tile.querySelector("img");
  entry.tile.dataset.state = entryState;
  image.hidden = !picture;
  if (picture && image.src !== picture) image.src = picture;
  const parts = [countDots(hints?.length)];
  if (entryState === "done" && losses.gan !== null)
    parts.push(format(words.losses_of, { gan: losses.gan.toFixed(2), baseline: losses.baseline.toFixed(2) }));
  if (entryState === "waiting") parts.push(words.waiting);
  if (entryState === "colouring") parts.push(words.colouring);
  entry.tile.querySelector(".about").textContent =
    entryState === "problem" ? `${entry.problem} ${words.try_again}` : parts.filter(Boolean).join(" · ");
}

query(".with-series").addEventListener("change", (event) => {
  state.isSeries = event.target.checked;
  storeSeries();
  showGallery();
});
query(".photos").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  if (files.length) addPhotos(files);
});
