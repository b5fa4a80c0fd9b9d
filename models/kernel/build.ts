import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { kernelBytes } from './compile.ts';

/** Puts the prediction kernel where bundlers find it by name. */
await writeFile(fileURLToPath(new URL('../dist/kernel.wasm', import.meta.url)), await kernelBytes());
