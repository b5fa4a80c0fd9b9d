import { UserError } from '../../user-error.ts';
import { maskVisitors } from '../requests/mask.ts';
import type { Sample } from '../sources/sample.ts';
import { accessLog } from './access-log.ts';
import { events, logpush } from './events.ts';
import type { Format, FormatName, Layout, Shape } from './format.ts';
import { ga4 } from './ga4.ts';
import { sessions, spmf } from './sequences.ts';

/** In the order of how much they ask of a file. */
const READERS: Readonly<Record<Exclude<FormatName, 'index'>, Format>> = {
  ga4,
  logpush,
  'access-log': accessLog,
  spmf,
  events,
  sessions,
};

/**
 * Recognises a file by its beginning, or takes it for the format that was asked for.
 * @throws UserError when it is of no known shape, or not of the one asked for: three lines are shown.
 */
export function recognise(sample: Sample, shape: Shape): Layout {
  const wanted = shape.format ?? (shape.columns ? 'events' : undefined);
  if (wanted === 'index')
    throw new UserError(
      `${sample.name}: index files are read one at a time, a file …_x with its …_y beside it`,
    );
  for (const format of wanted ? [READERS[wanted]] : Object.values(READERS)) {
    const layout = format.recognise(sample, shape);
    if (layout) return layout;
  }
  const what = wanted ? `it does not look like ${wanted}` : 'its shape is unknown';
  const hint = wanted
    ? 'leave --format out to have it recognised'
    : `name it with --format (${Object.keys(READERS).join(', ')}), or an event table's columns with --columns session=…,page=…,time=…`;
  throw new UserError(`${sample.name}: ${what}; ${hint}\n${shownLines(sample)}`);
}

function shownLines({ lines }: Sample): string {
  const shown = lines.slice(0, 3).map(({ number, text }) => `  line ${number}: ${maskVisitors(text)}`);
  return shown.join('\n');
}
