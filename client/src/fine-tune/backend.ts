import * as tf from '@tensorflow/tfjs-core';
import { FineTuneError } from './errors.ts';
import type { Backend } from './options.ts';

/** Freed textures beyond this are deleted; tfjs's pool would else grow to ten times the live memory. */
const TEXTURE_POOL_BYTES = 64 << 20;

/**
 * Makes a backend tfjs's current one: the wanted one, or WebGL where it computes in 32 bits and else the CPU.
 * @throws FineTuneError when the wanted one does not start.
 */
export async function useBackend(wanted: Backend | undefined): Promise<Backend> {
  if (wanted !== 'cpu') {
    await import('@tensorflow/tfjs-backend-webgl');
    if (await startWebgl()) return 'webgl';
    if (wanted === 'webgl') throw new FineTuneError('This browser has no WebGL that computes in 32 bits');
  }
  await import('@tensorflow/tfjs-backend-cpu');
  if (await tf.setBackend('cpu')) return 'cpu';
  throw new FineTuneError("tfjs's CPU backend does not start");
}

async function startWebgl(): Promise<boolean> {
  // Not registered where there is no WebGL at all.
  if (!tf.findBackendFactory('webgl') || !(await tf.setBackend('webgl').catch(() => false))) return false;
  // On 16 bits small losses and updates vanish: the CPU is slower, and right.
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return false;
  tf.env().set('WEBGL_DELETE_TEXTURE_THRESHOLD', TEXTURE_POOL_BYTES);
  // tfjs 4.22 asks the flag the wrong way round and takes 16 bits, hence an epsilon of 1e-4 that tfjs-layers keeps.
  Object.assign(tf.backend(), { floatPrecisionValue: 32 });
  return true;
}
