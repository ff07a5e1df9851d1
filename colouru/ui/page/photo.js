// Opening photos and files of hints.

async function showPhoto(value) {
  dismissArea();
  const { lightness, coarse, original, ...facts } = value.photo;
  const urls = [lightness, coarse.gan, coarse.baseline, original];
  const [grey, gan, baseline, ownColours] = await Promise.all(urls.map((url) => (url ? loadImage(url) : null)));
  const { source, history, referencesKey } = state.opening;
  state.photo = {
    ...facts,
    source,
    referencesKey,
    grey,
    pixels: readPixels(grey),
    original: ownColours && { image: ownColours, pixels: readPixels(ownColours) },
    coarse: { gan: readPixels(gan), baseline: readPixels(baseline) },
    crop: null,
  };
  const { past, future, curve: lossCurve } = history ?? { past: [], future: [], curve: [] };
  Object.assign(state, {
    past,
    future,
    lossCurve,
    hints: value.hints,
    selected: -1,
    pendingColour: null,
    guides: {},
    showAdvice: false,
    showUncertainty: false,
    cursorAt: { x: 0.5, y: 0.5 },
  });
  stopOpening();
  setViewport(1, 0, 0);
  app.dataset.state = "working";
  setView(state.shownView === "original" && !ownColours ? "colour" : state.shownView);
  fitStage();
  state.strokeCount++;
  selectTool("dots");
  storePhoto(source);
}

// Open a photo from its `source`, with the hints and the history that were stored with it, if any. A source has a
// `name`, and either a `file` or the index of an `example`; also `path`, where the server had it last, and `entry`, its
// id in the gallery.
async function openPhoto(source, stored = null) {
  if (state.opening) return;
  const entry = entryOf(source);
  state.opening = { source, history: stored?.history, referencesKey: referencesKeyOf(entry) };
  app.classList.add("opening");
  setOpeningStatus(format(words.opening, { name: source.name }));
  const request = { hints: stored?.hints ?? null, saturation: state.saturation, advice: false, uncertainty: false };
  try {
    request.references = await uploadReferences(entry, setOpeningStatus);
    if (source.file) request.path = await ensureUploaded(source, setOpeningStatus);
    else request.example = source.example;
  } catch {
    stopOpening();
    return toast(format(words.not_uploaded, { name: source.name }));
  }
  state.sentStamp = nextStamp(state.sentStamp);
  setOpeningStatus(format(words.opening, { name: source.name }));
  post("open_photo", { ...request, stamp: state.sentStamp });
  watchQueue(setOpeningStatus);
}

function setOpeningStatus(sentence) {
  setStatus(sentence, true);
  query(".progress").textContent = sentence;
  if (isGalleryOpen()) query(".gallery-status").textContent = sentence;
}

function stopOpening() {
  state.opening = null;
  app.classList.remove("opening");
  query(".progress").textContent = "";
}

// The path of a source's file on the server; the file is uploaded unless the server still has it.
async function ensureUploaded(source, showStatus) {
  if (source.path && (await server.uploads_present([source.path]))?.[0]) return source.path;
  for (let status; (status = await queueStatus(null))?.full; await sleep(2))
    showStatus(queueSentence(words.queue_full, status, source.name));
  source.path = (await upload(source.file)).path;
  return source.path;
}

const mayDropHints = () =>
  !state.hints.length || !state.photo || entryOf(state.photo.source) || window.confirm(words.ask_before_dropping);

// One file opens in the editor. Several files, or any while the gallery is open, join the gallery.
function openFiles(files) {
  if (files.length > 1 || (files.length && isGalleryOpen())) addPhotos(files);
  else if (files.length) openFile(files[0]);
}

async function openFile(file) {
  if (isHintsFile(file)) return openHints(file);
  if (mayDropHints()) openPhoto({ name: file.name, file });
}

const isHintsFile = (file) => /\.json$/i.test(file.name);

// The list of hints in a JSON file; throws if it has none.
async function readHints(file) {
  const list = JSON.parse(await file.text());
  if (!Array.isArray(list)) throw new TypeError("no list of hints");
  return list;
}

async function openHints(file) {
  try {
    const list = await readHints(file);
    if (!state.photo) throw new Error("no photo");
    commit(list, -1);
  } catch {
    toast(format(words.not_hints, { name: file.name }));
  }
}
