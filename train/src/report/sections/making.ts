import { factsOf, keyFiguresOf } from '../figure.ts';
import { byteSize, count, duration } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { ResourcesReport, RunReport } from '../run-report.ts';

/** Time and memory; the command, the data, every setting and the tools: all it takes to repeat the run. */
export function making({ command, resources, data, spec, config, tools }: RunReport): Html {
  const settings = Object.entries(config).filter(([, value]) => value !== null);
  return html`${resources && cost(resources)}
<section><h2>How it was made</h2>
<pre><code>${command}</code></pre>
<h3>Data</h3>
${factsOf([
  ['format', data.format],
  ['sessions', count(data.sessions)],
  ['events', count(data.events)],
  ['tokens', count(data.tokens)],
  ['test sessions', count(data.testSessions)],
])}
<h3>Model</h3>
${factsOf(Object.entries(spec).map(([name, value]) => [name, shown(value)]))}
<h3>Settings</h3>
${factsOf(settings.map(([name, value]) => [name, shown(value)]))}
<h3>Tools</h3>
${factsOf(Object.entries(tools))}
</section>`;
}

function cost(resources: ResourcesReport): Html {
  const { wallSeconds, cpuSeconds, peakBytes, eventsPerSecond, workers, backend } = resources;
  const facts = keyFiguresOf([
    ['Time', duration(wallSeconds)],
    ['CPU time', duration(cpuSeconds)],
    ['Peak memory', byteSize(peakBytes)],
    ['Events a second', count(Math.round(eventsPerSecond))],
  ]);
  const where = `On the ${backend} backend with ${workers === 1 ? 'one worker' : `${workers} workers`}.`;
  return html`<section><h2>Time and memory</h2>
<p>${where}</p>
${facts}
</section>`;
}

function shown(value: unknown): string {
  if (typeof value === 'number') return Math.abs(value) >= 1e4 ? count(value) : String(value);
  return typeof value === 'object'
    ? Object.values(value ?? {})
        .map(shown)
        .join(', ')
    : String(value);
}
