import { countLabels } from '../data/encode-texts.ts';
import type { Texts } from '../data/texts.ts';
import type { CharacterScores } from '../evaluate/characters.ts';
import { readable } from './describe-data.ts';

/** A character model beside what any newcomer would try first. */
export interface CharacterComparison {
  readonly model: CharacterScores;
  readonly popularity: CharacterScores;
  readonly markov: CharacterScores;
}

/** What the file held, in a few lines: as a training run begins. */
export function describeTexts({ format, texts, counts, badLines }: Texts): string {
  const lines = [
    `${format}: ${readable(texts.length)} texts, ${readable(countLabels(texts))} characters to predict`,
  ];
  if (counts.empty > 0) lines.push(`${readable(counts.empty)} empty lines passed over`);
  if (counts.short > 0) lines.push(`${readable(counts.short)} lines of one character left out`);
  if (counts.bad > 0)
    lines.push(`${readable(counts.bad)} bad lines left out`, ...badLines.map((line) => `  ${line}`));
  return lines.map((line, i) => `  ${i === 0 ? 'data' : '    '}      ${line}`).join('\n');
}

/** Cross-entropy beside its baselines; what else there is to say, the table of every model says. */
export function describeScores({ popularity, markov, model }: CharacterComparison): string {
  return Object.entries({ popularity, markov, pathcast: model })
    .map(([name, { crossEntropy }]) => {
      const nats = crossEntropy.toFixed(3).padStart(7);
      return `  ${name.padEnd(10)} ${nats} nats a character, perplexity ${Math.exp(crossEntropy).toFixed(2)}`;
    })
    .join('\n');
}
