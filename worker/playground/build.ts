import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const HERE = import.meta.dirname;
const ASSETS = join(HERE, '../dist/assets');

/** Files below `/app/` carry their content's hash, so a browser never asks for them again. */
const HEADERS = `/*
  Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer

/app/*
  Cache-Control: public, max-age=31536000, immutable
`;

/**
 * Builds the playground into `outdir`: `index.html`, and below `app/` its style, its script and the chunks that load
 * when they are needed, tfjs among them.
 */
export async function buildPlayground(outdir = ASSETS): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(HERE, 'src/main.ts'), join(HERE, 'style.css')],
    outdir: join(outdir, 'app'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    tsconfig: join(HERE, 'tsconfig.json'),
    logLevel: 'warning',
  });
  const built = (source: string) => {
    const outputs = Object.entries(metafile.outputs);
    const found = outputs.find(([, { entryPoint }]) => entryPoint && basename(entryPoint) === source);
    if (!found) throw new Error(`esbuild built nothing from ${source}`);
    return `/app/${basename(found[0])}`;
  };
  const page = await readFile(join(HERE, 'index.html'), 'utf8');
  const linked = page.replace('/src/main.ts', built('main.ts')).replace('/style.css', built('style.css'));
  await writeFile(join(outdir, 'index.html'), linked);
  await writeFile(join(outdir, '_headers'), HEADERS);
  for (const name of await readdir(join(HERE, 'public'))) {
    await cp(join(HERE, 'public', name), join(outdir, name), { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) await buildPlayground();
