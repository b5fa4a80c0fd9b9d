import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Shape } from '../../support/in-node.ts';
import { seededRandom } from '../../support/models.ts';

/** Lines are written this many characters at a time. */
const PIECE = 1 << 20;
const PAGES = 30_000;
/** Visits under way at once: their requests alternate, as a busy site's do. */
const UNDER_WAY = 5_000;
const FIRST_SECOND = 1_767_225_600; // 2026-01-01

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
];
const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

interface Visit {
  readonly visitor: number;
  left: number;
}

export const SHAPES = ['csv', 'log'] as const satisfies readonly Shape[];

/**
 * Writes the events of a made-up shop: about eight a visit, half of the pages hardly ever seen; as an event table with
 * sessions, or as a combined log with its images, crawlers, errors and tracking parameters.
 */
export async function generateEvents(path: string, shape: Shape, count: number): Promise<void> {
  const out = createWriteStream(path);
  const random = seededRandom(7);
  const format = shape === 'csv' ? csvLine : logLine;
  let visitors = 0;
  const newVisit = (): Visit => ({ visitor: visitors++, left: 1 + Math.floor(-8 * Math.log(1 - random())) });
  const visits = Array.from({ length: UNDER_WAY }, newVisit);
  let text = shape === 'csv' ? 'session,page,time\n' : '';
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random() * UNDER_WAY);
    let visit = visits[at] ?? newVisit();
    if (visit.left-- <= 0) {
      visit = newVisit();
      visits[at] = visit;
    }
    text += format(visit.visitor, FIRST_SECOND + Math.floor(i / 40), random);
    if (text.length < PIECE) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end(text);
  await once(out, 'finish');
}

function csvLine(visitor: number, second: number, random: () => number): string {
  return `${visitor.toString(36)},${pickPage(random)},${second}\n`;
}

function logLine(visitor: number, second: number, random: () => number): string {
  const kind = random();
  const target = kind < 0.35 ? `/img/${Math.floor(kind * 4000)}.webp` : pickPage(random);
  const query = random() < 0.1 ? '?utm_source=mail&utm_campaign=spring' : '';
  const status = random() < 0.03 ? 404 : 200;
  const agent = visitor % 12 === 0 ? CRAWLER : BROWSERS[visitor % BROWSERS.length];
  const address = `10.${(visitor >> 16) & 255}.${(visitor >> 8) & 255}.${visitor & 255}`;
  return `${address} - - [${clfTime(second)}] "GET ${target}${query} HTTP/1.1" ${status} 5120 "-" "${agent}"\n`;
}

/** A few pages have most of the visits. */
function pickPage(random: () => number): string {
  const page = Math.floor(random() ** 4 * PAGES);
  return `/shop/${page % 40}/product-${page}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
let shown: { second: number; text: string } | undefined;

/** `01/Jan/2026:00:00:00 +0000`; the same second is written once. */
function clfTime(second: number): string {
  if (shown?.second !== second) {
    const [date = '', time = ''] = new Date(second * 1000).toISOString().slice(0, 19).split('T');
    const [year, month, day] = date.split('-');
    shown = { second, text: `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000` };
  }
  return shown.text;
}
