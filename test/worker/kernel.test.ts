import relaxed from '@pathcast/models/kernel.relaxed-simd.wasm';
import plain from '@pathcast/models/kernel.simd.wasm';
import { describe, it } from 'vitest';
import { KERNEL_CASES } from '../support/kernel-cases.ts';

describe.each([
  { build: 'relaxed SIMD', module: relaxed },
  { build: 'plain SIMD', module: plain },
])('the kernel with $build, in workerd', ({ module }) => {
  it.each(KERNEL_CASES)('$title', ({ run }) => run(module));
});
