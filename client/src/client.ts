import { InputError } from './errors.ts';
import { firstPrediction, labelPrediction, nextPrediction } from './guards.ts';
import { type RequestOptions, request, type Transport } from './request.ts';
import type { ClientOptions, LabelOptions, Labels, NextOptions, NextPages } from './types.ts';

/** Asks a Pathcast API. Every method rejects with an error of this package, or with the signal's reason. */
export interface Client {
  readonly endpoint: string;
  readonly navigationModel: string;
  readonly labelModel: string;
  /** Ranks the pages that may follow a visit. */
  next(options: NextOptions): Promise<NextPages>;
  /** Labels every character of a text. */
  label(options: LabelOptions): Promise<Labels>;
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
    async next({ history, top, part, signal }) {
      check(Array.isArray(history), 'history', 'must be an array');
      history.forEach((page, index) => {
        checkText(page, `history[${index}]`);
      });
      const body = { instances: [{ history }], top, part };
      return predict(transport, navigationModel, nextPrediction, body, signal);
    },
    async label({ text, top, signal }) {
      checkText(text, 'text');
      return predict(transport, labelModel, labelPrediction, { instances: [{ text }], top }, signal);
    },
    request: async (path, read, options = {}) => request(transport, path, options, read),
  };
}

async function predict<T>(
  transport: Transport,
  model: string,
  guard: (value: unknown, field: string) => T,
  body: { readonly top: number | undefined; readonly [field: string]: unknown },
  signal: AbortSignal | undefined,
): Promise<T & { model: string; version: string }> {
  const { top = 1 } = body;
  check(Number.isInteger(top) && top >= 1 && top <= 100, 'top', 'must be a whole number, 1 to 100');
  const path = `/v1/models/${encodeURIComponent(model)}:predict`;
  return request(transport, path, { body, signal }, async (response) =>
    firstPrediction(await response.json(), guard),
  );
}

function checkText(value: unknown, field: string): void {
  check(typeof value === 'string' && value !== '', field, 'must be a non-empty string');
}

function check(holds: boolean, field: string, rule: string): asserts holds {
  if (!holds) throw new InputError(field, rule);
}
