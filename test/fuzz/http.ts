import { Agent, request } from 'node:http';

export interface FuzzRequest {
  readonly method: string;
  /** As it stands in the request's first line: nothing is normalised on the way. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly ms: number;
}

/** Longer than this is a hang. */
const LIMIT_MS = 10_000;

/** What workerd itself says, and no route of ours, when it takes the rest of a body that nobody read for a request. */
const LOST_PLACE = 501;

/** A connection that is of no more use. */
class ClosedError extends Error {}

/** Connections that are kept, to loopback. */
export function createSender(url: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(url);

  /** A server may close a kept connection just when the next request goes out; that one is sent again, as Node's guide has it. */
  function send(asked: FuzzRequest): Promise<FuzzAnswer> {
    return sendOnce(asked).catch((error: unknown) => {
      if (error instanceof ClosedError) return send(asked);
      throw error;
    });
  }

  function sendOnce({ method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
    return new Promise((resolve, reject) => {
      const started = performance.now();
      // Bodies that workerd's own file server leaves unread would be taken for the connection's next request.
      const kept = path.startsWith('/v1/models/') && !path.includes('..') ? agent : false;
      const options = { agent: kept, hostname, port, method, path, headers, timeout: LIMIT_MS };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === LOST_PLACE) {
            sent.destroy();
            reject(new ClosedError());
            return;
          }
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            text,
            ms: performance.now() - started,
          });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${LIMIT_MS} ms`)));
      sent.on('error', (error: NodeJS.ErrnoException) =>
        reject(sent.reusedSocket && /^(ECONNRESET|HPE_)/.test(error.code ?? '') ? new ClosedError() : error),
      );
      sent.end(body);
    });
  }

  return { send, close: () => agent.destroy() };
}
