import { createApp, ROUTES } from '@pathcast/worker/app';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createWorker, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const worker = createWorker();

beforeAll(() => publish(pages));

interface Document {
  openapi: string;
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, unknown> };
}

const METHODS = ['get', 'post'] as const;

async function document(): Promise<Document> {
  return (await worker.ask('/openapi.json')).json();
}

describe('/openapi.json', () => {
  it('covers every route, and nothing else', async () => {
    const { openapi, paths } = await document();
    expect(openapi).toMatch(/^3\.1\./);
    const described = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => `${method} ${path}`),
    );
    const routed = ROUTES.flatMap(({ path, GET, POST }) => {
      const template = path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}');
      return [...(GET ? [`get ${template}`] : []), ...(POST ? [`post ${template}:predict`] : [])];
    });
    expect(described.sort()).toEqual(routed.sort());
  });

  it('declares every parameter of its paths, and resolves every reference', async () => {
    const { paths, components } = await document();
    for (const [path, item] of Object.entries(paths)) {
      const declared = JSON.stringify(item);
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        expect(declared).toContain(`"name":"${name}","in":"path","required":true`);
      }
    }
    const references = [...JSON.stringify(paths).matchAll(/"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name = ''] of references) expect(components.schemas).toHaveProperty(name);
  });

  it('describes the errors of every operation but its own', async () => {
    const { paths } = await document();
    for (const [path, item] of Object.entries(paths)) {
      if (path === '/openapi.json') continue;
      for (const method of METHODS.filter((method) => method in item)) {
        expect(item[method]).toHaveProperty(
          'responses.503.content.application/problem+json'.split('.').slice(0, 2),
        );
        expect(item[method]).toHaveProperty('operationId');
      }
    }
  });
});

describe('every answer', () => {
  const paths = ['/healthz', '/openapi.json', '/v1/models', '/v1/models/pages/next?page=/p2', '/nowhere'];

  it.each(paths)('of %s carries the security headers and is open to every origin', async (path) => {
    const { headers } = await worker.ask(path, { headers: { Origin: 'https://shop.example' } });
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=/);
  });

  it('to a preflight allows what the API reads', async () => {
    const response = await worker.ask('/v1/models/pages:predict', {
      method: 'OPTIONS',
      headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD,POST');
    expect(response.headers.get('Access-Control-Allow-Headers')).toContain('Content-Type');
  });

  it('is closed to origins that are not listed, where some are', async () => {
    const shop = createWorker({ allowedOrigins: 'https://shop.example, https://www.shop.example' });
    const from = async (origin: string) =>
      (await shop.ask('/v1/models', { headers: { Origin: origin } })).headers;
    const listed = await from('https://www.shop.example');
    expect(listed.get('Access-Control-Allow-Origin')).toBe('https://www.shop.example');
    expect(listed.get('Vary')).toContain('Origin');
    expect((await from('https://evil.example')).has('Access-Control-Allow-Origin')).toBe(false);
  });

  it('to an unexpected failure is a problem without its words', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const fail = () => Promise.reject(new TypeError('secret at /home'));
    const store = { names: fail, state: fail, peek: fail, publicFiles: fail, open: fail, verify: fail };
    const response = await createApp({ store, allowedOrigins: '*' }).request('/v1/models');
    expect(response.status).toBe(500);
    const { type, detail } = await problemOf(response);
    expect(type).toBe('urn:pathcast:problem:internal-error');
    expect(detail).not.toContain('secret');
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ message: 'secret at /home' }));
    log.mockRestore();
  });
});
