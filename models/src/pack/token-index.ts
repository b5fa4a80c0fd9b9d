import { FIRST_TOKEN_ID, UNKNOWN_ID } from '../vocabulary.ts';

/**
 * Tokens as typed arrays, so that a million names need no JavaScript Map: UTF-8 bytes end to end in id order, and
 * the ids by rising hash. n tokens.
 */
export interface TokenTables {
  /** uint8 [bytes]: the names. */
  readonly names: Uint8Array;
  /** uint32 [n + 1]: where each name starts, and the end. */
  readonly offsets: Uint32Array;
  /** uint32 [n], rising. */
  readonly hashes: Uint32Array;
  /** uint32 [n]: the id of each hash. */
  readonly ids: Uint32Array;
}

export function buildTokenTables(tokens: readonly string[]): TokenTables {
  const encoder = new TextEncoder();
  const offsets = new Uint32Array(tokens.length + 1);
  const hashOf = new Uint32Array(tokens.length);
  let names = new Uint8Array(1024);
  let end = 0;
  for (const [i, token] of tokens.entries()) {
    const bytes = encoder.encode(token);
    if (end + bytes.length > names.length) names = grown(names, end + bytes.length);
    names.set(bytes, end);
    end += bytes.length;
    offsets[i + 1] = end;
    hashOf[i] = fnv1a(bytes);
  }
  const order = Uint32Array.from(hashOf.keys()).sort((a, b) => (hashOf[a] ?? 0) - (hashOf[b] ?? 0) || a - b);
  return {
    names: names.slice(0, end),
    offsets,
    hashes: order.map((i) => hashOf[i] ?? 0),
    ids: order.map((i) => i + FIRST_TOKEN_ID),
  };
}

/** The same bytes in at least twice the room. */
function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}

/** Looks tokens up both ways, without building anything per token. */
export class TokenIndex {
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

  constructor(readonly tables: TokenTables) {}

  /** The number of tokens: V − 2. */
  get size(): number {
    return this.tables.hashes.length;
  }

  /** The token's id, or 1 (unknown). */
  encode(token: string): number {
    const { hashes, ids } = this.tables;
    const bytes = this.#encoder.encode(token);
    const hash = fnv1a(bytes);
    for (let i = lowerBound(hashes, hash); hashes[i] === hash; i++) {
      const id = ids[i] ?? UNKNOWN_ID;
      if (equalBytes(this.#name(id), bytes)) return id;
    }
    return UNKNOWN_ID;
  }

  /** The token of an id from 2 to V − 1; an empty string for any other id. */
  decode(id: number): string {
    return this.#decoder.decode(this.#name(id));
  }

  #name(id: number): Uint8Array {
    const { names, offsets } = this.tables;
    const token = id - FIRST_TOKEN_ID;
    return names.subarray(offsets[token] ?? 0, offsets[token + 1] ?? 0);
  }
}

/** 32-bit FNV-1a. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
