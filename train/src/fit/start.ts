import type { ModelSpec } from '@pathcast/models/spec';
import { silenceNonTokens } from '@pathcast/models/weights';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import type { Random } from '../random.ts';
import { reclaimMemory } from './memory.ts';
import { spreadRows } from './page-graph.ts';
import { drawCells, drawWeights } from './parameters.ts';
import { createState, type TrainingState } from './state.ts';

/**
 * What Adagrad's sums begin with, so that its first steps do not drown what rows begin with: the median of YooChoose 100k's
 * rows after three epochs is 9e-4.
 */
export const TRUST = 1e-3;

/**
 * A state to begin with: embeddings, and output rows beside them, spread over the graph of the sessions' pages; all else drawn. The
 * rows of a one-hot input are a kernel's, not places of pages: there, all is drawn.
 */
export function startState(
  spec: ModelSpec,
  sessions: TokenSessions,
  { momentum, random }: { momentum: number; random: Random },
): TrainingState {
  if (spec.input.type === 'one-hot')
    return createState(spec, drawWeights(spec, 'glorot', random), { momentum });
  const { vocabularySize: size, hiddenUnits } = spec;
  const inputRows = spreadRows(sessions, { size, width: spec.input.units }, random);
  const outputRows =
    spec.output === 'tied' ? undefined : spreadRows(sessions, { size, width: hiddenUnits }, random);
  reclaimMemory(); // of what they were spread in
  const outputBias = new Float32Array(size);
  silenceNonTokens(outputBias);
  const cells = drawCells(spec, random);
  const weights = { inputRows, cells, ...(outputRows ? { outputRows } : {}), outputBias };
  return createState(spec, weights, { momentum, trust: TRUST });
}
