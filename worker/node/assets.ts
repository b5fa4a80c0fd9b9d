import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { etag } from 'hono/etag';

/** Rules for the files' headers, in Cloudflare's form; itself no file that is given out. */
const RULES = '_headers';

/** Paths, the last part of which may be `*`, and the headers of the answers there. */
interface HeaderRule {
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Serves the Worker's static files as Cloudflare does: `index.html` at its folder, pages without `.html`, tags that answer
 * 304, and the headers that the build wrote down. The files are those that are there now: a build asks for a restart.
 *
 * @returns gives null for whatever is no file.
 */
export async function createAssets(folder: string): Promise<(request: Request) => Promise<Response> | null> {
  const files = await filesByPath(folder);
  const rules = parseRules(await readFile(join(folder, RULES), 'utf8').catch(() => ''));
  const app = new Hono();
  app.use(etag());
  for (const { path, headers } of rules) {
    app.use(path, async (c, next) => {
      for (const [name, value] of headers) c.header(name, value);
      await next();
    });
  }
  app.get('*', serveStatic({ root: folder, rewriteRequestPath: (path) => files.get(path) ?? RULES }));
  return (request) => {
    const isFile = /^(GET|HEAD)$/.test(request.method) && files.has(new URL(request.url).pathname);
    return isFile ? Promise.resolve(app.fetch(request)) : null;
  };
}

/** The files of a folder by the path of their URL. */
async function filesByPath(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== RULES);
  const paths = files.map(({ parentPath, name }) =>
    relative(folder, join(parentPath, name)).split(sep).join('/'),
  );
  return new Map(
    paths.map((path) => [`/${path.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '')}`, path]),
  );
}

/** Reads `_headers`: a path at the start of a line, and below it, indented, its headers. */
export function parseRules(text: string): HeaderRule[] {
  const rules: { path: string; headers: [string, string][] }[] = [{ path: '/*', headers: [CACHING] }];
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    if (/^\S/.test(line)) rules.push({ path: line.trim(), headers: [] });
    else {
      const [name = '', ...value] = line.trim().split(':');
      rules.at(-1)?.headers.push([name, value.join(':').trim()]);
    }
  }
  return rules;
}

/** What Cloudflare says of a file that no rule speaks of. */
const CACHING: [string, string] = ['Cache-Control', 'public, max-age=0, must-revalidate'];
