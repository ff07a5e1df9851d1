// The work outlives a refresh, a closed tab and the server: photo, hints, history and view lie in this browser's IndexedDB.

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
  await quietly(inStore("readwrite", (store) => store.clear()));
  offer();
}
