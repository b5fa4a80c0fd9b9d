import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, ROOT } from './installed.ts';
import { BUDGETS, budgetsOf, bundlePage } from './sizes.ts';

const execute = promisify(execFile);
const CONSUMER = `
import { createClient, HttpError, type NextCharacters, type NextPages } from 'pathcast';
import { type PrefetchReport, startPrefetch } from 'pathcast/prefetch';
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
export function prefetch(told: PrefetchReport[]): () => void {
  const exclude = ({ pathname }: URL) => pathname.startsWith('/private');
  return startPrefetch(client, { maxWastedFetches: 0.2, exclude, onReport: (report) => told.push(report) });
}
// @ts-expect-error a history holds strings
void client.next({ history: [1] });
`;

describe('the packed package, installed in an empty folder', () => {
  let folder: string;
  let tarball: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'pathcast-package-')));
    tarball = await installPackage(folder);
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
      import { startPrefetch } from 'pathcast/prefetch';
      const client = createClient({ endpoint: 'https://example.com' });
      await client.next({ history: [''] }).catch((error) => console.log(error instanceof InputError, error.message));
      startPrefetch(client)(); // does nothing where there is no page
      try { startPrefetch(client, { maxWastedFetches: -1 }); }
      catch (error) { console.log(error instanceof InputError, error.message); }
      await fineTune({ client, pairs: [['a', 'b']] }).next()
        .catch((error) => console.log(error instanceof PathcastError, error.message));`;
    await writeFile(join(folder, 'run.js'), script);
    const { stdout } = await execute(process.execPath, ['run.js'], { cwd: folder });
    expect(stdout).toContain('true history[0] must be a non-empty string');
    expect(stdout).toContain('true maxWastedFetches must be 0 or more');
    expect(stdout).toContain('true Fine-tuning needs @tensorflow/tfjs-core');
  });

  it('holds a licence, a README, a changelog and no path of the machine that built it', async () => {
    const entries = await readdir(installed('.'), { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed('.'), join(entry.parentPath, entry.name)));
    const expected = ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/index.js', 'dist/fine-tune.d.ts'];
    expect(paths).toEqual(expect.arrayContaining(expected));
    expect(paths).toContain('dist/browser/pathcast.js');
    for (const path of paths) expect(await readFile(installed(path), 'utf8')).not.toContain(ROOT);
    expect((await stat(tarball)).size).toBeLessThan(600_000);
  });

  it('passes publint, strictly', async () => {
    const { messages } = await publint({ pkgDir: installed('.'), strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  it('passes “are the types wrong”, as a package of ES modules alone', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
    if (!analysis.types) throw new Error('no types were found');
    expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(['.', './fine-tune']));
    // What its profile esm-only leaves out: what requires, which this package does not serve.
    const ignored = ['node10', 'node16-cjs'];
    const problems = analysis.problems.filter(
      (problem) => !('resolutionKind' in problem && ignored.includes(problem.resolutionKind)),
    );
    expect(problems).toEqual([]);
  });

  it('asks of a page no more than its budgets, and no byte of tfjs before fine-tuning', async () => {
    const budgets = await budgetsOf(installed('.'));
    expect(budgets.map(({ what }) => what)).toEqual(expect.arrayContaining(['root', 'root and fine-tune']));
    for (const budget of budgets) {
      const { code, bytes } = await bundlePage(budget, folder);
      expect(code).not.toMatch(/from\s*"@tensorflow|zod/);
      // Storage is personal's own; of the others none takes it before it fine-tunes.
      if (!('./personal' in budget.takes)) expect(code).not.toMatch(/indexedDB/);
      expect.soft(bytes, budget.what).toBeLessThanOrEqual(budget.bytes);
    }
  });

  it('has a budget for each of its entries', async () => {
    const { exports } = JSON.parse(await readFile(installed('package.json'), 'utf8'));
    const budgeted = BUDGETS.flatMap(({ takes }) => Object.keys(takes));
    for (const entry of Object.keys(exports)) expect(budgeted).toContain(entry);
  });
});
