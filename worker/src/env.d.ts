/// <reference types="@cloudflare/workers-types/2023-07-01" />

declare namespace Cloudflare {
  /** The bindings and variables of wrangler.toml. */
  interface Env {
    readonly MODELS: R2Bucket;
    readonly ALLOWED_ORIGINS?: string;
    readonly RATE_LIMITER?: RateLimit;
    readonly MODEL_MEMORY_MB?: string;
    readonly LOG_SAMPLE?: string;
    readonly ANALYTICS?: AnalyticsEngineDataset;
  }
}

/** `models/kernel`, compiled by `npm run build`: workerd compiles no WebAssembly at run time. */
declare module '@pathcast/models/kernel.*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
