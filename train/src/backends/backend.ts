import '@tensorflow/tfjs'; // all gradients; `tfjs-core` alone registers them in bundlers only
import { UserError } from '../user-error.ts';
import { readSetup, type TensorFlowName } from './installed.ts';
import { findGpus, type Gpu, gpuInUse } from './nvidia.ts';
import { loadTensorFlow } from './tensorflow.ts';
import { type BackendName, type BackendTraits, TRAITS } from './traits.ts';
import { loadWasm } from './wasm.ts';

export const BACKENDS = ['auto', 'cuda', 'native', 'wasm'] as const;
export type BackendChoice = (typeof BACKENDS)[number];

export interface Backend {
  readonly name: BackendName;
  readonly traits: BackendTraits;
  /** What computes, where that is not plain: a GPU's name, or that there is none. */
  readonly device: string | undefined;
  /** Bytes that tables on the device may take; undefined where the host's memory is the limit. */
  readonly roomBytes: number | undefined;
  /** Why the better ones were passed over, a sentence each; empty unless the choice was `auto`. */
  readonly passedOver: readonly string[];
}

/** Of a GPU's free memory, what tables may take; the rest is for steps, and for others. */
const ROOM_SHARE = 0.7;

/**
 * Loads a backend and makes it tfjs's own; `auto` takes the best that loads and has what it is for.
 * @throws UserError in one sentence naming what is missing, when the backend asked for does not load.
 */
export async function loadBackend(choice: BackendChoice): Promise<Backend> {
  if (choice === 'auto') return loadBest();
  if (choice === 'cuda') return loadCuda(await findGpus());
  if (choice === 'native') return loadNative();
  await loadWasm();
  return { name: 'wasm', traits: TRAITS.wasm, device: undefined, roomBytes: undefined, passedOver: [] };
}

async function loadBest(): Promise<Backend> {
  const passedOver: string[] = [];
  const gpus = await findGpus();
  const tries = [
    async () => {
      if (gpus.length === 0)
        throw new UserError('the cuda backend is for NVIDIA GPUs, and nvidia-smi finds none');
      const cuda = await loadCuda(gpus);
      if (cuda.hasGpu) return cuda;
      throw new UserError(`the cuda backend loads, but ${cuda.device}: npm run setup:cuda says why`);
    },
    loadNative,
  ];
  for (const load of tries) {
    try {
      return { ...(await load()), passedOver };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      passedOver.push(error.message);
    }
  }
  return { ...(await loadBackend('wasm')), passedOver };
}

async function loadCuda(gpus: readonly Gpu[]): Promise<Backend & { hasGpu: boolean }> {
  const gpu = gpuInUse(gpus);
  const { version, hasGpu } = await loadTensorFlow('cuda');
  const device = hasGpu
    ? `${gpu?.name ?? 'a GPU'}, TensorFlow ${version}`
    : `TensorFlow ${version} finds no GPU and computes on the CPU`;
  const roomBytes = hasGpu && gpu ? gpu.freeBytes * ROOM_SHARE : undefined;
  return { name: 'cuda', traits: TRAITS.cuda, device, roomBytes, passedOver: [], hasGpu };
}

async function loadNative(): Promise<Backend> {
  const { version } = await loadTensorFlow('native');
  const device = `TensorFlow ${version} on the CPU`;
  return { name: 'native', traits: TRAITS.native, device, roomBytes: undefined, passedOver: [] };
}

/** The backend that this machine could have and has not; undefined where there is none. */
export async function missingBackend(): Promise<{ name: TensorFlowName; gpu: Gpu } | undefined> {
  const [gpu] = await findGpus();
  return gpu && !readSetup('cuda') ? { name: 'cuda', gpu } : undefined;
}
