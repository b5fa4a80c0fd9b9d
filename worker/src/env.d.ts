/// <reference types="@cloudflare/workers-types/2023-07-01" />

declare namespace Cloudflare {
  /** The bindings and variables of wrangler.toml. */
  interface Env {
    readonly MODELS: R2Bucket;
    readonly ALLOWED_ORIGINS?: string;
  }
}
