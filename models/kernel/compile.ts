import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('kernel.ts', import.meta.url));

// AS112 warns of exported functions of vectors, of which the modules here have none.
const FLAGS = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--enable',
  'simd',
  '--disableWarning',
  '112',
];

/** The prediction kernel, compiled. */
export function predictionKernel(): Promise<WebAssembly.Module> {
  return compileKernel(ENTRY);
}

/**
 * Compiles AssemblyScript to a module over imported memory. It takes some seconds, and the result is kept in the workspace's `dist`
 * under a name that says what of: changed sources or flags make another file, and no clock has a say.
 * @param entry the path of its main file, in a folder `kernel` with its other ones.
 * @throws Error with the compiler's words when it does not compile.
 */
export async function compileKernel(entry: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await kernelBytes(entry));
}

/** As {@link compileKernel}, the bytes of the module. */
export async function kernelBytes(entry = ENTRY): Promise<Uint8Array<ArrayBuffer>> {
  const name = basename(entry, '.ts');
  const folder = join(dirname(entry), '../dist');
  const path = join(folder, `${name}-${await digestOf(entry)}.wasm`);
  return (await readFile(path).catch(() => undefined)) ?? compile(entry, path);
}

async function compile(entry: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = await import('assemblyscript/asc'); // slow to load, and not needed where it is compiled already
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`; // several processes may compile at once
  try {
    const { error, stderr } = await main([entry, '--outFile', own, ...FLAGS]);
    if (error) throw new Error(`${basename(entry)} does not compile: ${stderr.toString().trim()}`);
    const bytes = await readFile(own);
    await rename(own, path);
    return bytes;
  } finally {
    await rm(own, { force: true });
  }
}

/** Of every source beside the entry, and of the flags. */
async function digestOf(entry: string): Promise<string> {
  const folder = dirname(entry);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256').update(FLAGS.join(' '));
  for (const name of names) hash.update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
