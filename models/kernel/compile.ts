/// <reference types="node" /> before AssemblyScript, whose types declare a console of their own
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFirst } from '../src/predictor/compile-first.ts';

const ENTRY = fileURLToPath(new URL('kernel.ts', import.meta.url));

// AS112 warns of exported functions of vectors, of which the modules here have none. Of a memory that is known to have a page, one
// comparison is enough for an address with a constant offset.
const FLAGS = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--initialMemory',
  '1',
  '--memoryBase',
  '64',
  '--enable',
  'simd',
  '--disableWarning',
  '112',
];

/** What a module asks of its runtime: relaxed SIMD is in every Worker and in Chromium, not in Node 20 or Safari. */
export const KERNEL_BUILDS = ['relaxed-simd', 'simd'] as const;
export type KernelBuild = (typeof KERNEL_BUILDS)[number];

/** The prediction kernel, compiled: the fastest build that runs here. */
export async function predictionKernel(): Promise<WebAssembly.Module> {
  const kernel = await compileFirst(await Promise.all(KERNEL_BUILDS.map(kernelBytes)));
  if (!kernel) throw new Error('this Node runs no WebAssembly SIMD');
  return kernel;
}

/** The bytes of the prediction kernel's module. */
export function kernelBytes(build: KernelBuild): Promise<Uint8Array<ArrayBuffer>> {
  return moduleBytes(ENTRY, build);
}

/** As `moduleBytes`, compiled for the runtime that asks. */
export async function compileKernel(entry: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await moduleBytes(entry, 'simd'));
}

/**
 * Compiles AssemblyScript to a module over imported memory. It takes some seconds, and the result is kept in the workspace's `dist`
 * under a name that says what of: changed sources or flags make another file, and no clock has a say.
 * @param entry the path of its main file, in a folder `kernel` with its other ones.
 * @throws Error with the compiler's words when it does not compile.
 */
export async function moduleBytes(entry: string, build: KernelBuild): Promise<Uint8Array<ArrayBuffer>> {
  const name = basename(entry, '.ts');
  const folder = join(dirname(entry), '../dist');
  const flags = build === 'relaxed-simd' ? [...FLAGS, '--enable', 'relaxed-simd'] : FLAGS;
  const path = join(folder, `${name}-${await digestOf(entry, flags)}.wasm`);
  return (await readFile(path).catch(() => undefined)) ?? compile(entry, flags, path);
}

async function compile(
  entry: string,
  flags: readonly string[],
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = await import('assemblyscript/asc'); // slow to load, and not needed where it is compiled already
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`; // several processes may compile at once
  try {
    const { error, stderr } = await main([entry, '--outFile', own, ...flags]);
    if (error) throw new Error(`${basename(entry)} does not compile: ${stderr.toString().trim()}`);
    const bytes = await readFile(own);
    await rename(own, path);
    return bytes;
  } finally {
    await rm(own, { force: true });
  }
}

/** Of every source beside the entry, and of the flags. */
async function digestOf(entry: string, flags: readonly string[]): Promise<string> {
  const folder = dirname(entry);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256').update(flags.join(' '));
  for (const name of names) hash.update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
