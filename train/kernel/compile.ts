import { createHash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../src/user-error.ts';

const SOURCE = fileURLToPath(new URL('product.ts', import.meta.url));
const DIST = fileURLToPath(new URL('../dist', import.meta.url));

const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd'];

/**
 * The product kernel, compiled. It is compiled once, a second's work, and kept under a name that says what of: a changed
 * source or flag makes another file, and no clock has a say.
 */
export async function productModule(): Promise<WebAssembly.Module> {
  const source = await readFile(SOURCE);
  const digest = createHash('sha256').update(source).update(FLAGS.join(' ')).digest('hex').slice(0, 16);
  const path = join(DIST, `product-${digest}.wasm`);
  const kept = await readFile(path).catch(() => undefined);
  return WebAssembly.compile(kept ?? (await compile(path)));
}

async function compile(path: string): Promise<Buffer<ArrayBuffer>> {
  const { main } = await import('assemblyscript/asc'); // not where it is compiled already
  await mkdir(DIST, { recursive: true });
  const own = `${path}.${process.pid}`; // several processes may compile at once
  const { error, stderr } = await main([SOURCE, '--outFile', own, ...FLAGS]);
  if (error) throw new UserError(`the product kernel does not compile: ${stderr.toString().trim()}`);
  const bytes = await readFile(own);
  await rename(own, path);
  return bytes;
}
