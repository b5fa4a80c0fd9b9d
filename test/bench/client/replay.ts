interface PageProbability {
  readonly page: string;
  /** 0 to 1. */
  readonly probability: number;
}

export interface Replay {
  /** Pages that another page of the session follows. */
  readonly navigations: number;
  /** Fetches a navigation of pages that did not come next. */
  readonly wasted: number;
  /** Fetches in vain a page opened: with what is fetched at each session's last page, which nothing follows. */
  readonly wastedAPage: number;
  /** The share of navigations whose page had just been fetched, 0 to 1. */
  readonly served: number;
}

/**
 * Goes through sessions page by page, as the client does.
 * @param answers what may come next, for every page of every session.
 */
export function replay(
  answers: readonly (readonly (readonly PageProbability[])[])[],
  sessions: readonly (readonly string[])[],
  choose: (next: readonly PageProbability[], open: string | undefined) => readonly { page: string }[],
): Replay {
  let navigations = 0;
  let fetches = 0;
  let hits = 0;
  let last = 0;
  let opened = 0;
  for (const [i, session] of sessions.entries()) {
    for (const [step, next] of (answers[i] ?? []).entries()) {
      opened++;
      const pages = choose(next, session[step]).map(({ page }) => page);
      const target = session[step + 1];
      if (target === undefined) last += pages.length;
      else {
        navigations++;
        fetches += pages.length;
        hits += Number(pages.includes(target));
      }
    }
  }
  const wasted = fetches - hits;
  return {
    navigations,
    wasted: wasted / navigations,
    wastedAPage: (wasted + last) / opened,
    served: hits / navigations,
  };
}

/** First-order transitions: how often each page followed another, as a share, likeliest first. */
export function follow(sessions: readonly (readonly string[])[]): (page: string) => PageProbability[] {
  const counts = new Map<string, Map<string, number>>();
  for (const session of sessions) {
    for (const [step, page] of session.slice(0, -1).entries()) {
      const followers = counts.get(page) ?? new Map<string, number>();
      counts.set(page, followers);
      const next = session[step + 1] ?? '';
      followers.set(next, (followers.get(next) ?? 0) + 1);
    }
  }
  return (page) => {
    const followers = [...(counts.get(page) ?? [])];
    const total = followers.reduce((sum, [, count]) => sum + count, 0);
    return followers
      .map(([page, count]) => ({ page, probability: count / total }))
      .sort((a, b) => b.probability - a.probability);
  };
}
