import type { ModelSpec } from '../spec.ts';

export interface CharacterProbability {
  readonly character: string;
  /** 0 to 1. */
  readonly probability: number;
}

export interface NextCharactersOptions {
  /** How many, at least 1; at most V − 2 come back. */
  readonly top: number;
  /** Divides the logits: below 1 the likeliest gain, above 1 all draw level; 1 by default, above 0. */
  readonly temperature?: number | undefined;
}

/** Whether the label of a character is the character that follows it, so that a text can be continued. */
export function continuesTexts(spec: Pick<ModelSpec, 'task' | 'labels'>): boolean {
  return spec.task === 'label' && spec.labels === 'next';
}
