import { createClient } from 'pathcast';
import {
  type ObservedVisit,
  type PersonalModel,
  type PrefetchReport,
  startPrefetch,
} from 'pathcast/prefetch';

/** What a fixture page is told in its `#config`. */
export interface PrefetchConfig {
  /** Of the API; the page's own by default. */
  endpoint?: string;
  maxWastedFetches?: number;
  prerenderAbove?: number;
  nonce?: string;
  avoid3g?: boolean;
  allowOrigins?: string[];
  /** Pages that the site says browsers may cache, and those it excludes: patterns of paths. */
  cacheable?: string;
  exclude?: string;
  /** Names pages by `?id=`. */
  byId?: boolean;
  /** Takes addresses itself, into `window.predicted`. */
  isRouter?: boolean;
  /** Asks a model of the visitor's own, which halves thresholds and notes in `window.observed` what it is told. */
  isPersonal?: boolean;
}

declare global {
  interface Window {
    reports: PrefetchReport[];
    predicted: (readonly string[])[];
    observed: ObservedVisit[];
    stop: () => void;
  }
}

const config: PrefetchConfig = JSON.parse(document.querySelector('#config')?.textContent ?? '{}');
const { cacheable, exclude, byId, isRouter, isPersonal, endpoint = location.origin, ...plain } = config;
const matches = (pattern: string | undefined) =>
  pattern === undefined ? undefined : ({ pathname }: URL) => new RegExp(pattern).test(pathname);

window.reports = [];
window.predicted = [];
window.observed = [];
const client = createClient({ endpoint });
const personal: PersonalModel = {
  next: async (options) => {
    const { next, ...answered } = await client.next(options);
    return { ...answered, next: [...next, { page: '/own', probability: 0.25 }] };
  },
  observe: async (visit) => {
    window.observed.push(visit);
  },
  threshold: (served) => served / 2,
  forget: async () => {},
};
window.stop = startPrefetch(client, {
  ...plain,
  cacheable: matches(cacheable),
  exclude: matches(exclude),
  ...(byId && {
    toPage: ({ searchParams }: URL) => searchParams.get('id') ?? undefined,
    toUrl: (page: string) => `/item?id=${page}`,
  }),
  ...(isRouter && { onPredict: (urls: readonly string[]) => window.predicted.push(urls) }),
  ...(isPersonal && { personal }),
  onReport: (report) => window.reports.push(report),
});
