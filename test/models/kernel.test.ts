import { kernelBytes, predictionKernel } from '@pathcast/models/kernel/compile';
import { openPack, writePack } from '@pathcast/models/pack/pack';
import { compileFirst } from '@pathcast/models/predictor/compile-first';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { quantiseVector } from '@pathcast/models/predictor/scorer';
import { beforeAll, describe, expect, it } from 'vitest';
import { KERNEL_CASES } from '../support/kernel-cases.ts';
import { agreeWithLayers } from '../support/kernel-layers.ts';
import { randomModel, SPECS } from '../support/models.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await predictionKernel();
});

// Node 20 runs the build without relaxed SIMD; `test/worker` and `test/browser` run the other.
describe('the kernel', () => {
  it.each(KERNEL_CASES)('$title', ({ run }) => run(module));

  it('agrees with the exported layers models', async () => {
    expect(await agreeWithLayers(module)).toBe(SPECS.length);
  });

  it('is the first build that runs here, or none', async () => {
    const none = new Uint8Array(8);
    const plain = await kernelBytes('simd');
    expect(await compileFirst([none, plain])).toBeInstanceOf(WebAssembly.Module);
    expect(await compileFirst([none])).toBeUndefined();
  });

  it.each([100, 2064, 2065, 4096])(
    'is given vectors of %d numbers whose sums stay within 32 bits',
    (width) => {
      const vector = Float32Array.from({ length: width }, (_, i) => Math.sin(i) * 3);
      vector[0] = -3.5;
      const out = new Int16Array(width);
      const scale = quantiseVector(vector, out);
      const largest = Math.max(...out.map(Math.abs));
      expect(largest * 127 * width).toBeLessThan(2 ** 31);
      expect(largest).toBeGreaterThan(Math.min(8190, 2 ** 31 / (128 * width))); // and no coarser than that
      for (const [i, value] of vector.entries()) {
        expect(Math.abs((out[i] ?? 0) * scale - value)).toBeLessThan(0.51 * scale);
      }
    },
  );

  it('refuses a pack that lies elsewhere, and one that is larger than what was reserved', () => {
    const model = randomModel();
    const bytes = writePack({ ...model, vocabularyDigest: 'a'.repeat(64) });
    const kernel = new Kernel(module, bytes.length, model.spec);
    expect(() => kernel.engine(openPack(bytes))).toThrow('another memory');
    const large = writePack({ ...randomModel({ vocabularySize: 60_000 }), vocabularyDigest: 'a'.repeat(64) });
    const small = new Kernel(module, large.length, model.spec);
    small.bytes.set(large);
    expect(() => small.engine(openPack(small.bytes))).toThrow('more memory than was reserved');
  });
});
