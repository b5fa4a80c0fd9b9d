import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { healthResponseSchema, predictResponseSchema } from '@pathcast/models/api';
import { ARTIFACT, fileKey } from '@pathcast/models/artifacts';
import { lastRowsOf } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fixture } from './fixture.ts';
import { bytesOf, createWorker, fixtureOf, publish, type TestWorker, twoVersions } from './support.ts';

const [older, newer] = twoVersions();
const ASK = { instances: [{ history: ['/p2', '/p5'] }], top: 3 };

afterEach(() => reset());

/** What a fixture takes while it predicts. */
function memoryOf(fixture: Fixture): number {
  return Kernel.bytesFor(bytesOf(fixture, ARTIFACT.pack).length, fixture.spec);
}

/** A bucket that notes which packs are opened, and may give other bodies. */
function watchedBucket(change?: (object: R2ObjectBody, options?: R2GetOptions) => ReadableStream) {
  const opened: { key: string; options: R2GetOptions | undefined }[] = [];
  const bucket = new Proxy(env.MODELS, {
    get(target, property) {
      if (property !== 'get') return Reflect.get(target, property).bind(target);
      return async (key: string, options?: R2GetOptions) => {
        const object = await target.get(key, options);
        if (!key.endsWith(ARTIFACT.pack)) return object;
        opened.push({ key, options });
        if (!object || !('body' in object) || !change) return object;
        const body = change(object, options);
        return new Proxy(object, {
          get: (of, name) => (name === 'body' ? body : Reflect.get(of, name)),
        });
      };
    },
  });
  return { bucket, opened };
}

async function answerOf(worker: TestWorker, model = 'pages'): Promise<unknown> {
  const response = await worker.predict(model, ASK);
  return { status: response.status, body: await response.json() };
}

/** Lets a publication reach a worker. */
async function refresh(worker: TestWorker): Promise<void> {
  worker.wait(30_000);
  await answerOf(worker);
  await worker.settle();
}

describe('models within a budget of bytes', () => {
  it('lets go of the one that was not asked for longest, and loads it again when it is', async () => {
    const names = ['next-gru-tied', 'next-simple-tied', 'next-gru-embedding'];
    const fixtures = names.map(fixtureOf);
    for (const fixture of fixtures) await publish(fixture);
    const [a = 0, b = 0, c = 0] = fixtures.map(memoryOf);
    const { bucket, opened } = watchedBucket();
    const worker = createWorker({ bucket, modelBytes: Math.max(a + b, b + c, a + c) });
    const loads = async (name: string) => {
      opened.length = 0;
      worker.wait(1);
      expect((await worker.predict(name, ASK)).status).toBe(200);
      return opened.length;
    };
    const [first = '', second = '', third = ''] = names;
    expect([await loads(first), await loads(second), await loads(first)]).toEqual([1, 1, 0]);
    expect(await loads(third)).toBe(1); // in the second's place
    expect([await loads(first), await loads(second)]).toEqual([0, 1]);
  });

  it('says of a model that can never fit how much it takes', async () => {
    await publish(newer);
    const worker = createWorker({ modelBytes: memoryOf(newer) - 1 });
    const response = await worker.predict('pages', ASK);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('MB of memory; all models together may take');
  });

  it('tells of models without loading them', async () => {
    await publish(newer);
    const { bucket, opened } = watchedBucket();
    const worker = createWorker({ bucket });
    const health = healthResponseSchema.parse(await (await worker.ask('/healthz')).json());
    expect(health.models).toMatchObject([{ version: newer.version, reason: null }]);
    expect(await (await worker.ask('/v1/models')).json()).toEqual({
      models: [{ name: 'pages', version: newer.version }],
    });
    expect(opened.every(({ options }) => options?.range)).toBe(true); // its header alone
  });
});

