import type { Client } from './client.ts';
import { InputError, PathcastError } from './errors.ts';
import { amend, type Learnt, learn, mix, NOTHING, rescale } from './personal/learnt.ts';
import { onForgotten, tellForgotten, transact } from './personal/store.ts';
import type { PersonalModel } from './personal-model.ts';
import type { PageProbability } from './types.ts';

export type { ObservedVisit, PersonalModel } from './personal-model.ts';

/** Characters of two pages' names. */
const LONGEST = 2000;
/** Pages of an answer that are fetched ahead at most. */
const FETCHES = 3;

/**
 * Creates a model of the visitor's own habits, kept in the browser's storage: at most 32,768 characters for an endpoint
 * and its navigation model. Where storage fails, memory stands in until the page is left. Sends only what `client.next`
 * sends, and asks the same whatever was learnt.
 *
 * `next` rejects as `client.next` does: own transitions alone have no model and version to answer for them. `forget`
 * erases what was learnt for any endpoint and model on this origin, and rejects with a PathcastError when the browser
 * does not confirm it.
 *
 * @throws InputError when the client is none.
 */
export function createPersonal({ client }: { readonly client: Client }): PersonalModel {
  if (!client?.next) throw new InputError('client', 'must be a client');
  const key = `${client.endpoint} ${client.navigationModel}`;
  let known = NOTHING;
  let keep = transact;
  let turn: Promise<unknown> = Promise.resolve();
  const clear = () => {
    known = NOTHING;
  };

  /** One after another, so that what is forgotten stays so; a failure stops no other. */
  const inTurn = (work: () => Promise<unknown>) => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  /** Changes what was learnt. Never rejects. */
  const apply = (change: (learnt: Learnt) => void) =>
    inTurn(async () => {
      let text = '';
      const rewrite = (found: unknown) => {
        text = amend(found, change);
        return text;
      };
      await keep((store) => {
        const reading = store.get(key);
        reading.onsuccess = () => store.put(rewrite(reading.result), key);
      }).catch(() => {
        // For good: storage that is silent delays one answer, and no more. What it gave last may be forgotten by now.
        keep = async () => {};
        clear();
        onForgotten(clear);
      });
      known = text || rewrite(known);
    });

  return {
    async next(options) {
      const { history, top = 20 } = options;
      // More than asked for, so that pages with transitions of their own find their place.
      const asked = Math.min(top * 5, Math.max(top, 100));
      const answer = await client.next({ ...options, top: asked });
      const from = history.at(-1) ?? '';
      let next: PageProbability[] = [];
      await apply((learnt) => {
        next = mix(learnt, from, answer.next).slice(0, top);
        learnt.offer = { from, served: answer.next.slice(0, FETCHES).map(({ probability }) => probability) };
      });
      return { ...answer, next };
    },
    async observe(visit) {
      const from = visit?.history?.at?.(-1) ?? '';
      const page = visit?.page;
      // Longer names would drive out all others.
      if (page && (from + page).length <= LONGEST) await apply((learnt) => learn(learnt, from, visit));
    },
    threshold: (served) => rescale(served, known),
    async forget() {
      await inTurn(() => {
        clear();
        return transact((store) => store.clear()).finally(tellForgotten);
      }).catch((cause) => {
        throw new PathcastError('Storage did not confirm it', { cause });
      });
    },
  };
}
