import { goldenSection } from './golden-section.ts';
import type { Observations } from './observe.ts';
import { fitWeights, logLikelihood, type TargetProbabilities } from './weights.ts';

/** Temperatures tried: beyond these a model is broken, not badly calibrated. */
const RANGE = { from: Math.log(0.4), to: Math.log(2.5), tolerance: 0.05 };

/**
 * Fits the temperature: what the recurrent logits are divided by so that the targets are likeliest in the mixture, with the
 * best weights for it. Fitted to the recurrent model alone it would be too low: what the other parts know for sure, the
 * recurrent model need not say so surely.
 *
 * @param observed at temperature 1.
 * @param recurrentAt what the recurrent model gives to the same targets at another temperature, float32 [n].
 * @param rules ways to count rules, of which the best counts.
 * @returns 0.4 to 2.5, within 3 %; 1 where there is no step.
 * @see Guo et al.: On calibration of modern neural networks (ICML 2017), temperature scaling.
 */
export async function fitTemperature<Rule extends string>(
  observed: Observations<Rule | 'neighbours'>,
  recurrentAt: (temperature: number) => Promise<Float32Array>,
  rules: readonly Rule[],
): Promise<number> {
  const { bins, parts } = observed;
  if (bins.length === 0) return 1;
  const loss = async (logTemperature: number) => {
    const recurrent = await recurrentAt(Math.exp(logTemperature));
    const losses = rules.map((rule) => lossOf({ bins, parts: [recurrent, parts[rule], parts.neighbours] }));
    return Math.min(...losses);
  };
  return Math.exp(await goldenSection(loss, RANGE));
}

function lossOf(observed: TargetProbabilities): number {
  const weights = fitWeights(observed);
  return observed.bins.reduce((sum, _, step) => sum - logLikelihood(observed, weights, step), 0);
}
