import type { Bench } from './report.ts';
export const tutorial: Bench = { title: '', run: async () => [] };
