import type { Client } from '../client.ts';
import type { NextPages } from '../types.ts';
import { addressOf } from './addresses.ts';
import { type ChosenPage, choosePages, chooseThreshold, NEVER } from './choose.ts';
import { insert } from './insert.ts';
import type { PrefetchOptions } from './options.ts';
import type { Visit } from './visit.ts';

/** More than models read. */
const HISTORY = 50;
/** Asked for more than are fetched: some are excluded. */
const TOP = 10;

/** A page of a visit, until the visitor leaves it. */
interface Stay {
  readonly client: Client;
  /** With `toPage`. */
  readonly options: PrefetchOptions;
  /** Changed by what is asked and fetched. */
  readonly visit: Visit;
  readonly save: () => void;
  /** Aborts when the visitor leaves the page. */
  readonly signal: AbortSignal;
}

/** Asks what comes next, and has fetched what pays. @throws as the client does; the signal's reason. */
export async function ask(stay: Stay): Promise<void> {
  const { client, visit, signal } = stay;
  const { maxWastedFetches = 0.3, personal } = stay.options;
  const budget = ` ${maxWastedFetches}`;

  const learnThreshold = async () => {
    const path = `/v1/models/${encodeURIComponent(client.navigationModel)}/metadata`;
    // What is not as it should be fails, and ends the asking; or it chooses nothing.
    const { metadata } = await client.request(path, (response) => response.json(), { signal });
    const { version, calibration } = metadata.manifest;
    visit.threshold = chooseThreshold(calibration?.thresholds ?? [], maxWastedFetches);
    visit.source = version + budget;
  };

  if (!visit.source.endsWith(budget)) await learnThreshold();
  if (visit.threshold >= NEVER) return; // a model that gives no threshold is told no history
  const history = visit.pages.slice(-HISTORY);
  const answer = await (personal ?? client).next({ history, top: TOP, signal });
  if (visit.source !== answer.version + budget) await learnThreshold();
  signal.throwIfAborted();
  if (visit.threshold < NEVER) fetchAhead(stay, answer.next);
}

function fetchAhead(stay: Stay, next: NextPages['next']): void {
  const { options, visit, save, signal } = stay;
  const { personal, onPredict, prerenderAbove = Number.POSITIVE_INFINITY } = options;
  const { pages, isRefused } = visit;
  const least = personal?.threshold(visit.threshold) ?? visit.threshold;
  const byRules = !isRefused && HTMLScriptElement.supports?.('speculationrules');
  // Safari has links and fetches nothing for them.
  const byLinks = (url: URL) =>
    document.createElement('link').relList.supports('prefetch') && options.cacheable?.(url);
  const chosen = choosePages(next, least, pages.at(-1), (page) =>
    addressOf(page, options, (url) => onPredict || byRules || byLinks(url)),
  );
  const urls = chosen.map(({ url }) => url);
  visit.predicted = next.filter(({ probability }) => probability >= least).length;
  visit.fetched = chosen.map(({ page }) => page);
  if (!urls[0]) return;
  if (onPredict) setTimeout(onPredict, 0, urls);
  else if (!byRules) for (const href of urls) insert('link', { rel: 'prefetch', href }, signal);
  else {
    insertRules(stay, chosen, (prerenderAbove * least) / visit.threshold, () => {
      visit.isRefused = true; // for the whole visit: no page of it complains twice
      fetchAhead(stay, next);
      save();
    });
  }
}

/** @param onRefused called where a policy of the site refuses them while the visitor is still there. */
function insertRules(
  { options, signal }: Stay,
  chosen: readonly ChosenPage[],
  prerenderAbove: number,
  onRefused: () => void,
): void {
  const urls = chosen.map(({ url }) => url);
  const unseen = chosen.filter(({ probability }) => probability >= prerenderAbove).length;
  const rule = (from: number, to?: number) => [{ source: 'list', urls: urls.slice(from, to) }];
  const script = {
    type: 'speculationrules',
    nonce: options.nonce ?? '',
    textContent: JSON.stringify({ prerender: rule(0, unseen), prefetch: rule(unseen) }),
    onsecuritypolicyviolation: ({ disposition }: SecurityPolicyViolationEvent) => {
      if (disposition === 'enforce' && !signal.aborted) onRefused();
    },
  };
  insert('script', script, signal);
}
