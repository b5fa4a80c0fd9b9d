import { openPack, writePack } from '@pathcast/models/pack/pack';
import { plainEngine } from '@pathcast/models/predictor/engine';
import { Kernel } from '@pathcast/models/predictor/kernel';
import type { KernelExports } from '@pathcast/models/predictor/kernel-exports';
import { PlainScorer } from '@pathcast/models/predictor/plain-scorer';
import type { Scorer } from '@pathcast/models/predictor/scorer';
import { NORMALISED_SCALE } from '@pathcast/models/spec';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import fc from 'fast-check';
import { mixtureOf, randomSessions } from './mixtures.ts';
import { randomModel, SPECS } from './models.ts';

/** What a kernel must do wherever it runs; throws when it does not. */
export interface KernelCase {
  readonly title: string;
  run(module: WebAssembly.Module): void;
}

/** Sizes around the kernel's registers and blocks. */
const SIZES = [1, 3, 4, 5, 8, 31, 33, 100];

/** Each kind of model, at each size. */
const MODELS = SPECS.flatMap(({ title, spec }) =>
  SIZES.map((hiddenUnits) => {
    const units = spec?.output === 'tied' || !spec?.input ? hiddenUnits : 7;
    const input = spec?.input?.type === 'one-hot' ? spec.input : { type: 'embedding' as const, units };
    const whole = { ...spec, hiddenUnits, input, vocabularySize: 53 + hiddenUnits };
    return { title: `${title}, ${hiddenUnits} units`, whole };
  }),
);

export const KERNEL_CASES: readonly KernelCase[] = [
  ...MODELS.map(({ title, whole }) => ({
    title: `scores as the plain scorer does: ${title}`,
    run: (module: WebAssembly.Module) => comparesWithTwin(module, randomModel(whole)),
  })),
  { title: 'sums products as whole numbers, exactly, up to the largest there are', run: multipliesExactly },
  {
    title: 'searches rules and neighbours as the plain search does, bit for bit, and mixes them',
    run: mixesAsTwin,
  },
  { title: 'finds the best, of equal ones the first, and sums their powers', run: findsAndSums },
];

