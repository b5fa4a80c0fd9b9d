/**
 * Runs an asynchronous function so that only its latest call counts: a new call aborts the one before, whose outcome is
 * then dropped.
 */
export function latest<A extends unknown[]>(
  act: (signal: AbortSignal, ...args: A) => Promise<void>,
  onError: (error: unknown, ...args: A) => void,
): (...args: A) => Promise<void> {
  let current: AbortController | undefined;
  return async (...args) => {
    current?.abort();
    const own = new AbortController();
    current = own;
    try {
      await act(own.signal, ...args);
    } catch (error) {
      if (!own.signal.aborted) onError(error, ...args);
    }
  };
}