describe('a new version that does not fit beside the old one', () => {
  const modelBytes = Math.max(memoryOf(older), memoryOf(newer));

  it('takes its place, while requests wait for one load', async () => {
    await publish(older);
    const { bucket, opened } = watchedBucket();
    const worker = createWorker({ bucket, modelBytes });
    await answerOf(worker);
    await publish(newer);
    worker.wait(30_000);
    opened.length = 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerOf(worker)));
    await worker.settle();
    answers.push(await answerOf(worker));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBeLessThanOrEqual(2);
    expect(answers.at(-1)).toMatchObject({ status: 200, body: { version: newer.version } });
    expect(opened.filter(({ options }) => !options?.range)).toHaveLength(1);
  });

  it('is not let in when its header is wrong, and the old one stays loaded', async () => {
    await publish(older);
    const { bucket, opened } = watchedBucket();
    const worker = createWorker({ bucket, modelBytes });
    const before = await answerOf(worker);
    await publish(newer);
    await env.MODELS.put(
      fileKey('pages', newer.version, ARTIFACT.pack),
      bytesOf(newer, ARTIFACT.pack).slice(1),
    );
    opened.length = 0;
    await refresh(worker);
    expect(await answerOf(worker)).toEqual(before);
    expect(opened).toEqual([]);
  });

  it('makes room for the old one again when it fails while it loads', async () => {
    await publish(older);
    const worker = createWorker({ modelBytes });
    const before = await answerOf(worker);
    await publish(newer);
    const flipped = bytesOf(newer, ARTIFACT.pack).map((byte, i, all) =>
      i === all.length - 5 ? byte ^ 1 : byte,
    );
    await env.MODELS.put(fileKey('pages', newer.version, ARTIFACT.pack), flipped); // without a checksum
    await refresh(worker);
    expect(await answerOf(worker)).toEqual(before);
    const { models } = healthResponseSchema.parse(await (await worker.ask('/healthz')).json());
    expect(models).toMatchObject([{ version: older.version, reason: expect.stringContaining('SHA-256') }]);
  });
});

describe('a version that is replaced under load', () => {
  it('answers 1,000 requests from the old one whole or the new one whole', async () => {
    const whole = new Map<string, string>();
    for (const fixture of [older, newer]) {
      await publish(fixture);
      whole.set(fixture.version, JSON.stringify(await answerOf(createWorker())));
    }
    await publish(older);
    const worker = createWorker();
    await answerOf(worker);
    const seen = new Set<string>();
    for (let burst = 0; burst < 20; burst++) {
      // Two publishers at once, and requests before, between and after.
      const publishing = Promise.all([publish(newer), publish(burst % 2 ? older : newer)]);
      worker.wait(30_000);
      const asked = Array.from({ length: 50 }, async () => {
        const answer = JSON.stringify(await answerOf(worker));
        seen.add(answer);
      });
      await Promise.all([publishing, ...asked]);
    }
    expect([...seen].filter((answer) => ![...whole.values()].includes(answer))).toEqual([]);
    expect(seen.size).toBe(2);
  });
});

describe('a store without a kernel', () => {
  it('predicts in plain TypeScript, the same', async () => {
    const fixture = fixtureOf('next-gru-tied');
    await publish(fixture);
    const instances = fixture.oracle.map(({ input }) => ({ history: input }));
    const ranked = async (worker: TestWorker) => {
      const response = await worker.predict(fixture.name, { instances, top: 5 });
      const { predictions } = predictResponseSchema.parse(await response.json());
      return predictions.flatMap((prediction) =>
        'next' in prediction ? prediction.next.map(({ probability }) => probability) : [],
      );
    };
    const plain = await ranked(createWorker({ kernel: null }));
    const kernel = await ranked(createWorker());
    expect(plain).toHaveLength(5 * instances.length);
    for (const [i, probability] of plain.entries()) {
      expect(Math.abs(probability - (kernel[i] ?? Number.NaN))).toBeLessThan(1e-4);
    }
  });
});

