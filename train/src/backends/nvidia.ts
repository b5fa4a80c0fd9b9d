import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A GPU as its driver describes it. */
export interface Gpu {
  readonly name: string;
  /** Such as 8.9. */
  readonly computeCapability: number;
  /** Such as 550.54. */
  readonly driver: number;
  readonly freeBytes: number;
}

const QUERY = 'name,compute_cap,driver_version,memory.free';
const MIB = 2 ** 20;

/** Asks NVIDIA's driver for its GPUs. @returns none where there is no driver, or it does not answer within ten seconds. */
export async function findGpus(): Promise<Gpu[]> {
  const run = promisify(execFile);
  const args = [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits'];
  const answer = await run('nvidia-smi', args, { timeout: 10_000 }).catch(() => undefined);
  return parseGpus(answer?.stdout ?? '');
}

/** The one GPU that a run computes on: the first that `CUDA_VISIBLE_DEVICES` names by its number, or of all. */
export function gpuInUse(gpus: readonly Gpu[], visible = process.env.CUDA_VISIBLE_DEVICES): Gpu | undefined {
  return gpus[Number.parseInt(visible ?? '0', 10)] ?? gpus[0];
}

/** @param csv a GPU a line, as `nvidia-smi` prints them; lines of another form are left out. */
export function parseGpus(csv: string): Gpu[] {
  return csv.split('\n').flatMap((line) => {
    const fields = line.split(',').map((field) => field.trim());
    const [name, ...numbers] = fields;
    const [computeCapability, driver, freeMib] = numbers.map(Number.parseFloat);
    if (!name || !computeCapability || !driver || !Number.isFinite(freeMib)) return [];
    return [{ name, computeCapability, driver, freeBytes: (freeMib ?? 0) * MIB }];
  });
}
