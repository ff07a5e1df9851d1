// Several photos: small ones that fill as they are coloured. One opened in the editor comes back with its dots; all of it
// lies in this browser until it is forgotten, and the server has each photo only as long as any other.

const tiles = find(".tiles"), stemOf = (name) => name.replace(/\.[^.]*$/, "").toLowerCase();

// Each has an id, name and file, where the server had it last (`path`), hints (null for those in the photo itself), history
// and saturation as in the editor, a state ("waiting", "colouring", "done" or "problem"), what was answered, and what it was
// told by the others then (`heard`).
let gallery = [], strays = [], glancing = null, glanced = null, packing = false, isAlbum = false;

const isGallery = () => app.dataset.state === "gallery";
const entryOf = (source) => gallery.find((each) => each.id === source?.entry);

function showGallery() {
  app.dataset.state = "gallery";
  for (const each of gallery) if (each.changed) Object.assign(each, { state: "waiting", changed: false });
  drawGallery();
  colourGallery();
}

function leaveGallery() {
  const each = entryOf(photo?.source);
  // The others tell the photo in the editor something else than when it was opened.
  if (each && photo.heard !== heardBy(each)) return open(photo.source, { hints, history: { past, future, curve } });
  app.dataset.state = photo ? "working" : "empty";
  if (photo) fitStage();
  else offer();
  drawButtons();
}

async function addPhotos(files) {
  const isHints = (file) => /\.json$/i.test(file.name);
  for (const file of files) {
    if (isHints(file)) {
      try {
        const list = JSON.parse(await file.text());
        if (!Array.isArray(list)) throw new Error();
        strays.push({ name: file.name, hints: list });
      } catch { complain(say(words.not_hints, { name: file.name })); }
    } else {
      const id = Math.max(Date.now(), 1 + (gallery.at(-1)?.id ?? 0));
      gallery.push({ id, name: file.name, file, hints: null, state: "waiting" });
      keepFile(gallery.at(-1));
    }
  }
  // A file of hints belongs to the photos of its name, whichever came first.
  strays = strays.filter(({ name, hints: list }) => {
    const owners = gallery.filter((each) => stemOf(each.name) === stemOf(name));
    for (const each of owners) Object.assign(each, { hints: list, history: null, state: "waiting" });
    return !owners.length;
  });
  showGallery();
}

// In an album each photo hears of the others' hints.

const tellers = (each) => (isAlbum && each ? gallery.filter((other) => other !== each && other.state !== "problem" && other.hints?.length) : []);

// A short name for what they tell, by which a photo knows whether it would hear anything new.
const heardBy = (each) => tellers(each).map(({ id, hints: list }) => `${id}:${digest(list)}`).join(" ");
const isStale = (each) => each.state === "done" && (each.heard ?? "") !== heardBy(each);

const digests = new WeakMap();

function digest(list) {
  if (!digests.has(list)) {
    const text = JSON.stringify(list.map((hint) => [hint?.x, hint?.y, hint?.size ?? 0.03, hint?.colour]));
    digests.set(list, [...text].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) | 0, 0));
  }
  return digests.get(list);
}

// What the server is told of them. One that cannot be sent tells nothing, and says so in its turn.
async function albumOf(each, show) {
  const others = tellers(each);
  await quietly(bring(others, show));
  return others.map(({ path, hints: list }) => ({ path, hints: list }));
}

// Those photos are sent that the server has not, or no longer.
async function bring(photos, show) {
  const there = photos.length ? await server.uploads_present(photos.map(({ path }) => path ?? null)) : [];
  for (const [number, each] of photos.entries()) if (!there[number]) await pathOf(each, show);
}

async function colourGallery() {
  if (glancing) return;
  while ((glancing = gallery.find((each) => each.state === "waiting") ?? gallery.find(isStale))) {
    const each = glancing, asked = each.hints, heard = heardBy(each), show = (sentence) => { find(".gallery-status").textContent = sentence; };
    each.state = "colouring";
    drawTile(each);
    let answer;
    try {
      const path = await pathOf(each, show), album = await albumOf(each, show);
      answer = await new Promise((done) => {
        glanced = { stamp: Math.max(Date.now(), 1 + (glanced?.stamp ?? 0)), done };
        window.colouruOutbox.preview = { path, hints: asked, saturation: each.saturation ?? 1, references: album, stamp: glanced.stamp };
        trigger("preview");
      });
    } catch { answer = { problem: say(words.not_uploaded, { name: each.name }) }; }
    // Dots that were put meanwhile are newer.
    if (each.hints !== asked) each.state = "waiting";
    else if (answer.problem) Object.assign(each, { state: "problem", problem: answer.problem, picture: null });
    else Object.assign(each, { state: "done", picture: answer.picture, hints: answer.hints, losses: answer.losses, heard });
    keepEntry(each);
    drawGallery();
  }
}

