import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ARTIFACT, fileKey, type Pointer, pointerKey } from '@pathcast/models/artifacts';
import { firstIssue } from '@pathcast/models/first-issue';
import { type Manifest, manifestSchema } from '@pathcast/models/manifest';
import { ROOT } from '../cli/run.ts';
import { sha256 } from '../export/files.ts';
import { onInterrupt } from '../interrupt.ts';
import { UserError } from '../user-error.ts';

export const TARGETS = ['local', 'r2'] as const;
export type Target = (typeof TARGETS)[number];

const BUCKET = 'pathcast-models';
const require = createRequire(import.meta.url);
const WRANGLER = require.resolve('wrangler/package.json');

/** Where the local R2 lives. State written by one wrangler version crashes another, so each has its own. */
export function localStatePath(): string {
  const { version } = require(WRANGLER) as { version: string }; // every package.json has one
  return join(ROOT, '.cache', `wrangler-${version}`);
}

interface Upload {
  readonly key: string;
  readonly file: string;
}

/**
 * Puts a version into R2 with wrangler's own bulk put, local or remote: its files, then the manifest, then the pointer,
 * so that readers see the old version whole or the new one whole.
 *
 * @param folder a version's folder.
 * @param persistTo where the local R2 lives; `npm start` serves the default.
 * @throws UserError when a file is not what the manifest says, or wrangler fails; the pointer then stays where it was.
 */
export async function publishVersion(
  folder: string,
  target: Target,
  persistTo = localStatePath(),
): Promise<void> {
  const { manifest, digest } = await readManifest(folder);
  for (const { path, sha256: expected } of manifest.files) {
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    if (!bytes || sha256(bytes) !== expected) {
      throw new UserError(`${join(folder, path)} is not the file that the manifest describes: train again`);
    }
  }
  const { name, version } = manifest;
  const uploadOf = (path: string) => ({ key: fileKey(name, version, path), file: join(folder, path) });
  const side = await mkdtemp(join(tmpdir(), 'pathcast-publish-'));
  const takeBack = onInterrupt(() => rmSync(side, { recursive: true, force: true }));
  try {
    const pointer: Pointer = { version, manifestDigest: digest };
    const pointerFile = join(side, 'current.json');
    await writeFile(pointerFile, JSON.stringify(pointer));
    const where = target === 'local' ? ['--local', '--persist-to', persistTo] : ['--remote'];
    const put = async (uploads: readonly Upload[]) => {
      const list = join(side, 'uploads.json');
      await writeFile(list, JSON.stringify(uploads));
      await wrangler(['r2', 'bulk', 'put', BUCKET, '--filename', list, ...where]);
    };
    await put(manifest.files.map(({ path }) => uploadOf(path)));
    await put([uploadOf(ARTIFACT.manifest)]);
    await put([{ key: pointerKey(name), file: pointerFile }]);
  } finally {
    takeBack();
    await rm(side, { recursive: true, force: true });
  }
  process.stdout.write(`  published ${name} ${version} to ${target === 'local' ? 'the local R2' : 'R2'}\n`);
}

async function readManifest(folder: string): Promise<{ manifest: Manifest; digest: string }> {
  const path = join(folder, ARTIFACT.manifest);
  const bytes = await readFile(path).catch(() => {
    throw new UserError(`${path}: no such file; is ${folder} a version's folder?`);
  });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new UserError(`${path}: not JSON`);
  }
  const checked = manifestSchema.safeParse(value);
  if (!checked.success) throw new UserError(`${path}: ${firstIssue(checked.error, 'the manifest')}`);
  const { name, version } = checked.data;
  const folderName = basename(dirname(folder));
  if (name !== folderName) throw new UserError(`${path}: it is of model ${name}, not ${folderName}`);
  if (basename(folder) !== version)
    throw new UserError(`${path}: it is of version ${version}, not ${basename(folder)}`);
  return { manifest: checked.data, digest: sha256(bytes) };
}

/** Runs wrangler quietly, on node itself: a child of `npx` would outlive it. */
async function wrangler(args: string[]): Promise<void> {
  const script = join(dirname(WRANGLER), 'bin', 'wrangler.js');
  const quiet = {
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  };
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail));
  if (code !== 0)
    throw new UserError(
      `wrangler could not publish; the pointer was not moved. It said: ${lastWords(output)}`,
    );
}

function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'nothing').slice(0, 300);
}
