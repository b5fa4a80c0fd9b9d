/// <reference path="./r2.d.ts" />
import { KEY_PREFIX } from '@pathcast/models/artifacts';
import { ArtifactFiles } from './artifact-files.ts';
import { type FileVersion, FileVersions, readPart } from './file-versions.ts';

/**
 * A folder of artifacts as an R2 bucket: what the store reads on Cloudflare, it reads here. Every object carries its SHA-256,
 * which is its etag too; a file is hashed once, and again when it is changed. Nothing is written.
 *
 * @param folder of models, or of one model.
 */
export function createFolderBucket(folder: string): R2Bucket {
  const files = new ArtifactFiles(folder);
  const versions = new FileVersions();

  async function versionOf(key: string): Promise<FileVersion | null> {
    const path = await files.find(key);
    return path === null ? null : versions.of(path);
  }

  async function get(key: string, options?: { range?: R2ByteRange }): Promise<R2ObjectBody | null>;
  async function get(key: string, options: R2GetOptions): Promise<R2ObjectBody | R2Object | null>;
  async function get(key: string, { range, onlyIf }: R2GetOptions = {}) {
    const version = await versionOf(key);
    if (!version) return null;
    const object = toObject(key, version);
    return onlyIf && onlyIf.etagMatches !== object.etag ? object : withBody(object, version, range);
  }

  return {
    get,

    async head(key) {
      const version = await versionOf(key);
      return version && toObject(key, version);
    },

    async list({ prefix, delimiter }) {
      if (prefix !== KEY_PREFIX || delimiter !== '/')
        throw new Error(`"${prefix}" is not listed, only models`);
      const names = await files.models();
      const delimitedPrefixes = names.map((name) => `${KEY_PREFIX}${name}/`);
      return { objects: [], delimitedPrefixes, truncated: false };
    },
  };
}

function toObject(key: string, { bytes, sha256 }: FileVersion): R2Object {
  return {
    key,
    size: bytes,
    etag: sha256.toString('hex'),
    checksums: { sha256: new Uint8Array(sha256).buffer },
  };
}

/** The part that lies within the object, as R2 answers it. */
function withBody(object: R2Object, version: FileVersion, asked?: R2ByteRange): R2ObjectBody {
  const offset = Math.min(asked?.offset ?? 0, object.size);
  const length = Math.min(asked?.length ?? object.size, object.size - offset);
  const body = ReadableStream.from(readPart(version, offset, length));
  return {
    ...object,
    range: { offset, length },
    body,
    arrayBuffer: () => new Response(body).arrayBuffer(),
  };
}
