import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import '@tensorflow/tfjs'; // all gradients; `tfjs-core` alone registers them in bundlers only
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../user-error.ts';
import { registerWasmKernels } from './wasm-kernels.ts';

export const BACKENDS = ['auto', 'cuda', 'native', 'wasm'] as const;
export type BackendChoice = (typeof BACKENDS)[number];

export interface Backend {
  readonly name: Exclude<BackendChoice, 'auto'>;
  /** Why the better ones were passed over, a sentence each; empty unless the choice was `auto`. */
  readonly passedOver: readonly string[];
}

const require = createRequire(import.meta.url);

/**
 * Loads a backend and makes it tfjs's own; `auto` takes the best that loads.
 * @throws UserError in one sentence naming what is missing, when the backend asked for does not load.
 */
export async function loadBackend(choice: BackendChoice): Promise<Backend> {
  if (choice !== 'auto') {
    await LOADERS[choice]();
    return { name: choice, passedOver: [] };
  }
  const passedOver: string[] = [];
  for (const name of ['cuda', 'native'] as const) {
    try {
      await LOADERS[name]();
      return { name, passedOver };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      passedOver.push(error.message);
    }
  }
  await LOADERS.wasm();
  return { name: 'wasm', passedOver };
}

const LOADERS: Record<Backend['name'], () => Promise<void>> = {
  cuda: () => loadTensorFlow('cuda', '@tensorflow/tfjs-node-gpu'),
  native: () => loadTensorFlow('native', '@tensorflow/tfjs-node'),
  wasm: loadWasm,
};

async function loadWasm(): Promise<void> {
  await registerWasmKernels();
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await tf.setBackend('wasm'))) throw new UserError('the wasm backend does not start on this machine');
}

async function loadTensorFlow(name: string, packageName: string): Promise<void> {
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // else TensorFlow takes all of the GPU's memory at once
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    require(packageName);
  } catch (error) {
    throw new UserError(`the ${name} backend is not there: ${whatIsMissing(packageName, error)}`, {
      cause: error,
    });
  }
  if (!(await tf.setBackend('tensorflow'))) {
    throw new UserError(
      `the ${name} backend is not there: ${packageName} loads, but TensorFlow does not start`,
    );
  }
}

function whatIsMissing(packageName: string, error: unknown): string {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  if (message.includes(`Cannot find module '${packageName}'`)) {
    return `the package ${packageName} is not installed (npm install --no-save ${packageName}@${tf.version_core})`;
  }
  return `${packageName} is installed, but does not load: ${message}`;
}
