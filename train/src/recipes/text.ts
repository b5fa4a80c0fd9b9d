import type { Ranking } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { readable } from '../cli/describe-data.ts';
import { type CharacterComparison, describeScores, describeTexts } from '../cli/describe-texts.ts';
import { showReading } from '../cli/show-reading.ts';
import {
  countCharacters,
  countLabels,
  type EncodedTexts,
  encodeTexts,
  vocabularyOfTexts,
} from '../data/encode-texts.ts';
import { readTexts, type Texts } from '../data/texts.ts';
import { type CharacterScores, CharacterTally, scoreCharacterBaselines } from '../evaluate/characters.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import type { Windows } from '../fit/batches.ts';
import type { EpochReport } from '../report/run-report.ts';
import { UserError } from '../user-error.ts';
import { finishRun, manifestConfig, prepareRun } from './output.ts';
import { type FittedRound, fitTexts, textWindows } from './text-fit.ts';
import { type TextOptions, textSpec } from './text-options.ts';

/** Below this many texts a tenth is too little to judge by, and a list is to be learnt by heart. */
const HELD_OUT_FROM = 20;
/** Validation comes after whole epochs of at least so many steps in all: a round. */
const STEPS_A_ROUND = 20;
const ROUNDS = 40;
/** Nats a character: less is not worth another round. */
const GAIN_AT_LEAST = 0.001;
/** Rounds without a better validation loss that end the search. */
const PATIENCE = 5;

/** `npm run train -- text`: fits a labeller to pairs, or to the next characters of lines, and exports it. */
export async function trainText(options: TextOptions): Promise<void> {
  const data = await showReading(options.data, () => readTexts(options.data, options));
  const backend = await prepareRun(options);
  process.stdout.write(`${describeTexts(data)}\n`);
  const { format, texts } = data;
  const held = countHeld(options, texts.length);
  const judged = held > 0 ? await judge(options, data, texts.length - held) : undefined;

  const vocabulary = vocabularyOfTexts(texts, format);
  const spec = textSpec(options, format, vocabulary.size);
  const encoded = encodeTexts(texts, vocabulary);
  const windows = textWindows(encoded, spec.steps);
  const round = roundOf(options, windows);
  const epochs = judged?.epochs ?? options.epochs ?? ROUNDS * round;
  process.stdout.write(`  fitting on all ${readable(texts.length)} texts for ${readable(epochs)} epochs\n`);
  const curves = judged?.curves ?? [];
  const speed = { labels: 0, seconds: 0 };
  let weights: ModelWeights | undefined;
  for await (const fitted of fitTexts(spec, windows, { ...options, epochs, round })) {
    curves.push(showRound('final', fitted, options));
    speed.labels += fitted.labels;
    speed.seconds += fitted.seconds;
    weights = fitted.weights;
  }
  if (!weights) throw new Error('fitting ended before its first epoch');
  const scores = judged ?? {
    ...scoreCharacterBaselines(encoded, encoded, vocabulary.size),
    model: await scoreTexts({ spec, weights }, encoded),
  };
  process.stdout.write(`\n${describeScores(scores)}\n`);

  const run = {
    config: manifestConfig({ ...options, format, epochs }),
    data: {
      format,
      sessions: texts.length,
      events: countLabels(texts),
      tokens: vocabulary.tokens.length,
      testSessions: 0,
    },
    metrics: {
      on: judged ? ('validation' as const) : ('training' as const),
      model: rankingOf(scores.model),
      baselines: { popularity: rankingOf(scores.popularity), markov: rankingOf(scores.markov) },
    },
    backend,
    fallbackName: 'text',
    curves,
    eventsPerSecond: speed.labels / speed.seconds,
  };
  const counts = countCharacters(texts, format, vocabulary);
  await finishRun({ spec, weights, vocabulary, counts }, run, options);
}

/** Fits on the first texts until the others are predicted no better, and finds the epochs that did best. */
async function judge(
  options: TextOptions,
  { format, texts }: Texts,
  train: number,
): Promise<CharacterComparison & { epochs: number; curves: EpochReport[] }> {
  const parts = [train, texts.length - train].map(readable);
  process.stdout.write(`  fitting on ${parts[0]} texts, to stop by the last ${parts[1]}\n`);
  const vocabulary = vocabularyOfTexts(texts.slice(0, train), format);
  const spec = textSpec(options, format, vocabulary.size);
  const known = encodeTexts(texts.slice(0, train), vocabulary);
  const held = encodeTexts(texts.slice(train), vocabulary);
  if (textWindows(held, spec.steps).countScored() === 0) {
    throw new UserError(
      `${options.data}: no label of the held-out lines is in the others, so nothing says when to stop: try --held-out 0`,
    );
  }
  const windows = textWindows(known, spec.steps);
  const round = roundOf(options, windows);
  const epochs = options.epochs ?? ROUNDS * round;
  const curves: EpochReport[] = [];
  let best: { epochs: number; model: CharacterScores } | undefined;
  for await (const fitted of fitTexts(spec, windows, { ...options, epochs, round })) {
    const model = await scoreTexts({ spec, weights: fitted.weights }, held);
    curves.push(showRound('choosing', fitted, options, model));
    if (!best || model.crossEntropy < best.model.crossEntropy - GAIN_AT_LEAST)
      best = { epochs: fitted.epoch, model };
    else if (fitted.epoch - best.epochs >= PATIENCE * round) break;
  }
  if (!best) throw new Error('fitting ended before its first epoch');
  return { ...best, curves, ...scoreCharacterBaselines(known, held, vocabulary.size) };
}

/** Shows a round in a line. @returns it as the report draws it. */
function showRound(
  phase: EpochReport['phase'],
  { epoch, loss, seconds }: FittedRound,
  { learningRate }: TextOptions,
  scores?: CharacterScores,
): EpochReport {
  const validation = scores ? `  validation ${scores.crossEntropy.toFixed(3)}` : '';
  process.stdout.write(`  epoch ${String(epoch).padStart(4)}  loss ${loss.toFixed(3)}${validation}\n`);
  const { crossEntropy: validationLoss, recallAt20, mrrAt20 } = scores ?? {};
  return { phase, epoch, trainLoss: loss, validationLoss, recallAt20, mrrAt20, learningRate, seconds };
}

async function scoreTexts(
  model: { spec: ModelSpec; weights: ModelWeights },
  { sessions, inputs }: EncodedTexts,
): Promise<CharacterScores> {
  const tally = new CharacterTally();
  const windows = textWindows({ sessions, inputs }, model.spec.steps);
  for await (const { probabilities, target } of scoreSteps(model, sessions, { windows })) {
    tally.add(probabilities, target);
  }
  return tally.result();
}

/** Epochs in a round. */
function roundOf({ batchSize }: TextOptions, { length }: Windows): number {
  return Math.ceil(STEPS_A_ROUND / Math.ceil(length / batchSize));
}

/** How many texts are held out: none of a few, else at least one and not all. */
function countHeld({ heldOut }: TextOptions, texts: number): number {
  if (heldOut === 0 || texts < HELD_OUT_FROM) return 0;
  return Math.min(texts - 1, Math.max(1, Math.round(texts * heldOut)));
}

function rankingOf({ crossEntropy: _, ...ranking }: CharacterScores): Ranking {
  return ranking;
}
