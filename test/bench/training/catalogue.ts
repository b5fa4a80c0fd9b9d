import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { countTokens, encodeSessions, vocabularyOf } from '@pathcast/train/data/sessions/encode';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { dataFile } from '../../support/data.ts';
import { seededRandom } from '../../support/models.ts';

/** Sessions to train on, and how many pages there are to choose from. */
export interface Catalogue {
  readonly name: string;
  readonly pages: number;
  readonly sessions: TokenSessions;
  /** uint32 [pages]: how often training saw each; at least once. */
  readonly support: Uint32Array;
}

/** Of Diginetica's training sessions: what a generated catalogue stands in for. */
const DIGINETICA = { pages: 43_000, sessions: 186_000 };
/** A session of Diginetica has two pages, and then goes on with this chance after each: 4.85 on average. */
const GOES_ON = 0.74;

/** Diginetica's training sessions; where the set is absent, generated ones that are as many and as long. */
export async function diginetica(): Promise<Catalogue> {
  const path = dataFile('diginetica/train.txt.gz');
  if (!path) {
    const generated = generatedCatalogue(DIGINETICA);
    return { ...generated, name: `${generated.name} (Diginetica is not in PATHCAST_DATA)` };
  }
  const { sessions } = await readDataset(defaultDataOptions(path));
  const vocabulary = vocabularyOf(sessions);
  const encoded = encodeSessions(sessions, vocabulary);
  const support = countTokens(encoded, vocabulary);
  return { name: 'Diginetica', pages: vocabulary.tokens.length, sessions: encoded, support };
}

/**
 * Sessions over pages whose frequency falls as 1/rank. One seed: catalogues of unlike size have sessions of like length,
 * so that their batches have one shape.
 */
export function generatedCatalogue({ pages, sessions }: { pages: number; sessions: number }): Catalogue {
  const random = seededRandom(11);
  const lists = Array.from({ length: sessions }, () => {
    const session: number[] = [];
    while (session.length < 2 || random() < GOES_ON) session.push(pickPage(pages, random) + FIRST_TOKEN_ID);
    return session;
  });
  const encoded = TokenSessions.of(lists);
  const support = new Uint32Array(pages).fill(1); // the sessions draw from all pages, and need not meet them all
  for (const id of encoded.ids) support[id - FIRST_TOKEN_ID] = (support[id - FIRST_TOKEN_ID] ?? 0) + 1;
  return { name: `${pages.toLocaleString('en')} generated pages`, pages, sessions: encoded, support };
}

/** A page, 0 to pages − 1, with a chance of about 1/(rank + 1). */
export function pickPage(pages: number, random: () => number): number {
  return Math.floor((pages + 1) ** random()) - 1;
}
