import { loadBackend } from '@pathcast/train/backends/backend';
import { runCommand } from '@pathcast/train/cli/run';
import * as tf from '@tensorflow/tfjs-core';

/** `out-of-memory.ts BACKEND`: asks TensorFlow for 40 TB, in a command as ours are run. */
await runCommand(async () => {
  await loadBackend(process.argv[2] === 'native' ? 'native' : 'cuda');
  tf.fill([1e6, 1e7], 1);
});
