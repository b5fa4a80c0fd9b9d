import '@tensorflow/tfjs';
import { loadBackend } from '@pathcast/train/backends/backend';
import * as tf from '@tensorflow/tfjs-core';
import { timeInTurns } from '../measure.ts';
import { atMost, figure, type Row } from '../report.ts';

/** Products of training: [rows, inner] × [inner, columns]. */
const SIZES = [
  { name: 'states × a 2,935-page table', rows: 512, inner: 100, columns: 2935 },
  { name: 'states × gates', rows: 1024, inner: 100, columns: 300 },
  { name: 'square', rows: 512, inner: 512, columns: 512 },
];
const TURNS = 21;
const BAR = 1.6;

/** Transposed products on the wasm backend against plain ones of the same size, with our kernels and without. */
export async function productRows(): Promise<Row[]> {
  const tfjsKernel = tf.getKernel(tf.BatchMatMul, 'wasm'); // before ours takes its place
  await loadBackend('wasm');
  const rows: Row[] = [];
  for (const { name: size, rows: m, inner: k, columns: n } of SIZES) {
    const name = `wasm, ${size}`;
    const a = tf.randomNormal<tf.Rank.R2>([m, k]);
    const b = tf.randomNormal<tf.Rank.R2>([k, n]);
    const aT = tf.transpose(a);
    const bT = tf.transpose(b);
    const finish = (product: tf.Tensor) => {
      product.dataSync();
      product.dispose();
    };
    const bare = (left: tf.Tensor, right: tf.Tensor, transposeA: boolean, transposeB: boolean) => () => {
      const output = tfjsKernel?.kernelFunc({
        inputs: { a: left, b: right },
        attrs: { transposeA, transposeB },
        backend: tf.backend(),
      });
      if (!output || Array.isArray(output)) throw new Error('the wasm backend has no product of its own');
      finish(tf.engine().makeTensorFromTensorInfo(output));
    };
    const times = timeInTurns(
      {
        plain: () => finish(tf.matMul(a, b)),
        left: () => finish(tf.matMul(aT, b, true, false)),
        right: () => finish(tf.matMul(a, bT, false, true)),
        barePlain: bare(tf.expandDims(a), tf.expandDims(b), false, false),
        bareLeft: bare(tf.expandDims(aT), tf.expandDims(b), true, false),
        bareRight: bare(tf.expandDims(a), tf.expandDims(bT), false, true),
      },
      TURNS,
    );
    rows.push(
      figure(`${name}: plain`, (2e-6 * m * k * n) / times.plain, 'GFLOP/s'),
      atMost(`${name}: left transposed`, times.left / times.plain, BAR, 'times plain'),
      atMost(`${name}: right transposed`, times.right / times.plain, BAR, 'times plain'),
      figure(`${name}: plain, tfjs's own kernel`, times.barePlain / times.plain, 'times plain'),
      figure(`${name}: left transposed, tfjs's own kernel`, times.bareLeft / times.plain, 'times plain'),
      figure(`${name}: right transposed, tfjs's own kernel`, times.bareRight / times.plain, 'times plain'),
    );
    for (const tensor of [a, b, aT, bT]) tensor.dispose();
  }
  return rows;
}
