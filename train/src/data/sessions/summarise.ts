import type { DataReport } from '../report.ts';
import type { SessionLosses, SessionSettings } from './sessionise.ts';
import type { Sessions } from './sessions.ts';

const TOP_PAGES = 10;

/** Lengths counted one by one; beyond them, up to twice the last each time. */
const LENGTHS = [2, 3, 4, 5, 6, 8, 11, 21, 51, 101];

/** What the report says of sessions. */
export function describeSessions(
  sessions: Sessions,
  settings: SessionSettings,
  losses: SessionLosses,
): Pick<DataReport, 'settings' | 'sessions' | 'lengths' | 'topPages' | 'span'> {
  const { sessionGap, ...others } = settings;
  return {
    settings: { sessionGap: Number.isFinite(sessionGap) ? sessionGap / 60 : null, ...others },
    sessions: {
      count: sessions.length,
      events: sessions.events.length,
      pages: sessions.pages.length,
      ...losses,
    },
    lengths: countLengths(sessions),
    topPages: topPages(sessions),
    span: spanOf(sessions),
  };
}

function countLengths(sessions: Sessions): DataReport['lengths'] {
  const counts = LENGTHS.map(() => 0);
  for (let i = 0; i < sessions.length; i++) {
    const length = sessions.indices(i).length;
    const bin = LENGTHS.findLastIndex((from) => from <= length);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return LENGTHS.map((from, i) => {
    const next = LENGTHS[i + 1];
    return { from, to: next === undefined ? null : next - 1, sessions: counts[i] ?? 0 };
  });
}

function topPages(sessions: Sessions): DataReport['topPages'] {
  const counts = sessions.countPages();
  const order = Array.from(counts.keys()).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  return order
    .slice(0, TOP_PAGES)
    .map((page) => ({ page: sessions.pages[page] ?? '', events: counts[page] ?? 0 }));
}

/** From the first session's start to the last one's. */
function spanOf({ starts, length }: Sessions): DataReport['span'] {
  const [from, to] = [starts?.[0], starts?.[length - 1]];
  if (from === undefined || to === undefined || from < 0 || to > LATEST) return null;
  return { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() };
}

/** The year 5000, in s: times beyond it count from something else than 1970. */
const LATEST = 95_617_584_000;
