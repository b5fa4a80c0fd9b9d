import type { Metrics } from '@pathcast/models/manifest';
import type { Pack } from '@pathcast/models/pack/pack';
import { TokenIndex } from '@pathcast/models/pack/token-index';
import type { Part } from '@pathcast/models/predictor/parts';
import type { Predictor } from '@pathcast/models/predictor/predictor';
import { FIRST_TOKEN_ID, UNKNOWN_ID, Vocabulary } from '@pathcast/models/vocabulary';
import { readable } from '../cli/describe-data.ts';
import { showReading } from '../cli/show-reading.ts';
import type { DataOptions } from '../data/options.ts';
import { readDataset } from '../data/read.ts';
import { encodeSessions } from '../data/sessions/encode.ts';
import type { Sessions } from '../data/sessions/sessions.ts';
import { removeUnseen } from '../data/sessions/split.ts';
import { createRandom } from '../random.ts';
import { UserError } from '../user-error.ts';
import { rankBaselines } from './baselines.ts';
import { compareRanks } from './compare.ts';
import type { OpenModel } from './open-model.ts';
import { rankWithPredictor } from './pack.ts';
import { type Steps, stepsOf } from './steps.ts';

export interface EvaluateOptions extends DataOptions {
  /** The model's. */
  readonly name: string;
  /** What to rank with; without it the served ranking, and its parts beside it. */
  readonly part?: Part | undefined;
  /** What it was trained on: for the baselines. */
  readonly train?: string | undefined;
  /** Sessions to draw. */
  readonly sample?: number | undefined;
}

const SEED = 1;

/**
 * Ranks every step of some data with a pack, as the edge would.
 * @throws UserError when the pack ranks no pages, knows none of the data's, or has no such part.
 */
export async function evaluatePack(
  { pack, predictor }: OpenModel,
  options: EvaluateOptions,
): Promise<Metrics> {
  const { name, part, train, sample, ...data } = options;
  if (pack.spec.task !== 'next')
    throw new UserError(`${name} labels characters; it ranks no pages to evaluate`);
  const parts = partsOf(predictor, name, part);
  const vocabulary = vocabularyIn(pack);

  const { sessions, unseenEvents } = await readKnown(
    { ...data, minSupport: data.minSupport ?? 1, minVisitors: data.minVisitors ?? 1 },
    vocabulary,
  );
  if (sessions.length === 0) throw new UserError(`${name} knows no page of ${data.data}: nothing to score`);
  if (unseenEvents > 0) {
    process.stdout.write(`  ${readable(unseenEvents)} events of pages that it does not know left out\n`);
  }
  const steps = stepsOf(encodeSessions(draw(sessions, sample), vocabulary));
  const baselines = train ? await baselinesOf({ ...data, data: train }, steps, vocabulary) : {};
  const nameOf = (id: number) => vocabulary.decode(id) ?? '';
  const ranked = await rankWithPredictor(predictor, steps, { parts, nameOf, onProgress: showProgress });
  const { [parts[0] ?? '']: model = new Uint32Array(), ...others } = ranked;
  return { on: 'test', ...compareRanks(steps, { model, baselines, parts: others }, pack.counts) };
}

/** What to rank with: the one asked for, or the mixture first, then its parts. A mixture of one is that part. */
function partsOf({ parts }: Predictor, name: string, asked: Part | undefined): readonly Part[] {
  if (asked && !parts.includes(asked))
    throw new UserError(`--part: ${name} has no "${asked}", only ${parts.join(', ')}`);
  if (asked) return [asked];
  return ['mixture', ...(parts.length > 2 ? parts.filter((part) => part !== 'mixture') : [])];
}

function vocabularyIn({ tokens }: Pack): Vocabulary {
  const index = new TokenIndex(tokens);
  return new Vocabulary(Array.from({ length: index.size }, (_, i) => index.decode(i + FIRST_TOKEN_ID)));
}

/** Reads sessions and takes the pages out that the model does not know. */
async function readKnown(data: DataOptions, vocabulary: Vocabulary) {
  const { sessions } = await showReading(data.data, () => readDataset(data));
  return removeUnseen(sessions, (page) => vocabulary.encode(page) !== UNKNOWN_ID);
}

/** Some sessions at random, always the same of the same data. */
function draw(sessions: Sessions, count = sessions.length): Sessions {
  const order = Array.from({ length: sessions.length }, (_, session) => session);
  if (count >= order.length) return sessions;
  createRandom(SEED).shuffle(order);
  return sessions.select(order.slice(0, count));
}

async function baselinesOf(data: DataOptions, steps: Steps, vocabulary: Vocabulary) {
  const { sessions } = await readKnown(data, vocabulary);
  return rankBaselines(encodeSessions(sessions, vocabulary), steps, vocabulary.size);
}

/** In a terminal, how far it is: a large catalogue takes minutes. */
function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY || (done % 100 !== 0 && done !== total)) return;
  const shown = `  ranking   ${readable(done)} of ${readable(total)} histories`;
  process.stderr.write(done === total ? '\r\x1b[K' : `\r${shown}`); // erased at the end
}
