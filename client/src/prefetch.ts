import type { Client } from './client.ts';
import { follow } from './prefetch/follow.ts';
import { checkOptions, type PrefetchOptions } from './prefetch/options.ts';
import type {} from './prefetch/platform.ts';

export type { ObservedVisit, PersonalModel } from './personal-model.ts';
export type { PrefetchOptions, PrefetchReport } from './prefetch/options.ts';

/**
 * Records the pages of the tab's visit, asks after each which come next, and has those fetched that pay within the budget.
 * Does nothing where there is no document, or where the visitor asks for privacy by Global Privacy Control. What goes
 * wrong later never reaches the page.
 *
 * @returns stops it: nothing more is recorded, asked or fetched, and what was put into the page is gone.
 * @throws InputError when an option is not what it must be.
 */
export function startPrefetch(client: Client, options: PrefetchOptions = {}): () => void {
  checkOptions(options);
  const stopping = new AbortController();
  const { signal } = stopping;
  const start = () => follow(client, options, signal);
  if (globalThis.document && !navigator.globalPrivacyControl) {
    // A page opened unseen is part of no visit until it is shown.
    if (document.prerendering) document.addEventListener('prerenderingchange', start, { signal });
    else start();
  }
  return () => stopping.abort();
}
