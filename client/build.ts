import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDtsBundle } from 'dts-bundle-generator';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const at = (...path: string[]) => join(import.meta.dirname, ...path);

interface Target {
  /** Below the package. */
  readonly outdir: string;
  /** What the root's file is called there, without its ending. */
  readonly root: string;
  readonly options: BuildOptions;
}

const TARGETS: readonly Target[] = [
  // For a site's own bundler: readable, since that minifies; tfjs stays outside, a peer.
  { outdir: 'dist', root: 'index', options: { external: ['@tensorflow/*'] } },
  // For a plain `<script type=module>`: all that is needed, tfjs in chunks that load when they are asked for.
  { outdir: 'dist/browser', root: 'pathcast', options: { minify: true, legalComments: 'linked' } },
];

/** Scripts that an entry starts by their address, beside its own. */
const WORKERS = ['fine-tune-worker'];

/**
 * Builds the package into `dist`: a file an entry of package.json's `exports` (`./prefetch` is `src/prefetch.ts`), with
 * declarations that stand alone, and the same for browsers alone in `dist/browser`.
 */
export async function buildClient(): Promise<void> {
  const entries = await entryNames();
  await rm(at('dist'), { recursive: true, force: true });
  for (const { outdir, root, options } of TARGETS) {
    const shared = { ...options, outdir: at(outdir), bundle: true, format: 'esm', target: 'es2022' } as const;
    await build({ ...shared, entryPoints: { [root]: at('src/index.ts') } });
    await build({
      ...shared,
      entryPoints: [...entries, ...WORKERS].map((entry) => at(`src/${entry}.ts`)),
      splitting: true,
      chunkNames: '[name]-[hash]',
      plugins: [shareRoot(`./${root}.js`)],
    });
  }
  await writeDeclarations(['index', ...entries]);
}

/** The entries beside the root. */
async function entryNames(): Promise<string[]> {
  const { exports }: { exports: object } = JSON.parse(await readFile(at('package.json'), 'utf8'));
  return Object.keys(exports).flatMap((path) => (path === '.' ? [] : path.slice(2)));
}

/** The other entries take what is the root's from its own file, so that `instanceof` holds across them. */
function shareRoot(root: string): Plugin {
  return {
    name: 'share-root',
    setup({ onResolve }) {
      onResolve({ filter: /\/(errors|client)\.ts$/ }, ({ path, resolveDir }) =>
        join(resolveDir, path) === at('src', path.replace(/^.*\//, ''))
          ? { path: root, external: true, sideEffects: false }
          : undefined,
      );
    },
  };
}

async function writeDeclarations(names: readonly string[]): Promise<void> {
  const bundles = generateDtsBundle(
    names.map((name) => ({
      filePath: at(`src/${name}.ts`),
      output: { noBanner: true, exportReferencedTypes: false },
    })),
    { preferredConfigPath: at('tsconfig.json') },
  );
  for (const [index, text] of bundles.entries()) await writeFile(at(`dist/${names[index]}.d.ts`), text);
}

if (process.argv[1] === import.meta.filename) await buildClient();
