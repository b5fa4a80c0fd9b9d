import type { LabelStep } from 'pathcast';
import { bar, create, percent, shortPercent } from './dom.ts';

/** Draws a labelled text: a column a character, with the likeliest labels as bars. */
export function showSteps(
  { list, answer }: { list: HTMLElement; answer: HTMLElement },
  text: string,
  steps: readonly LabelStep[],
): void {
  answer.replaceChildren(
    create('span', 'from', text),
    create('span', 'arrow', ' → '),
    create('strong', '', steps.map(({ label }) => label).join('')),
  );
  const characters = Array.from(text);
  list.replaceChildren(...steps.map((step, index) => column(characters[index] ?? '', step)));
}

export function clearSteps({ list, answer }: { list: HTMLElement; answer: HTMLElement }): void {
  list.replaceChildren();
  answer.replaceChildren();
}

function column(character: string, { label, probability, candidates = [] }: LabelStep): HTMLElement {
  const head = create('p', 'head', create('span', 'from', character), create('span', 'to', label));
  head.ariaLabel = `After ${character}: ${label}, ${percent(probability)}`;
  head.role = 'group';
  const rows = candidates.map((candidate) =>
    create(
      'li',
      '',
      create('span', 'letter', candidate.label),
      bar(candidate.probability),
      create('span', 'number', shortPercent(candidate.probability)),
    ),
  );
  return create('li', 'step', head, create('ol', 'candidates', ...rows));
}
