import { html, trusted } from './html.ts';
import type { RunReport } from './run-report.ts';
import { breakdowns } from './sections/breakdowns.ts';
import { comparison } from './sections/comparison.ts';
import { curves } from './sections/curves.ts';
import { making } from './sections/making.ts';
import { mixture } from './sections/mixture.ts';
import { prefetching } from './sections/prefetching.ts';
import { reliability } from './sections/reliability.ts';
import { summary } from './sections/summary.ts';
import { STYLE } from './style.ts';

/**
 * Writes `report.html`: one page that needs no script and no network, in light, dark and print. The same report gives
 * the same bytes, and every text of a user's is escaped.
 */
export function renderReport(report: RunReport): string {
  const sections = [comparison, curves, breakdowns, mixture, reliability, prefetching]
    .map((section) => section(report))
    .filter((section) => section !== undefined);
  return html`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.name} ${report.version} · Pathcast training report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${summary(report)}
<main>
${sections}
${making(report)}
</main>
</body>
</html>
`.text;
}
