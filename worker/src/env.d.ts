declare namespace Cloudflare {
  /** The bindings and variables of wrangler.toml. */
  interface Env {
    readonly MODELS: R2Bucket;
    readonly ALLOWED_ORIGINS?: string;
  }
}
