import { parseArgs } from 'node:util';
import { predictResponseSchema, problemSchema } from '@pathcast/models/api';
import fc from 'fast-check';
import { createSender, type FuzzAnswer, type FuzzRequest } from './http.ts';
import { serveRandomModels } from './models.ts';
import { requests } from './requests.ts';
import { runSchemathesis } from './schemathesis.ts';

/**
 * `npm run check:fuzz -- [--requests N] [--seed N]`: requests of every kind to the built Worker on workerd. None may be answered
 * with a 5xx, hang, or be told of what is inside; a prediction and a problem must be what their schemas say.
 */

/** Requests that are under way together. */
const TOGETHER = 16;
/** Words of a stack, a path of this machine, or a runtime's own error. */
const INSIDE = [/\n\s+at /, /\.ts:\d/, /node_modules/, /TypeError|RangeError|ReferenceError/, process.cwd()];

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const target = await serveRandomModels();
const sender = createSender(target.url, TOGETHER);
const statuses = new Map<number, number>();
let slowest = 0;
try {
  const batch = fc.array(requests(target.versions), { minLength: TOGETHER, maxLength: TOGETHER });
  const numRuns = Math.ceil(Number(values.requests) / TOGETHER);
  await fc.assert(
    fc.asyncProperty(batch, (batch) => Promise.all(batch.map(checkOne)).then(() => {})),
    { numRuns, seed: Number(values.seed), endOnFailure: true },
  );
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status} × ${n}`);
  const total = [...statuses.values()].reduce((sum, n) => sum + n, 0);
  process.stdout.write(`fast-check: ${total} requests, no fault; ${counts.join(', ')}\n`);
  process.stdout.write(`the slowest took ${Math.round(slowest)} ms\n`);
  process.stdout.write(`${await runSchemathesis(target.url)}\n`);
} finally {
  sender.close();
  await target.stop();
}

async function checkOne(request: FuzzRequest): Promise<void> {
  const answer = await sender.send(request).catch((error: unknown) => {
    throw new Error(`${error}: ${JSON.stringify(request)}`);
  });
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  slowest = Math.max(slowest, answer.ms);
  const fault = faultOf(request, answer);
  if (fault) throw new Error(`${fault}: ${request.method} ${request.path}\n${answer.status} ${answer.text}`);
}

function faultOf({ method, path }: FuzzRequest, { status, type, text }: FuzzAnswer): string | undefined {
  if (status >= 500) return 'a 5xx';
  const leak = INSIDE.find((inside) =>
    typeof inside === 'string' ? text.includes(inside) : inside.test(text),
  );
  if (leak && type.includes('json')) return `told of ${leak}`;
  if (method === 'HEAD' || !path.startsWith('/v1/')) return undefined;
  if (status >= 400 && !problemSchema.safeParse(parse(text)).success) return 'no problem';
  const isBatch = method === 'POST' && status === 200;
  if (
    isBatch &&
    'predictions' in Object(parse(text)) &&
    !predictResponseSchema.safeParse(parse(text)).success
  )
    return 'no prediction';
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
