import { afterAll } from 'vitest';
import { startPage } from './page-server.ts';

/** Serves a page, as `startPage` does, for a file's tests. @returns the page's URL, with a trailing slash. */
export async function serveFixturePage(script: string): Promise<string> {
  const { url, stop } = await startPage(script);
  afterAll(stop);
  return url;
}
