import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../user-error.ts';
import { PACKAGES, readSetup, setupFolder, type TensorFlowName } from './installed.ts';

/** What TensorFlow came up with. */
export interface TensorFlow {
  /** Such as `2.21.0`. */
  readonly version: string;
  readonly hasGpu: boolean;
}

/** Which one this process has: two libraries of TensorFlow in one process clash. */
let loaded: TensorFlowName | undefined;

/**
 * Loads tfjs's binding to TensorFlow and makes it tfjs's backend.
 * @param folder where its package is; by default what was set up, or else the workspace.
 * @throws UserError in one sentence that names what is missing, and the command that brings it.
 */
export async function loadTensorFlow(
  name: TensorFlowName,
  folder = readSetup(name) && setupFolder(name),
): Promise<TensorFlow> {
  if (loaded && loaded !== name)
    throw new UserError(
      `the ${name} backend cannot be loaded beside ${loaded}, which this process has already`,
    );
  prepareEnvironment();
  repairUtil();
  const packageName = PACKAGES[name];
  const from = folder === undefined ? import.meta.url : join(folder, 'package.json');
  try {
    createRequire(from)(packageName);
    loaded = name;
  } catch (error) {
    throw new UserError(whatIsMissing(name, error), { cause: error });
  }
  if (!(await tf.setBackend('tensorflow'))) {
    throw new UserError(
      `the ${name} backend is not there: ${packageName} loads, but TensorFlow does not start`,
    );
  }
  const { binding, isUsingGpuDevice } = tf.backend() as unknown as {
    binding: { TF_Version: string };
    isUsingGpuDevice: boolean;
  }; // tfjs-node's own, whose declarations belong to a package that few have
  return { version: binding.TF_Version, hasGpu: isUsingGpuDevice };
}

/** What TensorFlow and CUDA read when they start; whoever set one of these knows better. */
function prepareEnvironment(): void {
  process.env.CUDA_VISIBLE_DEVICES ??= '0'; // a run uses one, and the others would give it memory for nothing
  process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'; // as nvidia-smi counts them
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // else TensorFlow takes all of the GPU's memory at once
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'; // what matters is thrown as well
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '0'; // it gains nothing here, and TensorFlow 2.21 cannot be kept from announcing it
  process.env.CUDA_CACHE_MAXSIZE ??= String(4 * 2 ** 30); // kernels compiled for a new GPU are all kept for the next run
}

/** tfjs-node asks for functions that Node 23 took away, or warns of. */
function repairUtil(): void {
  const old = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  old.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  old.isArray = Array.isArray;
}

function whatIsMissing(name: TensorFlowName, error: unknown): string {
  const packageName = PACKAGES[name];
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : util.inspect(error);
  const setUp = `npm run setup:${name}`;
  if (message.includes(`Cannot find module '${packageName}'`))
    return `the ${name} backend is not there: ${packageName} is not installed; ${setUp} installs it`;
  if (message.includes('can not be found at path')) {
    const node = `Node ${process.versions.node}, N-API ${process.versions.napi}`;
    return `the ${name} backend is not there: the addon of ${packageName} was not built for ${node}; ${setUp} builds it`;
  }
  const library = /^(\S+): cannot open shared object file/.exec(message)?.[1];
  if (library)
    return `the ${name} backend is not there: ${packageName} lacks its library ${library}; ${setUp} fetches it`;
  return `the ${name} backend is not there: ${packageName} does not load: ${message}; ${setUp} may mend it`;
}
