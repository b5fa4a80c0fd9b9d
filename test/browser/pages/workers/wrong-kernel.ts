import * as tf from '@tensorflow/tfjs-core';
import { serveRun } from '../../../../client/src/fine-tune/serve.ts';

// A driver whose tanh is a hundredth off.
const right = tf.getKernel('Tanh', 'webgl');
tf.unregisterKernel('Tanh', 'webgl');
tf.registerKernel({
  ...right,
  kernelFunc: (call) => {
    const exact = right.kernelFunc(call);
    if (Array.isArray(exact)) return exact;
    const factor = tf.getKernel('Multiply', 'webgl');
    const scale = tf.scalar(1.01);
    return factor.kernelFunc({ ...call, inputs: { a: exact, b: scale } });
  },
});
serveRun();
