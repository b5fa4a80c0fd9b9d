import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pointerKey } from '@pathcast/models/artifacts';
import { predictionKernel } from '@pathcast/models/kernel/compile';
import { writeVersion } from '@pathcast/train/export/version';
import { createFolderBucket } from '@pathcast/worker/node/folder-bucket';
import { createR2Store } from '@pathcast/worker/store/r2-store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { randomModel } from '../support/models.ts';
import { ABOUT, writeArtifacts } from './artifacts.ts';

let artifacts: string;
let version: string;

beforeAll(async () => {
  ({ artifacts, version } = await writeArtifacts());
});
afterAll(() => rm(artifacts, { recursive: true, force: true }));

async function bytesOf(object: { arrayBuffer(): Promise<ArrayBuffer> } | null): Promise<Buffer> {
  return Buffer.from((await object?.arrayBuffer()) ?? new ArrayBuffer(0));
}

describe('a folder as a bucket', () => {
  it('gives an object, its parts, and its checksum', async () => {
    const bucket = createFolderBucket(artifacts);
    const key = `models/pages/${version}/model.json`;
    const bytes = await readFile(join(artifacts, 'pages', version, 'model.json'));
    const sha256 = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
    const object = await bucket.get(key);
    expect(object).toMatchObject({ key, size: bytes.length });
    expect(Buffer.from(object?.checksums.sha256 ?? new ArrayBuffer(0))).toEqual(Buffer.from(sha256));
    expect(await bytesOf(object)).toEqual(bytes);
    const part = await bucket.get(key, { range: { offset: 3, length: 5 } });
    expect(await bytesOf(part)).toEqual(bytes.subarray(3, 8));
    expect(await bucket.get(key, { onlyIf: { etagMatches: 'x' } })).not.toHaveProperty('body');
    expect(await bucket.get(key, { onlyIf: { etagMatches: object?.etag ?? '' } })).toHaveProperty('body');
    const { delimitedPrefixes } = await bucket.list({ prefix: 'models/', delimiter: '/' });
    expect(delimitedPrefixes.sort()).toEqual(['models/letters/', 'models/pages/']);
  });

  it('of one model has that one alone', async () => {
    const bucket = createFolderBucket(join(artifacts, 'pages'));
    expect(await bucket.head(pointerKey('pages'))).not.toBeNull();
    expect(await bucket.head(pointerKey('letters'))).toBeNull();
  });

  it('leads nowhere else, whatever the key', async () => {
    const bucket = createFolderBucket(join(artifacts, 'pages'));
    const part = fc.oneof(
      fc.constantFrom(
        'models',
        'pages',
        'letters',
        version,
        '..',
        '.',
        '',
        'current.json',
        'secret.json',
        'etc',
        'outside.json',
        'inside.json',
        '\0',
        '\\..',
      ),
      fc.string({ maxLength: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 7 }), async (parts) => {
        const object = await bucket.head(parts.join('/'));
        if (object) expect(parts.join('/')).toMatch(/^models\/pages\/(current\.json|\d{14}\/[a-z0-9/._-]+)$/);
        if (object) expect(parts.join('/')).not.toMatch(/\.\.|(outside|inside)\.json$/);
      }),
      { numRuns: 2000, seed: 1 },
    );
    expect(await bucket.head(`models/pages/${version}/outside.json`)).toBeNull();
  });

  it('shows the store a version that is published while it serves', async () => {
    const folder = await temporaryFolder();
    const first = await writeVersion(folder, randomModel({}, 1), { name: 'pages', ...ABOUT });
    let time = 0;
    const store = createR2Store(createFolderBucket(folder), {
      kernel: await predictionKernel(),
      now: () => time,
    });
    const served = async () => (await store.state('pages')).served?.version;
    expect(await served()).toBe(basename(first));
    const second = await writeVersion(folder, randomModel({}, 2), { name: 'pages', ...ABOUT });
    time += 60_000;
    // A store may look behind a request's back: the one after it sees what was found.
    await expect.poll(served).toBe(basename(second));
  });

  it('refuses a file that is changed while it is read', async () => {
    const folder = await temporaryFolder();
    await writeVersion(folder, randomModel(), { name: 'pages', ...ABOUT });
    const object = await createFolderBucket(folder).get(pointerKey('pages'));
    await writeFile(join(folder, 'pages/current.json'), 'another');
    await expect(object?.arrayBuffer()).rejects.toThrow('changed while it was read');
  });
});
