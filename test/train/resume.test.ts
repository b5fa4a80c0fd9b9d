import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Manifest, manifestSchema } from '@pathcast/models/manifest';
import { readHead } from '@pathcast/models/pack/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { habits } from '../support/crews.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openVersion, train } from '../support/trained.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SMALL = ['--hidden-units', '16', '--epochs', '3', '--batch-size', '8', '--backend', 'wasm'];
const RUN = ['navigation', '--data', 'log.txt', '--out', 'out', ...SMALL];
const EVERY_STEP = ['--checkpoint-minutes', '0'];

/** 200 sessions of 2 to 8 pages, a line each. */
const LOG = Array.from(habits(200), (ids) => [...ids].map((id) => `/p${id}`).join(' ')).join('\n');

/** Starts a run and hands over how to hear of its output, signal it and wait for it. */
function start(args: readonly string[], folder: string) {
  const main = resolve(ROOT, 'train/src/main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((done, fail) =>
    child.on('close', (code) => done({ code, output })).on('error', fail),
  );
  const said = (cue: string) =>
    new Promise<void>((done) => {
      const check = () => output.includes(cue) && done();
      listeners.add(check);
      check();
    });
  const stop = (signal: NodeJS.Signals) => child.kill(signal);
  return { ended, stop, said: (cue: string) => Promise.race([said(cue), ended]) };
}

/** All that a run decides: its manifest without the time, and the digests of its files but the report, which has times. */
async function resultOf(folder: string) {
  const versions = await readdir(join(folder, 'out/navigation'));
  expect(versions.filter((name) => name.startsWith('.checkpoint'))).toEqual([]);
  const version =
    versions
      .filter((name) => /^\d{14}$/.test(name))
      .sort()
      .at(-1) ?? '';
  const text = await readFile(join(folder, 'out/navigation', version, 'manifest.json'), 'utf8');
  const { createdAt: _, version: __, files, ...rest }: Manifest = manifestSchema.parse(JSON.parse(text));
  return { ...rest, files: files.filter(({ path }) => path !== 'report.html') };
}

const checkpointOf = (folder: string) => join(folder, 'out/navigation/.checkpoint.safetensors');

/** Runs of their own, from which the tests take copies. */
let shared: string;
let expected: Awaited<ReturnType<typeof resultOf>>;
/** How long the unbroken run takes from its first step on. */
let fitMs: number;
/** The run that is stopped in its second epoch. */
let stopped: { folder: string; code: number | null; output: string; checkpoint: Buffer };

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'pathcast-test-'));
  const [whole, half] = [join(shared, 'whole'), join(shared, 'half')];
  for (const folder of [whole, half]) {
    await mkdir(folder);
    await writeFile(join(folder, 'log.txt'), LOG);
  }
  const unbroken = start(RUN, whole);
  await unbroken.said('to choose on');
  const begun = performance.now();
  expect(await unbroken.ended).toMatchObject({ code: 0 });
  fitMs = performance.now() - begun;
  expected = await resultOf(whole);

  const interrupted = start(RUN, half);
  await interrupted.said('epoch  1/3');
  interrupted.stop('SIGINT');
  stopped = { folder: half, ...(await interrupted.ended), checkpoint: await readFile(checkpointOf(half)) };
}, 120_000);

afterAll(() => rm(shared, { recursive: true, force: true }));

/** A folder with the sessions, and the stopped run's checkpoint where asked for. */
async function siteFolder(isStopped: boolean): Promise<string> {
  const folder = await temporaryFolder();
  if (isStopped) await cp(stopped.folder, folder, { recursive: true });
  else await writeFile(join(folder, 'log.txt'), LOG);
  return folder;
}

const GO_ON = 'pathcast: stopped; the same command with --resume goes on from here';
const lastLine = (output: string) => output.trim().split('\n').at(-1);

describe('a run that is killed at random points', () => {
  it('comes to the same metrics and files as an unbroken one, once it is resumed to its end', async () => {
    const folder = await siteFolder(false);
    const delays: number[] = [];
    for (;;) {
      const run = start([...RUN, ...EVERY_STEP, ...(delays.length ? ['--resume'] : [])], folder);
      if (delays.length < 3) {
        await run.said('fitting on');
        delays.push(Math.random() * fitMs);
        await delay(delays.at(-1));
        run.stop('SIGKILL');
      }
      const { code, output } = await run.ended;
      if (code === 0) break;
      expect(code, `after ${delays} ms: ${output}`).toBeNull();
    }
    expect(await resultOf(folder), `after ${delays} ms`).toEqual(expected);
  }, 120_000);
});

