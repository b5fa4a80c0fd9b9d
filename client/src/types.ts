/** A page that may come next. */
export interface PageProbability {
  readonly page: string;
  /** 0 to 1. */
  readonly probability: number;
}

/** A label that a character may get. */
export interface LabelProbability {
  readonly label: string;
  /** 0 to 1. */
  readonly probability: number;
}

/** The label of one character. */
export interface LabelStep extends LabelProbability {
  /** The `top` likeliest labels, best first; only when asked with `top`. */
  readonly candidates?: readonly LabelProbability[] | undefined;
}

/** Which model answered, and in which version (14 digits of UTC). */
export interface Answered {
  readonly model: string;
  readonly version: string;
}

export interface NextPages extends Answered {
  /** Best first. */
  readonly next: readonly PageProbability[];
}

export interface Labels extends Answered {
  /** The labels, put together. */
  readonly text: string;
  /** One a character. */
  readonly steps: readonly LabelStep[];
}

/** A character that may come next. */
export interface CharacterProbability {
  readonly character: string;
  /** 0 to 1. */
  readonly probability: number;
}

export interface NextCharacters extends Answered {
  /** Best first. */
  readonly next: readonly CharacterProbability[];
}

/** What ranks: the served mixture, or one of its parts. */
export type Part = 'mixture' | 'recurrent' | 'rules' | 'neighbours';

export interface NextOptions {
  /** The visit's pages, oldest first; an empty one gets the popular pages. */
  readonly history: readonly string[];
  /** How many pages, 1 to 100; the server's default is 20. */
  readonly top?: number | undefined;
  readonly part?: Part | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LabelOptions {
  /** The characters to label. */
  readonly text: string;
  /** How many candidates a character, 1 to 100; none without it. */
  readonly top?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface NextCharactersOptions {
  /** The characters that were written so far. */
  readonly prefix: string;
  /** How many characters, 1 to 100; the server's default is 20. */
  readonly top?: number | undefined;
  /** 0.05 to 10; below 1 sharpens the probabilities, above 1 flattens them. Default 1. */
  readonly temperature?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** The API's address, such as `https://pathcast.example.com`; a relative one is relative to the page. */
  readonly endpoint: string;
  /** For a whole answer, a second try included: ms, 1 to 2e9. Default 5,000: a later prediction helps no visit. */
  readonly timeoutMs?: number | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The model that `next` asks; default `navigation`. */
  readonly navigationModel?: string | undefined;
  /** The model that `label` and `nextCharacters` ask; default `hihello`. */
  readonly labelModel?: string | undefined;
}
