import type { PrefetchOptions } from './options.ts';

/** Ways out and to the till, names that `train` hid behind `*`, and files that are no pages. */
const EXCLUDED =
  /((log|sign)[-_ ]?(out|off)|cart|basket|checkout)(?![a-z])|\*|\.(?!(x?html?|php\d?|aspx?|jsp)$)\w*[a-z]\w*$/i;

/**
 * The address to fetch for a page: the site's own, else that of a link to it, else its path. A link comes first because a
 * click asks for it letter by letter, with its slash at the end or without.
 * @param options `toPage` among them: a page's name must lead back from its address.
 * @param suits whether the browser can use what it fetches.
 * @returns nothing where the page must not be fetched, or a function of the site fails.
 */
export function addressOf(
  page: string,
  { toPage, toUrl, allowOrigins = [], exclude }: PrefetchOptions,
  suits: (url: URL) => unknown,
): string | undefined {
  for (const { href } of toUrl ? [{ href: toUrl(page) }] : [...document.links, { href: page }]) {
    try {
      const url = new URL(href ?? '', location.href);
      url.hash = ''; // Chromium takes it for part of the address, and most clicks have none
      if (
        toPage?.(url) === page &&
        /^https?:\/\/[^@/]+\//.test(url.href) && // no script, no credentials
        (toUrl || !url.search) &&
        [location.origin, ...allowOrigins].includes(url.origin) &&
        !EXCLUDED.test(decodeURIComponent(url.pathname)) &&
        !exclude?.(url) &&
        suits(url)
      )
        return url.href;
    } catch {}
  }
}
