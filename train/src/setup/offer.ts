import { createInterface } from 'node:readline/promises';
import { missingBackend } from '../backends/backend.ts';
import { gigabytes } from '../fit/memory.ts';
import { planFor } from './plan.ts';
import { setUp } from './setup.ts';

/** Where there is a GPU and no backend for it: asks whether to set it up, if anybody can answer. */
export async function offerSetup(): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  const missing = await missingBackend();
  if (!missing) return;
  const { name, gpu } = missing;
  const plan = planFor(name, 'auto', [gpu]);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt
    .question(`  ${gpu.name} is here. Set up the ${name} backend, up to ${gigabytes(plan.bytes)}? [y/N] `)
    .finally(() => prompt.close());
  if (/^y(es)?$/i.test(answer.trim())) await setUp(name, { libraries: 'auto', isForced: false });
}
