import { seededRandom } from '../../support/models.ts';

/** A visit's pages, in order. */
type Visit = readonly string[];
/** A visitor's visits, one after another. */
export type Visitor = readonly Visit[];

export interface Crowd {
  /** Real sessions of at least two pages, none of which the model was trained on. */
  readonly sessions: readonly Visit[];
  /** The model's pages, the most visited first. */
  readonly pages: readonly string[];
}

const VISITORS = 300;
export const VISITS = 12;
/** Sessions that a visitor with habits comes back to. */
const REPERTOIRE = 4;
/** How likely a page of a repeated session is left out. */
const LEFT_OUT = 0.2;
/** How likely one of the repertoire's pages is, for this visitor, always another of about equal popularity. */
const EXCHANGED = 0.5;
const ALIKE = 50;

/**
 * Visitors made of a crowd's real sessions, by a seed. `own habits`: some of the visits repeat one of four sessions, in which half of
 * the pages are, for this visitor, others of about equal popularity; the rest are anyone's sessions. `known pages`: the same with no page
 * exchanged. `changed`: with other pages in exchange from the seventh visit on. `crowd`: anyone's sessions. `newcomers`: one of these.
 */
export function visitorGroups({ sessions, pages }: Crowd, seed: number) {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const anyone = () => sessions[below(sessions.length)] ?? [];
  const rank = new Map(pages.map((page, i) => [page, i]));

  /** A visitor's own pages in the place of the crowd's, the same every time. */
  const exchange = (share: number) => {
    const own = new Map<string, string>();
    return (page: string) => {
      const known = own.get(page);
      if (known !== undefined) return known;
      const first = Math.floor((rank.get(page) ?? 0) / ALIKE) * ALIKE;
      const other = pages[Math.min(first + below(ALIKE), pages.length - 1)] ?? page;
      own.set(page, rank.has(page) && random() < share ? other : page);
      return own.get(page) ?? page;
    };
  };

  const withHabits = ({ again = 0.5, share = EXCHANGED, change = VISITS } = {}): Visitor => {
    const repertoire = Array.from({ length: REPERTOIRE }, anyone);
    const habits = [exchange(share), exchange(share)] as const;
    return Array.from({ length: VISITS }, (_, i) => {
      if (random() >= again) return anyone();
      const visit = repertoire[below(REPERTOIRE)] ?? [];
      return visit.filter(() => random() >= LEFT_OUT).map(habits[i < change ? 0 : 1]);
    });
  };

  const visitors = (create: () => Visitor) => Array.from({ length: VISITORS }, create);
  return {
    'own habits in 1 visit of 2': visitors(() => withHabits()),
    'known pages': visitors(() => withHabits({ share: 0 })),
    changed: visitors(() => withHabits({ change: VISITS / 2 })),
    crowd: visitors(() => Array.from({ length: VISITS }, anyone)),
    newcomers: visitors(() => [anyone()]),
    'own habits in 2 visits of 3': visitors(() => withHabits({ again: 2 / 3 })),
  };
}

/** Every history within the visits, and what came next. */
export function stepsOf(visitor: Visitor): { history: Visit; target: string }[] {
  return visitor.flatMap((visit) =>
    visit.slice(1).map((target, i) => ({ history: visit.slice(0, i + 1), target })),
  );
}
