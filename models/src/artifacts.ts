import * as z from 'zod';

/** Names of models: what a URL, a folder and an R2 key can all carry. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Versions: 14 digits of UTC, `YYYYMMDDhhmmss`; a safe integer, as TensorFlow Serving's are. */
export const VERSION = /^[0-9]{14}$/;

/**
 * A file's path within a version: names of lower-case letters, digits, `.`, `_` and `-`, no `..`; and not `metadata`, whose
 * path below a version is TensorFlow Serving's.
 */
const FILE_PATH = /^(?!.*\.\.)(?!metadata$)[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){0,3}$/;

export const SHA256 = /^[0-9a-f]{64}$/;

/** File names within a version, on disk and in R2 alike. */
export const ARTIFACT = {
  manifest: 'manifest.json',
  report: 'report.html',
  pack: 'pack.safetensors',
  vocabulary: 'vocabulary.txt',
  layersModel: 'model.json',
  head: (tokens: number) => `heads/${tokens}`,
  headTokens: 'tokens.json',
} as const;

/** Every R2 key starts with this. */
export const KEY_PREFIX = 'models/';

/** The key of the pointer that names a model's current version. */
export function pointerKey(model: string): string {
  return `${KEY_PREFIX}${model}/current.json`;
}

/** The key of a version's file. */
export function fileKey(model: string, version: string, path: string): string {
  return `${KEY_PREFIX}${model}/${version}/${path}`;
}

export const modelNameSchema = z
  .string()
  .regex(MODEL_NAME, 'must be 1 to 64 lower-case letters, digits and hyphens, not starting with a hyphen');
export const versionSchema = z.string().regex(VERSION, 'must be 14 digits, YYYYMMDDhhmmss in UTC');
export const sha256Schema = z.string().regex(SHA256, 'must be 64 hexadecimal digits');
export const filePathSchema = z.string().max(200).regex(FILE_PATH, 'is not a path of an artifact');

/** `current.json`: the pointer, written last. */
export const pointerSchema = z.strictObject({
  version: versionSchema,
  /** SHA-256 of the version's `manifest.json`, hex. */
  manifestDigest: sha256Schema,
});

export type Pointer = z.infer<typeof pointerSchema>;

/** A version for an instant: 14 digits of UTC. */
export function versionAt(instant: Date): string {
  return instant.toISOString().replace(/\D/g, '').slice(0, 14);
}
