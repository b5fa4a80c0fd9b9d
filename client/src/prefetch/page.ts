import type {} from './platform.ts';

/** Fetching ahead needs memory beside the page's own; in GB, as browsers round it. */
const LEAST_MEMORY_GB = 2;

/** Whether the visitor's device and wishes allow fetching ahead. */
export function allows(avoid3g: boolean | undefined): boolean {
  const { connection: { saveData, effectiveType = '' } = {}, deviceMemory = LEAST_MEMORY_GB } = navigator;
  return !saveData && !(avoid3g ? /[23]g/ : /2g/).test(effectiveType) && deviceMemory >= LEAST_MEMORY_GB;
}

/** Waits until the page has loaded, is idle and can be seen. @throws the signal's reason when it aborts before. */
export async function quiet(signal: AbortSignal): Promise<void> {
  const event = (type: string) => new Promise((resolve) => addEventListener(type, resolve, { signal }));
  if (document.readyState !== 'complete') await event('load');
  await new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve)); // Safari never says it is idle
  while (document.hidden) await event('visibilitychange');
  signal.throwIfAborted();
}

/** Whether the document came out of a prefetch, and how long the visitor waited for it, in ms. */
export function arrival(): { isPrefetched: boolean; waitMs: number } {
  // Navigation entries are of this class, and there is always one.
  const [timing] = performance.getEntriesByType('navigation') as [PerformanceNavigationTiming];
  const { activationStart = 0, deliveryType, transferSize, responseEnd } = timing;
  return {
    // Browsers that do not say how it was delivered show whether anything was transferred.
    isPrefetched: !!(activationStart || (deliveryType ?? !transferSize)),
    waitMs: Math.max(0, responseEnd - activationStart),
  };
}

/** Tells of every change of the address within the document, until the signal aborts and all is as it was. */
export function watchAddress(onChange: () => void, signal: AbortSignal): void {
  if (window.navigation) {
    window.navigation.addEventListener('currententrychange', onChange, { signal });
    return;
  }
  addEventListener('popstate', onChange, { signal });
  for (const name of ['pushState', 'replaceState'] as const) {
    const own = history[name];
    const wrapped: typeof own = (...state) => {
      own.apply(history, state);
      onChange();
    };
    history[name] = wrapped;
    signal.addEventListener('abort', () => {
      // Where another has wrapped it since, ours stays within theirs and does nothing.
      if (history[name] === wrapped) history[name] = own;
    });
  }
}
