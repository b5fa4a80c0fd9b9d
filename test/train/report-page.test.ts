import { renderReport } from '@pathcast/train/report/render';
import { describe, expect, it } from 'vitest';
import { drawn, LABELLER, NAVIGATION, ranking, textOf } from '../support/reports.ts';

const page = renderReport(NAVIGATION);
const labeller = renderReport(LABELLER);

describe('the page', () => {
  const NASTY = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)>`;

  it('escapes every text of a user’s, in charts as in prose', () => {
    const { metrics } = NAVIGATION;
    if (!metrics) throw new Error('the case above has metrics');
    const nasty = renderReport({
      ...NAVIGATION,
      name: NASTY,
      command: NASTY,
      config: { [NASTY]: NASTY },
      data: { ...NAVIGATION.data, format: NASTY },
      tools: { [NASTY]: NASTY },
      metrics: {
        ...metrics,
        baselines: { [NASTY]: ranking(0.4, 0.1) },
        breakdowns: {
          historyLength: [
            { from: 1, to: 1, predictions: 1, rankings: { [NASTY]: { recallAt20: 0.5, mrrAt20: 0.1 } } },
          ],
          pageFrequency: [],
        },
      },
    });
    expect(nasty).not.toMatch(/<script|<img/);
    expect(textOf(nasty).split(NASTY).length - 1).toBeGreaterThan(8);
    expect(drawn(nasty, 'recallAt20')).toContain(NASTY);
    expect(drawn(nasty, 'historyLength')).toContain(NASTY);
    // An attribute that a quotation mark broke out of would leave an odd tag behind.
    for (const [tag] of nasty.matchAll(/<[a-z][^>]*>/g)) expect(tag.split('"').length % 2).toBe(1);
  });

  it.each([
    ['navigation', page],
    ['a labeller', labeller],
  ])('of %s refers to nothing outside itself and runs no script', (_, text) => {
    expect(text).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<img|@import|\son\w+=|\b(src|href)=/i);
    expect([...text.matchAll(/url\(([^)]*)\)/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
    expect(text).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    );
  });

  it('is the same for the same run, whatever was drawn before', () => {
    renderReport(LABELLER);
    expect(renderReport(NAVIGATION)).toBe(page);
  });

  it('has ids that are unique, and each that is referred to', () => {
    const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const named = [...page.matchAll(/aria-labelledby="([^"]+)"|url\(#([^)]+)\)/g)];
    const references = named.flatMap(([, labels, target]) => labels?.split(' ') ?? [target]);
    expect(references.filter((id) => !ids.includes(id ?? ''))).toEqual([]);
  });

  it('tells a reader who cannot see a chart what it is and shows', () => {
    const charts = page.match(/<svg[^>]*>[\s\S]*?<\/desc>/g) ?? [];
    expect(charts).toHaveLength(10);
    for (const chart of charts)
      expect(chart).toMatch(/role="img"[\s\S]*<title [^>]*>[^<]{10,}<\/title><desc [^>]*>[^<]{20,}/);
  });

  it('draws in the page’s own colours alone, so that dark and print follow', () => {
    const colours = [...page.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour);
    const others = colours.filter((colour) => colour !== 'none' && !colour?.startsWith('var(--'));
    // Clip paths are never seen.
    expect([...new Set(others)]).toEqual(['#000']);
  });

  it('keeps below 400 kB', () => {
    expect(new TextEncoder().encode(page).length).toBeLessThan(400_000);
    expect(new TextEncoder().encode(labeller).length).toBeLessThan(400_000);
  });
});