/** Runs all cases. @returns how many there are. */
export function runKernelCases(module: WebAssembly.Module): number {
  for (const { title, run } of KERNEL_CASES) {
    try {
      run(module);
    } catch (error) {
      throw new Error(`${title}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return KERNEL_CASES.length;
}

/** A mixture with no rules, no neighbours, or both; V is such that ids take two bytes or four. */
function mixesAsTwin(module: WebAssembly.Module): void {
  for (const vocabularySize of [60, 66_000]) {
    const held = mixtureOf(randomSessions(700, Math.min(vocabularySize, 400)), vocabularySize);
    for (const [rules, neighbours] of [
      [held.rules, held.neighbours],
      [held.rules, undefined],
      [undefined, held.neighbours],
    ] as const) {
      const shares = [0.4, rules ? 0.35 : 0, neighbours ? 0.25 : 0];
      const sum = shares.reduce((total, share) => total + share, 0);
      const weights = Float32Array.from({ length: 48 }, (_, i) => (shares[i % 3] ?? 0) / sum);
      const model = randomModel({ vocabularySize, hiddenUnits: 8, input: { type: 'embedding', units: 8 } });
      const mixed = { temperature: 1.5, weights, rules, neighbours };
      comparesMixtures(module, { ...model, mixture: mixed });
      const { inputRows } = model.weights;
      const flat = {
        ...model.weights,
        inputRows: inputRows.map(() => 0),
        outputBias: new Float32Array(vocabularySize),
      };
      comparesMixtures(module, { ...model, weights: flat, mixture: mixed }); // where most pages are equals
    }
  }
}

function comparesMixtures(module: WebAssembly.Module, model: TrainedModel): void {
  const { pack, scorer, mixer } = openInKernel(module, model);
  const twin = plainEngine(pack).mixer;
  if (!mixer || !twin) throw new Error('there is no mixer');
  // Pages are often seen twice, some are unknown, and the longest histories are longer than what is searched.
  const history = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 50 }), (ids, k) => {
      for (const part of ['rules', 'neighbours'] as const) {
        const [found, expected] = [mixer[part](ids), twin[part](ids)];
        assertEqual(`pages of ${part}`, [...found.ids], [...expected.ids]);
        assertEqual(`shares of ${part}`, [...found.probabilities], [...expected.probabilities]);
      }
      const scores = scorer.last(ids, 1.5);
      const [found, expected] = [mixer.mix(ids, scores, k), twin.mix(ids, scores, k)];
      assertEqual('ranked', [found.length], [expected.length]);
      for (const [rank, { id, probability }] of found.entries()) {
        const theirs = expected[rank]?.probability ?? Number.NaN;
        const next = found[rank + 1];
        if (next?.probability === probability && next.id < id)
          throw new Error(`${id} ranks before its equal ${next.id}`);
        assertNear(`probability of rank ${rank}, ${id}`, probability, theirs, 1e-5 * theirs);
      }
      // Close ones may change places.
      const [ours, others] = [found, expected].map((list) => new Set(list.map(({ id }) => id)));
      const missing = expected.filter(
        ({ id, probability }) =>
          !ours?.has(id) && probability > (1 + 1e-5) * (found.at(-1)?.probability ?? 0),
      );
      assertEqual(
        'left out',
        missing.map(({ id }) => id),
        [],
      );
      assertEqual('distinct', [ours?.size ?? 0], [others?.size ?? 0]);
    }),
    { numRuns: 60 },
  );
}

/** A model's pack in a kernel's memory. */
export function openInKernel(module: WebAssembly.Module, model: TrainedModel) {
  const bytes = writePack({ ...model, vocabularyDigest: 'a'.repeat(64) });
  const kernel = new Kernel(module, bytes.length, model.spec);
  kernel.bytes.set(bytes);
  const pack = openPack(kernel.bytes);
  return { pack, ...kernel.engine(pack) };
}

function comparesWithTwin(module: WebAssembly.Module, model: ReturnType<typeof randomModel>): void {
  const { pack, scorer } = openInKernel(module, model);
  const plain = new PlainScorer(pack);
  const ids = [5, 2, 50, 1, 5, 17];
  // One number of the state may round the other way.
  const rounding = (pack.spec.normalised ? NORMALISED_SCALE : 1) / 8191;
  const expected = Array.from(plain.each(ids), ({ logits }) => [...logits]);
  const found = Array.from(scorer.each(ids), ({ logits }) => [...logits]);
  for (const [step, logits] of expected.entries()) {
    for (const [id, logit] of logits.entries()) {
      const within = 3e-4 * Math.max(1, Math.abs(logit)) + rounding;
      assertNear(`logit ${id} of step ${step}`, found[step]?.[id], logit, within);
    }
  }
  comparesBatches(scorer, ids);
  const [ours, theirs] = [scorer.last(ids, 0.5), plain.last(ids)];
  // The first was summed while rows were scored, the others are summed after.
  for (const temperature of [0.5, 1, 3, 0.5]) {
    const sum = theirs.logSumExp(temperature);
    assertNear(`sum at ${temperature}`, ours.logSumExp(temperature), sum, 0.005);
  }
  assertEqual('best', ours.top(1), theirs.top(1));
}

/** More lists than go into one pass, of other lengths, are each scored as alone. */
function comparesBatches(scorer: Scorer, ids: readonly number[]): void {
  const batch = [6, 1, 3, 2, 5, 4].map((length) => ids.slice(0, length));
  const together = Array.from(scorer.lastOfEach(batch, 0.5), (scores) => [
    scores.logSumExp(0.5),
    ...scores.logits,
  ]);
  const alone = batch.map((list) => {
    const scores = scorer.last(list, 0.5);
    return [scores.logSumExp(0.5), ...scores.logits];
  });
  for (const [i, numbers] of alone.entries()) assertEqual(`list ${i}`, together[i] ?? [], numbers);
}

function multipliesExactly(module: WebAssembly.Module): void {
  const { kernel, buffer } = bareKernel(module);
  const places = [1024, 65_536, 81_920, 98_304, 114_688, 131_072, 196_608, 262_144] as const;
  const [rows, vectors, sums, scales, bias, totals, logits, vectorScales] = places;
  const [vectorBytes, logitBytes, inverse] = [1024, 4096, 2.5e-7];
  const edge = (most: number) =>
    fc.oneof(fc.integer({ min: -most, max: most }), fc.constantFrom(-most, most));
  const cases = fc.integer({ min: 1, max: 120 }).chain((width) => {
    const most = Math.min(8191, Math.floor((2 ** 31 - 1) / (127 * width)));
    const row = fc.array(edge(127), { minLength: width, maxLength: width });
    const line = fc.array(edge(most), { minLength: width, maxLength: width });
    return fc.record({
      some: fc.array(row, { minLength: 1, maxLength: 40 }),
      count: fc.integer({ min: 1, max: 200 }),
      lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    });
  });
  fc.assert(
    fc.property(cases, ({ some, count, lines }) => {
      const table = Array.from({ length: count }, (_, i) => some[i % some.length] ?? []);
      const width = some[0]?.length ?? 0;
      new Uint8Array(buffer, rows).fill(0xff); // what lies behind a table and a vector counts for nothing
      new Int8Array(buffer, rows, count * width).set(table.flat());
      for (const [v, line] of lines.entries()) new Int16Array(buffer, vectors + v * vectorBytes).set(line);
      new Float32Array(buffer, scales, count).fill(1);
      new Float32Array(buffer, bias, count).fill(0);
      new Float32Array(buffer, vectorScales, lines.length).set(lines.map((_, v) => v + 1));
      kernel.sumRows(rows, count, width, sums);
      const given = [rows, sums, scales, bias, count, width, vectors, vectorBytes, vectorScales] as const;
      kernel.scoreRows(...given, lines.length, logits, logitBytes, inverse, totals);
      for (const [v, line] of lines.entries()) {
        const products = table.map((row) => Math.fround(Math.fround(dot(row, line)) * (v + 1)));
        assertEqual('products', [...new Float32Array(buffer, logits + v * logitBytes, count)], products);
        assertSum(buffer, totals + 16 * v, products, inverse);
      }
    }),
  );
}

function findsAndSums(module: WebAssembly.Module): void {
  const { kernel, buffer } = bareKernel(module);
  const [logits, places, values, total] = [1024, 65_536, 131_072, 196_608];
  const far = fc.integer({ min: -90, max: 9 });
  const near = fc.integer({ min: 0, max: 2 }); // many are equal
  const wide = fc.integer({ min: -3000, max: 3000 }); // beyond the powers that float32 has
  const size = { minLength: 1, maxLength: 90 };
  const list = fc.oneof(...[far, near, wide].map((number) => fc.array(number, size)));
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 90 }), (numbers, asked) => {
      const k = Math.min(asked, numbers.length);
      new Float32Array(buffer, logits, numbers.length).set(numbers);
      kernel.findTop(logits, numbers.length, k, places, values);
      const sorted = [...numbers.keys()].sort((a, b) => (numbers[b] ?? 0) - (numbers[a] ?? 0));
      assertEqual('best', [...new Uint32Array(buffer, places, k)], sorted.slice(0, k));
      kernel.sumPowers(logits, numbers.length, 0.5, total);
      assertSum(buffer, total, numbers, 0.5);
    }),
  );
}

/** The kernel's functions over a memory of their own. */
function bareKernel(module: WebAssembly.Module) {
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort: () => {} } });
  return { kernel: exports as unknown as KernelExports, buffer: memory.buffer };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** Compares a sum of powers, as two factors, with the one in float64. */
function assertSum(buffer: ArrayBuffer, total: number, numbers: readonly number[], inverse: number): void {
  const [exponent = 0, factor = 0] = new Float64Array(buffer, total, 2);
  const sum = numbers.reduce((all, value) => all + Math.exp(value * inverse - exponent), 0);
  assertNear('sum of powers', factor / sum, 1, 1e-6);
}

function assertNear(what: string, found: number | undefined, expected: number, within: number): void {
  if (Math.abs((found ?? Number.NaN) - expected) <= within) return;
  throw new Error(`${what}: ${found}, not ${expected}`);
}

function assertEqual(what: string, found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return;
  throw new Error(`${what}: ${found}, not ${expected}`);
}
