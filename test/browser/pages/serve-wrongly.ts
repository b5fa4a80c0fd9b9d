import * as tf from '@tensorflow/tfjs-core';
import { serveRun } from '../../../client/src/fine-tune/serve.ts';

/** Serves fine-tuning on a driver whose kernel of this name gives so many times what is right. */
export function serveWrongly(name: string, factor: number): void {
  const right = tf.getKernel(name, 'webgl');
  tf.unregisterKernel(name, 'webgl');
  tf.registerKernel({
    ...right,
    kernelFunc: (call) => {
      const exact = right.kernelFunc(call);
      if (Array.isArray(exact)) return exact;
      const multiply = tf.getKernel('Multiply', 'webgl');
      return multiply.kernelFunc({ ...call, inputs: { a: exact, b: tf.scalar(factor) } });
    },
  });
  serveRun();
}
