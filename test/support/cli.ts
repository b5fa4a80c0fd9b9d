import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of ours as its npm script does, as if from a folder, and waits for it to end. */
export async function runScript(
  script: string,
  args: readonly string[],
  cwd = ROOT,
  nodeArgs: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  const node = ['--import', 'tsx', ...nodeArgs, resolve(ROOT, script)];
  const child = spawn(process.execPath, [...node, ...args], {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail));
  return { code, stdout, stderr };
}

/** Runs a script until it has written `cue` to stdout, sends it SIGINT, and waits for its end. */
export async function interruptScript(script: string, args: readonly string[], cwd: string, cue: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', resolve(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: cwd },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    const before = stdout.includes(cue);
    stdout += chunk;
    if (!before && stdout.includes(cue)) child.kill('SIGINT');
  });
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string }>((done, fail) =>
    child.on('close', (code, signal) => done({ code, signal, stdout })).on('error', fail),
  );
}
