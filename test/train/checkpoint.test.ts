import { existsSync } from 'node:fs';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSpec } from '@pathcast/models/spec';
import { readCheckpoint, writeCheckpoint } from '@pathcast/train/fit/checkpoint';
import { createState, type TrainingState } from '@pathcast/train/fit/state';
import { UserError } from '@pathcast/train/user-error';
import { describe, expect, it } from 'vitest';
import { flatten } from '../support/crews.ts';
import { temporaryFolder } from '../support/folder.ts';
import { randomModel, SPECS } from '../support/models.ts';

/** A state whose every number is another, optimiser included. */
function stateOf(overrides: Partial<ModelSpec> = {}, { momentum = 0.5, seed = 1 } = {}): TrainingState {
  const { spec, weights } = randomModel(overrides, seed);
  const state = createState(spec, weights, { momentum });
  let count = seed;
  for (const part of [state.accumulators, state.velocities]) {
    if (!part) continue;
    const { inputRows, cells, outputRows, outputBias } = part;
    const arrays = [inputRows, outputRows, outputBias, ...cells.flatMap((cell) => Object.values(cell))];
    for (const array of arrays) for (let i = 0; array && i < array.length; i++) array[i] = count++;
  }
  return state;
}

const numbersOf = ({ weights, accumulators, velocities }: TrainingState) =>
  [weights, accumulators, velocities].map((part) => part && flatten(part));

async function restored(path: string, into: TrainingState) {
  const checkpoint = await readCheckpoint(path);
  await checkpoint?.restore(into);
  return checkpoint?.place;
}

const pathIn = async () => join(await temporaryFolder(), 'deeper', 'checkpoint');

/** Refuses in one sentence that names the file and the way out. */
async function expectRefusal(path: string, into: TrainingState, what: RegExp) {
  const error = await restored(path, into).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ message: expect.stringMatching(what) });
  expect(error).toMatchObject({ message: expect.stringContaining(path) });
  expect(error).toMatchObject({ message: expect.stringMatching(/; train without --resume$/) });
}

describe('a checkpoint', () => {
  it.each(SPECS)('gives all tables back as they were, and the place: $title', async ({ spec }) => {
    const path = await pathIn();
    for (const momentum of [0.5, 0]) {
      const state = stateOf(spec, { momentum });
      await writeCheckpoint(path, state, { epoch: 3, note: 'é' });
      const other = stateOf(spec, { momentum, seed: 9 });
      expect(await restored(path, other)).toEqual({ epoch: 3, note: 'é' });
      expect(numbersOf(other)).toEqual(numbersOf(state));
    }
    expect(await readdir(join(path, '..'))).toEqual(['checkpoint']);
  });

  it('that is not there is undefined', async () => {
    expect(await readCheckpoint(await pathIn())).toBeUndefined();
  });

  it('of other shapes is refused, and so is one with more tables or fewer', async () => {
    const path = await pathIn();
    await writeCheckpoint(path, stateOf(), {});
    const shape = /its tables are not of this model's shape/;
    await expectRefusal(path, stateOf({ vocabularySize: 43 }), shape);
    await expectRefusal(path, stateOf({ layers: 2 }), shape);
    await expectRefusal(path, stateOf({ cell: 'lstm' }), shape);
    await expectRefusal(path, stateOf({ output: 'dense' }), shape);
    await expectRefusal(path, stateOf({}, { momentum: 0 }), shape);
    await writeCheckpoint(path, stateOf({}, { momentum: 0 }), {});
    await expectRefusal(path, stateOf(), shape);
  });

  it('that is cut off anywhere is refused', async () => {
    const path = await pathIn();
    await writeCheckpoint(path, stateOf(), {});
    const bytes = await readFile(path);
    for (const length of [0, 1, 7, 8, 100, 1000, bytes.length >> 1, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expectRefusal(path, stateOf(), /./);
    }
  });

  it('of another format is refused, and so is a file of something else', async () => {
    const path = await pathIn();
    await writeCheckpoint(path, stateOf(), { a: 1 });
    const bytes = (await readFile(path)).toString('latin1');
    const changed = (from: string, to: string) => writeFile(path, bytes.replace(from, to), 'latin1');
    await changed('pathcast-checkpoint/1', 'pathcast-checkpoint/2');
    await expectRefusal(path, stateOf(), /not a checkpoint of format pathcast-checkpoint\/1/);
    await changed('{\\"a\\":1}', '{\\"a\\":1 ');
    await expectRefusal(path, stateOf(), /its place is not JSON/);
    await writeFile(path, '<!doctype html>'.repeat(100));
    await expectRefusal(path, stateOf(), /./);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'leaves the earlier one whole when the disk is full, nothing beside it, and can be written later',
    async () => {
      const path = await pathIn();
      const state = stateOf();
      await writeCheckpoint(path, state, { step: 1 });
      await symlink('/dev/full', `${path}.part`); // the device on which every write finds no space
      const next = stateOf({}, { seed: 5 });
      await expect(writeCheckpoint(path, next, { step: 2 })).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readdir(join(path, '..'))).toEqual(['checkpoint']);
      const found = stateOf({}, { seed: 9 });
      expect(await restored(path, found)).toEqual({ step: 1 });
      expect(numbersOf(found)).toEqual(numbersOf(state));
      await writeCheckpoint(path, next, { step: 2 });
      expect(await restored(path, found)).toEqual({ step: 2 });
      expect(numbersOf(found)).toEqual(numbersOf(next));
    },
  );
});
