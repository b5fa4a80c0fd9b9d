import '@tensorflow/tfjs'; // the product's kernel is registered with it
import * as tf from '@tensorflow/tfjs-core';
import { DeviceTable } from '../backends/device-table.ts';
import { PACKAGES, setupFolder, type TensorFlowName } from '../backends/installed.ts';
import { loadTensorFlow } from '../backends/tensorflow.ts';

/**
 * `try.ts cuda|native`: loads the backend, multiplies, and changes a table in place; prints as JSON what it is. A process of
 * its own, since a library that does not fit may end it.
 */
const [name = ''] = process.argv.slice(2);
if (!Object.hasOwn(PACKAGES, name)) throw new Error(`there is no backend "${name}"`);
const known = name as TensorFlowName; // by the line before
const found = await loadTensorFlow(known, setupFolder(known));
const product = tf.matMul(tf.ones([64, 32]), tf.ones([32, 16]));
const table = new DeviceTable(Float32Array.of(1, 2, 3, 4, 5, 6), 2);
table.add(tf.tensor1d([2], 'int32'), tf.tensor2d([[10, 20]]));
const [sum, rows] = [await tf.sum(product).data(), await table.gather(tf.tensor1d([2, 0], 'int32')).data()];
if (sum[0] !== 64 * 32 * 16 || String(rows) !== '15,26,1,2')
  throw new Error(`it computes ${sum} and ${rows}`);
process.stdout.write(`${JSON.stringify(found)}\n`);
