import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { KERNEL_BUILDS, kernelBytes } from './compile.ts';

/** Puts the prediction kernel where bundlers find it by name. */
for (const build of KERNEL_BUILDS) {
  const path = fileURLToPath(new URL(`../dist/kernel.${build}.wasm`, import.meta.url));
  await writeFile(path, await kernelBytes(build));
}
