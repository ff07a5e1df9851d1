// Messages to and from the server, the queue, and what happens when no answer comes.
//
// A request lies in the outbox under the name of its event; Gradio reads it when it sends the event, see `outbox` in
// app.py. Answers arrive as `props.value` and are told apart by their `type`, see views.py.

// Custom events of this component; Gradio takes a name for one only if it stands in quotes here.
const EVENTS = ["open_photo", "edit", "outline", "crop", "preview", "download", "download_all"];

// How often a request without an answer is sent again; the wait doubles each time.
const MAX_RETRIES = 4;

const outbox = (window.colouruOutbox = Object.fromEntries(EVENTS.map((event) => [event, null])));

function post(event, request) {
  outbox[event] = request;
  trigger(event);
}

const editRequest = () => ({
  hints: state.hints,
  selected: state.selected,
  network: state.network,
  saturation: state.saturation,
  advice: state.showAdvice,
  uncertainty: state.showUncertainty,
  stamp: state.sentStamp,
});

function sendEdit() {
  if (!state.photo || state.opening) return;
  state.sentStamp = nextStamp(state.sentStamp);
  setStatus(words.busy, true);
  post("edit", editRequest());
  watchQueue((sentence) => setStatus(sentence, true));
}

const receivers = {
  crop: receiveCrop,
  outline: receiveOutline,
  preview: receivePreview,
  progress: receiveProgress,
  refused: ifCurrent(receiveRefusal),
  opened: ifCurrent(async (value) => {
    await showPhoto(value);
    await receiveColours(value);
  }),
  picture: ifCurrent(receiveColours),
  colours: ifCurrent(receiveColours),
};

function ifCurrent(receive) {
  return (value) => {
    if (value.stamp < state.sentStamp) return;
    state.failures = 0;
    state.waitNumber++;
    return receive(value);
  };
}

watch("value", () => props.value && receivers[props.value.type](props.value));

function receiveRefusal(value) {
  const wasOpening = state.opening;
  stopOpening();
  setStatus("");
  // The server was restarted, or has dropped the session: it gets the photo again.
  if (value.session_lost && state.photo && !wasOpening)
    openPhoto(state.photo.source, { hints: state.hints, history: currentHistory() });
}

// An edit is answered in two parts: "picture" has the chroma of the network on the canvas, "colours" everything.
async function receiveColours(value) {
  const { photo, network } = state;
  const other = network === "gan" ? "baseline" : "gan";
  const isOutdated = () => value.stamp < state.sentStamp || state.photo !== photo;
  if (!value.chroma[network]) return;
  const guide = await cachedGuide(photo, network, value.chroma[network]);
  const uncertainty = value.uncertainty ? await loadImage(value.uncertainty) : null;
  if (isOutdated()) return;
  state.pictureStamp = value.stamp;
  state.guides = { ...state.guides, [network]: guide };
  state.hints = value.hints;
  state.clipped = value.clipped;
  state.selected = value.stamp <= state.deselectedStamp ? -1 : Math.min(value.selected, state.hints.length - 1);
  if (value.type === "picture") return drawNow();
  state.completeStamp = value.stamp;
  Object.assign(state, { likely: value.likely, losses: value.losses, advice: value.advice, uncertainty });
  recordLoss();
  drawNow();
  describeState();
  storeWork();
  const otherGuide = await cachedGuide(photo, other, value.chroma[other]);
  if (isOutdated()) return;
  state.guides = { ...state.guides, [other]: otherGuide };
  draw();
}

// "colours" repeats the chroma of "picture", whose guide is used again.
function cachedGuide(photo, role, url) {
  const cache = (photo.guideCache ??= {});
  if (cache[role]?.url !== url) cache[role] = { url, guide: decodeGuide(url, photo.coarse[role]) };
  return cache[role].guide;
}

async function decodeGuide(url, coarse) {
  const { data, width, height } = readPixels(await loadImage(url));
  return buildGuide(data, coarse.data, width, height);
}

async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function readPixels(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth ?? image.width, image.naturalHeight ?? image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// The queue: a person who waits sees how many requests are before theirs.

const queueStatus = (stamp) => server.queue_status(stamp).catch(() => null);

function queueSentence(sentence, { before, seconds }, name = "") {
  const wait = seconds === null ? "" : format(words.queue_wait, { seconds: Math.max(1, Math.round(seconds)) });
  return format(sentence, { before, wait, name }).trim();
}

async function watchQueue(show) {
  const number = ++state.waitNumber;
  const stamp = state.sentStamp;
  for (await sleep(1.5); number === state.waitNumber; await sleep(2)) {
    const status = await queueStatus(stamp);
    if (number === state.waitNumber && status?.before > 0) show(queueSentence(words.queue_position, status));
  }
}

// A full queue refuses a request with 503. It is sent again after a while, before Gradio sees the refusal and shows it.
const originalFetch = (window.colouruFetch ??= window.fetch.bind(window));

window.fetch = async (address, options) => {
  for (;;) {
    const answer = await originalFetch(address, options);
    if (answer.status !== 503 || !String(address).includes("/queue/join")) return answer;
    const status = (await queueStatus(null)) ?? { before: props.constants.max_waiting, seconds: null };
    const sentence = queueSentence(words.queue_retry, status);
    if (state.opening) setOpeningStatus(sentence);
    else setStatus(sentence, true);
    await sleep(1 + Math.random());
  }
};

// An event failed, for whatever reason. Its request is still in the outbox, and is sent again.
window.addEventListener("colouru-failed", async ({ detail: event }) => {
  if (event === "outline") return toast(words.nothing_answered);
  state.waitNumber++;
  if (state.failures++ < MAX_RETRIES) {
    if (event === "open_photo") setOpeningStatus(words.trying_again);
    else setStatus(words.trying_again, true);
    await sleep(2 ** state.failures / 2);
    if (event === "edit") sendEdit();
    else trigger(event);
    return;
  }
  state.failures = 0;
  if (event === "open_photo") stopOpening();
  if (event === "preview") state.previewRequest.done({ problem: words.nothing_answered });
  toast(words.nothing_answered);
});
