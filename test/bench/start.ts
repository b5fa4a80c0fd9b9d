import type { Bench } from './report.ts';
export const start: Bench = { title: '', run: async () => [] };
