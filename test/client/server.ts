import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A real server on loopback, stopped after the test. @returns its address. */
export async function serve(answer: Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

export const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(value));

/** An address at which nobody listens. */
export async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (typeof address !== 'object' || !address) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

export const NEXT = {
  model: 'navigation',
  version: '20260101000000',
  predictions: [{ next: [{ page: '/b', probability: 0.5 }] }],
};

/** A server that gives one answer after the other, and the last for ever; and the bodies that it was sent. */
export async function serveInTurn(...answers: Answer[]): Promise<{ endpoint: string; bodies: string[] }> {
  const bodies: string[] = [];
  const endpoint = await serve((request, response, body) => {
    const answer = answers[Math.min(bodies.push(body), answers.length) - 1];
    answer?.(request, response, body);
  });
  return { endpoint, bodies };
}

/** An answer in JSON that may be kept, or whatever `caching` says. */
export const kept = (value: unknown, caching = 'private, max-age=60') =>
  json(value, 200, { 'cache-control': caching });
