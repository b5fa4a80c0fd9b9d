import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { healthResponseSchema, statusResponseSchema } from '@pathcast/models/api';
import { ARTIFACT, fileKey, pointerKey } from '@pathcast/models/artifacts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Fixture } from './fixture.ts';
import { bytesOf, createWorker, problemOf, publish, type TestWorker, twoVersions } from './support.ts';

const [older, newer] = twoVersions();
const ASK = { instances: [{ history: ['/p2', '/p5'] }], top: 3 };

afterEach(() => reset());

/** Breaks a published version, and what the reason then names. */
const FAULTS: Record<string, { does: (fixture: Fixture) => Promise<unknown>; names: string }> = {
  'a missing pack': {
    does: ({ version }) => env.MODELS.delete(fileKey('pages', version, ARTIFACT.pack)),
    names: 'pack.safetensors is missing',
  },
  'a truncated pack': { does: (fixture) => putPack(fixture, (pack) => pack.slice(0, -1)), names: 'bytes' },
  'a longer pack': {
    does: (fixture) => putPack(fixture, (pack) => new Uint8Array([...pack, 0])),
    names: 'bytes',
  },
  'a flipped byte without a checksum': { does: (fixture) => putPack(fixture, flip), names: 'SHA-256' },
  'a flipped byte with a checksum of its own': {
    does: async (fixture) => {
      const pack = flip(bytesOf(fixture, ARTIFACT.pack));
      const sha256 = await crypto.subtle.digest('SHA-256', pack);
      await env.MODELS.put(fileKey('pages', fixture.version, ARTIFACT.pack), pack, { sha256 });
    },
    names: 'SHA-256',
  },
  'a missing manifest': {
    does: ({ version }) => env.MODELS.delete(fileKey('pages', version, ARTIFACT.manifest)),
    names: 'manifest.json',
  },
  'a garbage manifest': { does: ({ version }) => putManifest(version, 'not json'), names: 'manifest.json' },
  'a manifest without its fields': {
    does: ({ version }) => putManifest(version, '{}'),
    names: 'manifest.json',
  },
  'a manifest that was edited': {
    does: (fixture) => putManifest(fixture.version, `${text(fixture, ARTIFACT.manifest)} `),
    names: 'manifest.json is not the one',
  },
  'a foreign vocabulary': {
    does: (fixture) => republish(fixture, (m) => ({ ...m, vocabularyDigest: '0'.repeat(64) })),
    names: 'another vocabulary',
  },
  'a foreign spec': {
    does: (fixture) => republish(fixture, (m) => ({ ...m, spec: { ...fixture.spec, steps: 3 } })),
    names: 'spec',
  },
  'a spec beyond any memory': {
    does: (fixture) =>
      republish(fixture, (m) => ({ ...m, spec: { ...fixture.spec, vocabularySize: 0x7fff_ffff } })),
    names: 'MB of memory; all models together may take',
  },
  'a spec smaller than its pack': {
    does: (fixture) => republish(fixture, (m) => ({ ...m, spec: { ...fixture.spec, vocabularySize: 3 } })),
    names: 'spec',
  },
  'another model’s manifest': {
    does: (fixture) => republish(fixture, (m) => ({ ...m, name: 'others' })),
    names: 'others',
  },
  'a manifest without a pack': {
    does: (fixture) =>
      republish(fixture, (m) => ({ ...m, files: m.files.filter(({ path }) => path !== ARTIFACT.pack) })),
    names: 'lists no pack.safetensors',
  },
  'a garbage pointer': { does: () => env.MODELS.put(pointerKey('pages'), '\u0000'), names: 'current.json' },
  'a pointer without its fields': {
    does: () => env.MODELS.put(pointerKey('pages'), '[]'),
    names: 'current.json',
  },
  'an oversized pointer': {
    does: () => env.MODELS.put(pointerKey('pages'), ' '.repeat(1e5)),
    names: 'current.json',
  },
  'a pointer to nothing': {
    does: ({ pointer }) =>
      env.MODELS.put(pointerKey('pages'), JSON.stringify({ ...pointer, version: '20000101000000' })),
    names: '20000101000000',
  },
};

describe.each(Object.entries(FAULTS))('%s', (_, { does, names }) => {
  it('gives 503 with the reason, everywhere', async () => {
    await publish(newer);
    await does(newer);
    const worker = createWorker();
    for (const response of [
      await worker.predict('pages', ASK),
      await worker.ask('/v1/models/pages/next?page=/p2'),
      await worker.ask('/v1/models/pages'),
      await worker.ask('/v1/models/pages/metadata'),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('Retry-After')).toBe('5');
      const problem = await problemOf(response);
      expect(problem.type).toBe('urn:pathcast:problem:model-unavailable');
      expect(problem.detail).toContain(names);
    }
    const { status, models } = await healthOf(worker);
    expect(status).toBe('degraded');
    expect(models).toMatchObject([{ name: 'pages', version: null, reason: expect.stringContaining(names) }]);
    expect(await (await worker.ask('/v1/models')).json()).toEqual({ models: [] });
  });

  it('leaves the earlier version serving, and says so', async () => {
    await publish(older);
    const worker = createWorker();
    const before = await (await worker.predict('pages', ASK)).json();
    await publish(newer);
    await does(newer);
    worker.wait(30_000);
    for (let i = 0; i < 2; i++) {
      expect(await (await worker.predict('pages', ASK)).json()).toEqual(before);
      await worker.settle();
    }
    const { status, models } = await healthOf(worker);
    expect(status).toBe('degraded');
    expect(models).toMatchObject([{ version: older.version, reason: expect.stringContaining(names) }]);
  });
});

