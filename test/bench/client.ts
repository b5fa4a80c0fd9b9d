import type { Bench, Row } from './report.ts';

/** All that is measured of the client, a part after the other; each part has a bench of its own, `client-…`. */
export function clientBench(parts: readonly Bench[]): Bench {
  return {
    title: ['The client:', ...parts.map(({ title }) => `  ${title}`)].join('\n'),
    async run() {
      const rows: Row[] = [];
      for (const part of parts) rows.push(...(await part.run()));
      return rows;
    },
  };
}
