import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureBuilt } from '@pathcast/worker/scripts/ensure-built';
import { BUILT } from '@pathcast/worker/scripts/paths';
import { atMost, type Row } from '../report.ts';

/** The built Worker, its kernel beside it, as they are uploaded. */
export async function sizeRows(): Promise<Row[]> {
  await ensureBuilt();
  const folder = dirname(BUILT.worker);
  const names = (await readdir(folder)).filter((name) => /\.(js|wasm)$/.test(name));
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  return [atMost('Worker and kernel, gzipped', bytes / 1024, 120, 'KiB')];
}
