/** Of the database, of its one store, and of the channel on which forgetting is told. */
const NAME = 'pathcast-personal';
/** For storage to answer: another page may hold it for good. */
const TIMEOUT_MS = 1000;

/**
 * Acts on the store in one transaction, so that no tab loses what another learnt. Opens and closes the database each
 * time: an open one may keep a page out of the back/forward cache.
 * @returns once what was done is kept. Rejects when storage is missing, blocked, full, of another form, or silent for a second.
 */
export function transact(act: (store: IDBObjectStore) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    setTimeout(reject, TIMEOUT_MS);
    const opening = indexedDB.open(NAME);
    opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const database = opening.result;
      try {
        const transaction = database.transaction(NAME, 'readwrite');
        // A full disk aborts it after its requests succeeded: only its end means kept.
        transaction.oncomplete = resolve;
        transaction.onabort = reject;
        act(transaction.objectStore(NAME));
      } catch (error) {
        reject(error);
      }
      database.close(); // once the transaction has ended
    };
  });
}

/** Tells every tab that waits in {@link onForgotten}. */
export function tellForgotten(): void {
  const channel = new BroadcastChannel(NAME);
  channel.postMessage(0);
  channel.close();
}

/**
 * Calls when another tab forgets. For memory alone: who reads storage each time finds it empty, and an open channel may
 * keep a page out of the back/forward cache.
 */
export function onForgotten(forget: () => void): void {
  try {
    // Node has channels too, which would keep it running, and no tabs.
    if (globalThis.document) new BroadcastChannel(NAME).onmessage = forget;
  } catch {
    // Blocked, as storage may be: then no tab can tell another.
  }
}