function receiveGlance(value) {
  if (value.stamp === glanced?.stamp) glanced.done(value);
}

function openEntry(each) {
  if (opening || !mayDrop()) return;
  saturation = each.saturation ?? 1;
  const source = { name: each.name, file: each.file, path: each.path, entry: each.id };
  open(source, { hints: each.hints, history: each.history ?? undefined });
}

function tryAgain(each) {
  each.state = "waiting";
  drawGallery();
  colourGallery();
}

// The editor's work on a photo of the gallery is the gallery's.
function noteEntry() {
  const each = entryOf(photo.source);
  if (!each || (JSON.stringify(each.hints) === JSON.stringify(hints) && (each.saturation ?? 1) === saturation)) return;
  Object.assign(each, { hints, saturation, history: { past, future, curve }, changed: true });
  keepEntry(each);
  // An answer that comes when the person is back already.
  if (isGallery()) showGallery();
}

function removeEntry(each) {
  gallery = gallery.filter((other) => other !== each);
  each.tile?.remove();
  dropEntry(each);
  drawGallery();
}

function emptyGallery() {
  if (!window.confirm(words.ask_before_forgetting)) return;
  for (const each of gallery) removeEntry(each);
  strays = [];
  drawGallery();
}

// All of them at their own size.

async function downloadAll() {
  packing = true;
  drawGallery();
  const done = gallery.filter((each) => each.state === "done");
  try {
    await bring(done, (sentence) => { find(".gallery-status").textContent = sentence; });
  } catch {
    packing = false;
    drawGallery();
    return complain(words.nothing_answered);
  }
  const photos = done.map((each) => ({ path: each.path, hints: each.hints, saturation: each.saturation ?? 1 }));
  window.colouruOutbox.download_all = { photos, series: isAlbum, baseline: find(".with-baseline").checked, losses: find(".with-losses").checked };
  trigger("download_all");
}

function receiveProgress({ done, total: of }) {
  if (packing) find(".gallery-status").textContent = say(words.colouring_of, { number: Math.min(done + 1, of), of });
}

window.addEventListener("colouru-downloaded", () => {
  packing = false;
  drawGallery();
});

// What is seen of it.

function drawGallery() {
  const ready = gallery.filter((each) => each.state === "done").length;
  for (const each of gallery) drawTile(each);
  find(".gallery-help").hidden = gallery.length > 0;
  find(".gallery-status").textContent = packing ? find(".gallery-status").textContent : gallery.length ? say(words.ready_of, { ready, of: gallery.length }) : "";
  find(".download-all").disabled = packing || !ready;
  find(".download-all").classList.toggle("busy", packing);
  find(".forget-all").disabled = !gallery.length;
  find(".album-box").hidden = !props.references || gallery.length < 2;
  find(".with-album").checked = isAlbum;
  find(".strays").hidden = !strays.length;
  find(".strays").textContent = say(words.strays, { names: strays.map((each) => each.name).join(", ") });
  drawButtons();
}

function drawTile(each) {
  if (!each.tile) {
    each.tile = make("li", "tile");
    const shown = make("button", "show", { type: "button" }), away = make("button", "remove", { type: "button", textContent: "×", title: say(words.remove_photo, each) });
    shown.append(make("img", "", { alt: "" }), make("strong", "", { textContent: each.name }), make("span", "about"));
    shown.addEventListener("click", () => (each.state === "problem" ? tryAgain(each) : openEntry(each)));
    away.setAttribute("aria-label", away.title);
    away.addEventListener("click", () => removeEntry(each));
    each.tile.append(shown, away);
    tiles.append(each.tile);
  }
  const { state, picture, losses: its, hints: list } = each, image = each.tile.querySelector("img");
  each.tile.dataset.state = state;
  image.hidden = !picture;
  if (picture && image.src !== picture) image.src = picture;
  const parts = [list?.length === 1 ? words.one_dot : list?.length ? say(words.many_dots, { count: list.length }) : ""];
  if (state === "done" && its.gan !== null) parts.push(say(words.losses_of, { gan: its.gan.toFixed(2), baseline: its.baseline.toFixed(2) }));
  if (state === "waiting") parts.push(words.waiting);
  if (state === "colouring") parts.push(words.colouring);
  each.tile.querySelector(".about").textContent = state === "problem" ? `${each.problem} ${words.try_again}` : parts.filter(Boolean).join(" · ");
}

find(".with-album").addEventListener("change", (event) => {
  isAlbum = event.target.checked;
  keepAlbum();
  showGallery();
});
find(".photos").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  if (files.length) addPhotos(files);
});
