// The work survives a reload, a closed tab and a restart of the server: photo, hints, history and view are stored in
// this browser's IndexedDB, and so are the photos of the gallery.
//
// People have photos stored under these keys, so both keys and fields must stay readable: "photo" the source, "hints"
// the work, "album" whether the gallery is a series, ["file", id] and ["entry", id] the entries of the gallery.

const DATABASE = "colouru";
const STORE = "work";

function transact(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(request.result);
      };
      transaction.onabort = transaction.onerror = () => {
        database.close();
        reject(transaction.error);
      };
    };
  });
}

// In a private window or on a full disk nothing can be stored; the page works without.
const ignoreErrors = (promise) => promise.catch(() => undefined);
const read = (act) => ignoreErrors(transact("readonly", act));
const write = (act) => ignoreErrors(transact("readwrite", act));

const storePhoto = (source) => write((store) => store.put(source, "photo"));

function storeWork() {
  const { hints, saturation, network, shownView } = state;
  write((store) => store.put({ hints, history: currentHistory(), saturation, network, shownView }, "hints"));
  updateEntry();
}

const storeSeries = () => write((store) => store.put(state.isSeries, "album"));
const storeFile = ({ id, file }) => write((store) => store.put(file, ["file", id]));

// The entry without its file, which is large and never changes, and without its tile. `heard` is the stored name of the
// key.
function storeEntry({ file, tile, referencesKey: heard, ...facts }) {
  write((store) => store.put({ ...facts, heard }, ["entry", facts.id]));
}

function deleteStoredEntry({ id }) {
  write((store) => {
    store.delete(["file", id]);
    return store.delete(["entry", id]);
  });
}

async function loadGallery() {
  state.isSeries ||= (await read((store) => store.get("album"))) === true;
  const all = (kind) => read((store) => store.getAll(IDBKeyRange.bound([kind], [kind, []])));
  const entries = (await all("entry")) ?? [];
  const files = (await all("file")) ?? [];
  if (entries.length !== files.length) return [];
  return entries.map(({ heard: referencesKey, ...entry }, number) => ({
    ...entry,
    referencesKey,
    file: files[number],
    state: entry.state === "colouring" ? "waiting" : entry.state,
  }));
}

async function loadWork() {
  const source = await read((store) => store.get("photo"));
  const work = await read((store) => store.get("hints"));
  return source && work ? { source, work } : null;
}

async function offerStoredWork() {
  const stored = await loadWork();
  query(".kept").hidden = !stored;
  if (!stored) return;
  const parts = [format(words.continue, { name: stored.source.name }), countDots(stored.work.hints.length)];
  query(".continue").textContent = parts.filter(Boolean).join(", ");
}

// "3 dots", or nothing for none.
function countDots(count) {
  return count === 1 ? words.one_dot : count ? format(words.many_dots, { count }) : "";
}

async function reopenStoredWork() {
  const stored = await loadWork();
  if (!stored) return;
  const { saturation, network, shownView } = stored.work;
  Object.assign(state, { saturation, network, shownView });
  openPhoto(stored.source, stored.work);
}

async function forgetStoredWork() {
  await write((store) => {
    store.delete("photo");
    return store.delete("hints");
  });
  offerStoredWork();
}
