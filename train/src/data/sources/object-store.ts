import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GetObjectCommandOutput, S3ClientConfig } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { UserError } from '../../user-error.ts';
import { type Address, type Connection, connectionTo } from './object-credentials.ts';

/** An object fetched to disk: `path` is local, `name` is how the user knows it (`s3://bucket/key`). */
export interface FetchedObject {
  readonly path: string;
  readonly name: string;
}

/** Whether `--data` names an object store. */
export function isObjectUrl(data: string): boolean {
  return /^(?:s3|r2):\/\//i.test(data);
}

/**
 * Downloads what `s3://bucket/key` or `r2://bucket/key` names: one object; everything below a key that is empty or ends
 * in `/`; or the keys that match a glob of `*` and `?` within a folder and `**` across folders. Keys are never decoded.
 *
 * @param folder an existing, empty folder; after a failure nothing of the download is left in it.
 * @param env holds the credentials: AWS_* for s3, R2_* (else AWS_*) for r2. No file and no metadata service is asked.
 * @returns at least one object, sorted by key.
 * @throws UserError in one sentence naming the URL: malformed, no credentials, out of reach, denied, nothing there,
 * or cut short.
 */
export async function fetchObjects(
  url: string,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FetchedObject[]> {
  const address = parseAddress(url);
  const store = await connect(address, connectionTo(address, env));
  try {
    const objects = await findObjects(store, address);
    return await downloadAll(store, objects, folder);
  } finally {
    store.close();
  }
}

function parseAddress(url: string): Address {
  const [, scheme, bucket, key = ''] =
    /^(s3|r2):\/\/([a-z\d][\w.-]{1,61}[a-z\d])(?:\/(.*))?$/is.exec(url) ?? [];
  if (scheme === undefined || bucket === undefined) {
    // The address is not repeated: some tools take keys in it, and they must not reach a log.
    throw new UserError(
      'an object store is named s3://BUCKET/KEY or r2://BUCKET/KEY, without credentials in it',
    );
  }
  const isFolder = key === '' || key.endsWith('/');
  return { url, scheme: scheme.toLowerCase(), bucket, key: isFolder ? `${key}**` : key };
}

const DEFAULTS = {
  // What the SDK would look up in files of the home folder is given here, so that it opens none.
  authSchemePreference: [],
  disableClockSkewCorrection: false,
  disableS3ExpressSessionAuth: false,
  ignoreConfiguredEndpointUrls: true,
  retryMode: 'standard',
  useArnRegion: false,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: async () => undefined,
  // R2 and other stores do not know the newer checksums; lengths are compared instead.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  followRegionRedirects: true,
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
} satisfies S3ClientConfig;

interface Listed {
  readonly key: string;
  /** As listed; undefined where the key was given, not listed. */
  readonly bytes?: number | undefined;
}

interface Store {
  /** Every object whose key starts with `prefix`. */
  list(prefix: string): AsyncIterable<Listed>;
  get(key: string, signal: AbortSignal): Promise<GetObjectCommandOutput>;
  nameOf(key: string): string;
  close(): void;
}

async function connect(address: Address, { region, endpoint, credentials }: Connection): Promise<Store> {
  const { S3Client, GetObjectCommand, paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  // Its advice to move to a newer Node is for us, who pin its version, not for who reads a log.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const custom = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
  const client = new S3Client({ ...DEFAULTS, ...custom, region, credentials });
  const { url, scheme, bucket: Bucket } = address;
  const host = endpoint === undefined ? 'Amazon S3' : new URL(endpoint).origin;
  const nameOf = (key: string) => `${scheme}://${Bucket}/${key}`;
  return {
    nameOf,
    async *list(Prefix) {
      try {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
          for (const { Key, Size } of Contents) if (Key !== undefined) yield { key: Key, bytes: Size };
        }
      } catch (error) {
        throw new UserError(`${url}: ${describeFailure(error, host)}`);
      }
    },
    async get(Key, abortSignal) {
      try {
        return await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
      } catch (error) {
        throw new UserError(`${nameOf(Key)}: ${describeFailure(error, host)}`);
      }
    },
    close: () => client.destroy(),
  };
}

const sdkError = z.object({
  name: z.string(),
  code: z.string().optional(),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});

/** What the SDK threw, without its message or the error as a cause: those may hold a token or what a store likes. */
function describeFailure(thrown: unknown, host: string): string {
  const error = sdkError.safeParse(thrown).data;
  const status = error?.$metadata?.httpStatusCode;
  const code = (error?.code ?? error?.name ?? '').replace(/\W/g, '');
  if (status === undefined) return `${host} cannot be reached (${code})`;
  if (code === 'NoSuchBucket') return `${host} has no such bucket`;
  if (code === 'NoSuchKey') return 'there is no such object; end it with / for everything below';
  if (code === 'InvalidObjectState') return 'the object is archived; restore it first';
  if (status === 401 || status === 403 || /^(?:Invalid|Expired)Token$/.test(code)) {
    return `access denied (${code}); check the credentials and their rights`;
  }
  return `${host} answered with an error (${code}, HTTP ${status})`;
}

async function findObjects(store: Store, { url, key }: Address): Promise<Listed[]> {
  const wildcard = key.search(/[*?]/);
  if (wildcard < 0) return [{ key }];
  const pattern = globPattern(key);
  const found: Listed[] = [];
  for await (const object of store.list(key.slice(0, wildcard))) {
    const isFolder = object.key.endsWith('/') && object.bytes === 0;
    if (!isFolder && pattern.test(object.key)) found.push(object);
  }
  if (found.length === 0) throw new UserError(`${url}: nothing there matches`);
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** `*` and `?` stay within a folder, `**` crosses folders, and a folder `**` may be none at all. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/(?<=^|\/)\*\*\/|\*{2,}|[*?]|[\\^$.+()[\]{}|]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return token.startsWith('*') ? '.*' : `\\${token}`;
  });
  return new RegExp(`^${source}$`, 'su');
}

