import { sessionsInNode } from '../../support/in-node.ts';

/** `tsx test/bench/data/in-node.ts PATH csv|log`: prints what it made of a log, and how long it took, in s. */
const [path = '', shape] = process.argv.slice(2);
const started = performance.now();
const { sessions, lines } = await sessionsInNode(path, shape === 'csv' ? 'csv' : 'log');
const views = new Map<string, number>();
const lengths = new Map<number, number>();
for (const session of sessions) {
  lengths.set(session.length, (lengths.get(session.length) ?? 0) + 1);
  for (const page of session) views.set(page, (views.get(page) ?? 0) + 1);
}
const topPages = [...views].sort((a, b) => b[1] - a[1]).slice(0, 10);
const seconds = (performance.now() - started) / 1000;
const events = [...views.values()].reduce((sum, count) => sum + count, 0);
const found = { lines: lines.kept, count: sessions.length, events, pages: views.size };
const [pairs, top] = [lengths.get(2), topPages[0]?.[1]];
process.stdout.write(`${JSON.stringify({ seconds, ...found, pairs, top })}\n`);
