import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../user-error.ts';
import { registerWasmKernels } from './wasm-kernels.ts';

/** Loads the backend that is always there, with kernels of ours. @throws UserError where it does not start. */
export async function loadWasm(): Promise<void> {
  await registerWasmKernels();
  const { resolve } = createRequire(import.meta.url);
  setWasmPaths(dirname(resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await tf.setBackend('wasm'))) throw new UserError('the wasm backend does not start on this machine');
}
