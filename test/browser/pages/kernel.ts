import relaxed from '@pathcast/models/kernel.relaxed-simd.wasm';
import plain from '@pathcast/models/kernel.simd.wasm';
import { runKernelCases } from '../../support/kernel-cases.ts';
import { agreeWithLayers } from '../../support/kernel-layers.ts';

const BUILDS = { relaxed, plain };

/** Runs everything on a build of the kernel. @returns how many cases there were; throws when one fails. */
async function runKernel(build: keyof typeof BUILDS): Promise<number> {
  const module = await WebAssembly.compile(BUILDS[build]);
  return runKernelCases(module) + (await agreeWithLayers(module));
}

declare global {
  interface Window {
    runKernel: typeof runKernel;
  }
}

window.runKernel = runKernel;
