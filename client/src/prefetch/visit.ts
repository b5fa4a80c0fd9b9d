/** As `train` cuts visits: after 30 minutes of silence the next page begins another. */
const SILENCE_MS = 18e5;

/** A tab's visit, as sessionStorage keeps it between documents. */
export interface Visit {
  /** Oldest first; the current page is the last. */
  pages: readonly string[];
  /** Pages fetched ahead on the current one. */
  fetched: readonly string[];
  /** How many pages were likely enough to come after the current one. */
  predicted: number;
  /** How long the visitor waited for the last document that was not prefetched, in ms. */
  waitMs: number;
  /** Which version's table gave the threshold, and for which budget. */
  source: string;
  threshold: number;
  /** Whether a policy of the site has refused speculation rules. */
  isRefused?: boolean;
}

/** The tab's visit; a new one after a silence, or where storage is blocked or holds anything else. */
export function loadVisit(): Visit {
  const begun: Visit = {
    pages: [],
    fetched: [],
    predicted: 0,
    waitMs: 0,
    source: '',
    threshold: 0,
  };
  try {
    const [at, visit] = JSON.parse(sessionStorage.pathcast);
    // What is no list fails here, and no item of one is anything but text.
    if (Date.now() - at < SILENCE_MS)
      return { ...begun, ...visit, pages: visit.pages.map(String), fetched: visit.fetched.map(String) };
  } catch {}
  return begun;
}

/** Stores the visit; where there is no room or no leave, it lives on in the document alone. */
export function saveVisit(visit: Visit): void {
  try {
    sessionStorage.pathcast = JSON.stringify([Date.now(), visit]);
  } catch {}
}
