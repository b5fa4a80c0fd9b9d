import { InputError } from './errors.ts';
import { firstPrediction, labelPrediction, nextCharactersPrediction, nextPrediction } from './guards.ts';
import { type RequestOptions, request, type Transport } from './request.ts';
import type {
  ClientOptions,
  LabelOptions,
  Labels,
  NextCharacters,
  NextCharactersOptions,
  NextOptions,
  NextPages,
} from './types.ts';

/** Asks a Pathcast API. Every method rejects with an error of this package, or with the signal's reason. */
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
  /** Asks any path of the API, such as `/v1/models`, with the client's timeout and errors. */
  request<T>(path: string, read: (response: Response) => Promise<T>, options?: RequestOptions): Promise<T>;
}

/**
 * Creates a client; nothing is sent before it is asked.
 * @throws InputError when an option is not what it must be.
 */
export function createClient(options: ClientOptions): Client {
  const { endpoint, timeoutMs = 5000, navigationModel = 'navigation', labelModel = 'hihello' } = options;
  check(typeof endpoint === 'string', 'endpoint', 'must be a string');
  check(timeoutMs > 0 && timeoutMs < 2 ** 31, 'timeoutMs', 'must be above 0 and below 2^31');
  checkText(navigationModel, 'navigationModel');
  checkText(labelModel, 'labelModel');
  const transport: Transport = {
    endpoint: endpoint.replace(/\/+$/, ''),
    timeoutMs,
    // Looked up at each call, so that a page may replace its fetch; and browsers refuse one that is detached.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
  };

  return {
    endpoint: transport.endpoint,
    navigationModel,
    labelModel,
    async next(options) {
      check(Array.isArray(options.history), 'history', 'must be an array');
      for (const [index, page] of options.history.entries()) checkText(page, `history[${index}]`);
      return predict(transport, navigationModel, nextPrediction, options);
    },
    async label(options) {
      checkText(options.text, 'text');
      return predict(transport, labelModel, labelPrediction, options);
    },
    async nextCharacters(options) {
      checkText(options.prefix, 'prefix');
      return predict(transport, labelModel, nextCharactersPrediction, options);
    },
    request: async (path, read, options = {}) => request(transport, path, options, read),
  };
}

/** Asks for one prediction; what is no option of the request is the instance. */
async function predict<T>(
  transport: Transport,
  model: string,
  guard: (value: unknown, field: string) => T,
  { top, part, signal, ...instance }: Omit<NextOptions, 'history'>,
): Promise<T & { model: string; version: string }> {
  const count = top ?? 1;
  check(count >= 1 && count <= 100 && count % 1 === 0, 'top', 'must be a whole number, 1 to 100');
  const path = `/v1/models/${encodeURIComponent(model)}:predict`;
  const body = { instances: [instance], top, part };
  return request(transport, path, { body, signal }, async (response) =>
    firstPrediction(await response.json(), guard),
  );
}

function checkText(value: unknown, field: string): void {
  check(value && typeof value === 'string', field, 'must be a non-empty string');
}

function check(holds: unknown, field: string, rule: string): asserts holds {
  if (!holds) throw new InputError(field, rule);
}
