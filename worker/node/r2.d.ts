/**
 * What the store uses of Cloudflare's R2, for programs of Node, where Cloudflare's own types are not: a store that asks for
 * more does not compile there. `folder-bucket.ts` answers all of it.
 */
interface R2Object {
  readonly key: string;
  /** Bytes of the whole object, whatever range was asked for. */
  readonly size: number;
  readonly etag: string;
  readonly checksums: { readonly sha256?: ArrayBuffer };
  readonly range?: R2ByteRange;
}

interface R2ObjectBody extends R2Object {
  readonly body: ReadableStream<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Bytes of an object. */
interface R2ByteRange {
  readonly offset: number;
  readonly length: number;
}

interface R2GetOptions {
  readonly range?: R2ByteRange;
  readonly onlyIf?: { readonly etagMatches: string };
}

interface R2Bucket {
  head(key: string): Promise<R2Object | null>;
  get(key: string, options?: { readonly range?: R2ByteRange }): Promise<R2ObjectBody | null>;
  /** Without a body where the condition does not hold. */
  get(key: string, options: R2GetOptions): Promise<R2ObjectBody | R2Object | null>;
  list(options: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly cursor?: string;
  }): Promise<R2Objects>;
}

type R2Objects = { readonly objects: R2Object[]; readonly delimitedPrefixes: string[] } & (
  | { readonly truncated: true; readonly cursor: string }
  | { readonly truncated: false }
);
