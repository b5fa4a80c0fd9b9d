import type { Bench } from './report.ts';
export const recall: Bench = { title: '', run: async () => [] };
