import { predictionKernel } from '@pathcast/models/kernel/compile';
import { openPack, writePack } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import type { KernelExports } from '@pathcast/models/predictor/kernel-scorer';
import { PlainScorer } from '@pathcast/models/predictor/plain-scorer';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import { quantiseVector } from '@pathcast/models/predictor/scorer';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel, SPECS } from '../support/models.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await predictionKernel();
});

/** A model's pack in a kernel's memory. */
function open(model: ReturnType<typeof randomModel>) {
  const bytes = writePack({ ...model, vocabularyDigest: 'a'.repeat(64) });
  const kernel = new Kernel(module, bytes.length, model.spec);
  kernel.bytes.set(bytes);
  const pack = openPack(kernel.bytes);
  return { pack, kernel, scorer: kernel.scorer(pack) };
}

/** The kernel's functions over a memory of their own. */
function bareKernel() {
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort: () => {} } });
  return { kernel: exports as unknown as KernelExports, buffer: memory.buffer };
}

/** Sizes around the kernel's registers and blocks. */
const SIZES = [1, 3, 4, 5, 8, 31, 33, 100];

/** Each kind of model, at each size. */
const MODELS = SPECS.flatMap(({ title, spec }) =>
  SIZES.map((hiddenUnits) => {
    const units = spec?.output === 'tied' || !spec?.input ? hiddenUnits : 7;
    const input = spec?.input?.type === 'one-hot' ? spec.input : { type: 'embedding' as const, units };
    const whole = { ...spec, hiddenUnits, input, vocabularySize: 53 + hiddenUnits };
    return { title: `${title}, ${hiddenUnits} units`, model: randomModel(whole) };
  }),
);

describe('the kernel', () => {
  it.each(MODELS)('scores as the plain scorer does: $title', ({ model }) => {
    const { pack, scorer } = open(model);
    const plain = new PlainScorer(pack);
    const ids = [5, 2, 50, 1, 5, 17];
    const expected = Array.from(plain.each(ids), ({ logits }) => [...logits]);
    const found = Array.from(scorer.each(ids), ({ logits }) => [...logits]);
    for (const [step, logits] of expected.entries()) {
      for (const [id, logit] of logits.entries()) {
        const difference = Math.abs((found[step]?.[id] ?? Number.NaN) - logit);
        expect(difference).toBeLessThan(3e-4 * Math.max(1, Math.abs(logit)));
      }
    }
    const [ours, theirs] = [scorer.last(ids), plain.last(ids)];
    for (const temperature of [0.5, 1, 3]) {
      expect(ours.logSumExp(temperature)).toBeCloseTo(theirs.logSumExp(temperature), 2);
    }
    expect(ours.top(1)).toEqual(theirs.top(1));
  });

  it.each(SPECS)('agrees with the exported layers model: $title', async ({ spec }) => {
    const model = randomModel({ ...spec, task: 'next' });
    const { pack, scorer } = open(model);
    const predictor = createPredictor(pack, scorer);
    const layers = await exportLayers(model);
    const history = [7, 30, 12];
    const padded = [...Array<number>(model.spec.steps - 3).fill(0), ...history];
    const [probabilities = []] = layersProbabilities(layers, [padded]);
    const pages = history.map((id) => `/p${id}`);
    const answer = predictor.next(pages, { top: 40, part: 'recurrent' });
    for (const { page, probability } of answer) {
      expect(Math.abs(probability - (probabilities[Number(page.slice(2))] ?? Number.NaN))).toBeLessThan(0.01);
    }
  });

  it('sums products as whole numbers, exactly, up to the largest there are', () => {
    const { kernel, buffer } = bareKernel();
    const [rows, vector, scales, bias, logits] = [64, 65_536, 131_072, 196_608, 262_144];
    const edge = (most: number) =>
      fc.oneof(fc.integer({ min: -most, max: most }), fc.constantFrom(-most, most));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }).chain((width) => {
          const most = Math.min(32_767, Math.floor((2 ** 31 - 1) / (127 * width)));
          const row = fc.array(edge(127), { minLength: width, maxLength: width });
          const line = fc.array(edge(most), { minLength: width, maxLength: width });
          return fc.record({ table: fc.array(row, { minLength: 1, maxLength: 9 }), line });
        }),
        ({ table, line }) => {
          const width = line.length;
          new Int8Array(buffer, rows, table.length * width).set(table.flat());
          new Int16Array(buffer, vector, width + 8).fill(0);
          new Int16Array(buffer, vector, width).set(line);
          new Float32Array(buffer, scales, table.length).fill(1);
          new Float32Array(buffer, bias, table.length).fill(0);
          const max = kernel.scoreRows(rows, scales, bias, table.length, width, vector, 1, logits);
          const sums = table.map((row) =>
            Math.fround(row.reduce((sum, value, i) => sum + value * (line[i] ?? 0), 0)),
          );
          expect([...new Float32Array(buffer, logits, table.length)]).toEqual(sums);
          expect(max).toBe(Math.max(...sums));
        },
      ),
    );
  });

  it('finds the best, of equal ones the first, and sums their powers', () => {
    const { kernel, buffer } = bareKernel();
    const [logits, places, values] = [64, 65_536, 131_072];
    const far = fc.integer({ min: -90, max: 9 });
    const near = fc.integer({ min: 0, max: 2 }); // many are equal
    const size = { minLength: 1, maxLength: 90 };
    const list = fc.oneof(fc.array(far, size), fc.array(near, size));
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 90 }), (numbers, asked) => {
        const k = Math.min(asked, numbers.length);
        new Float32Array(buffer, logits, numbers.length).set(numbers);
        kernel.findTop(logits, numbers.length, k, places, values);
        const sorted = [...numbers.keys()].sort((a, b) => (numbers[b] ?? 0) - (numbers[a] ?? 0));
        expect([...new Uint32Array(buffer, places, k)]).toEqual(sorted.slice(0, k));
        const max = Math.max(...numbers);
        const sum = numbers.reduce((total, value) => total + Math.exp((value - max) / 2), 0);
        expect(Math.abs(kernel.sumPowers(logits, numbers.length, max, 0.5) / sum - 1)).toBeLessThan(1e-6);
      }),
    );
  });

  it.each([100, 516, 517, 4096])('is given vectors of %d numbers whose sums stay within 32 bits', (width) => {
    const vector = Float32Array.from({ length: width }, (_, i) => Math.sin(i) * 3);
    vector[0] = -3.5;
    const out = new Int16Array(width);
    const scale = quantiseVector(vector, out);
    const largest = Math.max(...out.map(Math.abs));
    expect(largest * 127 * width).toBeLessThan(2 ** 31);
    expect(largest).toBeGreaterThan(Math.min(32_000, 2 ** 31 / (128 * width))); // and no coarser than that
    for (const [i, value] of vector.entries()) {
      expect(Math.abs((out[i] ?? 0) * scale - value)).toBeLessThan(0.51 * scale);
    }
  });

  it('refuses a pack that lies elsewhere, and one that is larger than what was reserved', () => {
    const model = randomModel();
    const bytes = writePack({ ...model, vocabularyDigest: 'a'.repeat(64) });
    const kernel = new Kernel(module, bytes.length, model.spec);
    expect(() => kernel.scorer(openPack(bytes))).toThrow('another memory');
    const large = writePack({ ...randomModel({ vocabularySize: 60_000 }), vocabularyDigest: 'a'.repeat(64) });
    const small = new Kernel(module, large.length, model.spec);
    small.bytes.set(large);
    expect(() => small.scorer(openPack(small.bytes))).toThrow('more memory than was reserved');
  });
});
