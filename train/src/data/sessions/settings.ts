import type { Layout } from '../formats/format.ts';
import type { DataOptions } from '../options.ts';
import type { SessionSettings } from './sessionise.ts';

/** Minutes of silence after which web analytics has long called the next request a new visit. */
const SESSION_GAP = 30;
/** Requests below which session models leave an item out: there is nothing to learn from so few. */
const MIN_SUPPORT = 5;
/** Sessions below which a page may be known to one visitor alone: an invitation, an account, a draft. */
const MIN_VISITORS = 5;

/** Request logs are cut and cleaned; data that names its sessions stays as it is, but for what the user asks. */
export function settingsFor(
  { hasSessions, isRequestLog }: Pick<Layout, 'hasSessions' | 'isRequestLog'>,
  options: DataOptions,
): SessionSettings {
  const gap = options.sessionGap ?? (hasSessions ? Number.POSITIVE_INFINITY : SESSION_GAP);
  return {
    sessionGap: gap * 60,
    foldRepeats: options.foldRepeats ?? !hasSessions,
    minSupport: options.minSupport ?? (hasSessions ? 1 : MIN_SUPPORT),
    minVisitors: options.minVisitors ?? (isRequestLog ? MIN_VISITORS : 1),
    minLength: options.minLength,
  };
}
