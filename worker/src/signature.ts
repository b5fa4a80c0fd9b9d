import { SIGNATURE } from '@pathcast/models/api';
import type { ModelSpec } from '@pathcast/models/spec';

/** What the model reads and answers with in columns, in the form of TensorFlow Serving's metadata. */
export function signatureDef({ task }: ModelSpec): unknown {
  const tensor = (name: string, dtype: string, ...dims: number[]) => ({
    dtype,
    // −1 is any size, as in TensorFlow; sizes are strings in TensorFlow Serving's JSON.
    tensor_shape: { dim: dims.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
    name,
  });
  const signature =
    task === 'label'
      ? {
          inputs: { text: tensor('text', 'DT_STRING', -1) },
          outputs: {
            label: tensor('label', 'DT_STRING', -1, -1),
            probability: tensor('probability', 'DT_FLOAT', -1, -1),
          },
        }
      : {
          inputs: { history: tensor('history', 'DT_STRING', -1, -1) },
          outputs: {
            page: tensor('page', 'DT_STRING', -1, -1),
            probability: tensor('probability', 'DT_FLOAT', -1, -1),
          },
        };
  const method = { method_name: 'tensorflow/serving/predict' };
  return { signature_def: { [SIGNATURE]: { ...signature, ...method } } };
}
