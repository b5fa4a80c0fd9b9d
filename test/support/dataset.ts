import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DataOptions, defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { UserError } from '@pathcast/train/user-error';
import { expect } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** Small logs of every format, written by hand for these tests. */
export const FIXTURES = resolve(import.meta.dirname, '../fixtures/data');

/** Every page counts, however rare: small logs would hold nothing otherwise. */
export const ALL_PAGES = { minSupport: 1, minVisitors: 1 } as const;

/** A file of some content, gone after the test. */
export async function fileOf(content: string | Uint8Array, name = 'data'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

/** Reads a file, or the fixture of a name. */
export async function read(path: string, options: Partial<DataOptions> = {}) {
  const data = path.startsWith('/') ? path : join(FIXTURES, path);
  const { sessions, report, format } = await readDataset({ ...defaultDataOptions(data), ...options });
  return { format, sessions: [...sessions], columns: sessions, report };
}

/** The message of a user's error, the file named FILE. */
export async function failure(path: string, options: Partial<DataOptions> = {}): Promise<string> {
  const error = await read(path, options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  return error instanceof UserError ? error.message.replaceAll(path, 'FILE') : '';
}
