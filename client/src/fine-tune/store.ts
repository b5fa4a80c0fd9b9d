import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type * as z from 'zod';
import { StorageError } from './errors.ts';
import { type SavedBase, type SavedDelta, savedBaseSchema, savedDeltaSchema } from './saved.ts';

const DATABASE = 'pathcast-fine-tune';

interface Schema extends DBSchema {
  bases: { key: string; value: unknown };
  deltas: { key: string; value: unknown };
}

/** Whose model, and which. */
export interface Place {
  readonly endpoint: string;
  readonly model: string;
}

/**
 * Saves what was learnt with its base, in place of what was there, and waits until both are on the disk.
 *
 * One transaction: a page that closes, or a second tab that saves, leaves the earlier pair or the later one, never halves.
 *
 * @throws StorageError when the browser refuses; the earlier pair is then still there.
 */
export async function save(place: Place, { base, delta }: Saved): Promise<void> {
  await withDatabase('save', async (database) => {
    // The requests succeed before a full disk aborts the transaction: only its end means saved.
    const transaction = database.transaction(['bases', 'deltas'], 'readwrite', { durability: 'strict' });
    await Promise.all([
      transaction.objectStore('bases').put(base, key(place)),
      transaction.objectStore('deltas').put(delta, key(place)),
      transaction.done,
    ]);
  });
}

export interface Saved {
  readonly base: SavedBase;
  readonly delta: SavedDelta;
}

/** @throws StorageError when the browser refuses, or what it holds is not what was saved. */
export async function load(place: Place): Promise<Saved | undefined> {
  const [base, delta] = await withDatabase('read', async (database) => {
    const transaction = database.transaction(['bases', 'deltas']);
    return Promise.all([
      transaction.objectStore('bases').get(key(place)),
      transaction.objectStore('deltas').get(key(place)),
    ]);
  });
  if (delta === undefined) return undefined;
  return { base: checked(savedBaseSchema, base, 'base'), delta: checked(savedDeltaSchema, delta, 'delta') };
}

/** Removes the model; nothing happens when there is none. @throws StorageError when the browser refuses. */
export async function remove(place: Place): Promise<void> {
  await withDatabase('delete', async (database) => {
    const transaction = database.transaction(['bases', 'deltas'], 'readwrite');
    await Promise.all([
      transaction.objectStore('bases').delete(key(place)),
      transaction.objectStore('deltas').delete(key(place)),
      transaction.done,
    ]);
  });
}

/** What to say of a record that is not what was saved. */
export function damaged(what: string, cause: unknown): StorageError {
  return new StorageError(`The saved model is damaged (${what}): forget it and fine-tune again`, { cause });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged([name, ...(parsed.error.issues[0]?.path ?? [])].join('.'), parsed.error);
}

async function withDatabase<T>(
  what: string,
  act: (database: IDBPDatabase<Schema>) => Promise<T>,
): Promise<T> {
  let database: IDBPDatabase<Schema> | undefined;
  try {
    database = await openDB<Schema>(DATABASE, 1, {
      upgrade(created) {
        created.createObjectStore('bases');
        created.createObjectStore('deltas');
      },
    });
    return await act(database);
  } catch (cause) {
    const message = `This browser's storage refuses to ${what} the fine-tuned model (${cause})`;
    throw new StorageError(message, { cause });
  } finally {
    database?.close();
  }
}

function key({ endpoint, model }: Place): string {
  // A relative endpoint means this page's origin, which the database is bound to anyway.
  return `${endpoint} ${model}`;
}
