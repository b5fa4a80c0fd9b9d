import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import S3rver from 's3rver';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** The pair that s3rver knows, with a secret of our own: `isSigned` checks it, s3rver itself does not. */
export const ACCESS_KEY_ID = 'S3RVER';
export const SECRET = 'a/secret+of=ours';
export const KEYS = { AWS_ACCESS_KEY_ID: ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET };

/** Serves until the test ends; gives the environment that leads there, and the GET requests that came. */
export async function serve(listener: RequestListener) {
  const requests: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    if (req.method === 'GET') requests.push(req);
    listener(req, res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const env = { ...KEYS, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${address.port}` };
  return { env, requests };
}

export async function closedEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** s3rver with a bucket `visits`, behind a check of the signatures that it does not make itself. */
export async function startStore(objects: Record<string, string | Buffer>) {
  const configureBuckets = [{ name: 'visits', configs: [] }];
  const s3rver = new S3rver({ directory: await temporaryFolder(), silent: true, configureBuckets });
  await s3rver.configureBuckets();
  const answer = s3rver.callback();
  const store = await serve((req, res) => {
    if (req.method === 'PUT' || isSigned(req)) answer(req, res);
    else res.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
  });
  for (const [key, body] of Object.entries(objects)) await put(store.env.AWS_ENDPOINT_URL_S3, key, body);
  return store;
}

/** Puts an object without a signature, its key as it is: a URL would lose `..` and encode less. */
export async function put(endpoint: string, key: string, body: string | Buffer): Promise<void> {
  const path = `/visits/${key.split('/').map(encodeURIComponent).join('/')}`;
  const req = request(endpoint, {
    method: 'PUT',
    path,
    headers: { 'Content-Length': Buffer.byteLength(body) },
  });
  const answered = once(req, 'response');
  req.end(body);
  const [res]: IncomingMessage[] = await answered;
  res?.resume();
  if (res?.statusCode !== 200) throw new Error(`PUT ${key}: ${res?.statusCode}`);
}

/** @see AWS Signature Version 4, with the payload's digest as the header states it. */
function isSigned({ method, url = '', headers }: IncomingMessage): boolean {
  const [, scope = '', names = '', signature] =
    /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\S+)/.exec(headers.authorization ?? '') ?? [];
  const [path, query = ''] = url.split('?');
  const canonicalHeaders = names.split(';').map((name) => `${name}:${headers[name]}\n`);
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    canonicalHeaders.join(''),
    names,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest].join('\n');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const signingKey = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return hmac(signingKey, toSign).toString('hex') === signature;
}

export function listing(objects: readonly [string, number][], token = ''): string {
  const contents = objects.map(
    ([key, bytes]) => `<Contents><Key>${key}</Key><Size>${bytes}</Size></Contents>`,
  );
  const next = `<IsTruncated>${token !== ''}</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
  return `<ListBucketResult>${next}${contents.join('')}</ListBucketResult>`;
}

/**
 * A store for what s3rver cannot do: list by pages on today's OpenSSL, keep `..` in a key, or cut an object off. Each
 * object holds its own key; where more bytes than that are declared, the connection ends early.
 */
export function storeOf(bytesOf: Record<string, number>): RequestListener {
  return (req, res) => {
    const [path = '', query = ''] = (req.url ?? '').split('?');
    const parameters = new URLSearchParams(query);
    if (parameters.has('list-type')) {
      const start = Number(parameters.get('continuation-token') ?? 0);
      const objects = Object.entries(bytesOf);
      const end = start + 1_000;
      res.end(listing(objects.slice(start, end), end < objects.length ? String(end) : ''));
      return;
    }
    const key = decodeURIComponent(path.slice('/visits/'.length));
    res.writeHead(200, { 'Content-Length': bytesOf[key] ?? 0 });
    res.write(key, () => (Buffer.byteLength(key) === bytesOf[key] ? res.end() : res.destroy()));
  };
}
