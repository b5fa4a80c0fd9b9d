import { env } from 'cloudflare:workers';
import { type Problem, problemSchema } from '@pathcast/models/api';
import { fileKey, pointerKey } from '@pathcast/models/artifacts';
import relaxed from '@pathcast/models/kernel.relaxed-simd.wasm';
import { createApp } from '@pathcast/worker/app';
import type { ObserveOptions } from '@pathcast/worker/observability/observe';
import type { RateLimiter } from '@pathcast/worker/rate-limit';
import { createR2Store } from '@pathcast/worker/store/r2-store';
import { expect, inject } from 'vitest';
import type { Fixture } from './fixture.ts';

/** The model of a task, a cell and a table, such as `label-gru-tied`. */
export function fixtureOf(name: string): Fixture {
  const found = inject('models').find((fixture) => fixture.name === name);
  if (!found) throw new Error(`no fixture ${name}`);
  return found;
}

/** Two versions of one page model, the older one first. */
export function twoVersions(): [Fixture, Fixture] {
  const [older, newer] = inject('versions');
  if (!older || !newer) throw new Error('no versions');
  return [older, newer];
}

export function bytesOf(fixture: Fixture, path: string): Uint8Array<ArrayBuffer> {
  const file = fixture.files.find((file) => file.path === path);
  if (!file) throw new Error(`no file ${path}`);
  return Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0));
}

/** Puts a version into R2 with its checksums, and then the pointer to it. */
export async function publish(fixture: Fixture): Promise<void> {
  const { name, version, pointer, files } = fixture;
  for (const { path } of files) {
    const bytes = bytesOf(fixture, path);
    const sha256 = await crypto.subtle.digest('SHA-256', bytes);
    await env.MODELS.put(fileKey(name, version, path), bytes, { sha256 });
  }
  await env.MODELS.put(pointerKey(name), JSON.stringify(pointer));
}

export interface TestWorker {
  /** Asks the app as a client would. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly predict: (model: string, body: unknown) => Promise<Response>;
  /** Moves the store's clock. */
  readonly wait: (ms: number) => void;
  /** Waits for what the store does beside requests. */
  readonly settle: () => Promise<void>;
}

export interface WorkerOptions {
  readonly allowedOrigins?: string;
  readonly bucket?: R2Bucket;
  readonly modelBytes?: number;
  /** Null is none: plain TypeScript then predicts. */
  readonly kernel?: WebAssembly.Module | null;
  readonly limiter?: RateLimiter;
  readonly observability?: ObserveOptions;
}

/** A Worker of its own, with nothing loaded and a clock that stands still. */
export function createWorker(options: WorkerOptions = {}): TestWorker {
  const { allowedOrigins = '*', bucket = env.MODELS, kernel = relaxed, modelBytes } = options;
  let time = 0;
  const kept: Promise<unknown>[] = [];
  const app = createApp({
    store: createR2Store(bucket, {
      kernel: kernel ?? undefined,
      modelBytes,
      now: () => time,
      keepAlive: (work) => void kept.push(work),
    }),
    limiter: options.limiter,
    allowedOrigins,
    observability: options.observability,
  });
  const ask = async (path: string, init?: RequestInit) => app.request(`http://worker${path}`, init);
  return {
    ask,
    predict: (model, body) =>
      ask(`/v1/models/${model}:predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    wait: (ms) => {
      time += ms;
    },
    async settle() {
      for (const work of kept) await work; // more may be added meanwhile
    },
  };
}

/** A bucket whose every answer takes a while by the clock. */
export function slowBucket(ms: number) {
  const clock = { now: 0 };
  const bucket = new Proxy(env.MODELS, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        clock.now += ms;
        return Reflect.apply(method, target, args) as unknown; // R2's own answer
      };
    },
  });
  return { bucket, now: () => clock.now };
}

/** Checks that an answer is a problem of RFC 9457 in one sentence, and no stack. */
export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  const problem = problemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  expect(problem.type).toMatch(/^urn:pathcast:problem:[a-z-]+$/);
  expect(problem.error).toBe(problem.detail);
  expect(problem.detail).not.toMatch(/\n|:\d+:\d+/);
  return problem;
}
