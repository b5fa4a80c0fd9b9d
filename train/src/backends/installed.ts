import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../cli/run.ts';

/** The backends that TensorFlow computes for, and their packages. */
export const PACKAGES = { cuda: '@tensorflow/tfjs-node-gpu', native: '@tensorflow/tfjs-node' } as const;

export type TensorFlowName = keyof typeof PACKAGES;

/** What `npm run setup:cuda` or `setup:native` has made, and from what: written last, so that what is half-made has none. */
export const setupSchema = z.strictObject({
  /** Of the tfjs package. */
  version: z.string(),
  /** PyPI's package and version, or tfjs's `own` library. */
  tensorflow: z.string(),
  /** Whether NVIDIA's libraries are there. */
  cuda: z.boolean(),
  /** `process.platform`, `process.arch` and the N-API version that the addon was built for. */
  machine: z.string(),
});

export type Setup = z.infer<typeof setupSchema>;

/**
 * Where `npm ci` cannot wipe it, yet below the workspace, whose tfjs its package finds. `PATHCAST_BACKENDS` names another folder
 * below the workspace: tests put broken ones there.
 */
export function setupFolder(name: TensorFlowName): string {
  return join(process.env.PATHCAST_BACKENDS ?? join(ROOT, '.cache'), name);
}

export function setupFile(name: TensorFlowName): string {
  return join(setupFolder(name), 'setup.json');
}

/** @returns undefined where nothing, or nothing whole, was set up. */
export function readSetup(name: TensorFlowName): Setup | undefined {
  const file = setupFile(name);
  if (!existsSync(file)) return undefined;
  try {
    return setupSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // of another version of Pathcast, or damaged
  }
}
