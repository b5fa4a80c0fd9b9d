import { type IDBPDatabase, openDB } from 'idb';
import { StorageError } from './errors.ts';
import { type Tuned, tunedSchema } from './tuned.ts';

const DATABASE = 'pathcast';
const STORE = 'fine-tuned';

/** Whose model, and which. */
export interface Place {
  readonly endpoint: string;
  readonly model: string;
}

/**
 * Saves a fine-tuned model in place of the earlier one, and waits until it is on the disk.
 * @throws StorageError when the browser refuses; the earlier one is then still there.
 */
export async function save(tuned: Tuned): Promise<void> {
  await withDatabase('save', async (database) => {
    // The request succeeds before a full disk aborts the transaction: only its end means saved.
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    await Promise.all([transaction.store.put(tuned, key(tuned)), transaction.done]);
  });
}

/** @throws StorageError when the browser refuses, or what it holds is not what was saved. */
export async function load(place: Place): Promise<Tuned | undefined> {
  const found = await withDatabase('read', (database): Promise<unknown> => database.get(STORE, key(place)));
  if (found === undefined) return undefined;
  const parsed = tunedSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join('.') || 'record';
  throw new StorageError(`The saved model is damaged (${field}): forget it and fine-tune again`, {
    cause: parsed.error,
  });
}

/** Removes the model; nothing happens when there is none. @throws StorageError when the browser refuses. */
export async function remove(place: Place): Promise<void> {
  await withDatabase('delete', async (database) => {
    const transaction = database.transaction(STORE, 'readwrite');
    await Promise.all([transaction.store.delete(key(place)), transaction.done]);
  });
}

async function withDatabase<T>(what: string, act: (database: IDBPDatabase) => Promise<T>): Promise<T> {
  let database: IDBPDatabase | undefined;
  try {
    database = await openDB(DATABASE, 1, { upgrade: (created) => void created.createObjectStore(STORE) });
    return await act(database);
  } catch (cause) {
    throw new StorageError(`This browser's storage refuses to ${what} the fine-tuned model (${cause})`, {
      cause,
    });
  } finally {
    database?.close();
  }
}

function key({ endpoint, model }: Place): string {
  // A relative endpoint means this page's origin, which the database is bound to anyway.
  return `${endpoint} ${model}`;
}
