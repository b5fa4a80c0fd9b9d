import Table from 'cli-table3';
import type { Steps } from '../evaluate/steps.ts';
import { count, duration, percent, range, signed } from '../report/format.ts';
import { betterHalf, type Plan } from './plan.ts';
import { wordsOf } from './settings.ts';
import type { Row, Standing } from './standing.ts';
import type { Trial } from './trial.ts';

/** What will be tried: `16 others beside them to epoch 1, 8 to epoch 2, …`. */
export function describePlan(
  { rungs, challengers, epochs }: Plan,
  { asked, epochSeconds }: { asked: number; epochSeconds: number },
): string {
  const speed = `  an epoch of the defaults takes ${seconds(epochSeconds)}: `;
  if (challengers === 0) return `${speed}there is no time for anything but them`;
  let field = challengers;
  const turns = rungs.map((rung, i) => {
    const turn = `${count(field)}${i === 0 ? ' others beside them' : ''} to epoch ${rung}`;
    field = betterHalf(field);
    return turn;
  });
  const short = epochs < asked ? `, ${epochs} of ${asked} epochs for want of time` : '';
  return `${speed}${turns.join(', ')}${short}`;
}

/** One turn of a trial, as it goes. */
export function describeTurn({ number, settings, ratings, epochs, epochSeconds, failure }: Trial): string {
  const rating = ratings.at(-1);
  const result = rating
    ? `recall@20 ${percent(rating.recallAt20)}  MRR@20 ${percent(rating.mrrAt20)}`
    : 'no epoch yet';
  const place = `epoch ${String(ratings.length).padStart(2)}/${epochs}`;
  const outcome = failure === undefined ? `${result}  ${seconds(epochSeconds)} an epoch` : `out: ${failure}`;
  return `  trial ${String(number).padStart(3)}  ${place}  ${outcome}  ${describeSettings(settings)}`;
}

/** Rows that are shown, and the defaults' wherever they are. */
const ROWS = 16;

/** The trials, best first. */
export function standingTable({ finalists, others }: Standing, { length, sessions }: Steps): string {
  const table = new Table({
    head: ['trial', 'epochs', 'recall@20', 'MRR@20', 'interval', 'over defaults', 'interval', 'settings'],
    colAligns: ['right', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const rows = [...finalists, ...others];
  const shown = rows.filter(({ trial }, i) => i < ROWS || trial.number === 0);
  table.push(...shown.map(cells));
  const more =
    shown.length < rows.length ? [`  and ${count(rows.length - shown.length)} that were worse`] : [];
  return [
    table.toString(),
    ...more,
    `  ranked by ${count(length)} steps of ${count(sessions.length)} sessions held out; 95 % intervals`,
  ].join('\n');
}

function cells({ trial, epochs, rating, interval95, gain }: Row): string[] {
  return [
    String(trial.number),
    String(epochs),
    percent(rating.recallAt20),
    percent(rating.mrrAt20),
    interval95 ? range(interval95) : '',
    gain ? signed(gain.mean) : '',
    gain ? range(gain.interval95, signed) : '',
    describeSettings(trial.settings),
  ];
}

/** What the best is worth, in a sentence. */
export function verdict({ finalists, others }: Standing): string {
  const [best] = finalists;
  if (finalists.length + others.length < 2) return '  only the defaults were tried: more --minutes try more';
  if (!best || best.trial.number === 0) return '  nothing that was tried is better than the defaults';
  const { gain, trial } = best;
  if (!gain) return `  trial ${trial.number} is the best; too few sessions are held out to say by how much`;
  const found = `MRR@20 ${signed(gain.mean)}, ${range(gain.interval95, signed)}`;
  return gain.interval95[0] > 0
    ? `  trial ${trial.number} is better than the defaults: ${found}; the best of many looks a little better than it is`
    : `  trial ${trial.number} is no better than the defaults, as far as these sessions can tell: ${found}`;
}

/** To the tenth: more is noise. */
function seconds(value: number): string {
  return duration(Math.round(value * 10) / 10);
}

function describeSettings(settings: Trial['settings']): string {
  return wordsOf(settings).join(' ') || 'the defaults';
}
