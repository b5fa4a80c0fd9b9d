import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pointerSchema } from '@pathcast/models/artifacts';
import { UserError } from '../user-error.ts';

/** The version that a model's folder points to. @throws UserError when there is no pointer, or it is none of ours. */
export async function currentVersion(folder: string): Promise<string> {
  const path = join(folder, 'current.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UserError(`${path}: no such file; train the model first`);
  });
  try {
    return pointerSchema.parse(JSON.parse(text)).version;
  } catch (error) {
    throw new UserError(`${path}: not a pointer to a version`, { cause: error });
  }
}
