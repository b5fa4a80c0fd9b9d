import * as z from 'zod';
import { MIXED_PARTS, type Mixture, SUPPORT_BINS } from '../predictor/mixture.ts';
import type { NeighbourTables } from '../predictor/neighbours.ts';
import { RETURN_PAGES, RETURNS_LENGTH } from '../predictor/returns.ts';
import type { RuleTables } from '../predictor/rules.ts';
import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import { PackError, type Tensor, type TensorData } from './safetensors.ts';

export type TensorClass<T> = abstract new (length: number) => T;

/** Takes a tensor of a pack. @throws PackError when it is missing or has another dtype or shape; no shape takes any 1-D. */
export type TakeTensor = <T extends TensorData>(
  name: string,
  type: TensorClass<T> | readonly TensorClass<T>[],
  shape?: number[],
) => T;

/** The numbers of a mixture, in the header's `mixture`; a part that the pack does not have is null. */
const settingsSchema = z.strictObject({
  temperature: z.number().positive(),
  rules: z.strictObject({ historyDecay: z.number().min(0).max(1) }).nullable(),
  neighbours: z.strictObject({}).nullable(),
});

/** The header's text of a mixture. */
export function mixtureSettings({ temperature, rules, neighbours }: Mixture): string {
  const settings: z.infer<typeof settingsSchema> = {
    temperature,
    rules: rules ? { historyDecay: rules.historyDecay } : null,
    neighbours: neighbours ? {} : null,
  };
  return JSON.stringify(settings);
}

/** The tensors of a mixture, by falling element size. */
export function mixtureTensors({ weights, rules, neighbours }: Mixture): Tensor[] {
  const vectors: [string, TensorData][] = [];
  if (rules) {
    vectors.push(
      ['rules.offsets', rules.offsets],
      ['rules.successors', rules.successors],
      ['rules.counts', rules.counts],
      ['rules.returns', rules.returns],
    );
  }
  if (neighbours) {
    vectors.push(
      ['neighbours.session_offsets', neighbours.sessionOffsets],
      ['neighbours.posting_offsets', neighbours.postingOffsets],
      ['neighbours.postings', neighbours.postings],
      ['neighbours.rarity', neighbours.rarity],
      ['neighbours.pages', narrowed(neighbours.pages, neighbours.rarity.length)],
    );
  }
  return [
    { name: 'mixture.weights', shape: [SUPPORT_BINS, MIXED_PARTS.length], data: weights },
    ...vectors.map(([name, data]) => ({ name, shape: [data.length], data })),
  ];
}

/**
 * Reads a mixture and checks every number that a prediction would follow.
 * @param text the header's `mixture`; undefined in a pack without one.
 * @param size V.
 * @throws PackError naming the tensor at fault.
 */
export function readMixture(text: string | undefined, take: TakeTensor, size: number): Mixture | undefined {
  if (text === undefined) return undefined;
  const { temperature, rules, neighbours } = parseSettings(text);
  const weights = take('mixture.weights', Float32Array, [SUPPORT_BINS, MIXED_PARTS.length]);
  checkWeights(weights, [true, rules !== null, neighbours !== null]);
  return {
    temperature,
    weights,
    ...(rules ? { rules: readRules(take, size, rules.historyDecay) } : {}),
    ...(neighbours ? { neighbours: readNeighbours(take, size) } : {}),
  };
}

function readRules(take: TakeTensor, size: number, historyDecay: number): RuleTables {
  const successors = take('rules.successors', Uint32Array);
  const counts = take('rules.counts', Float32Array, [successors.length]);
  const offsets = take('rules.offsets', Uint32Array, [size + 1]);
  const returns = take('rules.returns', Float32Array, [RETURNS_LENGTH]);
  checkOffsets('rules.offsets', offsets, successors.length);
  checkReturns(returns);
  check('rules.successors', successors, (id) => id >= FIRST_TOKEN_ID && id < size, 'an id that is no token');
  check(
    'rules.counts',
    counts,
    (count) => count > 0 && Number.isFinite(count),
    'a count that is not above 0',
  );
  return { offsets, successors, counts, historyDecay, returns };
}

