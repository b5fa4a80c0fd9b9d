import type { Client } from '../client.ts';
import type { NextPages } from '../types.ts';
import { addressOf, pathOf } from './addresses.ts';
import { choosePages, chooseThreshold, NEVER } from './choose.ts';
import { insert } from './insert.ts';
import type { PrefetchOptions } from './options.ts';
import { allows, arrival, quiet, watchAddress } from './page.ts';
import { loadVisit, saveVisit } from './visit.ts';

/** More than models read. */
const HISTORY = 50;
/** Asked for more than are fetched: some are excluded. */
const TOP = 10;

/** Follows the visit from the current page on, until the signal aborts. Nothing here throws into the page. */
export function follow(client: Client, options: PrefetchOptions, stopped: AbortSignal): void {
  const { maxWastedFetches = 0.3, prerenderAbove = NEVER, toPage = pathOf } = options;
  const { personal, onPredict, onReport } = options;
  const budget = ` ${maxWastedFetches}`;
  let [pages, fetched, pending, predicted, lastWaitMs, source, threshold, isRefused] = loadVisit();
  let leaving = new AbortController();
  const save = () =>
    saveVisit([pages, fetched, pending, predicted, lastWaitMs, source, threshold, isRefused]);
  const rescale = (served: number) => personal?.threshold(served) ?? served;

  /** Records the page, reports on the one before, asks what comes next and fetches it. */
  const open = async (isLoad: boolean) => {
    const page = toPage(new URL(location.href));
    const isSame = page === pages.at(-1);
    if (stopped.aborted || (isSame && !isLoad)) return;
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    if (!page) return;
    const history = pages;
    const left = { predicted, fetched: pending };
    const isHit = fetched.indexOf(page) >= fetched.length - pending;
    if (!isSame) {
      pages = [...pages, page];
      pending = predicted = 0;
      save();
      personal?.observe({ history, page });
    }
    await quiet(signal);
    const { isPrefetched, waitMs } = arrival();
    // A router takes what it was given; a document says itself where it came from.
    const used = Number(isHit && (onPredict ? true : isLoad && isPrefetched));
    const savedMs = used && isLoad ? Math.max(0, Math.round(lastWaitMs - waitMs)) : 0;
    if (isLoad && !isPrefetched) lastWaitMs = waitMs;
    // In a task of its own: what the site's function throws is the site's to see, and stops nothing here.
    if (onReport && history[0] && !isSame)
      setTimeout(onReport, 0, { ...left, used, wasted: left.fetched - used, savedMs });
    if (allows(options.avoid3g)) await ask(signal);
    save();
  };

  const ask = async (signal: AbortSignal) => {
    if (!source.endsWith(budget)) await learnThreshold(signal);
    if (threshold >= NEVER) return; // a model that gives no threshold is told no history
    const answer = await (personal ?? client).next({ history: pages.slice(-HISTORY), top: TOP, signal });
    if (source !== answer.version + budget) await learnThreshold(signal);
    signal.throwIfAborted();
    if (threshold < NEVER) fetchAhead(answer.next, signal);
  };

  const learnThreshold = async (signal: AbortSignal) => {
    const path = `/v1/models/${encodeURIComponent(client.navigationModel)}/metadata`;
    // What is not as it should be fails, and ends the asking; or it chooses nothing.
    const { metadata } = await client.request(path, (response) => response.json(), { signal });
    const { version, calibration } = metadata.manifest;
    threshold = chooseThreshold(calibration?.thresholds ?? [], maxWastedFetches);
    source = version + budget;
  };

  const fetchAhead = (next: NextPages['next'], signal: AbortSignal) => {
    const [before, pendingBefore, least] = [fetched, pending, rescale(threshold)];
    const byRules = !isRefused && HTMLScriptElement.supports?.('speculationrules');
    // Safari has links and fetches nothing for them.
    const byLinks = (url: URL) =>
      document.createElement('link').relList.supports('prefetch') && options.cacheable?.(url);
    const chosen = choosePages(next, least, [...pages, ...fetched], (page) =>
      addressOf(page, options, (url) => onPredict || byRules || byLinks(url)),
    );
    const urls = chosen.map(({ url }) => url);
    predicted = next.filter(({ probability }) => probability >= least).length;
    pending += urls.length;
    fetched = [...fetched, ...chosen.map(({ page }) => page)];
    if (!urls[0]) return;
    if (onPredict) setTimeout(onPredict, 0, urls);
    else if (!byRules) for (const href of urls) insert('link', { rel: 'prefetch', href }, signal);
    else {
      const unseen = chosen.filter(({ probability }) => probability >= rescale(prerenderAbove)).length;
      const rule = (from: number, to?: number) => [{ source: 'list', urls: urls.slice(from, to) }];
      const script = {
        type: 'speculationrules',
        nonce: options.nonce ?? '',
        textContent: JSON.stringify({ prerender: rule(0, unseen), prefetch: rule(unseen) }),
        onsecuritypolicyviolation: ({ disposition }: SecurityPolicyViolationEvent) => {
          if (disposition !== 'enforce' || signal.aborted) return;
          isRefused = true; // for the whole visit: no page of it complains twice
          [fetched, pending] = [before, pendingBefore];
          fetchAhead(next, signal);
          save();
        },
      };
      insert('script', script, signal);
    }
  };

  const onChange = (isLoad: boolean) => void open(isLoad).catch(() => {});
  onChange(true);
  watchAddress(() => onChange(false), stopped);
  stopped.addEventListener('abort', () => leaving.abort());
}
