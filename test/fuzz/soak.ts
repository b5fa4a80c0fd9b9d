import { parseArgs } from 'node:util';
import { residentMb } from '../support/resident.ts';
import { createSender } from './http.ts';
import { serveRandomModels } from './models.ts';

/** `npm run check:soak -- [--requests N]`: many predictions, by batches and one by one, and the memory of workerd after each tenth. */

const TOGETHER = 8;
const TENTHS = 10;
/** By how much it may end above the half, when V8's heaps have grown to where it collects them. */
const GROWTH = 1.1;

const { values } = parseArgs({ options: { requests: { type: 'string', default: '200000' } } });
const target = await serveRandomModels();
const sender = createSender(target.url, TOGETHER);
const resident: number[] = [];
try {
  let sent = 0;
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    const end = ((tenth + 1) * Number(values.requests)) / TENTHS;
    await Promise.all(
      Array.from({ length: TOGETHER }, async () => {
        while (sent < end) await predict(sent++);
      }),
    );
    resident.push(await residentMb());
    process.stdout.write(`${sent} requests  ${resident.at(-1)?.toFixed(0)} MB\n`);
  }
} finally {
  sender.close();
  await target.stop();
}
const [warm = 0, last = 0] = [resident[TENTHS / 2 - 1], resident.at(-1)];
if (last > GROWTH * warm) throw new Error(`memory grew from ${warm.toFixed(0)} to ${last.toFixed(0)} MB`);
process.stdout.write('memory is flat\n');

async function predict(i: number): Promise<void> {
  const size = i % 50 === 0 ? 64 : 1;
  const instances = Array.from({ length: size }, (_, n) => ({
    history: [`/p${(i * 31 + n) % 500}`, `/p${(i * 17 + n) % 500}`],
  }));
  const { status, text } = await sender.send({
    method: 'POST',
    path: `/v1/models/${i % 2 ? 'pages' : 'clicks'}:predict`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instances, top: 10 }),
  });
  if (status !== 200) throw new Error(`request ${i} was answered ${status}: ${text}`);
}
