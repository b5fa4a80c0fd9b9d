import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PackError, readHead, type Tensor, writeHead } from '@pathcast/models/pack/safetensors';
import type { ModelWeights } from '@pathcast/models/weights';
import { onInterrupt } from '../interrupt.ts';
import { UserError } from '../user-error.ts';
import type { TrainingState } from './state.ts';

const FORMAT = 'pathcast-checkpoint/1';

/** The header is never longer: a few tensors a layer. */
const HEAD_BYTES = 1 << 20;

/**
 * Writes all that a run needs to go on: tables, optimiser, and its place. It is written beside the earlier one, synced
 * and renamed, so that a run killed at any instant leaves one of the two whole.
 * @param place plain data.
 */
export async function writeCheckpoint(path: string, state: TrainingState, place: unknown): Promise<void> {
  const tensors = tensorsOf(state);
  const head = writeHead(tensors, { format: FORMAT, place: JSON.stringify(place) });
  const side = `${path}.part`;
  const takeBack = onInterrupt(() => rmSync(side, { force: true }));
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(side, 'w');
    try {
      await writeAll(file, head);
      for (const { data } of tensors) {
        await writeAll(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(side, path);
  } finally {
    takeBack();
    await rm(side, { force: true });
  }
  await syncFolder(dirname(path));
}

/** A checkpoint whose tables are not read yet. */
export interface Checkpoint {
  /** As it was written; to be checked by whoever wrote it. */
  readonly place: unknown;
  /**
   * Reads the tables into a state.
   * @throws UserError when they are not those of the state's spec.
   */
  restore(state: TrainingState): Promise<void>;
}

/**
 * Opens a checkpoint.
 * @returns undefined when there is none.
 * @throws UserError when it is damaged, or another version's.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const head = new Uint8Array(Math.min(size, HEAD_BYTES));
    await readAll(file, head, 0);
    const { metadata } = headOf(path, head, size);
    return {
      place: parsePlace(path, metadata.place ?? ''),
      restore: (state) => restore(path, state),
    };
  } finally {
    await file.close();
  }
}

async function restore(path: string, state: TrainingState): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = new Uint8Array(Math.min(size, HEAD_BYTES));
    await readAll(file, head, 0);
    const { tensors } = headOf(path, head, size);
    const expected = tensorsOf(state);
    for (const [i, { name, data }] of expected.entries()) {
      const found = tensors[i];
      if (found?.name !== name || found.elements !== data.length || tensors.length !== expected.length) {
        throw new UserError(`${path}: its tables are not of this model's shape; train without --resume`);
      }
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      await readAll(file, bytes, found.start);
    }
  } finally {
    await file.close();
  }
}

function headOf(path: string, head: Uint8Array, size: number) {
  try {
    const read = readHead(head, size);
    if (read.metadata.format !== FORMAT) throw new PackError(`not a checkpoint of format ${FORMAT}`);
    return read;
  } catch (error) {
    if (error instanceof PackError)
      throw new UserError(`${path}: ${error.message}; train without --resume`, { cause: error });
    throw error;
  }
}

function parsePlace(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: its place is not JSON; train without --resume`, { cause: error });
  }
}

function tensorsOf({ weights, accumulators, velocities }: TrainingState): Tensor[] {
  const named = { weights, accumulators, ...(velocities ? { velocities } : {}) };
  return Object.entries(named).flatMap(([name, values]) =>
    arraysOf(values).map(([part, data]) => ({ name: `${name}.${part}`, shape: [data.length], data })),
  );
}

function arraysOf({ inputRows, cells, outputRows, outputBias }: ModelWeights): [string, Float32Array][] {
  const inCells = cells.flatMap(({ kernel, recurrentKernel, bias }, i): [string, Float32Array][] => [
    ...(kernel ? [[`cells.${i}.kernel`, kernel] as [string, Float32Array]] : []),
    [`cells.${i}.recurrent_kernel`, recurrentKernel],
    [`cells.${i}.bias`, bias],
  ]);
  return [
    ['input_rows', inputRows],
    ...inCells,
    ...(outputRows ? [['output_rows', outputRows] as [string, Float32Array]] : []),
    ['output_bias', outputBias],
  ];
}

/** Node takes at most 2 GiB at a time, and buffers that are not shared. */
const CHUNK_BYTES = 64 << 20;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    await file.writeFile(Buffer.from(bytes.subarray(start, start + CHUNK_BYTES)));
  }
}

async function readAll(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  const chunk = Buffer.alloc(Math.min(into.length, CHUNK_BYTES));
  for (let start = 0; start < into.length; start += chunk.length) {
    const wanted = Math.min(chunk.length, into.length - start);
    const { bytesRead } = await file.read(chunk, 0, wanted, position + start);
    if (bytesRead !== wanted) throw new UserError('the checkpoint is cut off; train without --resume');
    into.set(chunk.subarray(0, wanted), start);
  }
}

/** A rename lasts only once its folder is on disk too; where folders cannot be opened, as on Windows, it is left to the system. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync().catch(() => {});
  } finally {
    await folder?.close();
  }
}