describe('a run that is told to stop', () => {
  it('saves its place, and says how to go on', async () => {
    expect(stopped.code).toBe(130);
    expect(lastLine(stopped.output)).toBe(GO_ON);
    expect(await readdir(join(stopped.folder, 'out/navigation'))).toEqual(['.checkpoint.safetensors']);
  });

  it('goes on to the same files however often it is stopped, a full disk or not', async () => {
    const folder = await siteFolder(true);
    const final = start([...RUN, '--resume'], folder);
    await final.said('fitting on all');
    final.stop('SIGTERM');
    const { code, output } = await final.ended;
    expect(code).toBe(143);
    expect(lastLine(output)).toBe(GO_ON);

    const hasFullDisk = existsSync('/dev/full');
    if (hasFullDisk) await symlink('/dev/full', `${checkpointOf(folder)}.part`);
    const last = await start([...RUN, ...EVERY_STEP, '--resume'], folder).ended;
    expect(last.code).toBe(0);
    expect(last.output).not.toContain('to choose on');
    const complaints = last.output.match(/the run goes on without a new checkpoint: ENOSPC/g) ?? [];
    expect(complaints).toHaveLength(hasFullDisk ? 1 : 0);
    expect(await resultOf(folder)).toEqual(expected);
  }, 120_000);
});

describe('a checkpoint', () => {
  it.each([
    { what: 'data', args: ['--data', 'other.txt'] },
    { what: 'options', args: ['--data', 'log.txt', '--learning-rate', '0.2'] },
  ])('of other $what is refused in a sentence, and kept', async ({ what, args }) => {
    const folder = await siteFolder(true);
    await writeFile(join(folder, 'other.txt'), '/a /b /c\n/a /b\n/b /c\n');
    const { code, stderr } = await train(
      ['navigation', '--out', 'out', ...SMALL, ...args, '--resume'],
      folder,
    );
    expect(code).toBe(1);
    expect(stderr).toBe(
      `pathcast: --resume: the stopped run had other ${what}; train without --resume to begin anew\n`,
    );
    expect(await readFile(checkpointOf(folder))).toEqual(stopped.checkpoint);
  });

  it('outlives a loss that is no number, which says what to change', async () => {
    const folder = await siteFolder(true);
    const broken = Buffer.from(stopped.checkpoint);
    const bias = readHead(broken, broken.length).tensors.find(({ name }) => name === 'weights.output_bias');
    broken.writeFloatLE(Number.NaN, (bias?.start ?? 0) + 4 * 5);
    await writeFile(checkpointOf(folder), broken);
    const { code, stderr } = await train([...RUN, ...EVERY_STEP, '--resume'], folder);
    expect(code).toBe(1);
    expect(lastLine(stderr)).toBe('pathcast: the loss is NaN in epoch 2: try a smaller --learning-rate');
    expect(await readFile(checkpointOf(folder))).toEqual(broken);
    expect(await readdir(join(folder, 'out/navigation'))).toEqual(['.checkpoint.safetensors']);
  });
});

describe('data of next to nothing', () => {
  it.each([
    ['one session', '/a /b /c\n', 'the data holds one session; at least two are needed to hold one out'],
    [
      'no held-out page that training saw',
      '/a /b\n/a /b\n/q /r\n',
      'no page of the held-out sessions was seen in training: nothing to score',
    ],
  ])('gets one sentence: %s', async (_, content, message) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), content);
    const { code, stderr } = await train(RUN, folder);
    expect([code, stderr]).toEqual([1, `pathcast: ${message}\n`]);
    expect(await readdir(folder)).toEqual(['log.txt']);
  });

  it('trains all the same: one page, asked for again and again', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), '/a /a /a\n/a /a\n');
    const { code, stdout } = await train(RUN, folder);
    expect(code).toBe(0);
    const { manifest, predictor } = await openVersion(stdout);
    expect(manifest.metrics?.model).toMatchObject({ predictions: 1, recallAt1: 1 });
    expect(predictor.next(['/a'], { top: 5 }).map(({ page }) => page)).toEqual(['/a']);
  });
});
