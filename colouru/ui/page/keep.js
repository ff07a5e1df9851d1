// The work outlives a refresh, a closed tab and the server: photo, hints, history and view lie in this browser's IndexedDB,
// and those of several photos, each under its id.

const KEPT = "colouru", STORE = "work";

function inStore(mode, act) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(KEPT, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result, transaction = database.transaction(STORE, mode);
      const asked = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => { database.close(); resolve(asked.result); };
      transaction.onabort = transaction.onerror = () => { database.close(); reject(transaction.error); };
    };
  });
}

// Without a place to keep it, in a private window or on a full disk, the page works all the same.
const quietly = (promise) => promise.catch(() => undefined);

function keepPhoto(source) {
  photo.source = source;
  quietly(inStore("readwrite", (store) => store.put(source, "photo")));
}

function keepWork() {
  const work = { hints, history: { past, future, curve }, saturation, network, shownView };
  quietly(inStore("readwrite", (store) => store.put(work, "hints")));
  noteEntry();
}

function keepFile({ id, file }) {
  quietly(inStore("readwrite", (store) => store.put(file, ["file", id])));
}

function keepEntry({ file, tile, ...facts }) {
  quietly(inStore("readwrite", (store) => store.put(facts, ["entry", facts.id])));
}

function dropEntry({ id }) {
  quietly(inStore("readwrite", (store) => { store.delete(["file", id]); return store.delete(["entry", id]); }));
}

function keepAlbum() {
  quietly(inStore("readwrite", (store) => store.put(isAlbum, "album")));
}

async function keptGallery() {
  isAlbum ||= (await quietly(inStore("readonly", (store) => store.get("album")))) === true;
  const all = (kind) => quietly(inStore("readonly", (store) => store.getAll(IDBKeyRange.bound([kind], [kind, []]))));
  const entries = (await all("entry")) ?? [], files = (await all("file")) ?? [];
  if (entries.length !== files.length) return [];
  return entries.map((each, number) => ({ ...each, file: files[number], state: each.state === "colouring" ? "waiting" : each.state }));
}

async function kept() {
  const source = await quietly(inStore("readonly", (store) => store.get("photo")));
  const work = await quietly(inStore("readonly", (store) => store.get("hints")));
  return source && work ? { source, work } : null;
}

async function offer() {
  const found = await kept();
  find(".kept").hidden = !found;
  if (!found) return;
  const count = found.work.hints.length, parts = [say(words.continue, { name: found.source.name })];
  if (count) parts.push(count === 1 ? words.one_dot : say(words.many_dots, { count }));
  find(".continue").textContent = parts.join(", ");
}

async function reopen() {
  const found = await kept();
  if (!found) return;
  ({ saturation, network } = found.work);
  shownView = found.work.shownView;
  open(found.source, found.work);
}

async function forget() {
  await quietly(inStore("readwrite", (store) => { store.delete("photo"); return store.delete("hints"); }));
  offer();
}
