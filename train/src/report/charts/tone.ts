/** The colour of a series, the same in every chart of the report; each is a CSS variable of the page. */
export type Tone = 'model' | 'recurrent' | 'rules' | 'neighbours' | 'plain' | 'ink';

/** The tone of a named model: the parts have one each, whatever serves only for comparison is grey. */
export function toneOf(name: string): Tone {
  if (name === 'recurrent' || name === 'rules' || name === 'neighbours') return name;
  return name === MODEL_NAME || name === 'model' ? 'model' : 'plain';
}

/** What the served model is called beside its baselines. */
export const MODEL_NAME = 'pathcast';

export function colour(tone: Tone): string {
  return `var(--${tone})`;
}
