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
  /** Bytes of memory that its pack takes while it predicts. */
  readonly byteLength: number;
  /**
   * Reads what a prediction from some tokens needs and is not there yet; undefined when everything is.
   * @throws ProblemError `model-unavailable` when it cannot be read.
   */
  readonly prepare: (tokens: () => readonly string[]) => Promise<void> | undefined;
}

/** What a model can do now. With version and failure, an earlier version answers while the current one is broken. */
export interface ModelState {
  readonly name: string;
  /** The version that answers, or would as soon as it is loaded; null when none does. */
  readonly version: string | null;
  /** SHA-256 of that version's manifest, hex. */
  readonly manifestDigest: string | null;
  /** That version, when it is loaded. */
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
  /**
   * The state of a model, loaded if it can be.
   * @throws ProblemError `unknown-model` when nothing is published under the name.
   */
  state(name: string): Promise<ModelState>;
  /** As {@link state}, without loading anything: a version is then checked as far as that goes. */
  peek(name: string): Promise<ModelState>;
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
