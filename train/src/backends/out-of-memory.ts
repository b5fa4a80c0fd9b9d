/** How TensorFlow says it: its status RESOURCE_EXHAUSTED, its allocators, CUDA. */
const OUT_OF_MEMORY = /Invalid TF_Status: 8\b|OOM when allocating|CUDA_ERROR_OUT_OF_MEMORY/;
/** What it wanted, and where, when it says that. */
const WANTED = /tensor with shape(\[[\d,]*\]).*?device:(\w+:\d+)/;

/** One sentence for the user where TensorFlow could not have the memory that it asked for; undefined for other errors. */
export function whatMemoryLacked(error: unknown): string | undefined {
  if (!(error instanceof Error && OUT_OF_MEMORY.test(error.message))) return undefined;
  const [, shape, device] = WANTED.exec(error.message) ?? [];
  const what = shape ? `, where it wanted a tensor of shape ${shape} on ${device}` : '';
  return `TensorFlow is out of memory${what}: smaller --batch-size, --negatives or --hidden-units take less`;
}
