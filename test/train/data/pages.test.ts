import { openDatabase, sqlText } from '@pathcast/train/data/database';
import { checkPattern, type PageNaming, pageMacros } from '@pathcast/train/data/requests/pages';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Names pages with the macros alone. */
async function name(
  targets: readonly string[],
  naming: Partial<PageNaming> = {},
  macro = 'url_page',
): Promise<string[]> {
  const database = await openDatabase({ memoryGb: 0.5 });
  try {
    const settings = { keepHost: false, ...naming };
    await checkPattern(settings.redact, database);
    await database.run(pageMacros(settings));
    const values = targets.map((target, i) => `(${i}, ${sqlText(target)})`).join(', ');
    const rows = await database.rows(`SELECT ${macro}(t) AS page FROM (VALUES ${values}) v(i, t) ORDER BY i`);
    return rows.map(({ page }) => String(page));
  } finally {
    await database.close();
  }
}

describe('a page’s name', () => {
  it.each([
    ['/', '/'],
    ['/a/', '/a'],
    ['/a//b/', '/a/b'],
    ['//a', '/a'],
    ['/index.html', '/'],
    ['/a/INDEX.php', '/a'],
    ['/a/default.aspx?x=1', '/a'],
    ['/my-index.html', '/my-index.html'],
    ['/a/index.html/index.html', '/a'],
    ['/a?utm_source=x&id=3', '/a'],
    ['/a#part', '/a'],
    ['/a?b#c?d', '/a'],
    ['https://Shop.Example:443/A/b/?q=1', '/A/b'],
    ['http://shop.example', '/'],
    ['/a;jsessionid=0A1B2C/b', '/a/b'],
    ['/caf%C3%A9', '/caf%C3%A9'],
  ])('%s is %s', async (target, page) => {
    expect(await name([target])).toEqual([page]);
  });

  it('keeps the parameters that name a page, in one order', async () => {
    const targets = ['/p?id=7&utm_source=x&page=2', '/p?page=2&id=7&', '/p?sort=up'];
    expect(await name(targets, { keepQuery: 'id, page' })).toEqual([
      '/p?id=7&page=2',
      '/p?id=7&page=2',
      '/p',
    ]);
    expect(
      await name(['/p?b=1&a=2&utm_medium=x&gclid=1&fbclid=2&PHPSESSID=3&gold=4'], { keepQuery: '*' }),
    ).toEqual(['/p?a=2&b=1&gold=4']);
  });

  it('begins with its host when asked, in lower case and without the usual port', async () => {
    const targets = ['https://Shop.Example:443/a', 'http://shop.example:8080/a', '/a'];
    expect(await name(targets, { keepHost: true })).toEqual(['shop.example/a', 'shop.example:8080/a', '/a']);
  });

  it('holds no personal data: e-mail addresses and long tokens become *', async () => {
    const pages = await name([
      '/user/jane.doe+x@mail.example.com/orders',
      '/user/jane%40example.org',
      '/reset/9f86d081884c7d659a2feaa0c55ad015',
      '/o/3fa85f64-5717-4562-b3fc-2c963f66afa6/pay',
      '/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N',
      '/k/AbCdEfGh1jKlMn0pQrSt-uv',
      '/k/abcdefgh1jklmn0pqrst',
      '/card/4111111111111111',
    ]);
    expect(pages).toEqual([
      '/user/*/orders',
      '/user/*',
      '/reset/*',
      '/o/*/pay',
      '/t/*',
      '/k/*',
      '/k/*',
      '/card/*',
    ]);
    expect(await name(['/a?mail=a@b.example&t=9f86d081884c7d65'], { keepQuery: '*' })).toEqual([
      '/a?mail=*&t=*',
    ]);
  });

  it('keeps long words, dates, product numbers and slugs', async () => {
    const pages = [
      '/blog/how-to-choose-a-tent-for-4-persons-in-2026',
      '/Donaudampfschifffahrtsgesellschaft',
      '/2026/03/03/installing-windows-8-consumer-preview.html',
      '/p/123456789012345',
      '/presentations/logstash-puppetconf-2012',
    ];
    expect(await name(pages)).toEqual(pages);
  });

  it('loses what the user’s own pattern matches, or nothing at all', async () => {
    expect(await name(['/customer/k-1234/orders'], { redact: 'k-\\d+' })).toEqual(['/customer/*/orders']);
    expect(await name(['/u/a@b.example/9f86d081884c7d659a2f'], { redact: 'none' })).toEqual([
      '/u/a@b.example/9f86d081884c7d659a2f',
    ]);
    await expect(name(['/'], { redact: '(' })).rejects.toThrow(/^--redact: .*missing \)/);
  });

  it('of an item that is no path stays, but for e-mail addresses', async () => {
    const items = ['9f86d081884c7d659a2feaa0c55ad015', '214536502', 'A b', '/a/', 'x@y.example'];
    expect(await name(items, {}, 'item_page')).toEqual([...items.slice(0, 4), '*']);
  });

  it('is a path without query, fragment, blank or doubled slash, and its own name again', async () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab/?#&=;.:%20 \t@-_'), maxLength: 12 });
    const targets = fc.sample(part, { numRuns: 2000, seed: 42 }).map((text) => `/${text}`);
    const pages = await name(targets);
    for (const [i, page] of pages.entries()) {
      expect([targets[i], page]).toEqual([
        targets[i],
        expect.stringMatching(/^\/([^?#\s/]+(\/[^?#\s/]+)*)?$/),
      ]);
    }
    const settled = await name(pages);
    expect(settled).toEqual(pages);
  });
});
