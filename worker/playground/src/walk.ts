import type { Client, PageProbability } from 'pathcast';
import { bar, byId, create, percent } from './dom.ts';
import { showFailure, showNote } from './failure.ts';
import { latest } from './latest.ts';

const TOP = 8;

/** The walk through a site: click a page, see what the navigation model expects next. */
export function startWalk(client: Client): void {
  const trail = byId('trail', HTMLOListElement);
  const ranking = byId('ranking', HTMLOListElement);
  const title = byId('ranking-title', HTMLHeadingElement);
  const note = byId('walk-note', HTMLParagraphElement);
  const back = byId('back', HTMLButtonElement);
  const clear = byId('clear', HTMLButtonElement);
  let history: readonly string[] = [];

  const show = latest(
    async (signal, visit: readonly string[]) => {
      history = visit;
      showTrail(trail, visit, (length) => void show(visit.slice(0, length)));
      back.disabled = clear.disabled = visit.length === 0;
      ranking.ariaBusy = 'true';
      const asked = performance.now();
      const { next, version } = await client.next({ history: visit, top: TOP, signal });
      const tookMs = performance.now() - asked;
      title.textContent = visit.length === 0 ? 'Most visited pages' : `After ${visit.at(-1)}`;
      ranking.replaceChildren(...next.map((page) => row(page, () => void show([...visit, page.page]))));
      ranking.ariaBusy = 'false';
      showNote(note, `Answered in ${tookMs.toFixed(0)} ms by version ${version}`);
    },
    (error, visit) => {
      ranking.ariaBusy = 'false';
      ranking.replaceChildren();
      showFailure(note, error, () => void show(visit));
    },
  );
  back.addEventListener('click', () => void show(history.slice(0, -1)));
  clear.addEventListener('click', () => void show([]));
  void show([]);
}

function row({ page, probability }: PageProbability, open: () => void): HTMLElement {
  const button = create(
    'button',
    'page',
    bar(probability),
    create('span', 'path', page),
    create('span', 'number', percent(probability)),
  );
  button.type = 'button';
  button.addEventListener('click', open);
  return create('li', '', button);
}

function showTrail(trail: HTMLElement, visit: readonly string[], rewind: (length: number) => void): void {
  const crumbs = visit.map((page, index) => {
    const crumb = create('button', 'crumb', page);
    crumb.type = 'button';
    if (index === visit.length - 1) crumb.ariaCurrent = 'page';
    crumb.addEventListener('click', () => rewind(index + 1));
    return create('li', '', crumb);
  });
  trail.replaceChildren(...(crumbs.length > 0 ? crumbs : [create('li', 'empty', 'No page opened yet')]));
  trail.scrollTo({ left: trail.scrollWidth });
}
