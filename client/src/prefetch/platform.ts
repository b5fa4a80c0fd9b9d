/** What browsers have and TypeScript's DOM does not know yet; each may be missing. */
declare global {
  interface Window {
    readonly navigation?: EventTarget;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
  interface Navigator {
    /** https://w3c.github.io/gpc/ */
    readonly globalPrivacyControl?: boolean;
    /** GB, rounded to a power of two, at most 8. */
    readonly deviceMemory?: number;
    readonly connection?: { readonly saveData?: boolean; readonly effectiveType?: string };
  }
  interface PerformanceNavigationTiming {
    /** When a prerendered page was shown, in ms since its own start; 0 where it was not prerendered. */
    readonly activationStart?: number;
  }
  interface PerformanceResourceTiming {
    /** `navigational-prefetch`, `cache`, or empty for the network. */
    readonly deliveryType?: string;
  }
}

export {};
