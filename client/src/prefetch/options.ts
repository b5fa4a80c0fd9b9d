import { InputError } from '../errors.ts';
import type { PersonalModel } from '../personal-model.ts';

/** What came of one page, told when the visitor opens the next. It holds no addresses. */
export interface PrefetchReport {
  /** Pages that were likely enough to come next for the budget. */
  readonly predicted: number;
  /** Pages of these that were fetched, or given to `onPredict`; three at most. */
  readonly fetched: number;
  /** 1 where the next page came out of such a fetch, by the browser's own timing; else 0. */
  readonly used: number;
  /** `fetched` less `used`. */
  readonly wasted: number;
  /** How much shorter the visitor waited for the document than for the last that was not prefetched, in ms. */
  readonly savedMs: number;
}

export interface PrefetchOptions {
  /** Fetches a navigation that may be in vain, on average; 0 or more. Default 0.3. */
  readonly maxWastedFetches?: number | undefined;
  /** Prerenders a page at least this probable, 0.5 or more, so that it is one at most. Default: never. */
  readonly prerenderAbove?: number | undefined;
  /** The model's name of the page at a URL, or nothing where it is none. Default: the path, as `train` writes it. */
  readonly toPage?: ((url: URL) => string | undefined) | undefined;
  /** The address of a page, query strings included; `toPage` must lead back. Default: that of a link, else the page itself. */
  readonly toUrl?: ((page: string) => string | undefined) | undefined;
  /** Origins to fetch from beside the page's own, such as `https://shop.example.com`. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** True for a URL that must not be fetched, beside those that never are. */
  readonly exclude?: ((url: URL) => boolean) | undefined;
  /** True for a URL that browsers may cache: those without speculation rules fetch no other. */
  readonly cacheable?: ((url: URL) => boolean) | undefined;
  /** Whether to fetch nothing on 3G either; on 2G nothing ever is. Default false. */
  readonly avoid3g?: boolean | undefined;
  /** Of the site's content security policy, for the rules. */
  readonly nonce?: string | undefined;
  /** Given the addresses in place of the browser, likeliest first: for sites of one document, whose router loads data. */
  readonly onPredict?: ((urls: readonly string[]) => void) | undefined;
  /** Told what came of each page. */
  readonly onReport?: ((report: PrefetchReport) => void) | undefined;
  /** What the visitor's own device has learnt; asked in place of the client. */
  readonly personal?: PersonalModel | undefined;
}

/** @throws InputError naming the first option that is not what it must be. */
export function checkOptions(options: PrefetchOptions): void {
  const { maxWastedFetches = 0, prerenderAbove = 1 } = options;
  check(maxWastedFetches >= 0, 'maxWastedFetches', 'must be 0 or more');
  check(prerenderAbove >= 0.5, 'prerenderAbove', 'must be 0.5 or more');
  for (const [name, value] of Object.entries(options)) {
    // toPage, toUrl, exclude, cacheable, onPredict, onReport
    check(!/^(to|ex|ca|on)/.test(name) || !value || typeof value === 'function', name, 'must be a function');
  }
}

function check(holds: boolean, field: string, rule: string): void {
  if (!holds) throw new InputError(field, rule);
}
