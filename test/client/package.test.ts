import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildClient } from '../../client/build.ts';

const execute = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const CONSUMER = `
import { createClient, HttpError, type NextCharacters, type NextPages } from 'pathcast';
import { type FineTuned, fineTune, loadFineTuned, predictLocally } from 'pathcast/fine-tune';

const client = createClient({ endpoint: 'https://example.com', timeoutMs: 100 });
export async function ask(): Promise<NextPages> {
  try {
    return await client.next({ history: ['/'], top: 3, part: 'recurrent' });
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) throw new Error(error.detail);
    throw error;
  }
}
export async function write(): Promise<string | undefined> {
  const { next }: NextCharacters = await client.nextCharacters({ prefix: 'shu', top: 5, temperature: 0.5 });
  return next[0]?.character;
}
export async function tune(): Promise<FineTuned | undefined> {
  for await (const { loss } of fineTune({ client, pairs: [['ab', 'ba']] })) loss.toFixed(3);
  const [best] = (await predictLocally({ client, history: ['/'] })).next;
  best?.probability.toFixed(2);
  return loadFineTuned({ client, model: 'hihello' });
}
// @ts-expect-error a history holds strings
void client.next({ history: [1] });
`;

/** npm with no settings of the run that started the tests. */
function npm(folder: string, ...args: string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return execute('npm', args, { cwd: folder, env, shell: process.platform === 'win32' });
}

describe('the packed package, installed in an empty folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pathcast-package-'));
    await buildClient();
    await npm(join(ROOT, 'client'), 'pack', '--ignore-scripts', '--pack-destination', folder);
    await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}');
    await npm(folder, 'install', '--offline', '--no-audit', '--no-fund', './pathcast-0.1.0.tgz');
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const installed = (path: string) => join(folder, 'node_modules/pathcast', path);

  it.each(['bundler', 'nodenext'])(
    'type-checks with nothing beside it, its declarations included (%s)',
    async (way) => {
      await writeFile(join(folder, 'consumer.ts'), CONSUMER);
      const options = {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: ['es2023', 'dom'],
        types: [],
        module: way === 'bundler' ? 'esnext' : 'nodenext',
        moduleResolution: way,
      };
      const config = { compilerOptions: options, files: ['consumer.ts'] };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const { stdout } = await execute(process.execPath, [tsc, '-p', folder]).catch((error) => error);
      expect(stdout).toBe('');
    },
  );

  it('runs in Node without tfjs, and says what fine-tuning needs', async () => {
    const script = `
      import { createClient, InputError, PathcastError } from 'pathcast';
      import { fineTune } from 'pathcast/fine-tune';
      const client = createClient({ endpoint: 'https://example.com' });
      await client.next({ history: [''] }).catch((error) => console.log(error instanceof InputError, error.message));
      await fineTune({ client, pairs: [['a', 'b']] }).next()
        .catch((error) => console.log(error instanceof PathcastError, error.message));`;
    await writeFile(join(folder, 'run.js'), script);
    const { stdout } = await execute(process.execPath, ['run.js'], { cwd: folder });
    expect(stdout).toContain('true history[0] must be a non-empty string');
    expect(stdout).toContain('true Fine-tuning needs @tensorflow/tfjs-core');
  });

  it('holds a licence, a README and no path of the machine that built it', async () => {
    const entries = await readdir(installed('.'), { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed('.'), join(entry.parentPath, entry.name)));
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/fine-tune.d.ts']),
    );
    for (const path of paths) expect(await readFile(installed(path), 'utf8')).not.toContain(ROOT);
  });

  it('asks at most 1.6 kB of a page that only predicts, and names no tfjs there', async () => {
    const source = await readFile(installed('dist/index.js'), 'utf8');
    expect(source).not.toMatch(/tensorflow|zod|\bimport\b/);
    const { code } = await transform(source, { minify: true, format: 'esm', target: 'es2022' });
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(1600);
  });
});
