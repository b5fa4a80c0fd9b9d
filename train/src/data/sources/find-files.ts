import { stat } from 'node:fs/promises';
import { UserError } from '../../user-error.ts';
import { type Database, sqlText } from '../database.ts';
import { literalGlob } from './literal-glob.ts';
import { fetchObjects, isObjectUrl } from './object-store.ts';
import type { SourceFile } from './sample.ts';

/**
 * The files that `--data` names, in order of their names: a file, a folder (all below it whose names begin with neither . nor _), a glob
 * (`*`, `**`, `?`, `[…]`), or an `s3://` or `r2://` address, whose objects are fetched into the run's folder.
 * @param data an absolute path or glob, or an address.
 * @throws UserError when there is none, or it cannot be looked at.
 */
export async function findFiles(data: string, database: Database): Promise<SourceFile[]> {
  if (isObjectUrl(data)) return fetchObjects(data, database.folder);
  const found = await stat(data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw new UserError(`${data}: no permission to read it`, { cause: error });
    return undefined;
  });
  if (found && !found.isDirectory()) return [{ path: data, name: data }];
  const files = await listFiles(found ? `${literalGlob(data)}/**` : data, database);
  if (files.length > 0) return files.map((path) => ({ path, name: path }));
  if (found) throw new UserError(`${data}: the folder holds no file`);
  throw new UserError(`${data}: ${/[*?[]/.test(data) ? 'no file matches' : 'no such file'}`);
}

async function listFiles(glob: string, database: Database): Promise<string[]> {
  const rows = await database.rows(`SELECT file FROM glob(${sqlText(glob)})`);
  return rows
    .map(({ file }) => String(file))
    .filter((path) => !/\/[._][^/]*$/.test(path))
    .sort();
}