describe('a cold start', () => {
  const fixture = fixtureOf('next-lstm-onehot');
  const pack = bytesOf(fixture, ARTIFACT.pack);
  const { start = 0, width = 0 } = lastRowsOf(pack, pack.length) ?? {};

  /** Whether all that is left of the pack is asked for. */
  function isRest(options: R2GetOptions | undefined): boolean {
    return JSON.stringify(options?.range ?? {}).includes(`"length":${pack.length - start}`);
  }

  /** An object's body, that of a whole pack in pieces: small packs come in one. */
  function piecewise({ body }: R2ObjectBody, options: R2GetOptions | undefined): ReadableStream {
    if (options?.range) return body;
    return streamOf([pack.slice(0, 100), pack.slice(100, start), pack.slice(start)]);
  }

  it('has input rows of its own behind everything else', () => {
    expect(start).toBeGreaterThan(0);
    expect(start + width * fixture.spec.vocabularySize).toBe(pack.length);
  });

  it('answers before the last rows are there, from the few that it reads', async () => {
    await publish(fixture);
    const expected = await answerOf(createWorker(), fixture.name);
    let open = () => {};
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { bucket, opened } = watchedBucket((object, options) =>
      isRest(options) ? streamOf([() => opening, pack.slice(start)]) : piecewise(object, options),
    );
    const worker = createWorker({ bucket });
    expect(await answerOf(worker, fixture.name)).toEqual(expected);
    await expect.poll(() => opened.length).toBe(4);
    const ranges = opened.flatMap(({ options }) => (options?.range ? [options.range] : []));
    const row = { offset: expect.any(Number), length: width };
    expect(ranges).toEqual([row, row, { offset: start, length: pack.length - start }]);
    expect(await answerOf(worker, fixture.name)).toEqual(expected);
    expect(opened).toHaveLength(4); // those rows are kept
    open();
    await worker.settle();
    await worker.predict(fixture.name, { instances: [{ history: ['/p7', '/p9', '/p11'] }] });
    expect(opened).toHaveLength(4);
  });

  it('goes on where it was cut off', async () => {
    await publish(fixture);
    const expected = await answerOf(createWorker(), fixture.name);
    const { bucket, opened } = watchedBucket((object, options) =>
      isRest(options) && opened.length < 5
        ? streamOf([pack.slice(start, start + 7), () => Promise.reject(new Error('lost'))])
        : piecewise(object, options),
    );
    const worker = createWorker({ bucket });
    expect(await answerOf(worker, fixture.name)).toEqual(expected);
    await worker.settle(); // what was begun ends in the error
    await worker.predict(fixture.name, { instances: [{ history: ['/p30'] }] });
    await worker.settle();
    expect(opened.at(-1)?.options?.range).toEqual({ offset: start + 7, length: pack.length - start - 7 });
    const all = fixture.oracle.map(({ input }) => ({ history: input }));
    const fromParts = await (await worker.predict(fixture.name, { instances: all })).json();
    const fromWhole = await (await createWorker().predict(fixture.name, { instances: all })).json();
    expect(fromParts).toEqual(fromWhole);
  });

  it('says so when the beginning is cut off, and tries again', async () => {
    await publish(fixture);
    let isBroken = true;
    const { bucket } = watchedBucket((object) =>
      isBroken ? streamOf([pack.slice(0, start - 1)]) : object.body,
    );
    const worker = createWorker({ bucket });
    const response = await worker.predict(fixture.name, ASK);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('pack.safetensors was cut off while it was read');
    isBroken = false;
    worker.wait(5_000);
    expect((await worker.predict(fixture.name, ASK)).status).toBe(200);
  });
});

/** A stream of chunks, and of what is waited for between them. */
function streamOf(parts: readonly (Uint8Array | (() => Promise<void>))[]): ReadableStream<Uint8Array> {
  const rest = [...parts];
  return new ReadableStream({
    async pull(controller) {
      const part = rest.shift();
      if (!part) return controller.close();
      if (part instanceof Uint8Array) return controller.enqueue(part);
      await part();
      await this.pull?.(controller);
    },
  });
}
