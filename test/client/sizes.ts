import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What a page pays before anything loads lazily, minified by esbuild and compressed by gzip at its best. */
export interface Budget {
  readonly what: string;
  /** What the page takes, by entry of package.json's `exports`. */
  readonly takes: Readonly<Record<string, string>>;
  /** At most so many bytes. */
  readonly bytes: number;
}

const root = { '.': 'createClient' };
const prefetch = { ...root, './prefetch': 'startPrefetch' };

export const BUDGETS: readonly Budget[] = [
  { what: 'root', takes: root, bytes: 1600 },
  { what: 'root and prefetch', takes: prefetch, bytes: 3000 },
  {
    what: 'root, prefetch and personal',
    takes: { ...prefetch, './personal': 'createPersonal' },
    bytes: 4000,
  },
  { what: 'root and fine-tune', takes: { ...root, './fine-tune': 'fineTune' }, bytes: 3600 },
];

/** The budgets whose entries the package has. @param folder of the package. */
export async function budgetsOf(folder: string): Promise<Budget[]> {
  const { exports }: { exports: object } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return BUDGETS.filter(({ takes }) => Object.keys(takes).every((entry) => entry in exports));
}

/**
 * Bundles a page that takes this of the installed package, as a site's bundler would.
 * @param folder where it is installed.
 * @returns what the page loads at first, its bytes compressed, and those of all that it may load later.
 */
export async function bundlePage(
  { takes }: Pick<Budget, 'takes'>,
  folder: string,
): Promise<{ code: string; bytes: number; laterBytes: number }> {
  const lines = Object.entries(takes).map(
    ([entry, names]) => `export { ${names} } from 'pathcast${entry.slice(1)}';`,
  );
  const { outputFiles, metafile } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: folder },
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    outdir: folder,
    absWorkingDir: folder,
    external: ['@tensorflow/*'],
    logLevel: 'error',
  });
  const initial = new Set<string>();
  const visit = (path: string): void => {
    if (initial.has(path)) return;
    initial.add(path);
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && metafile.outputs[next]) visit(next);
  };
  visit('stdin.js');
  const isInitial = ({ path }: { path: string }) => initial.has(path.slice(folder.length + 1));
  const files = outputFiles.filter(isInitial);
  const gzipped = (some: typeof outputFiles) =>
    some.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return {
    code: files.map(({ text }) => text).join('\n'),
    bytes: gzipped(files),
    laterBytes: gzipped(outputFiles.filter((file) => !isInitial(file))),
  };
}
