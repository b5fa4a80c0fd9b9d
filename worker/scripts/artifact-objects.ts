import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileKey, MODEL_NAME, pointerKey, VERSION } from '@pathcast/models/artifacts';
import { UserError } from './command.ts';

const POINTER = 'current.json';

/** An object as it goes into R2. */
export interface ArtifactObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** SHA-256, hex, which R2 checks and keeps. */
  readonly sha256: string;
}

/**
 * Finds the models of a folder of artifacts, those with a pointer; or the one whose folder it is itself.
 * @returns their folders.
 * @throws UserError when the folder is missing, or holds no model.
 */
export async function findModels(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => {
    throw new UserError(`${folder}: no such folder of artifacts; npm run train makes one`);
  });
  if (names.includes(POINTER) && MODEL_NAME.test(basename(folder))) return [folder];
  const models = names.filter((name) => MODEL_NAME.test(name) && existsSync(join(folder, name, POINTER)));
  if (models.length === 0)
    throw new UserError(`${folder}: no model in it; npm run train -- hihello makes one`);
  return models.map((name) => join(folder, name));
}

/** Reads a model as it lies in R2: every version's files under their keys, and after them the pointer. */
export async function* modelObjects(folder: string): AsyncGenerator<ArtifactObject> {
  const name = basename(folder);
  for (const version of (await readdir(folder)).filter((name) => VERSION.test(name))) {
    yield* versionObjects(name, version, join(folder, version));
  }
  yield object(pointerKey(name), await readFile(join(folder, POINTER)));
}

async function* versionObjects(name: string, version: string, folder: string) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file).split(sep).join('/');
    yield object(fileKey(name, version, path), await readFile(file));
  }
}

/** Copies a Buffer: Miniflare takes plain arrays of bytes alone. */
function object(key: string, buffer: Buffer): ArtifactObject {
  const sha256 = createHash('sha256').update(buffer).digest('hex');
  return { key, bytes: new Uint8Array(buffer), sha256 };
}
