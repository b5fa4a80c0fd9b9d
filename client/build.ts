import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDtsBundle } from 'dts-bundle-generator';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const at = (...path: string[]) => join(import.meta.dirname, ...path);

const SHARED: BuildOptions = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  // Readable: the site's own bundler minifies. Assignments in constructors are then shorter than field declarations.
  outdir: at('dist'),
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
};

/** A subpath takes its errors from the root's own file, so that `instanceof` holds across all. */
const shareRoot: Plugin = {
  name: 'share-root',
  setup({ onResolve }) {
    onResolve({ filter: /\/(errors|client)\.ts$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === at('src', path.replace(/^.*\//, ''))
        ? { path: './index.js', external: true, sideEffects: false }
        : undefined,
    );
  },
};

/**
 * Builds the package into `dist`: the root as one small file, fine-tuning in chunks that load when they are needed,
 * and declarations that stand alone. tfjs stays outside, a peer.
 */
export async function buildClient(): Promise<void> {
  await rm(at('dist'), { recursive: true, force: true });
  await build({ ...SHARED, entryPoints: [at('src/index.ts')] });
  await build({
    ...SHARED,
    entryPoints: [at('src/fine-tune.ts')],
    splitting: true,
    chunkNames: 'fine-tune-[hash]',
    external: ['@tensorflow/*'],
    plugins: [shareRoot],
  });
  await build({ ...SHARED, entryPoints: [at('src/personal.ts')], plugins: [shareRoot] });
  const entries = ['index', 'fine-tune', 'personal'];
  const bundles = generateDtsBundle(
    entries.map((entry) => ({
      filePath: at(`src/${entry}.ts`),
      output: { noBanner: true, exportReferencedTypes: false },
    })),
    { preferredConfigPath: at('tsconfig.json') },
  );
  for (const [index, text] of bundles.entries()) await writeFile(at(`dist/${entries[index]}.d.ts`), text);
}

if (process.argv[1] === import.meta.filename) await buildClient();
