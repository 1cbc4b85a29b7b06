// The history, in this browser: sounds with their settings in IndexedDB, so that it outlives both the page and the server.

export const MOST_KEPT = 200; // besides favourites

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("soundlet", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("sounds", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(mode, action) {
  const transaction = (await database()).transaction("sounds", mode);
  return new Promise((resolve, reject) => {
    const request = action(transaction.objectStore("sounds"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error); // a request that fails aborts as well
  });
}

/** All sounds, the newest first. */
export async function all() {
  return (await run("readonly", (store) => store.getAll())).sort((a, b) => b.created - a.created);
}

export const put = (sound) => run("readwrite", (store) => store.put(sound));
export const remove = (id) => run("readwrite", (store) => store.delete(id));

/** Which of `sounds`, the newest first, are one too many. */
export function surplus(sounds) {
  return sounds.filter((sound) => !sound.favourite).slice(MOST_KEPT);
}

/** A small value that outlives the page. */
export function remember(key, value) {
  try {
    localStorage.setItem(`soundlet.${key}`, JSON.stringify(value));
  } catch { /* private mode: it lasts as long as the page */ }
}

export function recall(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`soundlet.${key}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
