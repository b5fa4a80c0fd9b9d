import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GATES, inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { weightLengths } from '@pathcast/models/weights';
import { UserError } from '../user-error.ts';

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** Node, tfjs and a step's own tensors: what a small catalogue takes, measured. */
const BASE_BYTES = 300e6;
/** Wasm's heap cannot grow beyond this, whatever the machine has. */
const WASM_BYTES = 4e9;

/** Bytes that a fit of a spec takes, about: tables, optimiser, and the scoring rows on the backend to rate it. */
export function fitBytes(spec: ModelSpec, { momentum }: { momentum: number }): number {
  const { inputRows, outputRows, outputBias } = weightLengths(spec);
  const copies = momentum > 0 ? 3 : 2;
  const scoring = spec.vocabularySize * spec.hiddenUnits;
  return BASE_BYTES + FLOAT * (copies * (inputRows + outputRows + outputBias) + scoring);
}

/** Bytes that a fit's tables take on a device: weights and optimiser, and one table again while it is read. */
export function deviceBytes(spec: ModelSpec, { momentum }: { momentum: number }): number {
  const { inputRows, outputRows, outputBias } = weightLengths(spec);
  const copies = momentum > 0 ? 3 : 2;
  return FLOAT * (copies * (inputRows + outputRows + outputBias) + inputRows);
}

/**
 * Bytes that full-batch steps take on the backend, about: of each weight its gradient, Adam's two means and the next value
 * beside itself; of each input its row, its gates and their gradients.
 * @param inputs steps of all sequences, padding included.
 * @param rows of the input table that the batch can change.
 */
export function fullBatchBytes(spec: ModelSpec, { inputs, rows }: { inputs: number; rows: number }): number {
  const width = inputRowWidth(spec);
  const gates = GATES[spec.cell] * spec.hiddenUnits;
  const weights = rows * width + weightLengths(spec).outputRows;
  return BASE_BYTES + FLOAT * (6 * weights + inputs * (2 * width + 4 * gates + 8 * spec.hiddenUnits));
}

/**
 * Sees that a run fits, before it starts.
 * @param available what there is; by default the machine's memory, or the container's share of it.
 * @throws UserError saying how much is needed, and what would need less.
 */
export function checkMemory(needed: number, advice: string, available = availableBytes()): void {
  if (needed <= available) return;
  throw new UserError(
    `this needs about ${gigabytes(needed)} of memory, and there is ${gigabytes(available)}: ${advice}`,
  );
}

/** As {@link checkMemory}, of what must fit into the wasm backend alone. */
export function checkWasmMemory(needed: number, advice: string): void {
  checkMemory(needed, advice, Math.min(WASM_BYTES, availableBytes()));
}

/**
 * Gives back what nobody needs any more, now: tables lie outside the collector's heap, and it is in no hurry about them. At a
 * million pages an optimiser of 0.4 GB would still be there while the version is written.
 */
export function reclaimMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

function availableBytes(): number {
  const machine = totalmem();
  const container = process.constrainedMemory?.() ?? 0; // 0 or beyond the machine where there is no limit
  return container > 0 ? Math.min(machine, container) : machine;
}

/** For people. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
