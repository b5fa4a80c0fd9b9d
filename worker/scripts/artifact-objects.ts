import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileKey, MODEL_NAME, pointerKey, VERSION } from '@pathcast/models/artifacts';
import { UserError } from './command.ts';

/** An object as it goes into R2. */
export interface ArtifactObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** SHA-256, hex, which R2 checks and keeps. */
  readonly sha256: string;
}

/**
 * Reads the published form of a folder of artifacts: every version's files under the keys they have in R2, and after them
 * the pointers.
 * @throws UserError when the folder is missing, or holds no model.
 */
export async function* artifactObjects(folder: string): AsyncGenerator<ArtifactObject> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new UserError(`${folder}: no such folder of artifacts; npm run train makes one`);
  });
  let found = 0;
  for (const entry of entries) {
    if (!entry.isDirectory() || !MODEL_NAME.test(entry.name)) continue;
    const model = join(folder, entry.name);
    const pointer = await readFile(join(model, 'current.json')).catch(() => undefined);
    if (!pointer) continue;
    found++;
    for (const version of (await readdir(model)).filter((name) => VERSION.test(name))) {
      yield* versionObjects(entry.name, version, join(model, version));
    }
    yield object(pointerKey(entry.name), pointer);
  }
  if (found === 0) throw new UserError(`${folder}: no model in it; npm run train -- hihello makes one`);
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
