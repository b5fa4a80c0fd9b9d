import { each, type Guard, optional, record, string, text, whole } from './guards.ts';
import { labelPrediction, nextCharactersPrediction, nextPrediction } from './predictions.ts';
import { createAsk, type Kept, type RequestOptions, type Transport } from './request.ts';
import type {
  Answered,
  ClientOptions,
  LabelOptions,
  Labels,
  NextCharacters,
  NextCharactersOptions,
  NextOptions,
  NextPages,
} from './types.ts';

/**
 * Asks a Pathcast API. Predictions that are asked twice share one request, and its answer while the server lets it be
 * kept (a minute). A request that finds no network is made once more. Every method rejects with an error of this package, or with the signal's
 * reason.
 */
export interface Client {
  readonly endpoint: string;
  readonly navigationModel: string;
  readonly labelModel: string;
  /** Ranks the pages that may follow a visit. */
  next(options: NextOptions): Promise<NextPages>;
  /** Labels every character of a text. */
  label(options: LabelOptions): Promise<Labels>;
  /** Ranks the characters that may follow a text. */
  nextCharacters(options: NextCharactersOptions): Promise<NextCharacters>;
  /**
   * Asks any path of the API, such as `/v1/models`, with the client's timeout and errors.
   * @param read turns a good answer into the result; called once more where the first answer broke off. What it throws
   * that is not of this package, or is an InputError, becomes a ResponseError.
   */
  request<T>(path: string, read: (response: Response) => Promise<T>, options?: RequestOptions): Promise<T>;
}

interface Settings extends Transport {
  readonly navigationModel: string;
  readonly labelModel: string;
}

/** What every prediction may be asked with, beside its instance. */
type Asked = Pick<NextOptions, 'top' | 'part' | 'signal'>;

/** Guards of an instance's required fields. */
type Input<Options> = {
  readonly [Key in keyof Options as object extends Pick<Options, Key> ? never : Key]: Guard<unknown>;
};

const settings = record<Settings>({
  endpoint: (value, field) => string(value, field).replace(/\/+$/, ''),
  timeoutMs: optional(whole(2e9), 5000),
  navigationModel: optional(text, 'navigation'),
  labelModel: optional(text, 'hihello'),
  fetch: (value) => value as typeof fetch | undefined, // as TypeScript checks; a call finds out
});

/**
 * Creates a client; nothing is sent before it is asked.
 * @throws InputError when an option is not what it must be.
 */
export const createClient = (options: ClientOptions): Client => {
  const transport = settings(options);
  const ask = createAsk(transport);
  const kept: Kept = new Map();

  const predict =
    <Options extends Asked, T>(model: string, input: Input<Options>, output: Guard<T>) =>
    async (options: Options): Promise<T & Answered> => {
      record({ ...input, top: optional(whole(100)) })(options);
      const { top, part, signal, ...instance } = options;
      const body = { instances: [instance], top, part };
      const read = async (response: Response) => {
        // Whatever it is: the guards see to each part that is used.
        const answer = (await response.json()) as { predictions?: { 0?: unknown } } | null;
        const prediction = output(answer?.predictions?.[0], 'predictions[0]');
        return { ...prediction, ...record<Answered>({ model: text, version: text })(answer) };
      };
      const answer = ask(`/v1/models/${model}:predict`, read, { body, signal }, kept);
      // A copy each, since a caller may sort or cut what it gets.
      return answer.then<T & Answered>(structuredClone);
    };

  return {
    ...transport,
    next: predict(transport.navigationModel, { history: each(text) }, nextPrediction),
    label: predict(transport.labelModel, { text }, labelPrediction),
    nextCharacters: predict(transport.labelModel, { prefix: text }, nextCharactersPrediction),
    request: ask,
  };
};