const CONCURRENT_DOWNLOADS = 4;

async function downloadAll(
  store: Store,
  objects: readonly Listed[],
  folder: string,
): Promise<FetchedObject[]> {
  const downloads = objects.map((object, index) => ({
    object,
    target: { path: join(folder, localName(index, object.key)), name: store.nameOf(object.key) },
  }));
  const abort = new AbortController();
  const queue = downloads.values();
  const workers = Array.from({ length: CONCURRENT_DOWNLOADS }, async () => {
    for (const { object, target } of queue) await download(store, object, target, abort.signal);
  });
  const targets = downloads.map(({ target }) => target);
  try {
    await Promise.all(workers);
    return targets;
  } catch (error) {
    abort.abort();
    await Promise.allSettled(workers);
    await Promise.all(targets.map(({ path }) => rm(path, { force: true })));
    throw error;
  }
}

/** Such as `00001-access.log.gz`: of the key only the end is kept, so that no key leads out of the folder. */
function localName(index: number, key: string): string {
  const last = key.split('/').filter(Boolean).at(-1) ?? '';
  return `${String(index + 1).padStart(5, '0')}-${last.replace(/[^\w.-]+/g, '_').slice(-100)}`;
}

async function download(
  store: Store,
  object: Listed,
  target: FetchedObject,
  signal: AbortSignal,
): Promise<void> {
  const { path, name } = target;
  const cannotWrite = (cause: unknown) => new UserError(`${path}: cannot be written; ${cause}`, { cause });
  // Opened before all else, so that nothing creates the file once a failure has removed it.
  const file = await open(path, 'w').catch((error: unknown) => {
    throw cannotWrite(error);
  });
  try {
    const { Body, ContentLength } = await store.get(object.key, signal);
    if (!(Body instanceof Readable)) throw new UserError(`${name}: the answer has no body`);
    const writer = file.createWriteStream();
    await pipeline(Body, writer, { signal }).catch((cause: unknown) => {
      throw isDiskError(cause) ? cannotWrite(cause) : new UserError(`${name}: ${CUT_SHORT}`, { cause });
    });
    const lengths = [object.bytes, ContentLength].filter((length) => length !== undefined);
    if (lengths.some((length) => length !== writer.bytesWritten))
      throw new UserError(`${name}: ${CUT_SHORT}`);
  } finally {
    await file.close();
  }
}

const CUT_SHORT = 'the download was cut short, or the object changed meanwhile; try again';

/** A `read` that fails is the network's; these calls are the file's. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && ['write', 'close'].includes(`${error.syscall}`);
}
