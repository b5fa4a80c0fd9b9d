import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Ranking } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { type Example, toBatch } from '../fit/batches.ts';
import { batchLogits } from '../fit/objective.ts';
import type { Parameters } from '../fit/parameters.ts';
import { RankingTally } from './ranking.ts';

/** Logits are at most this many numbers at a time: 64 MiB. */
const LOGITS_AT_ONCE = 16 << 20;

/** Ranks the target of every scored step over the whole catalogue; ties count against the model. */
export async function evaluateRecurrent(
  spec: ModelSpec,
  parameters: Parameters,
  scored: readonly Example[],
): Promise<Ranking> {
  const examples = scored.filter(({ targets }) => targets.some((id) => id > 0));
  examples.sort((a, b) => a.ids.length - b.ids.length);
  const tally = new RankingTally();
  let start = 0;
  while (start < examples.length) {
    await nextTurn(); // so that Ctrl-C is heard
    const length = examples[start]?.ids.length ?? 1;
    const fits = Math.max(1, Math.floor(LOGITS_AT_ONCE / (spec.vocabularySize * length)));
    let end = start;
    while (end < examples.length && end - start < fits && examples[end]?.ids.length === length) end++;
    const batch = toBatch(examples.slice(start, end));
    const ranks = tf.tidy(() => {
      const logits = batchLogits(spec, parameters, batch);
      const rows = tf.range(0, batch.targets.length, 1, 'int32');
      const targets = tf.gatherND(logits, tf.stack([rows, tf.tensor1d(batch.targets, 'int32')], 1));
      const atLeast = tf.greaterEqual(logits, tf.reshape(targets, [-1, 1]));
      return tf.sum(tf.cast(atLeast, 'int32'), 1);
    });
    for (const rank of await ranks.data()) tally.add(rank);
    ranks.dispose();
    start = end;
  }
  return tally.result();
}
