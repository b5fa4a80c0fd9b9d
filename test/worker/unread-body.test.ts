import { expect, it } from 'vitest';
import { createWorker } from './support.ts';

const MB = new Uint8Array(1 << 20);

/** A body of so many MB, and how many of them were read. */
function bodyOf(length: number) {
  const read = { mb: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (read.mb++ < length) controller.enqueue(MB);
      else controller.close();
    },
    cancel: () => {
      read.isCancelled = true;
    },
  });
  return { body, read };
}

/** Answered from the request's head alone: its type is not read here. */
async function ask(body: ReadableStream): Promise<number> {
  const init = { method: 'POST', headers: { 'Content-Type': 'image/png' }, body, duplex: 'half' };
  return (await createWorker().ask('/v1/models/pages:predict', init)).status;
}

it('reads a refused body to its end, so that its connection goes on behind it', async () => {
  const { body, read } = bodyOf(3);
  expect(await ask(body)).toBe(415);
  expect(read).toEqual({ mb: 4, isCancelled: false }); // the fourth time there was no more
});

it('gives up on a body that has no end', async () => {
  const { body, read } = bodyOf(1000);
  expect(await ask(body)).toBe(415);
  expect(read.isCancelled).toBe(true);
  expect(read.mb).toBeLessThan(20);
});
