import { openPack, writePack } from '@pathcast/models/pack/pack';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import * as ort from 'onnxruntime-web/wasm';
import { histories } from './models.ts';
import { writeOnnx } from './onnx-file.ts';
import { atTurn, TOP } from './work.ts';

/** Visits on which it must agree with ours before it is timed. */
const CHECKED = 20;

/** tfjs's places of ONNX's gates: input, output, forget, cell. */
const TFJS_GATES = [0, 3, 1, 2];

/**
 * A one-hot LSTM of one layer and a dense output as an ONNX file: ids int64 [T, 1] → `probabilities` float32 [1, 20] of the best
 * and their `best` int64 [1, 20]. As in the layers form, the product with a one-hot is a look-up, and the cell's kernel an identity.
 */
export function onnxModel({ spec, weights }: TrainedModel): Uint8Array<ArrayBuffer> {
  const { hiddenUnits: H, vocabularySize: V } = spec;
  const [cell] = weights.cells;
  if (!cell || !weights.outputRows)
    throw new RangeError('only a one-hot LSTM with a dense output is written');
  const columns = 4 * H;
  const tfjsColumn = (row: number) => (TFJS_GATES[Math.floor(row / H)] ?? 0) * H + (row % H);
  const kernel = new Float32Array(columns * columns);
  const recurrent = new Float32Array(columns * H);
  const bias = new Float32Array(2 * columns);
  for (let row = 0; row < columns; row++) {
    const column = tfjsColumn(row);
    kernel[row * columns + column] = 1;
    bias[row] = cell.bias[column] ?? 0;
    for (let unit = 0; unit < H; unit++)
      recurrent[row * H + unit] = cell.recurrentKernel[unit * columns + column] ?? 0;
  }
  return writeOnnx({
    inputs: [{ name: 'ids', type: 'int64' }],
    outputs: [
      { name: 'probabilities', type: 'float' },
      { name: 'best', type: 'int64' },
    ],
    tensors: [
      { name: 'rows', shape: [V, columns], data: weights.inputRows },
      { name: 'kernel', shape: [1, columns, columns], data: kernel },
      { name: 'recurrent', shape: [1, columns, H], data: recurrent },
      { name: 'bias', shape: [1, 2 * columns], data: bias },
      { name: 'output', shape: [V, H], data: weights.outputRows },
      { name: 'output_bias', shape: [V], data: weights.outputBias },
      { name: 'layer', shape: [1], data: BigInt64Array.of(0n) },
      { name: 'k', shape: [1], data: BigInt64Array.of(BigInt(TOP)) },
    ],
    nodes: [
      { type: 'Gather', inputs: ['rows', 'ids'], outputs: ['read'] }, // [T, 1, 4H]
      {
        type: 'LSTM',
        inputs: ['read', 'kernel', 'recurrent', 'bias'],
        outputs: ['', 'last'], // [1, 1, H]
        attributes: { hidden_size: H },
      },
      { type: 'Squeeze', inputs: ['last', 'layer'], outputs: ['state'] }, // [1, H]
      {
        type: 'Gemm',
        inputs: ['state', 'output', 'output_bias'],
        outputs: ['logits'], // [1, V]
        attributes: { transB: 1 },
      },
      { type: 'Softmax', inputs: ['logits'], outputs: ['all'] },
      { type: 'TopK', inputs: ['all', 'k'], outputs: ['probabilities', 'best'] },
    ],
  });
}

/** Asks onnxruntime itself, and the reference in TypeScript. @throws Error when their best pages are not the same. */
export async function checkOnnx(bytes: Uint8Array<ArrayBuffer>, model: TrainedModel): Promise<void> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const predictor = createPredictor(openPack(writePack({ ...model, vocabularyDigest: '0'.repeat(64) })));
  let shared = 0;
  const { ids, pages } = histories(model, model.spec.steps);
  for (let i = 0; i < CHECKED; i++) {
    const input = BigInt64Array.from(atTurn(ids, i), BigInt);
    const { best } = await session.run({ ids: new ort.Tensor('int64', input, [input.length, 1]) });
    const found = best?.data as BigInt64Array; // the graph's output of int64
    const theirs = new Set(Array.from(found, (id) => model.vocabulary.decode(Number(id))));
    const ours = predictor.next(atTurn(pages, i), { top: TOP, part: 'recurrent' });
    shared += ours.filter(({ page }) => theirs.has(page)).length;
  }
  await session.release();
  const overlap = shared / (CHECKED * TOP);
  if (overlap < 0.98) throw new Error(`the ONNX model is another one: overlap@20 ${overlap}`);
}
