import type { Client } from '../client.ts';
import type { PrefetchOptions } from './options.ts';
import { allows, arrival, quiet, watchAddress } from './page.ts';
import { pathOf } from './page-name.ts';
import { loadVisit, saveVisit } from './visit.ts';

/** Follows the visit from the current page on, until the signal aborts. Nothing here throws into the page. */
export function follow(client: Client, options: PrefetchOptions, stopped: AbortSignal): void {
  const { toPage = pathOf, personal, onPredict, onReport } = options;
  const visit = loadVisit();
  const save = () => saveVisit(visit);
  let leaving = new AbortController();

  /** Records the page, reports on the one before, and has fetched what comes next. */
  const open = async (isLoad: boolean) => {
    const page = toPage(new URL(location.href));
    const { pages: history, fetched, predicted } = visit;
    const isSame = page === history.at(-1);
    if (stopped.aborted || (isSame && !isLoad)) return;
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    if (!page) return;
    if (!isSame) {
      visit.pages = [...history, page];
      visit.fetched = [];
      visit.predicted = 0;
      save();
      personal?.observe({ history, page, fetched, threshold: visit.threshold });
    }
    await quiet(signal);
    const { isPrefetched, waitMs } = arrival();
    // A router takes what it was given; a document says itself where it came from.
    const used = Number(fetched.includes(page) && (onPredict ? true : isLoad && isPrefetched));
    const savedMs = used && isLoad ? Math.max(0, Math.round(visit.waitMs - waitMs)) : 0;
    if (isLoad && !isPrefetched) visit.waitMs = waitMs;
    // In a task of its own: what the site's function throws is the site's to see, and stops nothing here.
    if (onReport && history[0] && !isSame)
      setTimeout(onReport, 0, {
        predicted,
        fetched: fetched.length,
        used,
        wasted: fetched.length - used,
        savedMs,
      });
    // Loaded only now, and not at all where nothing may be fetched.
    if (allows(options.avoid3g))
      await (await import('./ask.ts')).ask({ client, options: { ...options, toPage }, visit, save, signal });
    save();
  };

  const onChange = (isLoad: boolean) => void open(isLoad).catch(() => {});
  onChange(true);
  watchAddress(() => onChange(false), stopped);
  stopped.addEventListener('abort', () => leaving.abort());
}
