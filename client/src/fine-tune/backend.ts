import '@tensorflow/tfjs-backend-cpu';
import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { FineTuneError } from './errors.ts';
import type { Backend } from './options.ts';

/** Freed textures beyond this are deleted; tfjs's pool would else grow to ten times the live memory. */
const TEXTURE_POOL_BYTES = 64 << 20;

/** The GPU is gone: a driver was reset, or the browser took the context back. */
export class ContextLost extends Error {}

/**
 * Makes a backend tfjs's current one.
 * @returns whether it is there, and computes in 32 bits.
 */
export async function startBackend(backend: Backend): Promise<boolean> {
  if (backend === 'cpu') {
    if (await tf.setBackend('cpu')) return true;
    throw new FineTuneError("tfjs's CPU backend does not start");
  }
  // Not registered where there is no WebGL at all.
  if (!tf.findBackendFactory('webgl') || !(await tf.setBackend('webgl').catch(() => false))) return false;
  // On 16 bits small losses and updates vanish: the CPU is slower, and right.
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return false;
  tf.env().set('WEBGL_DELETE_TEXTURE_THRESHOLD', TEXTURE_POOL_BYTES);
  // tfjs 4.22 asks the flag the wrong way round and takes 16 bits, hence an epsilon of 1e-4 that tfjs-layers keeps.
  const started = tf.backend();
  Object.assign(started, { floatPrecisionValue: 32 });
  if (started instanceof MathBackendWebGL) started.gpgpu.gl.canvas.addEventListener(LOST, rememberLoss);
  return true;
}

const LOST = 'webglcontextlost';

/** A context that comes back is empty: the browser calls it whole again, and nothing of ours is in it. */
const lostCanvases = new WeakSet<EventTarget>();

function rememberLoss({ currentTarget }: Event): void {
  if (currentTarget) lostCanvases.add(currentTarget);
}

/**
 * Waits for what the current backend computes, or for the loss of its context: tfjs would wait for ever.
 * @throws ContextLost; what was read before the loss was seen may be anything, and is dropped.
 */
export async function orLost<T>(work: () => Promise<T>): Promise<T> {
  const backend = tf.backend();
  if (!(backend instanceof MathBackendWebGL)) return work();
  const { gl } = backend.gpgpu;
  const isLost = () => gl.isContextLost() || lostCanvases.has(gl.canvas);
  if (isLost()) throw new ContextLost();
  const ended = new AbortController();
  const lost = new Promise<never>((_, reject) => {
    const listener = () => reject(new ContextLost());
    gl.canvas.addEventListener(LOST, listener, { once: true, signal: ended.signal });
  });
  try {
    const result = await Promise.race([lost, work()]);
    if (isLost()) throw new ContextLost();
    return result;
  } catch (error) {
    // A lost context creates nothing, and tfjs trips over that.
    throw isLost() ? new ContextLost() : error;
  } finally {
    ended.abort();
  }
}

/** Takes a dead WebGL backend out of tfjs, so that another start makes a new one. */
export function dropWebgl(): void {
  try {
    tf.removeBackend('webgl');
  } catch {
    // What is left of it cannot be taken apart; it is out of the registry's use all the same.
  }
  if (!tf.findBackendFactory('webgl')) tf.registerBackend('webgl', () => new MathBackendWebGL(), 2);
}
