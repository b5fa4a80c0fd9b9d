import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openDatabase } from '@pathcast/train/data/database';
import { describe, expect, it } from 'vitest';
import { read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';

const MAIN = resolve(import.meta.dirname, '../../../train/src/main.ts');
/** Where a process may have a file system of its own, so that a disk can be full. */
const CAN_MOUNT = spawnSync('unshare', ['-rm', 'true']).status === 0;

/** More than a tenth of a GB holds while it is sorted. */
async function bigTable(folder: string): Promise<string> {
  const path = join(folder, 'big.csv');
  const rows = Array.from(
    { length: 1_500_000 },
    (_, i) => `s${(i * 7919) % 400_000},/page-${i % 5000},${i}\n`,
  );
  await writeFile(path, `session,page,time\n${rows.join('')}`);
  return path;
}

describe('a database', () => {
  it('says how to give it more memory when what cannot spill does not fit', async () => {
    const database = await openDatabase({ memoryGb: 0.1 });
    try {
      const query = database.run('SELECT list(i) FROM range(100_000_000) t(i)');
      await expect(query).rejects.toThrow(
        /^0\.1 GB of memory are not enough for this data; give more with --memory-gb$/,
      );
    } finally {
      await database.close();
    }
  });
});

describe('data larger than the memory', () => {
  it('spills to the folder that was named, and leaves it as it was', async () => {
    const folder = await temporaryFolder();
    const data = await bigTable(folder);
    const spill = join(folder, 'spill');
    const small = await read(data, { memoryGb: 0.1, spill });
    expect(await readdir(spill)).toEqual([]);
    const large = await read(data);
    expect(small.report).toEqual(large.report);
    expect(small.columns.events).toEqual(large.columns.events);
  });

  it.skipIf(!CAN_MOUNT)(
    `says so in a sentence when the disk is full${CAN_MOUNT ? '' : ' [skipped: no file system can be mounted here]'}`,
    async () => {
      const folder = await temporaryFolder();
      const [data, disk] = [await bigTable(folder), join(folder, 'disk')];
      await mkdir(disk);
      const command = `mount -t tmpfs -o size=4m tmpfs "${disk}" && "${process.execPath}" --import tsx "${MAIN}" inspect --data "${data}" --memory-gb 0.1 --spill "${disk}"; code=$?; ls -A "${disk}"; exit $code`;
      const { status, stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', command], {
        encoding: 'utf8',
        cwd: resolve(import.meta.dirname, '../../..'),
      });
      expect(stderr).toBe(
        `pathcast: ${disk} is full: what does not fit into memory is put there; name another folder with --spill\n`,
      );
      expect([status, stdout]).toEqual([1, '']);
    },
  );
});