it.each(['a foreign vocabulary', 'a foreign spec'])(
  '%s is told of by /healthz before it is loaded',
  async (fault) => {
    await publish(newer);
    await FAULTS[fault]?.does(newer);
    const { status, models } = await healthOf(createWorker());
    expect(status).toBe('degraded');
    const reason = expect.stringContaining(FAULTS[fault]?.names ?? '?');
    expect(models).toMatchObject([{ version: null, reason }]);
  },
);

describe('a store', () => {
  it('turns to a new version within 30 s, and not before', async () => {
    await publish(older);
    const worker = createWorker();
    expect(await versionOf(worker)).toBe(older.version);
    await publish(newer);
    worker.wait(29_999);
    expect(await versionOf(worker)).toBe(older.version);
    await worker.settle();
    expect(await versionOf(worker)).toBe(older.version);
    worker.wait(1);
    expect(await versionOf(worker)).toBe(older.version); // the pointer is read beside requests
    await worker.settle();
    expect(await versionOf(worker)).toBe(newer.version);
    expect(await healthOf(worker)).toMatchObject({ status: 'ok' });
  });

  it('tries a broken model again after 5 s', async () => {
    const worker = createWorker();
    await env.MODELS.put(pointerKey('pages'), 'x');
    expect((await worker.predict('pages', ASK)).status).toBe(503);
    await publish(newer);
    expect((await worker.predict('pages', ASK)).status).toBe(503);
    worker.wait(5_000);
    expect(await versionOf(worker)).toBe(newer.version);
  });

  it('shows a broken current version beside the one that answers', async () => {
    await publish(older);
    const worker = createWorker();
    await versionOf(worker);
    await publish(newer);
    await env.MODELS.delete(fileKey('pages', newer.version, ARTIFACT.pack));
    worker.wait(30_000);
    await versionOf(worker);
    await worker.settle();
    const response = await worker.ask('/v1/models/pages');
    expect(statusResponseSchema.parse(await response.json()).model_version_status).toMatchObject([
      { version: newer.version, state: 'END', status: { error_message: 'pack.safetensors is missing' } },
      { version: older.version, state: 'AVAILABLE' },
    ]);
  });

  it('withdraws a model whose pointer is gone', async () => {
    await publish(older);
    const worker = createWorker();
    await versionOf(worker);
    await env.MODELS.delete(pointerKey('pages'));
    worker.wait(30_000);
    await versionOf(worker);
    await worker.settle();
    expect((await worker.predict('pages', ASK)).status).toBe(404);
    expect(await healthOf(worker)).toEqual({ status: 'ok', memoryBytes: 0, models: [] });
  });

  it('loads a model once for many requests', async () => {
    await publish(older);
    const asked: string[] = [];
    const bucket = new Proxy(env.MODELS, {
      get(target, key) {
        if (key !== 'get') return Reflect.get(target, key).bind(target);
        return (name: string, options: R2GetOptions) => {
          asked.push(name);
          return target.get(name, options);
        };
      },
    });
    const worker = createWorker({ bucket });
    const answers = await Promise.all(Array.from({ length: 8 }, () => worker.predict('pages', ASK)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it('answers 503 while R2 does not, and tells the log alone why', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const bucket = new Proxy(env.MODELS, {
      get: () => () => Promise.reject(new Error('R2 is down at internal.host')),
    });
    const worker = createWorker({ bucket });
    for (const path of ['/v1/models/pages', '/v1/models', '/healthz', '/v1/models/pages/next']) {
      const response = await worker.ask(path);
      expect(response.status).toBe(503);
      expect((await problemOf(response)).detail).not.toContain('internal');
    }
    expect(log).toHaveBeenCalled();
    log.mockRestore();
  });
});

async function healthOf(worker: TestWorker) {
  const response = await worker.ask('/healthz');
  expect(response.status).toBe(200);
  return healthResponseSchema.parse(await response.json());
}

async function versionOf(worker: TestWorker): Promise<unknown> {
  const answer: { version?: string } = await (await worker.predict('pages', ASK)).json();
  return answer.version;
}

function flip(pack: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return pack.map((byte, i) => (i === pack.length - 5 ? byte ^ 1 : byte));
}

function text(fixture: Fixture, path: string): string {
  return new TextDecoder().decode(bytesOf(fixture, path));
}

function putPack(fixture: Fixture, change: (pack: Uint8Array<ArrayBuffer>) => Uint8Array) {
  const pack = change(bytesOf(fixture, ARTIFACT.pack));
  return env.MODELS.put(fileKey('pages', fixture.version, ARTIFACT.pack), pack);
}

function putManifest(version: string, content: string) {
  return env.MODELS.put(fileKey('pages', version, ARTIFACT.manifest), content);
}

/** Changes a manifest and makes the pointer name the changed one: only what it says is wrong. */
async function republish(
  fixture: Fixture,
  change: (manifest: { files: { path: string }[] }) => unknown,
): Promise<void> {
  const changed = JSON.stringify(change(JSON.parse(text(fixture, ARTIFACT.manifest))));
  await putManifest(fixture.version, changed);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(changed));
  const manifestDigest = [...new Uint8Array(digest)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  await env.MODELS.put(pointerKey('pages'), JSON.stringify({ version: fixture.version, manifestDigest }));
}
