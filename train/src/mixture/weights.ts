import { MIXED_PARTS, SUPPORT_BINS } from '@pathcast/models/predictor/mixture';

/** What each part gave to the page that came next, at some steps. n steps. */
export interface TargetProbabilities {
  /** uint8 [n]: the support bin of the current page. */
  readonly bins: Uint8Array;
  /** float32 [n] a part, in the order of `MIXED_PARTS`; NaN where it was silent. Undefined for a part left out. */
  readonly parts: readonly [recurrent: Float32Array, rules: Column, neighbours: Column];
}

type Column = Float32Array | undefined;

const PARTS = MIXED_PARTS.length;
const ITERATIONS = 60;
/** The weights of all steps count in every bin for as much as this many steps: thin bins follow them. */
const SHRINKAGE = 200;
/** As many steps speak for equal weights, so that a handful of steps cannot silence a part. */
const PRIOR = 50;

/**
 * Fits the weights of the mixture by expectation maximisation: of all steps, then of each support bin, shrunk to those of
 * all. A part that is silent at a step shares its weight out among the others, as `mixInto` does: the model draws a part
 * until one is drawn that speaks, and the draws that are expected to be in vain count as well.
 *
 * @param steps which of the steps to fit on; all by default.
 * @returns float32 [16, 3], each bin summing to 1; 0 for parts left out, above 0 for all others.
 * @see Dempster, Laird, Rubin: Maximum likelihood from incomplete data via the EM algorithm (1977), §4.2, on truncation.
 */
export function fitWeights(
  observed: TargetProbabilities,
  steps: ArrayLike<number> = Uint32Array.from(observed.bins.keys()),
): Float32Array {
  const present = observed.parts.map((part) => (part ? 1 : 0));
  const count = present.filter((is) => is === 1).length;
  const equal = present.map((is) => is / count);
  const all = maximise(observed, steps, { prior: equal, strength: PRIOR });
  const byBin: number[][] = Array.from({ length: SUPPORT_BINS }, () => []);
  for (let i = 0; i < steps.length; i++) byBin[observed.bins[steps[i] ?? 0] ?? 0]?.push(steps[i] ?? 0);
  return Float32Array.from(
    byBin.flatMap((bin) => maximise(observed, bin, { prior: all, strength: SHRINKAGE })),
  );
}

function maximise(
  { parts }: TargetProbabilities,
  steps: ArrayLike<number>,
  { prior, strength }: { prior: number[]; strength: number },
): number[] {
  let weights = prior;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const counts = prior.map((share) => share * strength);
    for (let i = 0; i < steps.length; i++) {
      const { likelihood, speaking } = likelihoodOf(parts, weights, steps[i] ?? 0);
      for (let part = 0; part < PARTS; part++) {
        const weight = weights[part] ?? 0;
        const probability = parts[part]?.[steps[i] ?? 0] ?? Number.NaN;
        // Drawn and spoke; or silent, and drawn in vain weight / speaking times before one spoke.
        const drawn = Number.isNaN(probability) ? weight / speaking : (weight * probability) / likelihood;
        counts[part] = (counts[part] ?? 0) + drawn;
      }
    }
    const sum = counts.reduce((total, drawn) => total + drawn, 0);
    weights = counts.map((drawn) => drawn / sum);
  }
  return weights;
}

/** The likelihood of a step's target before it is divided by the weight of the parts that speak, and that weight. */
function likelihoodOf(parts: TargetProbabilities['parts'], weights: ArrayLike<number>, step: number, at = 0) {
  let likelihood = 0;
  let speaking = 0;
  for (let part = 0; part < PARTS; part++) {
    const probability = parts[part]?.[step] ?? Number.NaN;
    if (Number.isNaN(probability)) continue;
    speaking += weights[at + part] ?? 0;
    likelihood += (weights[at + part] ?? 0) * probability;
  }
  return { likelihood, speaking };
}

/** The natural logarithm of the mixture's probability of a step's target. @param weights float32 [16, 3]. */
export function logLikelihood(observed: TargetProbabilities, weights: Float32Array, step: number): number {
  const at = (observed.bins[step] ?? 0) * PARTS;
  const { likelihood, speaking } = likelihoodOf(observed.parts, weights, step, at);
  return Math.log(likelihood / speaking);
}

/** The mean weight of each part over some steps, silent parts' weights shared out; summing to 1. Of no steps, those of bin 0. */
export function meanWeights({ bins, parts }: TargetProbabilities, weights: Float32Array): number[] {
  if (bins.length === 0) return [...weights.subarray(0, PARTS)];
  const sums = parts.map(() => 0);
  for (let step = 0; step < bins.length; step++) {
    const at = (bins[step] ?? 0) * PARTS;
    const { speaking } = likelihoodOf(parts, weights, step, at);
    for (let part = 0; part < PARTS; part++) {
      if (Number.isNaN(parts[part]?.[step] ?? Number.NaN)) continue;
      sums[part] = (sums[part] ?? 0) + (weights[at + part] ?? 0) / speaking;
    }
  }
  return sums.map((sum) => sum / bins.length);
}
