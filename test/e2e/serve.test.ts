import '@tensorflow/tfjs'; // the exports describe the graph with it
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { modelsResponseSchema, predictResponseSchema } from '@pathcast/models/api';
import { writeVersion } from '@pathcast/train/export/version';
import { type Server, serve } from '@pathcast/worker/scripts/serve';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomModel } from '../support/models.ts';

const ROOT = resolve(import.meta.dirname, '../..');
let artifacts: string;

beforeAll(async () => {
  artifacts = await mkdtemp(join(tmpdir(), 'pathcast-serve-'));
  await writeVersion(artifacts, randomModel(), {
    name: 'pages',
    config: {},
    data: { format: 'random', sessions: 1, events: 2, tokens: 40, testSessions: 0 },
    metrics: null,
    backend: 'none',
  });
});

afterAll(() => rm(artifacts, { recursive: true, force: true }));

describe('serve()', () => {
  let server: Server;

  beforeAll(async () => {
    server = await serve({ artifacts, port: 0 });
  }, 120_000);

  afterAll(() => server.stop());

  const predict = (body: string) => fetch(`${server.url}/v1/models/pages:predict`, { method: 'POST', body });

  it('answers from a folder of artifacts, on this machine alone', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await predict('{"instances":[{"history":["/p2"]}],"top":3}');
    const { predictions } = predictResponseSchema.parse(await response.json());
    expect(predictions).toMatchObject([{ next: { length: 3 } }]);
  });

  it('gives artifacts out with their length, and parts of them', async () => {
    const { models } = modelsResponseSchema.parse(await (await fetch(`${server.url}/v1/models`)).json());
    const url = `${server.url}/v1/models/pages/versions/${models[0]?.version}/model.json`;
    const whole = await (await fetch(url)).text();
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.headers.get('Content-Length')).toBe(String(whole.length));
    const part = await fetch(url, { headers: { Range: 'bytes=2-7' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('Content-Length')).toBe('6');
    expect(await part.text()).toBe(whole.slice(2, 8));
  });

  it('refuses 10 MB of JSON with 413', async () => {
    expect((await predict(JSON.stringify('x'.repeat(10_000_000)))).status).toBe(413);
  });
});

describe('npm run serve', () => {
  it.each(['workerd', 'node'])(
    'on %s prints one line with the URL, and stops when told to',
    async (runtime) => {
      const flags = ['--runtime', runtime, '--artifacts', artifacts, '--port', '0'];
      const { child, output, ended } = run(...flags);
      const url = await untilPrinted(output, /http:\/\/127\.0\.0\.1:\d+/);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(output().trim().split('\n')).toHaveLength(1);
      await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    },
    120_000,
  );

  it.each([
    [['--artefacts', 'x'], "Unknown option '--artefacts'"],
    [['--port', 'x'], '--port: "x" is not a port'],
    [['--runtime', 'deno'], '--runtime: "deno" is neither workerd nor node'],
    [['--runtime', 'node', '--artifacts', 'models/src', '--port', '0'], 'models/src: no model in it'],
    [['--port', '0', '--artifacts', 'no/such/folder'], 'no/such/folder: no such folder of artifacts'],
    [['--port', '0', '--artifacts', 'models/src'], 'models/src: no model in it'],
  ])(
    '%j fails with one sentence',
    async (args, sentence) => {
      const { output, ended } = run(...args);
      expect(await ended).toBe(1);
      expect(output()).toContain(sentence);
      expect(output().trim().split('\n')).toHaveLength(1);
    },
    120_000,
  );

  it.each(['workerd', 'node'])(
    'on %s says that a port is in use',
    async (runtime) => {
      const taken = createServer();
      await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
      const address = taken.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const { output, ended } = run('--runtime', runtime, '--artifacts', artifacts, '--port', String(port));
      expect(await ended).toBe(1);
      expect(output()).toContain(`port ${port} is in use`);
      await new Promise((closed) => taken.close(closed));
    },
    120_000,
  );
});

/** Starts the command as npm does, with node itself, so that a signal reaches it. */
function run(...args: string[]) {
  const script = join(ROOT, 'worker/scripts/serve.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: ROOT },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  return { child, ended, output: () => text };
}

async function untilPrinted(output: () => string, pattern: RegExp): Promise<string> {
  for (;;) {
    const [found] = pattern.exec(output()) ?? [];
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
