import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { inTemporaryFolder, ROOT } from './measure.ts';
import { atMost, type Bench, figure } from './report.ts';

const HEALTH = 'http://localhost:8787/healthz';
const GIVE_UP_MS = 600_000;

/** From a fresh clone to the first answer: `npm ci && npm start`, and then a second start. */
export const start: Bench = {
  title: 'From a fresh clone to the first answer on port 8787',
  run: () =>
    inTemporaryFolder(async (folder) => {
      const clone = join(folder, 'pathcast');
      await run('git', ['clone', '--quiet', ROOT, clone], folder);
      const install = await timed(() => run('npm', ['ci', '--no-audit', '--no-fund'], clone));
      const first = await timeToAnswer(clone);
      const second = await timeToAnswer(clone);
      return [
        figure('npm ci', install, 's'),
        figure('npm start, first', first, 's'),
        atMost('npm ci && npm start, answered', install + first, 240, 's'),
        figure('npm start, second', second, 's'),
      ];
    }),
};

/** Starts the clone, waits for a healthy answer, and stops it: seconds. */
async function timeToAnswer(clone: string): Promise<number> {
  const server = spawn('npm', ['start'], { cwd: clone, stdio: 'ignore', detached: true });
  const ended = new Promise<void>((done) => server.once('close', () => done()));
  try {
    return await timed(() => untilHealthy(() => server.exitCode !== null));
  } finally {
    // npm does not hand signals on in time; the whole group is ours.
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGTERM');
    await ended;
  }
}

async function untilHealthy(hasEnded: () => boolean): Promise<void> {
  const deadline = Date.now() + GIVE_UP_MS;
  while (Date.now() < deadline) {
    if (hasEnded()) throw new Error('npm start ended before it answered');
    const response = await fetch(HEALTH).catch(() => undefined);
    if (response?.ok) {
      const { status } = (await response.json()) as { status: string }; // our own contract
      if (status === 'ok') return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('npm start did not answer in ten minutes');
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = Date.now();
  await work();
  return (Date.now() - started) / 1000;
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: 'ignore' });
  const code = await new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
}
