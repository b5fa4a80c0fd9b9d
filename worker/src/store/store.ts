import type { Manifest } from '@pathcast/models/manifest';
import type { Predictor } from '@pathcast/models/predictor/predictor';

/** A version that answers: verified, loaded and ready. */
export interface ServedModel {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the manifest, hex: what the pointer named. */
  readonly manifestDigest: string;
  readonly manifest: Manifest;
  readonly predictor: Predictor;
}

/** What a model can do now. With both, an earlier version answers while the current one is broken. */
export interface ModelState {
  readonly name: string;
  readonly served: ServedModel | null;
  /** Why the current version does not answer; its version is null when even the pointer cannot be read. */
  readonly failure: { readonly version: string | null; readonly reason: string } | null;
}

/** A file that anyone may download. */
export interface PublicFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex; the file's ETag. */
  readonly sha256: string;
}

/** A part of a file, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where models come from. Names and versions are already matched against their patterns.
 *
 * Every method rejects with a `ProblemError` alone.
 */
export interface ModelStore {
  /** The names of all models, sorted. */
  names(): Promise<readonly string[]>;
  /** @throws ProblemError `unknown-model` when nothing is published under the name. */
  state(name: string): Promise<ModelState>;
  /**
   * The public files of any version by path, `manifest.json` included.
   * @throws ProblemError `unknown-version`, or `model-unavailable` when its manifest is broken.
   */
  publicFiles(name: string, version: string): Promise<ReadonlyMap<string, PublicFile>>;
  /**
   * Opens a file or a part of it, verified against its manifest.
   * @throws ProblemError `model-unavailable` when it is missing or not what the manifest says.
   */
  open(name: string, version: string, file: PublicFile, range?: ByteRange): Promise<ReadableStream>;
  /** Does what can be done of {@link open} without reading the file. */
  verify(name: string, version: string, file: PublicFile): Promise<void>;
}
