import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const HERE = import.meta.dirname;
const ASSETS = join(HERE, '../dist/assets');
const WORKER = join(HERE, '../../client/src/fine-tune-worker.ts');

/** Nothing but our own files runs, shows or is asked, on either page; files below `/app/` carry their content's hash. */
const HEADERS = `/*
  Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cross-Origin-Opener-Policy: same-origin
  Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()
  Strict-Transport-Security: max-age=31536000

/app/*
  Cache-Control: public, max-age=31536000, immutable
`;

/** The pages, and the sources that each names. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  'index.html': ['src/main.ts', 'style.css'],
  'docs.html': ['src/docs.ts', 'docs.css'],
};

const SHARED = {
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  tsconfig: join(HERE, 'tsconfig.json'),
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Gives fine-tuning's worker the name that it was built under: esbuild follows imports, but no `new Worker(new URL(…))`. */
function nameWorker(file: string): Plugin {
  return {
    name: 'name-worker',
    setup({ onLoad }) {
      onLoad({ filter: /fine-tune[\\/]thread\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source.replace('./fine-tune-worker.js', `./${file}`);
        if (contents === source) throw new Error(`${path} starts no worker`);
        return { contents, loader: 'ts' };
      });
    },
  };
}

/**
 * Builds the playground, and the reader of the contract, into `outdir`: a file a page, and below `app/` their styles, their
 * scripts and the chunks that load when they are needed, tfjs among them.
 */
export async function buildPlayground(outdir = ASSETS): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const options = { ...SHARED, outdir: join(outdir, 'app') } as const;
  const worker = await build({ ...options, entryPoints: [WORKER] });
  const { metafile } = await build({
    ...options,
    entryPoints: Object.values(PAGES).flatMap((sources) => sources.map((source) => join(HERE, source))),
    splitting: true,
    plugins: [nameWorker(basename(Object.keys(worker.metafile.outputs)[0] ?? ''))],
  });
  const built = (source: string) => {
    const outputs = Object.entries(metafile.outputs);
    const found = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith(source));
    if (!found) throw new Error(`esbuild built nothing from ${source}`);
    return `/app/${basename(found[0])}`;
  };
  for (const [page, sources] of Object.entries(PAGES)) {
    let html = await readFile(join(HERE, page), 'utf8');
    for (const source of sources) html = html.replace(`/${source}`, built(`/${source}`));
    await writeFile(join(outdir, page), html);
  }
  await writeFile(join(outdir, '_headers'), HEADERS);
  for (const name of await readdir(join(HERE, 'public'))) {
    await cp(join(HERE, 'public', name), join(outdir, name), { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) await buildPlayground();
