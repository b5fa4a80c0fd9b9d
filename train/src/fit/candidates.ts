import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { Random } from '../random.ts';

/** The rows that a step's states are scored against. */
export interface Candidates {
  /** int32 [C], each once. */
  readonly ids: Int32Array;
  /** float32 [C]: the logarithm of the chance that the id is among them; 0 where all ids are. */
  readonly logQ: Float32Array;
  /** int32 [S]: where each target is among them. */
  readonly targets: Int32Array;
}

/** Draws a step's candidates. */
export type DrawCandidates = (targets: Int32Array, random: Random) => Candidates;

/** All ids that are tokens, as candidates of every step: the full softmax. */
export function allCandidates(vocabularySize: number): DrawCandidates {
  const ids = Int32Array.from({ length: vocabularySize - FIRST_TOKEN_ID }, (_, i) => i + FIRST_TOKEN_ID);
  const logQ = new Float32Array(ids.length);
  return (targets) => ({ ids, logQ, targets: targets.map((id) => id - FIRST_TOKEN_ID) });
}

/**
 * The targets of the step and `negatives` draws by support^alpha, each id once: the other targets of a batch are
 * negatives for free, and no candidate can hit a step's own target by accident.
 *
 * @param options.support uint32 [V − 2]: how often training saw each token.
 * @see Bengio and Senécal 2008 for the correction by logQ; Hidasi and Karatzoglou 2018 for support^alpha and the batch's own targets.
 */
export function sampledCandidates(options: {
  support: Uint32Array;
  negatives: number;
  alpha: number;
}): DrawCandidates {
  const { support, negatives, alpha } = options;
  const weights = Float64Array.from(support, (count) => (count > 0 ? count ** alpha : 0));
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    total += weights[i] ?? 0;
    cumulative[i] = total;
  }
  const events = support.reduce((sum, count) => sum + count, 0);
  const slots = new Int32Array(support.length + FIRST_TOKEN_ID).fill(-1);
  return (targets, random) => {
    const ids = new Int32Array(targets.length + negatives);
    let count = 0;
    const slotOf = (id: number) => {
      const found = slots[id] ?? -1;
      if (found >= 0) return found;
      ids[count] = id;
      slots[id] = count;
      return count++;
    };
    const places = targets.map(slotOf);
    for (let i = 0; i < negatives; i++) slotOf(bisect(cumulative, random.next() * total) + FIRST_TOKEN_ID);
    const chosen = ids.slice(0, count);
    const logQ = Float32Array.from(chosen, (id) => {
      slots[id] = -1; // for the next step
      const token = id - FIRST_TOKEN_ID;
      const expected =
        (negatives * (weights[token] ?? 0)) / total + (targets.length * (support[token] ?? 0)) / events;
      return Math.log(-Math.expm1(-expected));
    });
    return { ids: chosen, logQ, targets: places };
  };
}

/** The first index whose cumulative weight exceeds `value`. */
function bisect(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cumulative[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
