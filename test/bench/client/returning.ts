import { type Client, createClient } from '../../../client/src/index.ts';
import { amend, learn, mix, NOTHING } from '../../../client/src/personal/learnt.ts';
import type { PersonalModel } from '../../../client/src/personal-model.ts';
import { seededRandom } from '../../support/models.ts';
import { askWorker } from '../served.ts';
import { stepsOf, type Visitor } from './visitors.ts';

// Named at run time: it is typed by the DOM, whose library does not go with Node's, in which its memory stands in for storage.
const { createPersonal }: { createPersonal: (options: { client: Client }) => PersonalModel } = await import(
  String(new URL('../../../client/src/personal.ts', import.meta.url))
);

export const CUTOFF = 5;
/** What the personal model asks for where five are wanted. */
const ASKED = 25;
/** What prefetching fetches at most. */
const FETCHES = 3;
/** Pages beyond the asked have no probability here; so much is below any of these. */
const LEAST = 1e-5;
const RESAMPLES = 2000;

interface Answer {
  readonly page: string;
  readonly probability: number;
}
export type Answers = ReadonlyMap<string, readonly Answer[]>;

const nameOf = (history: readonly string[]) => history.join('\n');

/** What the running Worker answers to every history of these visitors. */
export async function answersFor(url: string, visitors: readonly Visitor[]): Promise<Answers> {
  const steps = visitors.flatMap(stepsOf);
  const histories = [...new Map(steps.map(({ history }) => [nameOf(history), history])).values()];
  const answers = await askWorker(url, 'navigation', histories, { top: ASKED });
  return new Map(histories.map((history, i) => [nameOf(history), answers[i] ?? []]));
}

/** A client that gets the Worker's answers, which were asked before. */
function clientOf(answers: Answers): Client {
  return createClient({
    endpoint: 'http://localhost',
    async fetch(_, init) {
      const { instances, top } = JSON.parse(String(init?.body));
      const next = answers.get(nameOf(instances[0].history))?.slice(0, top);
      return Response.json({ model: 'navigation', version: '20260101000000', predictions: [{ next }] });
    },
  });
}

type Pair = [base: number, personal: number];

/** What came of a visitor's steps: sums, of the base and of the personal model. */
export interface Outcome {
  readonly steps: number;
  /** Steps to a page that the visitor had opened before. */
  readonly revisits: number;
  readonly hits: Pair;
  readonly fetched: Pair;
  /** Fetched pages that came next. */
  readonly used: Pair;
}

/** Replays a visitor strictly online: predicts a step, then learns it. @param from the first visit that counts. */
export async function replay(
  visitor: Visitor,
  answers: Answers,
  { threshold, from = 0 }: { threshold: number; from?: number },
): Promise<Outcome> {
  const client = clientOf(answers);
  const personal = createPersonal({ client });
  const opened = new Set<string>();
  let [steps, revisits] = [0, 0];
  const hits: Pair = [0, 0];
  const fetched: Pair = [0, 0];
  const used: Pair = [0, 0];
  for (const [i, visit] of visitor.entries()) {
    for (const { history, target } of stepsOf([visit])) {
      const options = { history, top: CUTOFF };
      const base = (await client.next(options)).next;
      const mixed = (await personal.next(options)).next;
      const fetches = {
        base: fetchesOf(base, threshold),
        mixed: fetchesOf(mixed, personal.threshold(threshold)),
      };
      await personal.observe({ history, page: target, fetched: fetches.mixed, threshold });
      if (i >= from) {
        steps++;
        revisits += Number(opened.has(target));
        for (const [which, next, pages] of [
          [0, base, fetches.base],
          [1, mixed, fetches.mixed],
        ] as const) {
          hits[which] += Number(next.some(({ page }) => page === target));
          fetched[which] += pages.length;
          used[which] += Number(pages.includes(target));
        }
      }
      opened.add(target);
    }
    for (const page of visit) opened.add(page);
  }
  return { steps, revisits, hits, fetched, used };
}

/** The pages that prefetching fetches at this threshold. */
function fetchesOf(next: readonly Answer[], threshold: number): string[] {
  const likely = next.filter(({ probability }) => probability >= threshold);
  return likely.slice(0, FETCHES).map(({ page }) => page);
}

/** How much likelier the mixture with this k finds what came next than the base does, in nats a step. */
export function likelihoodGain(visitors: readonly Visitor[], answers: Answers, k: number): number {
  let [gain, steps] = [0, 0];
  for (const visitor of visitors) {
    let text = NOTHING;
    for (const { history, target } of stepsOf(visitor)) {
      const served = answers.get(nameOf(history)) ?? [];
      const from = history.at(-1) ?? '';
      const own = mix(JSON.parse(text), from, served, k);
      const of = (ranking: readonly Answer[]) =>
        Math.log(Math.max(LEAST, ranking.find(({ page }) => page === target)?.probability ?? 0));
      gain += of(own) - of(served);
      steps++;
      text = amend(text, (learnt) => learn(learnt, from, { page: target }));
    }
  }
  return gain / steps;
}

/** A mean over steps, and the 95 % interval of visitors drawn anew, by a seed. */
export function withInterval(
  outcomes: readonly Outcome[],
  value: (outcome: Outcome) => number,
): { mean: number; low: number; high: number } {
  const random = seededRandom(1);
  const mean = (drawn: readonly Outcome[]) =>
    drawn.reduce((sum, one) => sum + value(one), 0) / drawn.reduce((sum, { steps }) => sum + steps, 0);
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(outcomes.map((one) => outcomes[Math.floor(random() * outcomes.length)] ?? one)),
  ).sort((a, b) => a - b);
  const at = (share: number) => means[Math.floor(share * (RESAMPLES - 1))] ?? Number.NaN;
  return { mean: mean(outcomes), low: at(0.025), high: at(0.975) };
}