function readNeighbours(take: TakeTensor, size: number): NeighbourTables {
  const sessionOffsets = take('neighbours.session_offsets', Uint32Array);
  const sessions = sessionOffsets.length - 1;
  const pages = take<Uint32Array | Uint16Array>('neighbours.pages', [Uint16Array, Uint32Array]);
  const postings = take('neighbours.postings', Uint32Array);
  const postingOffsets = take('neighbours.posting_offsets', Uint32Array, [size + 1]);
  const rarity = take('neighbours.rarity', Float32Array, [size]);
  checkOffsets('neighbours.session_offsets', sessionOffsets, pages.length);
  checkOffsets('neighbours.posting_offsets', postingOffsets, postings.length);
  check('neighbours.pages', pages, (id) => id >= FIRST_TOKEN_ID && id < size, 'an id that is no token');
  check('neighbours.postings', postings, (session) => session < sessions, 'a session that it does not have');
  check('neighbours.rarity', rarity, (value) => value >= 0 && Number.isFinite(value), 'a value below 0');
  if (pages.some((id) => rarity[id] === 0))
    throw new PackError('tensor neighbours.rarity is 0 for a page that is held');
  return { sessionOffsets, pages, postingOffsets, postings, rarity };
}

/** Ids below V in as few bytes as hold them: they are most of the neighbours. */
function narrowed(ids: Uint32Array | Uint16Array, size: number): Uint32Array | Uint16Array {
  return size <= 2 ** 16 ? Uint16Array.from(ids) : ids;
}

function parseSettings(text: string): z.infer<typeof settingsSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PackError('the mixture in the header is not JSON');
  }
  const parsed = settingsSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PackError(
      `the mixture in the header is not one of ours: ${issue?.path.join('.')} ${issue?.message}`,
    );
  }
  return parsed.data;
}

/** @param present which parts the pack has: those it has not must have no weight. */
function checkWeights(weights: Float32Array, present: readonly boolean[]): void {
  for (let at = 0; at < weights.length; at += MIXED_PARTS.length) {
    const row = weights.subarray(at, at + MIXED_PARTS.length);
    const sum = row.reduce((total, weight) => total + weight, 0);
    const isShared = row.every((weight, part) => (present[part] ? weight >= 0 : weight === 0));
    // The recurrent model speaks always: with no weight it would leave some steps to nobody.
    if (isShared && Math.abs(sum - 1) < 1e-3 && (row[0] ?? 0) > 0) continue;
    throw new PackError(
      `tensor mixture.weights does not share 1 out among the parts in bin ${at / MIXED_PARTS.length}`,
    );
  }
}

function checkReturns(returns: Float32Array): void {
  for (let at = 0; at < returns.length; at += RETURN_PAGES) {
    const row = returns.subarray(at, at + RETURN_PAGES);
    const sum = row.reduce((total, rate) => total + rate, 0);
    if (row.every((rate) => rate >= 0) && sum < 1) continue;
    throw new PackError(`tensor rules.returns holds rates that do not sum to less than 1`);
  }
}

function checkOffsets(name: string, offsets: Uint32Array, end: number): void {
  const isRising = offsets.every((offset, i) => i === 0 || offset >= (offsets[i - 1] ?? 0));
  if (isRising && offsets[0] === 0 && offsets.at(-1) === end) return;
  throw new PackError(`tensor ${name} does not rise from 0 to ${end}`);
}

function check(
  name: string,
  values: Uint32Array | Uint16Array | Float32Array,
  isGood: (value: number) => boolean,
  what: string,
): void {
  for (let i = 0; i < values.length; i++) {
    if (!isGood(values[i] ?? Number.NaN)) throw new PackError(`tensor ${name} holds ${what}`);
  }
}
