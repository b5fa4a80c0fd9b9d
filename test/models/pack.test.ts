import { openPack, PackError, writePack } from '@pathcast/models/pack/pack';
import { quantiseRows } from '@pathcast/models/pack/quantise';
import { readSafetensors, writeSafetensors } from '@pathcast/models/pack/safetensors';
import { buildTokenTables, TokenIndex } from '@pathcast/models/pack/token-index';
import type { Mixture } from '@pathcast/models/predictor/mixture';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixtureOf, randomSessions } from '../support/mixtures.ts';
import { randomModel } from '../support/models.ts';

const vocabularyDigest = 'a'.repeat(64);
const model = randomModel({ cell: 'lstm', layers: 2 });
const pack = writePack({ ...model, vocabularyDigest });

/** One float32 tensor [2] = [1, −2], laid out by hand from the format's own description. */
function handMade(): Uint8Array<ArrayBuffer> {
  const header = '{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
  const bytes = new Uint8Array(8 + header.length + 8);
  bytes[0] = header.length;
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], 8 + header.length);
  return bytes;
}

/** Changes any byte of a pack's header. */
function expectOnlyPackErrors(file: Uint8Array<ArrayBuffer>): void {
  const headerEnd = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  fc.assert(
    fc.property(fc.nat(headerEnd - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = file.slice();
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      try {
        openPack(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(PackError);
      }
    }),
    { numRuns: 2000 },
  );
}

describe('safetensors', () => {
  it('reads a file laid out by hand', () => {
    expect([...(readSafetensors(handMade()).tensors.get('t')?.data ?? [])]).toEqual([1, -2]);
  });

  it('writes what the format asks: padded header, no gaps, little-endian', () => {
    const file = writeSafetensors([{ name: 't', shape: [2], data: Float32Array.of(1, -2) }], { a: 'b' });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
    expect(header).toEqual({
      __metadata__: { a: 'b' },
      t: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect([...file.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it('refuses an order that would need a gap', () => {
    const odd = { name: 'odd', shape: [1], data: new Int8Array(1) };
    const wide = { name: 'wide', shape: [1], data: new Float32Array(1) };
    expect(() => writeSafetensors([odd, wide], {})).toThrow('tensor wide');
  });
});

describe('a pack', () => {
  it('gives back spec, digest, tokens and counts', () => {
    const opened = openPack(pack);
    expect(opened.spec).toEqual(model.spec);
    expect(opened.vocabularyDigest).toBe(vocabularyDigest);
    expect([...opened.counts]).toEqual([...model.counts]);
    const index = new TokenIndex(opened.tokens);
    for (const [i, token] of model.vocabulary.tokens.entries()) {
      expect(index.encode(token)).toBe(i + 2);
      expect(index.decode(i + 2)).toBe(token);
    }
  });

  it('stores tied rows once', () => {
    const opened = openPack(pack);
    expect(opened.output.rows).toBe(opened.input.rows);
    expect(opened.output.scales).not.toEqual(opened.input.scales);
  });

  it('is refused at every length but its own', () => {
    for (let length = 0; length < pack.length; length += 97) {
      expect(() => openPack(pack.slice(0, length))).toThrow(PackError);
    }
    const longer = new Uint8Array(pack.length + 1);
    longer.set(pack);
    expect(() => openPack(longer)).toThrow('after its last tensor');
  });

  it('never throws anything but a PackError, whatever byte of its header is changed', () => {
    expectOnlyPackErrors(pack);
  });

  it('names the tensor that is missing', () => {
    const at = Buffer.from(pack).indexOf('tokens.counts');
    const renamed = pack.slice();
    renamed.set(new TextEncoder().encode('tokens.county'), at);
    expect(() => openPack(renamed)).toThrow('tensor tokens.counts is missing');
  });
});

describe('the token index', () => {
  it('finds every token of any vocabulary, and no other', () => {
    const texts = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.string({ minLength: 1, unit: 'grapheme' }), (tokens, other) => {
        const index = new TokenIndex(buildTokenTables(tokens));
        for (const [i, token] of tokens.entries()) expect(index.encode(token)).toBe(i + 2);
        if (!tokens.includes(other)) expect(index.encode(other)).toBe(1);
      }),
    );
  });

  it('keeps a byte order mark that begins a token', () => {
    const index = new TokenIndex(buildTokenTables(['\ufeffa']));
    expect([index.decode(2), index.encode('\ufeffa'), index.encode('a')]).toEqual(['\ufeffa', 2, 1]);
  });

  it('tells tokens of one hash apart', () => {
    // Two words of the same 32-bit FNV-1a hash.
    const index = new TokenIndex(buildTokenTables(['costarring', 'liquid']));
    expect(index.tables.hashes[0]).toBe(index.tables.hashes[1]);
    expect([index.encode('costarring'), index.encode('liquid')]).toEqual([2, 3]);
  });
});

describe('quantised rows', () => {
  it('are within half a scale of the values', () => {
    const float = fc.float({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(float, { minLength: 4, maxLength: 40 }), (values) => {
        const width = values.length;
        const { rows, scales } = quantiseRows(Float32Array.from(values), width);
        const scale = scales[0] ?? 0;
        for (const [i, value] of values.entries()) {
          expect(Math.abs((rows[i] ?? 0) * scale - Math.fround(value))).toBeLessThanOrEqual(scale * 0.5001);
        }
      }),
    );
  });
});

describe('a pack with a mixture', () => {
  const mixture = mixtureOf(randomSessions(60, 42), 42);
  const mixed = writePack({ ...model, mixture, vocabularyDigest });

  it('gives its tables back, ids of sessions in two bytes where they fit', () => {
    const { neighbours, ...others } = mixture;
    const opened = openPack(mixed).mixture;
    expect(opened).toEqual({
      ...others,
      neighbours: neighbours && { ...neighbours, pages: Uint16Array.from(neighbours.pages) },
    });
  });

  it('keeps ids of sessions in four bytes where the catalogue asks for them', () => {
    const large = randomModel({
      vocabularySize: 65_537,
      hiddenUnits: 2,
      input: { type: 'embedding', units: 2 },
    });
    const sessions = TokenSessions.of([
      [65_536, 2, 40_000],
      [2, 65_536],
    ]);
    const wide = mixtureOf(sessions, 65_537);
    const opened = openPack(writePack({ ...large, mixture: wide, vocabularyDigest })).mixture;
    expect(opened?.neighbours?.pages).toEqual(wide.neighbours?.pages);
    expect([...(opened?.neighbours?.pages ?? [])]).toEqual(expect.arrayContaining([65_536, 40_000]));
  });

  it('opens without one, as packs did before', () => {
    expect(openPack(pack).mixture).toBeUndefined();
  });

  it('holds only the parts that were chosen', () => {
    const weights = mixture.weights.map((_, i) => (i % 3 === 2 ? 0 : 0.5));
    const opened = openPack(
      writePack({ ...model, mixture: { temperature: 2, weights, rules: mixture.rules }, vocabularyDigest }),
    );
    expect(opened.mixture).toEqual({ temperature: 2, weights, rules: mixture.rules });
  });

  it('keeps its int8 rows last, and aligned for any SIMD', () => {
    const header = Number(new DataView(mixed.buffer).getBigUint64(0, true));
    for (const { rows } of [openPack(mixed).input, openPack(mixed).output]) {
      expect((rows.byteOffset - 8 - header) % 64).toBe(0);
    }
    expect(openPack(mixed).input.rows.byteOffset + 42 * 16).toBe(mixed.length);
  });

  it('is refused with one sentence when a number would lead a prediction astray', () => {
    const { rules, neighbours } = mixture;
    if (!rules || !neighbours) throw new Error('it has both');
    const changed = <T extends Uint32Array | Uint16Array | Float32Array>(
      values: T,
      at: number,
      value: number,
    ): T => {
      const copy = values.slice() as T; // slice keeps the type
      copy[at] = value;
      return copy;
    };
    const withRules = (part: Partial<typeof rules>) => ({ ...mixture, rules: { ...rules, ...part } });
    const withNeighbours = (part: Partial<typeof neighbours>) => ({
      ...mixture,
      neighbours: { ...neighbours, ...part },
    });
    const weights = (row: number[]) => Float32Array.from({ length: 48 }, (_, i) => row[i % 3] ?? 0);
    const broken: [Mixture, string][] = [
      [withRules({ offsets: changed(rules.offsets, 5, 1e6) }), 'rules.offsets does not rise'],
      [withRules({ offsets: changed(rules.offsets, 0, 1) }), 'rules.offsets does not rise'],
      [
        withRules({ successors: changed(rules.successors, 0, 1) }),
        'rules.successors holds an id that is no token',
      ],
      [
        withRules({ successors: changed(rules.successors, 0, 42) }),
        'rules.successors holds an id that is no token',
      ],
      [withRules({ counts: changed(rules.counts, 3, Number.NaN) }), 'rules.counts holds a count'],
      [withRules({ counts: changed(rules.counts, 3, 0) }), 'rules.counts holds a count'],
      [withRules({ counts: rules.counts.slice(1) }), 'tensor rules.counts has shape'],
      [withRules({ returns: changed(rules.returns, 3, 1) }), 'rules.returns holds rates'],
      [withRules({ returns: changed(rules.returns, 3, -0.1) }), 'rules.returns holds rates'],
      [
        withNeighbours({ sessionOffsets: changed(neighbours.sessionOffsets, 60, 1) }),
        'neighbours.session_offsets does not rise',
      ],
      [
        withNeighbours({ postingOffsets: changed(neighbours.postingOffsets, 1, 9e5) }),
        'neighbours.posting_offsets does not rise',
      ],
      [withNeighbours({ pages: changed(neighbours.pages, 0, 0) }), 'neighbours.pages holds an id'],
      [
        withNeighbours({ postings: changed(neighbours.postings, 0, 60) }),
        'neighbours.postings holds a session',
      ],
      [
        withNeighbours({ rarity: changed(neighbours.rarity, 2, -1) }),
        'neighbours.rarity holds a value below 0',
      ],
      [withNeighbours({ rarity: changed(neighbours.rarity, 2, 0) }), 'neighbours.rarity is 0 for a page'],
      [{ ...mixture, weights: weights([0.5, 0.5, 0.5]) }, 'mixture.weights does not share 1 out'],
      [{ ...mixture, weights: weights([0, 0.5, 0.5]) }, 'mixture.weights does not share 1 out'],
      [{ ...mixture, weights: weights([Number.NaN, 0.5, 0.5]) }, 'mixture.weights does not share 1 out'],
      [{ ...mixture, neighbours: undefined }, 'mixture.weights does not share 1 out'],
      [{ ...mixture, temperature: 0 }, 'temperature'],
    ];
    for (const [bad, message] of broken) {
      const file = writePack({ ...model, mixture: bad, vocabularyDigest });
      expect(() => openPack(file), message).toThrow(PackError);
      expect(() => openPack(file)).toThrow(message);
    }
  });

  it('never throws anything but a PackError, whatever byte of its header is changed', () => {
    expectOnlyPackErrors(mixed);
  });
});
