import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from './backend.ts';
import { fetchBase } from './base.ts';
import { createBatches, growVocabulary } from './batches.ts';
import { fitGraph } from './fit.ts';
import { createTrainableGraph } from './graph.ts';
import { type FineTuneOptions, MAX_CHARACTERS, type Progress, type Task } from './options.ts';
import { save } from './store.ts';

/** Fine-tunes and saves; the lazily loaded part of `fineTune`. */
export async function* run(
  { client, backend: wanted, signal }: FineTuneOptions,
  task: Task,
): AsyncGenerator<Progress, void, undefined> {
  const base = await fetchBase(client, task, signal);
  const vocabulary = growVocabulary(base.vocabulary, task.sequences);
  // A text is labelled whole, however long; a visit is read as far back as the model ever looks.
  const maxSteps = task.kind === 'label' ? MAX_CHARACTERS : base.spec.steps;
  const batches = createBatches(task.sequences, vocabulary, maxSteps);

  const previous = tf.getBackend();
  let graph: Awaited<ReturnType<typeof createTrainableGraph>> | undefined;
  try {
    const backend = await useBackend(wanted);
    graph = await createTrainableGraph(base.artifacts, base.spec, vocabulary.size);
    let step = 0;
    for await (const loss of fitGraph(graph, batches, { ...task, signal })) {
      step += 1;
      yield { step, steps: task.steps, loss, backend };
    }
    signal?.throwIfAborted();
    const { model, version, vocabularyDigest } = base;
    await save({
      format: 'pathcast-fine-tuned/1',
      endpoint: client.endpoint,
      model,
      version,
      vocabularyDigest,
      spec: { ...base.spec, vocabularySize: vocabulary.size },
      tokens: [...vocabulary.tokens],
      weights: await graph.weights(),
    });
  } finally {
    graph?.dispose();
    // The page may use tfjs itself.
    if (previous && previous !== tf.getBackend()) await tf.setBackend(previous);
  }
}
