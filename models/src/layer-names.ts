/** Layer names of every exported graph; fine-tuning cuts the model at `logits`. */
export const LAYER = {
  input: 'ids',
  embedding: 'embedding',
  cell: (layer: number) => `cell_${layer}`,
  norm: 'norm',
  logits: 'logits',
  probabilities: 'probabilities',
} as const;
