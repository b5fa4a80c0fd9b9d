import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dataFile, needs } from '../../support/data.ts';
import { ALL_PAGES, fileOf, read } from '../../support/dataset.ts';

const LOG = dataFile('access-log/combined.log.gz');

describe('the Apache log of 10,000 requests', () => {
  it.skipIf(!LOG)(
    needs('gives on its lines 101 to 200 what was worked out by hand', 'access-log/combined.log.gz'),
    async () => {
      const lines = gunzipSync(await readFile(LOG ?? ''))
        .toString()
        .split('\n')
        .slice(100, 200);
      const { sessions, report } = await read(await fileOf(lines.join('\n')), ALL_PAGES);
      // One answer sends elsewhere (line 150) and one is missing (178). Of the rest, 46 are by crawlers and feed readers:
      // 22 by Ezooms, 9 by Google, 5 by UniversalFeedParser, 2 each by Baidu, Mojeek and MJ12, and Feedbin, Tiny Tiny RSS,
      // Spinn3r and archive.org. 42 are images, styles and icons. Ten are page views.
      expect(report.rows).toEqual({
        read: 100,
        kept: 10,
        bad: {},
        dropped: { redirect: 1, error: 1, bot: 46, asset: 42 },
      });
      // 10.0.0.36 loads /projects/xdotool/ twice within a visit; 10.0.0.43 reads two pages, logged in the wrong order; six
      // more visitors see one page each.
      expect(report.sessions).toMatchObject({ repeats: 1, shortVisits: 7 });
      expect(sessions).toEqual([['/blog/geekery/installing-windows-8-consumer-preview.html', '/']]);
    },
  );

  it.skipIf(!LOG)(
    needs('gives sensible pages: no images, feeds or crawlers', 'access-log/combined.log.gz'),
    async () => {
      const { report, columns } = await read(LOG ?? '');
      expect(report.rows).toEqual({
        read: 10_000,
        kept: 1522,
        // One line is cut off within its user agent.
        bad: { shape: 1 },
        dropped: { asset: 5319, bot: 2722, error: 220, redirect: 164, method: 35, feed: 17 },
      });
      expect(report.sessions).toMatchObject({
        count: 166,
        events: 440,
        pages: 44,
        repeats: 95,
        rarePages: 147,
      });
      expect(report.badLines).toMatchObject([{ number: 8899, defect: 'shape' }]);
      expect(report.span).toEqual({ from: '2015-05-17T10:05:18.000Z', to: '2015-05-20T20:05:04.000Z' });
      for (const page of columns.pages) {
        expect(page).toMatch(/^\/([\w.%-]+(\/[\w.%-]+)*)?$/);
        expect(page).not.toMatch(/\.(png|jpe?g|gif|css|js|ico|xml|txt)$|\/(feed|rss)/);
      }
      expect(report.topPages.slice(0, 3).map(({ page }) => page)).toEqual([
        '/',
        '/projects/xdotool',
        '/blog/geekery/installing-windows-8-consumer-preview.html',
      ]);
    },
  );
});
