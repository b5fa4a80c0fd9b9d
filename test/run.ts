import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { ChromiumMissingError, ensureChromium } from './chromium.ts';
import { readSummary } from './summary.ts';

const ROOT = resolve(import.meta.dirname, '..');
const REPORT = join(ROOT, '.cache/vitest.json');

/** `npm test [-- ARGUMENTS OF VITEST]`: sees to a browser and the builds, runs every test, and counts them at the end. */
async function main(args: readonly string[]): Promise<number> {
  await mkdir(dirname(REPORT), { recursive: true });
  await rm(REPORT, { force: true }); // an old report must not speak for a run that crashed
  const chromium = await ensureChromium();
  const built = await execute(npm(), 'run', '--silent', 'build', '-w', '@pathcast/worker');
  if (built !== 0) {
    console.error('The build failed, so no test ran.');
    return built;
  }
  process.env.CHROME_PATH = chromium;
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  return execute(vitest, 'run', ...reporters, ...args);
}

/** Runs a script in Node from the root, with this terminal; gives its exit code, never 0 when it was killed. */
async function execute(script: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { cwd: ROOT, stdio: 'inherit' });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code) => done(code ?? 1));
  });
}

/** npm's own script: the one that runs this, else the one beside Node. */
function npm(): string {
  return (
    process.env.npm_execpath ?? join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  );
}

let code = 1;
try {
  code = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ChromiumMissingError ? error.message : error);
}
const summary = await readSummary(REPORT);
// vitest may end well with nothing run, or badly with nothing failed: neither is a pass.
process.exitCode = code !== 0 || summary.failed > 0 || summary.passed === 0 ? code || 1 : 0;
console.log(summary.line);
