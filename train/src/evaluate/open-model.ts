import { predictionKernel } from '@pathcast/models/kernel/compile';
import { openPack, type Pack } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { createPredictor, type Predictor } from '@pathcast/models/predictor/predictor';

/** A pack and the predictor over it. */
export interface OpenModel {
  readonly pack: Pack;
  readonly predictor: Predictor;
}

/** Opens a pack in the kernel that the edge runs. @throws PackError when it is none. */
export async function openModel(file: Uint8Array): Promise<OpenModel> {
  const bytes = new Uint8Array(file); // a copy, aligned as packs must be
  const kernel = new Kernel(await predictionKernel(), bytes.length, openPack(bytes).spec);
  kernel.bytes.set(bytes);
  const pack = openPack(kernel.bytes);
  return { pack, predictor: createPredictor(pack, kernel.engine(pack)) };
}
